import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { compactVerify } from 'jose/jws/compact/verify';
import { describe, expect, test } from 'vitest';
import { keyFinderOf, keySetOf } from './keysets.ts';
import { verifiedAlgorithms, verifiedPayload } from './verify.ts';

const pairs = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  short: generateKeyPairSync('rsa', { modulusLength: 1024 }),
  p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  p521: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  twice: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
};
type Name = keyof typeof pairs;
const jwk = (name: Name, kid: string = name) => ({ ...pairs[name].publicKey.export({ format: 'jwk' }), kid });
const keys = keySetOf([
  ...(Object.keys(pairs) as Name[]).map((name) => jwk(name)),
  jwk('p256', 'twice'),
  { ...jwk('rsa', 'other-use'), use: 'enc' },
]);
const body = JSON.stringify({ sub: 'system:serviceaccount:a:b' });
const encoded = (text: string): string => Buffer.from(text).toString('base64url');

function token(
  alg: string,
  name: Name,
  change: { readonly header?: object; readonly as?: string } = {},
): string {
  const input = `${encoded(JSON.stringify({ alg, kid: name, ...change.header }))}.${encoded(body)}`;
  const by = change.as ?? alg;
  const key = pairs[name].privateKey;
  return `${input}.${signed(by, input, key).toString('base64url')}`;
}

function signed(alg: string, input: string, key: KeyObject): Buffer {
  return sign(`sha${alg.slice(2)}`, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
}

const good: readonly (readonly [string, Name])[] = [
  ['RS256', 'rsa'],
  ['RS384', 'rsa'],
  ['RS512', 'rsa'],
  ['ES256', 'p256'],
  ['ES384', 'p384'],
  ['ES512', 'p521'],
];

test.each(good)('%s is verified, and nothing else than what was signed', async (alg, name) => {
  const text = token(alg, name);
  expect((await verifiedPayload(text, keys))?.toString()).toBe(body);
  const [head = '', , signature = ''] = text.split('.');
  const other = `${head}.${encoded(body.replace(':b', ':c'))}.${signature}`;
  const shorter = text.slice(0, -4);
  const signedByAnother = `${text.split('.', 2).join('.')}.${signed(alg, 'x.y', pairs[name].privateKey).toString('base64url')}`;
  for (const changed of [other, shorter, signedByAnother, `${text}.x`, `${head}.${encoded(body)}.`]) {
    expect(await verifiedPayload(changed, keys)).toBeUndefined();
  }
});

test('the algorithms are those of the table above', () => {
  expect(verifiedAlgorithms).toEqual(good.map(([alg]) => alg));
});

describe('not verified is', () => {
  const pem = pairs.rsa.publicKey.export({ format: 'pem', type: 'spki' });
  const hs256 = `${encoded(JSON.stringify({ alg: 'HS256', kid: 'rsa' }))}.${encoded(body)}`;
  test.each<[string, string]>([
    [
      'a token without signature',
      `${encoded(JSON.stringify({ alg: 'none', kid: 'rsa' }))}.${encoded(body)}.`,
    ],
    [
      'one signed with the public key as a secret',
      `${hs256}.${createHmac('sha256', pem).update(hs256).digest('base64url')}`,
    ],
    ['one that says another algorithm than it was signed by', token('RS512', 'rsa', { as: 'RS256' })],
    ['one of a short key', token('RS256', 'short')],
    ['one that names something critical', token('RS256', 'rsa', { header: { crit: ['exp'], exp: 1 } })],
    ['one whose payload is not encoded', token('RS256', 'rsa', { header: { b64: false, crit: ['b64'] } })],
    ['one that brings its own key', token('ES256', 'p256', { header: { kid: 'p384', jwk: jwk('p256') } })],
    ['one of the key of another curve', token('ES256', 'p256', { header: { kid: 'p521' } })],
    ['one of a key that is for something else', token('RS256', 'rsa', { header: { kid: 'other-use' } })],
    ['one that two keys may have signed', token('ES256', 'twice')],
    ['one that names no key of the set', token('RS256', 'rsa', { header: { kid: 'nobody' } })],
    ['one that names no key', token('RS256', 'rsa', { header: { kid: undefined } })],
    ['one whose key’s name is no text', token('RS256', 'rsa', { header: { kid: 1 } })],
    ['one whose header is a list', `${encoded('["RS256"]')}.${encoded(body)}.AAAA`],
    ['one whose header is no JSON', `${encoded('{')}.${encoded(body)}.AAAA`],
    ['one that is not base64url', token('RS256', 'rsa').replace('.', '.+')],
  ])('%s', async (_name, text) => {
    expect(await verifiedPayload(text, keys).catch(() => undefined)).toBeUndefined();
  });
});

test('whatever bit is changed, jose’s own verification lets in no less and no more', async () => {
  for (const [alg, name] of good.filter(([each]) => each.endsWith('256'))) {
    const text = token(alg, name);
    for (let at = 0; at < text.length; at += 7) {
      const changed = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
      const ours = await verifiedPayload(changed, keys).catch(() => undefined);
      const theirs = await compactVerify(changed, keyFinderOf(keys), {
        algorithms: [...verifiedAlgorithms],
      }).catch(() => undefined);
      expect(ours?.toString()).toBe(theirs && Buffer.from(theirs.payload).toString());
    }
  }
});
