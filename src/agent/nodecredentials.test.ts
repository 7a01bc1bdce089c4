import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { followedCredentials, keptCredentials, type ReadCredentials } from './nodecredentials.ts';

const log = { debug: () => {}, info: () => {}, warn: () => {} };

test('credentials are read again five minutes before they expire, once for all who ask', async () => {
  let time = 0;
  let reads = 0;
  const next = async (): Promise<ReadCredentials> => {
    reads++;
    return {
      credentials: { accessKeyId: `AKIA${reads}`, secretAccessKey: 's' },
      expiresAt: time + 3_600_000,
    };
  };
  const credentials = keptCredentials(next, () => time);
  const keys = async (count = 1) =>
    (await Promise.all(Array.from({ length: count }, credentials))).map(({ accessKeyId }) => accessKeyId);
  expect(await keys(3)).toEqual(['AKIA1', 'AKIA1', 'AKIA1']);
  time += 55 * 60_000 - 1;
  expect(await keys()).toEqual(['AKIA1']);
  time += 1;
  expect(await keys(3)).toEqual(['AKIA2', 'AKIA2', 'AKIA2']);
  expect(reads).toBe(2);
});

test('while they cannot be read again the old ones are used, to their end and no longer', async () => {
  let time = 0;
  let fails = false;
  const credentials = keptCredentials(
    async () => {
      if (fails) throw new Error('the profile is locked');
      return { credentials: { accessKeyId: 'AKIA', secretAccessKey: 's' }, expiresAt: 3_600_000 };
    },
    () => time,
  );
  await credentials();
  fails = true;
  time = 3_599_999;
  expect((await credentials()).accessKeyId).toBe('AKIA');
  time = 3_600_000;
  await expect(credentials()).rejects.toThrow('the profile is locked');
});

test('a reading that never ends is given up, and the next one counts', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    let reads = 0;
    const good = { credentials: { accessKeyId: 'AKIA', secretAccessKey: 's' } };
    const credentials = keptCredentials(
      () => (reads++ === 0 ? new Promise(() => {}) : Promise.resolve(good)),
      Date.now,
    );
    const hanging = expect(credentials()).rejects.toThrow('nothing came within 30 s');
    await vi.advanceTimersByTimeAsync(30_000);
    await hanging;
    expect((await credentials()).accessKeyId).toBe('AKIA');
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test('keys that are rotated in a shared credentials file are found there', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'entryway-agent-'));
  try {
    const file = join(directory, 'credentials');
    const write = (key: string): void =>
      writeFileSync(file, `[node]\naws_access_key_id=${key}\naws_secret_access_key=s\n`);
    write('AKIAFIRST01234567');
    let time = 0;
    const credentials = followedCredentials({ file, profile: 'node', log, now: () => time });
    expect((await credentials()).accessKeyId).toBe('AKIAFIRST01234567');
    write('AKIASECOND1234567');
    time += 1000;
    expect((await credentials()).accessKeyId).toBe('AKIASECOND1234567');
    writeFileSync(file, 'half of it');
    time += 1000;
    expect((await credentials()).accessKeyId).toBe('AKIASECOND1234567');
  } finally {
    rmSync(directory, { recursive: true });
  }
});
