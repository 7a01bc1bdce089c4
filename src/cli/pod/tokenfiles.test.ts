import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type IssuedToken, keepTokens } from './tokenfiles.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'entryway-tokens-'));
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(directory, { recursive: true, force: true });
});

const minute = 60_000;
const hour = 60 * minute;
const fileOf = (name: string, expirationSeconds = 3600) => ({
  ...{ path: join(directory, 'mount', name), audience: name, expirationSeconds },
});

test('a token is renewed at four fifths of the life it really has, after a day at the latest', async () => {
  // Asked for a century, given a day; with a timer for a century, node would ask without end.
  const [short, long] = [fileOf('short'), fileOf('long', 3_000_000_000)];
  const asked: string[] = [];
  const stop = await keepTokens({
    files: [short, long],
    issue: async ({ audience = '', expirationSeconds }) => {
      asked.push(audience);
      return {
        token: `${audience} ${asked.length}`,
        expiresAt: Date.now() + Math.min(3_000_000, expirationSeconds) * 1000,
      };
    },
    failed: () => {},
  });
  expect(readFileSync(short.path, 'utf8')).toBe('short 1');
  expect(statSync(short.path).mode & 0o777).toBe(0o600);
  expect(statSync(join(directory, 'mount')).mode & 0o777).toBe(0o700);
  await vi.advanceTimersByTimeAsync(48 * minute - 1);
  expect(asked).toEqual(['short', 'long']);
  await vi.advanceTimersByTimeAsync(1);
  expect(readFileSync(short.path, 'utf8')).toBe('short 3');
  await vi.advanceTimersByTimeAsync(24 * hour);
  expect(asked.filter((audience) => audience === 'long')).toHaveLength(2);
  stop();
});

test('a renewal that fails is tried again a minute later, and the token stays', async () => {
  const file = fileOf('token');
  const answers: (() => Promise<IssuedToken>)[] = [
    async () => ({ token: 'first', expiresAt: Date.now() + hour }),
    () => Promise.reject(new Error('no server')),
    async () => ({ token: 'second', expiresAt: Date.now() + hour }),
  ];
  const failed = vi.fn();
  const issue = () => answers.shift()?.() ?? Promise.reject(new Error('too often'));
  const stop = await keepTokens({ files: [file], issue, failed });
  await vi.advanceTimersByTimeAsync(48 * minute);
  expect(failed).toHaveBeenCalledExactlyOnceWith(file, new Error('no server'));
  expect(readFileSync(file.path, 'utf8')).toBe('first');
  await vi.advanceTimersByTimeAsync(minute);
  expect(readFileSync(file.path, 'utf8')).toBe('second');
  stop();
});

test('a token that comes after the end is written nowhere', async () => {
  const file = fileOf('token');
  let answer = (_: IssuedToken): void => {};
  let turn = 0;
  const stop = await keepTokens({
    files: [file],
    issue: () =>
      turn++ === 0
        ? Promise.resolve({ token: 'first', expiresAt: Date.now() + hour })
        : new Promise((resolve) => (answer = resolve)),
    failed: () => {},
  });
  await vi.advanceTimersByTimeAsync(48 * minute);
  stop();
  rmSync(directory, { recursive: true });
  answer({ token: 'late', expiresAt: Date.now() + hour });
  await vi.advanceTimersByTimeAsync(hour);
  expect([turn, existsSync(directory)]).toEqual([2, false]);
});
