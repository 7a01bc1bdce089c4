import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ClusterRecord } from '../../storage/records/eks.ts';
import { clusterKey, oidcProviderKey } from '../../storage/records/keys.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import {
  account,
  aNoon,
  createApiCluster,
  createWorld,
  otherAccount,
  region,
  rootOf,
  type World,
} from '../eks/testworld.ts';
import { testContext } from '../testworld.ts';
import { clusterIssuerOperations } from './clusterissuer.ts';

const url = 'https://kubernetes.example.com';
let world: World;
let asked: object[];
let isRefused: boolean;
let rsa: { publicKey: KeyObject; privateKey: KeyObject };
let ec: typeof rsa;
let weak: KeyObject;
let jwk: Record<string, unknown>;

beforeAll(() => {
  rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
  jwk = { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'one' };
});

const key = (name: string, accountId = account) => clusterKey(accountId, region, name);
const put = (at: string, record: object) =>
  world.storage.commit({ changes: [{ type: 'put', key: at, value: JSON.stringify(record) }] });
const stored = async (name = 'edge', accountId = account): Promise<ClusterRecord> =>
  JSON.parse((await world.storage.get(key(name, accountId)))?.value ?? '{}');

beforeEach(async () => {
  world = await createWorld();
  [asked, isRefused] = [[], false];
  for (const name of ['edge', 'second', 'builtin']) await createApiCluster(world, name);
  for (const name of ['edge', 'second']) await put(key(name), { ...(await stored(name)), kind: 'connected' });
  await put(key('theirs', otherAccount), {
    ...(await stored()),
    ...{ clusterId: 'theirs', accountId: otherAccount, name: 'theirs' },
  });
});

async function call(operation: string, input: object, accountId = account): Promise<unknown> {
  const operations = clusterIssuerOperations({
    storage: world.storage,
    partition: 'aws',
    async authorize(_context, target) {
      asked.push(target);
      if (isRefused) throw new AwsError('AccessDeniedException', 'not authorized');
    },
    isOwnIssuer: (issuer) => issuer.startsWith('https://issuer.example.com/'),
  });
  const { handle } = operations[operation] ?? expect.fail('no operation');
  const context = { ...testContext(world.storage), caller: rootOf(accountId), region, now: aNoon };
  try {
    return await handle(input, context);
  } catch (error) {
    if (error instanceof AwsError) return `${error.code}: ${error.message}`;
    throw error;
  }
}
const set = (input: object, accountId?: string) =>
  call('SetClusterIssuer', { clusterName: 'edge', issuer: url, ...input }, accountId);
const provider = (issuer = url, accountId = account) =>
  put(oidcProviderKey(accountId, issuer.replace('https://', '')), {});

describe('an issuer is refused', () => {
  test.each<[string, string, RegExp]>([
    ['without TLS', 'http://kubernetes.example.com', /https URL/],
    ['without scheme', 'kubernetes.example.com', /https URL/],
    ['with a query', `${url}?a=b`, /https URL/],
    ['with a fragment', `${url}#a`, /https URL/],
    ['with a user', 'https://a@kubernetes.example.com', /https URL/],
    ['with a star', 'https://*.example.com', /https URL/],
    ['with a line break', `${url}\n`, /https URL/],
    ['that is too long', `${url}/${'a'.repeat(255)}`, /https URL/],
    ['that is none', '', /https URL/],
    ['with a port that there is not', `${url}:99999`, /https URL/],
    ['at an address that there is not', 'https://10.0.0.256', /https URL/],
    ['of EKS', `https://oidc.eks.eu-west-1.amazonaws.com/id/${'A'.repeat(32)}`, /EKS’s own/],
    ['of EKS, in capitals', `https://OIDC.EKS.eu-west-1.amazonaws.com/id/${'A'.repeat(32)}`, /EKS’s own/],
    ['of EKS, with a dot', 'https://oidc.eks.eu-west-1.amazonaws.com./id/A', /EKS’s own/],
    ['of EKS, dual stack', 'https://oidc-eks.eu-west-1.api.aws/id/A', /EKS’s own/],
    ['of EKS in China', 'https://oidc.eks.cn-north-1.amazonaws.com.cn/id/A', /EKS’s own/],
    ['that is a forge', 'https://token.actions.githubusercontent.com', /public identity provider/],
    ['that is a forge of an enterprise', 'https://token.actions.githubusercontent.com/acme', /public/],
    ['that is a forge, with a port', 'https://gitlab.com:443', /public identity provider/],
    ['that is a login', 'https://login.microsoftonline.com/x/v2.0', /public identity provider/],
    ['that is a company’s login', 'https://acme.okta.com', /public identity provider/],
    ['of this server', `https://issuer.example.com/id/${'A'.repeat(32)}`, /that this server serves/],
  ])('%s', async (_, issuer, message) => {
    for (const keys of [undefined, [jwk]]) {
      const refusal = await set({ issuer, keys });
      expect(refusal).toMatch(/^InvalidParameterException: /);
      expect(refusal).toMatch(message);
    }
    expect(await stored()).not.toHaveProperty('tokenIssuer');
  });

  test('of a built-in cluster, and of none', async () => {
    expect(await set({ clusterName: 'builtin' })).toMatch(/^InvalidRequestException: .* is built in/);
    expect(await set({ clusterName: 'absent' })).toMatch(/^ResourceNotFoundException/);
    expect(await set({}, otherAccount)).toMatch(/^ResourceNotFoundException/);
    expect(await call('ClearClusterIssuer', { clusterName: 'builtin' })).toMatch(/^InvalidRequestException/);
  });

  test('that another cluster of the account has, though not that of another account', async () => {
    await set({ clusterName: 'second' });
    for (const keys of [undefined, [jwk]]) {
      expect(await set({ keys })).toMatch(/^ResourceInUseException: Cluster second has this issuer/);
    }
    expect(await set({ clusterName: 'theirs', keys: [jwk] }, otherAccount)).toMatchObject({
      issuer: { url },
    });
    await call('ClearClusterIssuer', { clusterName: 'second' });
    expect(await set({})).toMatchObject({ issuer: { url } });
  });

  test('that another cluster takes at the same moment', async () => {
    const answers = await Promise.all(['edge', 'second'].map((clusterName) => set({ clusterName })));
    expect(answers.filter((answer) => typeof answer === 'string')).toEqual([
      expect.stringMatching(/^ResourceInUseException/),
    ]);
  });

  test('with keys, when an OIDC provider of the account names it: roles may trust it for something else', async () => {
    await provider();
    const refused = /^InvalidRequestException: An OpenID Connect provider of this account names/;
    expect(await set({ keys: [jwk] })).toMatch(refused);
    // Nor by the way round: named first, keys later.
    expect(await set({})).toMatchObject({ issuer: { source: 'discovery' } });
    expect(await set({ keys: [jwk] })).toMatch(refused);
    expect((await stored()).tokenIssuer).toEqual({ url });
  });

  test('with keys, when such a provider is created at the same moment', async () => {
    const { storage } = world;
    let commits = 0;
    world = {
      ...world,
      storage: {
        ...storage,
        get: (at) => storage.get(at),
        async commit(batch) {
          if (commits++ === 0)
            await storage.commit({
              changes: [{ type: 'put', key: oidcProviderKey(account, url.slice(8)), value: '{}' }],
            });
          return await storage.commit(batch);
        },
      },
    };
    expect(await set({ keys: [jwk] })).toMatch(/^InvalidRequestException: An OpenID Connect provider/);
    expect(await stored()).not.toHaveProperty('tokenIssuer');
  });
});

test('the first keys for an issuer need permission to create a provider for it, those after them do not', async () => {
  isRefused = true;
  expect(await set({ keys: [jwk] })).toBe('AccessDeniedException: not authorized');
  expect(await set({})).toMatchObject({ issuer: { source: 'discovery' } });
  expect(await set({ keys: [jwk] })).toBe('AccessDeniedException: not authorized');
  // No provider can have a port.
  for (const issuer of [`${url}:6443/a`, `${url}:443`]) {
    expect(await set({ issuer, keys: [jwk] })).toMatchObject({ issuer: { source: 'handedOver' } });
  }
  isRefused = false;
  asked = [];
  await set({ issuer: `${url}/a`, keys: [jwk] });
  expect(asked).toEqual([
    {
      action: 'iam:CreateOpenIDConnectProvider',
      resources: [`arn:aws:iam::${account}:oidc-provider/kubernetes.example.com/a`],
    },
  ]);
  isRefused = true;
  expect(await set({ issuer: `${url}/a`, keys: [{ ...jwk, kid: 'two' }] })).toMatchObject({
    issuer: { keys: [{ keyId: 'two' }] },
  });
});

test('keys are replaced by others while roles trust the issuer: that is how they are rotated', async () => {
  await set({ keys: [jwk] });
  await provider();
  expect(await set({ keys: [{ ...jwk, kid: 'two' }] })).toMatchObject({
    issuer: { keys: [{ keyId: 'two' }] },
  });
  // Who forgets them does not lose them, since they could not be handed over again.
  expect(await set({})).toMatch(/^InvalidRequestException: Keys were handed over for this issuer: give all/);
  expect((await stored()).tokenIssuer?.keys).toHaveLength(1);
  // A provider of another account, or of another issuer, is no reason.
  await provider(`${url}/2`, otherAccount);
  expect(await set({ issuer: `${url}/2`, keys: [jwk] })).toMatchObject({ issuer: { source: 'handedOver' } });
  expect(await set({ keys: [jwk] })).toMatch(/^InvalidRequestException/);
});

describe('keys are refused that are', () => {
  const privateKeys = 'is a private or secret key: hand over public keys only';
  const unusable = 'must be an RSA key of 2048 to 8192 bits or an EC key on P-256, P-384 or P-521';
  test.each<[string, () => unknown, string]>([
    ['no list', () => jwk, 'must be a list'],
    ['none', () => [], 'must be a list'],
    ['too many', () => Array.from({ length: 21 }, (_, at) => ({ ...jwk, kid: `${at}` })), 'must be a list'],
    ['no objects', () => ['a'], 'is no object'],
    ['private', () => [{ ...rsa.privateKey.export({ format: 'jwk' }), kid: 'one' }], privateKeys],
    ['private EC', () => [{ ...ec.privateKey.export({ format: 'jwk' }), kid: 'one' }], privateKeys],
    ['private, the last of two', () => [jwk, { ...jwk, kid: 'two', d: '' }], privateKeys],
    ['secret', () => [{ kty: 'oct', k: 'AAAA', kid: 'one' }], privateKeys],
    ['without id', () => [{ ...jwk, kid: undefined }], 'must have a kid'],
    ['of an empty id', () => [{ ...jwk, kid: '' }], 'must have a kid'],
    ['of an id with a space', () => [{ ...jwk, kid: 'a b' }], 'must have a kid'],
    ['for encryption', () => [{ ...jwk, use: 'enc' }], 'is not for signatures'],
    ['weak', () => [{ ...weak.export({ format: 'jwk' }), kid: 'one' }], unusable],
    ['of the exponent one', () => [{ ...jwk, e: 'AQ' }], unusable],
    ['of an even exponent', () => [{ ...jwk, e: 'AQAA' }], unusable],
    ['of no modulus', () => [{ ...jwk, n: undefined }], unusable],
    ['of a modulus that is no text', () => [{ ...jwk, n: 5 }], unusable],
    ['of another kind', () => [{ kty: 'OKP', crv: 'Ed25519', x: 'AAAA', kid: 'one' }], unusable],
    [
      'on another curve',
      () => [{ ...ec.publicKey.export({ format: 'jwk' }), crv: 'secp256k1', kid: 'a' }],
      unusable,
    ],
    ['off the curve', () => [{ ...ec.publicKey.export({ format: 'jwk' }), y: 'AAAA', kid: 'one' }], unusable],
    ['symmetric by algorithm', () => [{ ...jwk, alg: 'HS256' }], 'must be RS256, RS384, RS512'],
    ['of another’s algorithm', () => [{ ...jwk, alg: 'ES256' }], 'must be RS256, RS384, RS512'],
    ['without algorithm', () => [{ ...jwk, alg: 'none' }], 'must be RS256, RS384, RS512'],
    ['two of one id', () => [jwk, jwk], 'Two keys have the same kid'],
  ])('%s', async (_, keys, message) => {
    const refusal = await set({ keys: keys() });
    expect(refusal).toMatch(/^InvalidParameterException: /);
    expect(refusal).toContain(message);
    expect(await stored()).not.toHaveProperty('tokenIssuer');
  });
});

test('keys are stored as what verifies and nothing more, and shown by name', async () => {
  const before = await stored();
  const second = { ...ec.publicKey.export({ format: 'jwk' }), kid: 'two', use: 'sig', 'x-note': 'n' };
  const { kty, n, e } = jwk;
  const { crv, x, y } = ec.publicKey.export({ format: 'jwk' });
  const issuer = {
    ...{ clusterName: 'edge', url, source: 'handedOver' },
    keys: [
      { keyId: 'one', algorithm: 'RS256' },
      { keyId: 'two', algorithm: 'ES256' },
    ],
  };
  expect(await set({ keys: [{ ...jwk, key_ops: ['verify'], x5c: ['a'] }, second] })).toEqual({ issuer });
  expect(await stored()).toEqual({
    ...before,
    tokenIssuer: {
      url,
      keys: [
        { kty, kid: 'one', use: 'sig', alg: 'RS256', n, e },
        { kty: 'EC', kid: 'two', use: 'sig', alg: 'ES256', crv, x, y },
      ],
    },
  });
  expect(await call('DescribeClusterIssuer', { clusterName: 'edge' })).toEqual({ issuer });
  expect(await call('ClearClusterIssuer', { clusterName: 'edge' })).toEqual({});
  expect(await stored()).toEqual(before);
});

test('an issuer is shown for a cluster that has one', async () => {
  expect(await call('DescribeClusterIssuer', { clusterName: 'builtin' })).toEqual({
    issuer: {
      ...{ clusterName: 'builtin', source: 'builtIn', keys: [] },
      url: expect.stringMatching(/^https:\/\/oidc\.eks\./),
    },
  });
  const unknown =
    'ResourceNotFoundException: Nobody has said who issues the tokens of cluster edge: `entryway cluster issuer set` does';
  expect(await call('DescribeClusterIssuer', { clusterName: 'edge' })).toBe(unknown);
  expect(await call('ClearClusterIssuer', { clusterName: 'edge' })).toBe(unknown);
  const withPort = 'https://10.0.0.1:6443';
  expect(await set({ issuer: withPort })).toEqual({
    issuer: { clusterName: 'edge', url: withPort, source: 'discovery', keys: [] },
  });
  expect((await stored()).tokenIssuer).toEqual({ url: withPort });
});
