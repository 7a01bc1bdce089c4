import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { readKeySet } from './keyset.ts';

const rsa = { kty: 'RSA', kid: 'a', n: 'n', e: 'AQAB' };

test('of a key only what verifies is kept', () => {
  const ec = { kty: 'EC', kid: 'b', crv: 'P-256', x: 'x', y: 'y', alg: 'ES256', use: 'sig' };
  const more = { x5c: ['MII'], nested: [{}, {}], use: 'sig', key_ops: ['verify'] };
  expect(readKeySet([{ ...rsa, ...more }, ec])).toEqual({ keys: [{ ...rsa, use: 'sig' }, ec] });
});

test.each<[string, object]>([
  ['is symmetric', { kty: 'oct', k: 'c2VjcmV0' }],
  ['shows its private half', { ...rsa, d: 'd' }],
  ['shows a part of it', { ...rsa, p: 'p' }],
  ['has the exponent one', { ...rsa, e: 'AQ' }],
  ['has it with zeros before it', { ...rsa, e: 'AAAB' }],
  ['has no exponent', { ...rsa, e: undefined }],
  ['encrypts', { ...rsa, use: 'enc' }],
  ['is of a use that cannot be read', { ...rsa, use: ['sig'] }],
  ['wraps keys', { ...rsa, key_ops: ['wrapKey'] }],
  ['is for operations that cannot be read', { ...rsa, key_ops: 'verify' }],
])('a key that %s vouches for nobody, the others do', (_name, key) => {
  expect(readKeySet([key, rsa])).toEqual({ keys: [rsa] });
});

test.each<[string, unknown]>([
  ['no list', {}],
  ['a list of texts', ['a']],
  ['a list of lists', [[]]],
  ['a list with a key of no type', [rsa, { kid: 'b' }]],
  ['a list of more keys than anybody has', Array.from({ length: 101 }, () => rsa)],
  ['a list of keys that nobody could keep', [{ ...rsa, n: 'n'.repeat(100_000) }]],
])('%s is no key set', (_name, published) => {
  expect(() => readKeySet(published)).toThrow('cannot be read');
});

test('a hundred long keys are one', () => {
  const n = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' }).n ?? '';
  const keys = Array.from({ length: 100 }, (_, at) => ({ ...rsa, kid: `${at}`.repeat(20), n: n.repeat(2) }));
  expect(readKeySet(keys).keys).toHaveLength(100);
});
