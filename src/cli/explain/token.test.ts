import { expect, test } from 'vitest';
import { createToken, execCredential } from '../../wire/token/create.ts';
import { CommandError } from '../failure.ts';
import { decodeToken } from './decodedtoken.ts';
import { tokenOf } from './tokentext.ts';

const now = Date.UTC(2026, 10, 21, 12);
const credentials = { accessKeyId: 'AKIAQQQQQQQQQQQQQQQQ', secretAccessKey: 'secret' };
const made = (change: Partial<Parameters<typeof createToken>[0]> = {}): string =>
  createToken({ credentials, region: 'eu-west-1', clusterName: 'prod', now, ...change });
const token = made();

test.each([
  ['alone', token],
  ['with blanks around it', `\n  ${token}\n`],
  ['behind Bearer', `Bearer ${token}`],
  ['as a header', `Authorization: bearer ${token}`],
  ['in an ExecCredential', JSON.stringify(execCredential({ token, now, execInfo: undefined }))],
])('a token is understood %s', (_, text) => expect(tokenOf(text)).toBe(token));

test.each([
  ['nothing', ' '],
  ['JSON without a token', '{"status":{"secret-thing":1}}'],
  ['what inherits one', '{"status":{"__proto__":{"token":"secret-thing"}}}'],
  ['broken JSON', '{"status":{"token":"secret-thing"'],
  ['far too much', 'secret-thing'.repeat(10_000)],
])('%s is a misuse that does not quote it', (_, text) => {
  try {
    tokenOf(text);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(CommandError);
    expect((error as CommandError).outcome).toBe('misuse');
    expect(`${(error as CommandError).message} ${(error as CommandError).hint}`).not.toContain(
      'secret-thing',
    );
  }
});

test('without a server a token is told what it says of itself, and nothing is called verified', () => {
  const { wellFormed, claims, steps } = decodeToken(token, now);
  expect(wellFormed).toBe(true);
  expect(claims).toEqual({
    ...{ accessKeyId: 'AKIAQQQQQQQQQQQQQQQQ', hasSessionToken: false },
    ...{ host: 'sts.eu-west-1.amazonaws.com', region: 'eu-west-1', clusterSigned: true },
    ...{ signedAt: '2026-11-21T12:00:00.000Z', expiresAt: '2026-11-21T12:15:00.000Z' },
  });
  expect(steps.map(({ outcome }) => outcome)).toEqual(['notVerified', 'notVerified']);
  expect(JSON.stringify(steps)).toContain('NOT VERIFIED');
});

test('one that was made for a server on this machine, and one of another partition, are read as well', () => {
  expect(decodeToken(made({ origin: 'http://127.0.0.1:4700' }), now).claims?.host).toBe('127.0.0.1:4700');
  expect(
    decodeToken(made({ host: 'sts.cn-north-1.amazonaws.com.cn', region: 'cn-north-1' }), now).wellFormed,
  ).toBe(true);
});

test.each([
  ['expired', made({ now: now - 16 * 60_000 })],
  ['badDate', made({ now: now + 6 * 60_000 })],
  ['badPrefix', 'secret-thing'],
  ['badBase64', 'k8s-aws-v1.secret+thing'],
  ['badHost', made({ host: 'sts.example.com' })],
])('without a server %s is told, with what to do next', (code, text) => {
  const { wellFormed, steps } = decodeToken(text, now);
  expect(wellFormed).toBe(false);
  expect(steps[0]).toMatchObject({ step: 'credential', outcome: 'failed', code });
  expect(steps[0]?.hint?.length).toBeGreaterThan(20);
  expect(JSON.stringify(steps)).not.toContain(text);
});

test('a JWT is not taken for a token of an IAM identity', () => {
  expect(decodeToken('a.b.c', now).steps[0]?.message).toContain('JWT');
});
