import { createHash, generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { selfSigned } from '../../services/entryway/testworld.ts';
import { readIssuerKeys } from './issuerkeys.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = String(publicKey.export({ type: 'spki', format: 'pem' }));
const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'one' };
const keyId = (key = publicKey) =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64url');

test.each<[string, string]>([
  ['PKCS #8', String(privateKey.export({ type: 'pkcs8', format: 'pem' }))],
  ['PKCS #1', String(privateKey.export({ type: 'pkcs1', format: 'pem' }))],
  ['SEC 1', String(ec.privateKey.export({ type: 'sec1', format: 'pem' }))],
  ['a public and a private one', `${pem}${privateKey.export({ type: 'pkcs8', format: 'pem' })}`],
  ['a JWKS', JSON.stringify({ keys: [jwk, { ...privateKey.export({ format: 'jwk' }), kid: 'two' }] })],
  ['a secret in a JWKS', JSON.stringify({ keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'two' }] })],
])('a private key is not sent: %s', (_, text) => {
  expect(() => readIssuerKeys(text, 'sa.key')).toThrow(
    '`sa.key` holds a private key, which nobody but the API server must have',
  );
});

test.each<[string, string]>([
  ['nothing', ''],
  ['something else', 'hello'],
  ['broken JSON', '{"keys":'],
  ['no keys', '{"keys":[]}'],
  ['keys that are none', '{"keys":["a"]}'],
  ['one key that is in no set', JSON.stringify(jwk)],
  ['PEM that is no key', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n'],
  ['two keys in PEM, one of them cut off', `${pem}${pem.slice(0, -10)}`],
])('a file with %s is refused', (_, text) => {
  expect(() => readIssuerKeys(text, 'keys')).toThrow('`keys` is neither a JWKS nor public keys in PEM');
});

test('a JWKS is sent as it is', () => {
  expect(readIssuerKeys(`\n${JSON.stringify({ keys: [jwk] })}`, 'jwks.json')).toEqual([jwk]);
});

test('keys in PEM are named as the API server names them', async () => {
  const pkcs1 = String(publicKey.export({ type: 'pkcs1', format: 'pem' }));
  const other = String(ec.publicKey.export({ type: 'spki', format: 'pem' }));
  const { certificate } = await selfSigned({ from: 0, until: 1 });
  const keys = readIssuerKeys(`# kubeadm\n${pem}${pkcs1}${other}${certificate}`, 'sa.pub');
  expect(keys.map(({ kty, kid }) => [kty, kid])).toEqual([
    ['RSA', keyId()],
    ['RSA', keyId()],
    ['EC', keyId(ec.publicKey)],
    ['EC', expect.stringMatching(/^[\w-]{43}$/)],
  ]);
  expect(keys[0]).toMatchObject({ n: jwk.n, e: 'AQAB' });
});
