/** Tokens of clusters at STS, from the cluster's own signature to the role's trust policy (iam-facts I15, eks-access-facts I). */
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import type { AssumeRoleWithWebIdentityResponse } from '@aws-sdk/client-sts';
import { type JWTPayload, SignJWT } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { type ClusterIssuers, openClusterIssuers } from '../../../access/clusterissuers.ts';
import { createLocalIssuers } from '../../../access/localissuers.ts';
import { createServiceAccountTokens, type ServiceAccountTokens } from '../../../access/serviceaccounts.ts';
import type { ClusterRecord } from '../../../storage/records/eks.ts';
import { issuerAt, tokenIssuerOf } from '../../../storage/records/issuer.ts';
import { clusterKey, oidcProviderKey, signingKeysKey } from '../../../storage/records/keys.ts';
import type { SigningKeysRecord } from '../../../storage/records/signingkeys.ts';
import { document, other, own, roleRecord } from '../../authorization/testworld.ts';
import { createSts, now } from '../testworld.ts';
import { createIssuerKeys } from './issuerkeys.ts';

const region = 'eu-west-1';
const seconds = Math.floor(now / 1000);
const day = 24 * 3600;
const address = 'https://issuer.example.com/eks';
const sub = 'system:serviceaccount:shop:web';

interface Signer {
  readonly kid: string;
  readonly key: KeyObject;
}

const cluster = (name: string, change: Partial<ClusterRecord> = {}): ClusterRecord => {
  const { accountId = own } = change;
  return {
    ...{ clusterId: `id-of-${name}`, accountId, region, name, createdAt: 0, version: '1.35', roleArn: '' },
    ...{ authenticationMode: 'API', bootstrapClusterCreatorAdminPermissions: false, tags: {}, echoed: {} },
    ...{ arn: `arn:aws:eks:${region}:${accountId}:cluster/${name}`, kind: 'builtIn' },
    ...change,
  };
};
const hostOf = (record: ClusterRecord): string => tokenIssuerOf(record)?.slice('https://'.length) ?? '';
const providerArn = (record: ClusterRecord, accountId = own) =>
  `arn:aws:iam::${accountId}:oidc-provider/${hostOf(record)}`;

const [rsa, foreign] = [0, 1].map(() => generateKeyPairSync('rsa', { modulusLength: 2048 })) as [Pair, Pair];
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
type Pair = { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
const handedOver = (pair: Pair, kid: string, alg: string) => ({
  ...{ ...pair.publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg },
});

/** Built in, of the role's account; at the server's own address; of another account. */
const a = cluster('a');
const b = cluster('b');
const addressed = cluster('addressed', { oidcIssuer: issuerAt(address, 'id-of-addressed') });
const foreigner = cluster('foreigner', { accountId: other });
/** Connected, with keys that were handed over: by the role's account, and by another one. */
const edge = cluster('edge', {
  kind: 'connected',
  tokenIssuer: {
    url: 'https://edge.example.com',
    keys: [handedOver(rsa, 'edge-rsa', 'RS256'), handedOver(ec, 'edge-ec', 'ES256')],
  },
});
const theirs = cluster('theirs', {
  ...{ kind: 'connected', accountId: other },
  tokenIssuer: { url: 'https://theirs.example.com', keys: [handedOver(foreign, 'theirs', 'RS256')] },
});
/** The issuer of `edge` as another account has it. */
const claimed = cluster('claimed', {
  ...{ kind: 'connected', accountId: other },
  tokenIssuer: { url: 'https://edge.example.com', keys: [handedOver(foreign, 'claimed', 'RS256')] },
});
const everyone = [a, b, addressed, foreigner, edge, theirs, claimed];

type World = Awaited<ReturnType<typeof createSts>>;
let sts: World;
let tokens: ServiceAccountTokens;
let issuers: ClusterIssuers;
const clock = { now };
const signers = new Map<string, Signer>();

beforeAll(async () => {
  const { keysOf } = { keysOf: (...asking: Parameters<typeof keys.keysOf>) => keys.keysOf(...asking) };
  sts = await createSts({ issuerKeys: { keysOf } });
  const { storage } = sts;
  // A box that hides nothing: the tests sign with what is in it.
  const sealer = { seal: (text: string) => text, open: (text: string) => text };
  tokens = createServiceAccountTokens({ storage, sealer, now: () => clock.now });
  issuers = await openClusterIssuers({ storage });
  const keys = createIssuerKeys({
    localIssuers: createLocalIssuers({ issuers, serviceAccounts: tokens, address }),
    outboundIssuers: 'none',
  });
  for (const record of everyone) {
    await putCluster(record);
    for (const accountId of [own, other]) await putProvider(record, accountId);
    if (record.kind === 'builtIn') signers.set(record.name, await signerOf(record));
    await sts.putRole(trusting(record));
  }
  signers.set('edge', { kid: 'edge-rsa', key: rsa.privateKey });
  signers.set('theirs', { kid: 'theirs', key: foreign.privateKey });
}, 30_000);

const putCluster = (record: ClusterRecord) =>
  sts.put(clusterKey(record.accountId, region, record.name), record);
const dropCluster = (record: ClusterRecord) =>
  sts.storage.commit({
    changes: [{ type: 'delete', key: clusterKey(record.accountId, region, record.name) }],
  });
const putProvider = (record: ClusterRecord, accountId = own) =>
  sts.put(oidcProviderKey(accountId, hostOf(record)), {
    ...{ accountId, url: hostOf(record), arn: providerArn(record, accountId), createdAt: 0 },
    ...{ clientIds: ['sts.amazonaws.com'], thumbprints: [], tags: [] },
  });

const trusting = (record: ClusterRecord, condition?: object, name = record.name) =>
  roleRecord(name, {
    trustPolicy: JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          ...{ Effect: 'Allow', Principal: { Federated: providerArn(record) } },
          Action: 'sts:AssumeRoleWithWebIdentity',
          Condition: condition ?? {
            StringEquals: { [`${hostOf(record)}:sub`]: sub, [`${hostOf(record)}:aud`]: 'sts.amazonaws.com' },
          },
        },
      ],
    }),
    inlinePolicies: { all: document({ Action: 'eks:*' }) },
  });

async function signerOf(record: ClusterRecord): Promise<Signer> {
  await tokens.publicKeys(record);
  const stored = await sts.storage.get(signingKeysKey(record.clusterId));
  const [key] = (JSON.parse(stored?.value ?? '') as SigningKeysRecord).keys;
  return { kid: key?.keyId ?? '', key: createPrivateKey(key?.sealedPrivateKey ?? '') };
}

const usual = (record: ClusterRecord): JWTPayload => ({
  ...{ iss: tokenIssuerOf(record) ?? '', sub, aud: ['sts.amazonaws.com'] },
  ...{ exp: seconds + 3600, iat: seconds, nbf: seconds, jti: 'x' },
});

interface Forging {
  readonly claims?: Record<string, unknown>;
  readonly alg?: string;
  readonly kid?: string;
  readonly key?: KeyObject;
}
/** A token that the cluster's own key signs, but for what is forged. */
function token(
  record: ClusterRecord,
  { claims = {}, alg = 'RS256', kid, key }: Forging = {},
): Promise<string> {
  const signer = signers.get(record.name) ?? expect.fail('nobody signs');
  return new SignJWT({ ...usual(record), ...claims })
    .setProtectedHeader({ alg, kid: kid ?? signer.kid })
    .sign(key ?? signer.key);
}
const kidOf = (record: ClusterRecord): string => signers.get(record.name)?.kid ?? '';
const keyOf = (record: ClusterRecord): KeyObject => signers.get(record.name)?.key ?? expect.fail('no key');

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
/** With the algorithm in the header, and an HMAC or nothing as signature. */
function handmade(record: ClusterRecord, alg: string, secret?: string | Buffer): string {
  const input = `${base64url({ alg, kid: kidOf(record) })}.${base64url(usual(record))}`;
  return `${input}.${secret === undefined ? '' : createHmac('sha256', secret).update(input).digest('base64url')}`;
}
const publicPem = (record: ClusterRecord): string =>
  String(createPublicKey(keyOf(record)).export({ type: 'spki', format: 'pem' }));

/** `arn:…` of the session, or `CODE: message`. */
async function outcomeOf(text: string, role: string, { account = own, at = now } = {}): Promise<string> {
  try {
    const { AssumedRoleUser } = await sts.call<AssumeRoleWithWebIdentityResponse>(
      'AssumeRoleWithWebIdentity',
      undefined,
      { RoleArn: `arn:aws:iam::${account}:role/${role}`, RoleSessionName: 'session', WebIdentityToken: text },
      at,
    );
    return AssumedRoleUser?.Arn ?? '';
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`;
  }
}
const sessionOf = (role: string): string => `arn:aws:sts::${own}:assumed-role/${role}/session`;

const invalid = 'InvalidIdentityTokenException: ';
const noKey = `${invalid}Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements`;
const badSignature = `${invalid}Token signature invalid`;
const badAlgorithm = `${invalid}Token must be signed with one of RS256, RS384, RS512, ES256, ES384, ES512`;
const noProvider = (url: string) => `${invalid}No OpenIDConnect provider found in your account for ${url}`;
const notTrusted = 'AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity';

describe('a token is refused', () => {
  test.each<readonly [string, ClusterRecord, () => Promise<string> | string, string]>([
    [
      'for another audience',
      a,
      () => token(a, { claims: { aud: ['vault'] } }),
      `${invalid}Incorrect token audience`,
    ],
    [
      'for several others',
      a,
      () => token(a, { claims: { aud: ['vault', 'https://kubernetes.default.svc'] } }),
      `${invalid}Incorrect token audience`,
    ],
    [
      'for the audience in another case',
      a,
      () => token(a, { claims: { aud: ['STS.amazonaws.com'] } }),
      `${invalid}Incorrect token audience`,
    ],
    [
      'for the audience and a space',
      a,
      () => token(a, { claims: { aud: ['sts.amazonaws.com '] } }),
      `${invalid}Incorrect token audience`,
    ],
    [
      'for Pod Identity',
      a,
      () => token(a, { claims: { aud: ['pods.eks.amazonaws.com'] } }),
      `${invalid}Incorrect token audience`,
    ],
    ['for nobody', a, () => token(a, { claims: { aud: [] } }), `${invalid}Incorrect token audience`],
    [
      'of an issuer that no provider names',
      a,
      () => token(a, { claims: { iss: 'https://unknown.example.com' } }),
      noProvider('https://unknown.example.com'),
    ],
    [
      'of its issuer in lower case',
      a,
      () => token(a, { claims: { iss: String(tokenIssuerOf(a)).toLowerCase() } }),
      noProvider(String(tokenIssuerOf(a)).toLowerCase()),
    ],
    [
      'of its issuer without TLS',
      a,
      () => token(a, { claims: { iss: String(tokenIssuerOf(a)).replace('https', 'http') } }),
      noProvider(String(tokenIssuerOf(a)).replace('https', 'http')),
    ],
    ['of another cluster, by a role that trusts this one', a, () => token(b), notTrusted],
    [
      'of another cluster that says it is of this one',
      a,
      () => token(b, { claims: { iss: tokenIssuerOf(a) } }),
      noKey,
    ],
    ['of another cluster with this one’s key id', a, () => token(a, { key: keyOf(b) }), badSignature],
    ['of another account’s cluster, by a role that trusts this one', a, () => token(foreigner), notTrusted],
    [
      'of another cluster at the server’s address',
      addressed,
      () => token(addressed, { key: keyOf(a), kid: kidOf(a) }),
      noKey,
    ],
    [
      'that has ended',
      a,
      () => token(a, { claims: { exp: seconds } }),
      `ExpiredTokenException: Token expired: current date/time ${seconds} must be before the expiration date/time ${seconds}`,
    ],
    [
      'that begins later',
      a,
      () => token(a, { claims: { nbf: seconds + 61 } }),
      `${invalid}Token is not yet valid`,
    ],
    [
      'that was made later',
      a,
      () => token(a, { claims: { iat: seconds + 61 } }),
      `${invalid}Token is not yet valid`,
    ],
    ['with an unknown key id', a, () => token(a, { kid: 'unknown' }), noKey],
    [
      'of algorithm none',
      a,
      () => handmade(a, 'none'),
      `${invalid}The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)`,
    ],
    ['of algorithm none with a signature', a, () => handmade(a, 'none', 'x'), badAlgorithm],
    ['of algorithm NONE with a signature', a, () => handmade(a, 'NONE', 'x'), badAlgorithm],
    ['signed with the public key as a secret', a, () => handmade(a, 'HS256', publicPem(a)), badAlgorithm],
    ['signed so, calling itself RS256', a, () => handmade(a, 'RS256', publicPem(a)), badSignature],
    ['with an RSA signature, calling itself ES256', a, () => handmade(a, 'ES256', publicPem(a)), noKey],
    [
      'signed by the cluster’s key with another algorithm than the key’s',
      a,
      () => token(a, { alg: 'RS512' }),
      noKey,
    ],
    ['signed with PSS', a, () => token(a, { alg: 'PS256' }), badAlgorithm],
    ['longer than STS reads', a, () => token(a, { claims: { x: 'x'.repeat(20_000) } }), 'ValidationError: '],
    [
      'of another service account',
      a,
      () => token(a, { claims: { sub: 'system:serviceaccount:shop:other' } }),
      notTrusted,
    ],
    [
      'of its service account in another case',
      a,
      () => token(a, { claims: { sub: 'system:serviceaccount:shop:Web' } }),
      notTrusted,
    ],
    [
      'of a service account of another namespace',
      a,
      () => token(a, { claims: { sub: 'system:serviceaccount:shop2:web' } }),
      notTrusted,
    ],
    // Keys that were handed over.
    [
      'of a connected cluster, signed by another’s key with its id',
      edge,
      () => token(edge, { key: foreign.privateKey }),
      badSignature,
    ],
    ['of a connected cluster, with the id of its EC key', edge, () => token(edge, { kid: 'edge-ec' }), noKey],
    [
      'of a connected cluster, its EC key calling itself by the RSA key’s id',
      edge,
      () => token(edge, { alg: 'ES256', kid: 'edge-rsa', key: ec.privateKey }),
      noKey,
    ],
    [
      'of a connected cluster, with another algorithm than was handed over',
      edge,
      () => token(edge, { alg: 'RS384' }),
      noKey,
    ],
    [
      'of its issuer, with the key that another account handed over for it',
      edge,
      () => token(edge, { kid: 'claimed', key: foreign.privateKey }),
      noKey,
    ],
    [
      'of another account’s connected cluster',
      theirs,
      () => token(theirs),
      `${noKey} (this Entryway asks no identity provider: serve --oidc-issuers)`,
    ],
    [
      'of a built-in cluster, with a key that was handed over',
      a,
      () => token(a, { kid: 'edge-rsa', key: rsa.privateKey }),
      noKey,
    ],
  ])('%s', async (_, { name }, make, expected) => {
    const outcome = await outcomeOf(await make(), name);
    if (expected.endsWith(': ')) expect(outcome.startsWith(expected), outcome).toBe(true);
    else expect(outcome).toBe(expected);
    expect(outcome.length).toBeLessThan(400);
  });

  test('at a role of another account, which keys that were handed over here say nothing to', async () => {
    await sts.putRole({ ...trusting(edge), accountId: other, name: 'remote' });
    expect(await outcomeOf(await token(edge), 'remote', { account: other })).toBe(noKey);
    // Nor do keys for the same issuer of the account that owns the role let this cluster in.
    expect(issuers.connected(other, 'https://edge.example.com')?.name).toBe('claimed');
  });

  test('of a cluster that is gone, and of one made anew under its name', async () => {
    const gone = cluster('gone');
    await putCluster(gone);
    await putProvider(gone);
    await sts.putRole(trusting(gone));
    signers.set('gone', await signerOf(gone));
    const text = await token(gone);
    expect(await outcomeOf(text, 'gone')).toBe(sessionOf('gone'));
    await dropCluster(gone);
    const notAsked = `${noKey} (this Entryway asks no identity provider: serve --oidc-issuers)`;
    expect(await outcomeOf(text, 'gone')).toBe(notAsked);
    await putCluster({ ...gone, clusterId: 'another' });
    expect(await outcomeOf(text, 'gone')).toBe(notAsked);
  });

  test('once the keys of its connected cluster were replaced, or its issuer taken away', async () => {
    const text = await token(edge);
    expect(await outcomeOf(text, 'edge')).toBe(sessionOf('edge'));
    const { tokenIssuer: _, ...without } = edge;
    const url = 'https://edge.example.com';
    await putCluster({ ...without, tokenIssuer: { url, keys: [handedOver(foreign, 'new', 'RS256')] } });
    expect(await outcomeOf(text, 'edge')).toBe(noKey);
    await putCluster(without);
    expect(await outcomeOf(text, 'edge')).toMatch(/^InvalidIdentityTokenException/);
    await putCluster(edge);
  });
});

describe('a token gives a session', () => {
  test.each<readonly [string, ClusterRecord, Forging]>([
    ['of a built-in cluster', a, {}],
    ['of one with its issuer at the server’s address', addressed, {}],
    ['of one of another account, where the role’s account made a provider for it (I9)', foreigner, {}],
    ['of a connected cluster', edge, {}],
    ['of a connected cluster with an EC key', edge, { alg: 'ES256', kid: 'edge-ec', key: ec.privateKey }],
    ['for the audience among others', a, { claims: { aud: ['vault', 'sts.amazonaws.com'] } }],
    ['for the audience alone', a, { claims: { aud: 'sts.amazonaws.com' } }],
    ['by a clock that is ahead by a minute', a, { claims: { iat: seconds + 60, nbf: seconds + 60 } }],
  ])('%s', async (_, record, forging) => {
    expect(await outcomeOf(await token(record, forging), record.name)).toBe(sessionOf(record.name));
  });

  test.each<readonly [string, object, boolean]>([
    ['any account of the namespace', { StringLike: { ':sub': 'system:serviceaccount:shop:*' } }, true],
    ['any account of another', { StringLike: { ':sub': 'system:serviceaccount:team:*' } }, false],
    ['namespaces that begin so', { StringLike: { ':sub': 'system:serviceaccount:sh*:web' } }, true],
    ['one letter', { StringLike: { ':sub': 'system:serviceaccount:shop:we?' } }, true],
    ['a star that is none', { StringEquals: { ':sub': 'system:serviceaccount:shop:*' } }, false],
    ['letters in another case', { StringLike: { ':sub': 'SYSTEM:serviceaccount:shop:*' } }, false],
    ['letters without case', { StringEqualsIgnoreCase: { ':sub': 'SYSTEM:serviceaccount:shop:web' } }, true],
    ['all but one', { StringNotEquals: { ':sub': 'system:serviceaccount:shop:web' } }, false],
    ['another audience', { StringEquals: { ':sub': sub, ':aud': 'pods.eks.amazonaws.com' } }, false],
    ['any of several', { 'ForAnyValue:StringEquals': { ':aud': ['x', 'sts.amazonaws.com'] } }, true],
  ])('where the role trusts %s: %j', async (_, condition, isAllowed) => {
    const named = Object.fromEntries(
      Object.entries(condition).map(([operator, keys]) => [
        operator,
        Object.fromEntries(Object.entries(keys).map(([key, value]) => [`${hostOf(a)}${key}`, value])),
      ]),
    );
    await sts.putRole(trusting(a, named, 'conditional'));
    const expected = isAllowed ? sessionOf('conditional') : notTrusted;
    expect(await outcomeOf(await token(a), 'conditional')).toBe(expected);
  });

  test('whose service account and pod are gone: STS, here as on AWS, does not ask the cluster', async () => {
    const wish = {
      ...{ namespace: 'shop', serviceAccount: { name: 'web', uid: 'gone' }, pod: { name: 'p', uid: 'gone' } },
      ...{ audiences: ['sts.amazonaws.com'], expirationSeconds: 3600, tokenId: 't' },
    };
    const text = (await tokens.issue(a, wish, now)) ?? '';
    expect((await tokens.authenticate(a, text, { now, audiences: wish.audiences })).outcome).toBe('refused');
    expect(await outcomeOf(text, 'a')).toBe(sessionOf('a'));
  });

  test('until its end, though its key signs no more', async () => {
    const wish = {
      ...{ namespace: 'shop', serviceAccount: { name: 'web', uid: 'u' }, tokenId: 't' },
      ...{ audiences: ['sts.amazonaws.com'], expirationSeconds: 2 * day },
    };
    const at = (days: number): number => now + days * day * 1000;
    clock.now = at(6);
    await tokens.publicKeys(b);
    clock.now = at(7) - 1000;
    const last = (await tokens.issue(b, wish, clock.now)) ?? '';
    clock.now = at(7);
    const next = (await tokens.issue(b, wish, clock.now)) ?? '';
    const keyIds = [last, next].map(
      (text) => JSON.parse(String(Buffer.from(text.split('.')[0] ?? '', 'base64url'))).kid,
    );
    expect(keyIds).toEqual([kidOf(b), expect.not.stringMatching(kidOf(b))]);
    clock.now = at(9) - 2000;
    expect(await outcomeOf(last, 'b', { at: clock.now })).toBe(sessionOf('b'));
    expect(await outcomeOf(next, 'b', { at: clock.now })).toBe(sessionOf('b'));
    expect(await outcomeOf(last, 'b', { at: at(9) - 1000 })).toMatch(/^ExpiredTokenException/);
    clock.now = now;
  });
});
