import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { JSONWebKeySet, JWK } from 'jose';
import { SignJWT } from 'jose/jwt/sign';
import { describe, expect, test } from 'vitest';
import { createMemoryStorage } from '../../storage/memory/memory.ts';
import type { ClusterRecord, IdentityProviderConfigRecord } from '../../storage/records/eks.ts';
import { identityProviderConfigKey } from '../../storage/records/keys.ts';
import { createIdentityProviderTokens, type IssuerKeyAnswer } from './idtokens.ts';

const now = Date.UTC(2026, 0, 15, 12);
const seconds = now / 1000;
const issuer = 'https://login.example.com/realms/main';
const cluster: ClusterRecord = {
  clusterId: 'c1',
  accountId: '111122223333',
  region: 'eu-west-1',
  name: 'prod',
  arn: 'arn:aws:eks:eu-west-1:111122223333:cluster/prod',
  createdAt: now,
  version: '1.35',
  roleArn: 'arn:aws:iam::111122223333:role/cluster',
  authenticationMode: 'API',
  bootstrapClusterCreatorAdminPermissions: false,
  tags: {},
  kind: 'builtIn',
  echoed: {},
};

interface Pair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
const published = ({ publicKey }: Pair, kid: string): JWK => ({
  ...publicKey.export({ format: 'jwk' }),
  kid,
});
const keys: JSONWebKeySet = { keys: [published(rsa, 'rsa'), published(curve, 'ec')] };

interface Wish {
  readonly alg?: string;
  readonly kid?: string | undefined;
  readonly header?: object;
  readonly signer?: Pair;
}
const usual = { iss: issuer, aud: 'kubernetes', sub: 'ada', exp: seconds + 300, iat: seconds };
const token = (claims: object = {}, wish: Wish = {}): Promise<string> => {
  const { alg = 'RS256', header } = wish;
  const isCurve = alg.startsWith('ES');
  const kid = 'kid' in wish ? wish.kid : isCurve ? 'ec' : 'rsa';
  return new SignJWT({ ...usual, ...claims })
    .setProtectedHeader({ alg, ...(kid !== undefined && { kid }), ...header })
    .sign((wish.signer ?? (isCurve ? curve : rsa)).privateKey);
};
const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const handmade = (header: object, sign: (input: string) => string): string => {
  const input = `${encoded(header)}.${encoded(usual)}`;
  return `${input}.${sign(input)}`;
};

type Change = Partial<IdentityProviderConfigRecord>;

async function createWorld(change: Change = {}, answer: IssuerKeyAnswer = { outcome: 'keys', keys }) {
  const storage = createMemoryStorage();
  const key = identityProviderConfigKey(cluster.clusterId);
  const put = (value: unknown) =>
    storage.commit({ changes: [{ type: 'put', key, value: JSON.stringify(value) }] });
  const config: IdentityProviderConfigRecord = {
    name: 'idp',
    arn: '',
    issuerUrl: issuer,
    clientId: 'kubernetes',
    requiredClaims: {},
    tags: {},
    createdAt: 0,
    ...change,
  };
  await put(config);
  const asked: string[] = [];
  const tokens = createIdentityProviderTokens({
    storage,
    issuerKeys: {
      keysOf: async (url, keyId) => {
        asked.push(`${url} ${keyId}`);
        return answer;
      },
    },
  });
  const judge = (text: string, of = cluster) => tokens.authenticate(of, text, { now });
  /** The user, or why there is none; undefined when the token is somebody else's to judge. */
  const outcomeOf = async (text: string) => {
    const judged = await judge(text);
    if (judged === undefined) return undefined;
    if (judged.outcome === 'authenticated') return judged.user;
    return `${judged.outcome}: ${judged.evidence.code}`;
  };
  return { storage, key, put, config, asked, judge, outcomeOf };
}

describe('a token is somebody else’s to judge', () => {
  test.each<readonly [string, () => string | Promise<string>]>([
    ['of another issuer', () => token({ iss: 'https://login.example.com' })],
    ['of the issuer with a slash more', () => token({ iss: `${issuer}/` })],
    ['of no issuer', () => token({ iss: undefined })],
    ['whose issuer is a list', () => token({ iss: [issuer] })],
    ['that is no JWT', () => 'a.b.c'],
    ['of nothing', () => '..'],
    ['longer than any request has room for', () => token({ filler: 'a'.repeat(16_384) })],
  ])('%s', async (_name, make) => {
    const { judge, asked } = await createWorld();
    expect(await judge(await make())).toBeUndefined();
    expect(asked).toEqual([]);
  });

  test('on a cluster without a provider, and on one whose config cannot be read', async () => {
    const { judge, put, config, storage, key } = await createWorld();
    const text = await token();
    expect(await judge(text, { ...cluster, clusterId: 'c2' })).toBeUndefined();
    const broken = [
      null,
      [],
      { ...config, clientId: 1 },
      { ...config, usernamePrefix: null },
      { ...config, requiredClaims: undefined },
      { ...config, requiredClaims: null },
      { ...config, requiredClaims: { a: 1 } },
    ];
    for (const record of broken) {
      await put(record);
      expect(await judge(text), JSON.stringify(record)).toBeUndefined();
    }
    await storage.commit({ changes: [{ type: 'delete', key }] });
    expect(await judge(text)).toBeUndefined();
  });
});

describe('a token is refused', () => {
  test.each<readonly [string, () => string | Promise<string>, string]>([
    ['without a signature', () => handmade({ alg: 'none' }, () => ''), 'unsupportedAlgorithm'],
    [
      'signed with the public key as a secret',
      () =>
        handmade({ alg: 'HS256', kid: 'rsa' }, (input) =>
          createHmac('sha256', rsa.publicKey.export({ type: 'spki', format: 'pem' }))
            .update(input)
            .digest('base64url'),
        ),
      'unsupportedAlgorithm',
    ],
    ['that says no algorithm', () => handmade({ kid: 'rsa' }, () => 'AA'), 'unsupportedAlgorithm'],
    ['whose header cannot be read', () => `AA.${encoded(usual)}.AA`, 'unsupportedAlgorithm'],
    ['signed by a stranger under the issuer’s key id', () => token({}, { signer: stranger }), 'badSignature'],
    [
      'that brings its own key',
      () => token({}, { signer: stranger, header: { jwk: stranger.publicKey.export({ format: 'jwk' }) } }),
      'badSignature',
    ],
    ['naming an unknown key', () => token({}, { kid: 'other' }), 'unknownSigningKey'],
    ['naming a key of another kind', () => token({}, { kid: 'ec' }), 'unknownSigningKey'],
    [
      'with claims exchanged after it was signed',
      async () => {
        const [head, , signature] = (await token()).split('.');
        return `${head}.${encoded({ ...usual, sub: 'root' })}.${signature}`;
      },
      'badSignature',
    ],
    [
      'with something critical that nobody here understands',
      () => handmade({ alg: 'RS256', kid: 'rsa', crit: ['x'], x: 1 }, () => 'AA'),
      'malformedToken',
    ],
    ['for somebody else', () => token({ aud: 'other' }), 'wrongAudience'],
    ['for several others', () => token({ aud: ['a', 'b'] }), 'wrongAudience'],
    ['for nobody', () => token({ aud: undefined }), 'wrongAudience'],
    ['that never ends', () => token({ exp: undefined }), 'badClaims'],
    ['whose end is a text', () => token({ exp: '9999999999' }), 'badClaims'],
    ['whose end is no moment', () => token({ exp: 1e308 }), 'badClaims'],
    ['that has ended', () => token({ exp: seconds - 10 }), 'expired'],
    ['that has not begun', () => token({ nbf: seconds + 11 }), 'notYetValid'],
    ['whose beginning is a text', () => token({ nbf: 'now' }), 'badClaims'],
    ['without a user', () => token({ sub: undefined }), 'badUsernameClaim'],
    ['with a user without a name', () => token({ sub: '' }), 'badUsernameClaim'],
    ['with a user that is a number', () => token({ sub: 1 }), 'badUsernameClaim'],
  ])('%s', async (_name, make, code) => {
    const { outcomeOf } = await createWorld();
    expect(await outcomeOf(await make())).toBe(`refused: ${code}`);
  });

  test('naming no key, where two fit; one is enough to tell', async () => {
    const unnamed = await token({}, { kid: undefined });
    const two = { keys: [...keys.keys, published(stranger, 'old')] };
    const { outcomeOf } = await createWorld({}, { outcome: 'keys', keys: two });
    expect(await outcomeOf(unnamed)).toBe('refused: unknownSigningKey');
    expect(await (await createWorld()).outcomeOf(unnamed)).toMatchObject({ username: `${issuer}#ada` });
  });

  test('saying which check failed, and nothing of the token', async () => {
    const { judge } = await createWorld();
    const text = await token({ sub: 'system:admin', aud: 'secret-client' });
    expect(await judge(text)).toEqual({
      outcome: 'refused',
      evidence: {
        step: 'caller',
        code: 'wrongAudience',
        message: 'ID token is not for the client id of the identity provider config',
      },
    });
  });

  test('where this server asks no issuer', async () => {
    const { judge } = await createWorld({}, { outcome: 'notAsked' });
    expect(await judge(await token())).toMatchObject({
      outcome: 'refused',
      evidence: { code: 'issuerNotAsked', hint: expect.stringContaining('--oidc-issuers') },
    });
  });
});

describe('nothing is said about a token', () => {
  test('whose issuer does not answer', async () => {
    const { outcomeOf } = await createWorld({}, { outcome: 'unreachable' });
    expect(await outcomeOf(await token())).toBe('unavailable: issuerUnreachable');
    // What no answer could change is refused all the same.
    expect(await outcomeOf(handmade({ alg: 'none' }, () => ''))).toBe('refused: unsupportedAlgorithm');
  });

  test('while the store fails', async () => {
    const { storage, outcomeOf } = await createWorld();
    await storage.close();
    expect(await outcomeOf(await token())).toBe('unavailable: identityProvidersUnreadable');
  });
});

describe('claims that make no user', () => {
  test.each<readonly [string, Change, object, string]>([
    ['a required claim is missing', { requiredClaims: { hd: 'example.com' } }, {}, 'missingRequiredClaim'],
    [
      'a required claim has another value',
      { requiredClaims: { hd: 'example.com' } },
      { hd: 'Example.com' },
      'missingRequiredClaim',
    ],
    [
      'one of two required claims is missing',
      { requiredClaims: { hd: 'example.com', tier: 'a' } },
      { hd: 'example.com' },
      'missingRequiredClaim',
    ],
    ['a required claim is a list', { requiredClaims: { hd: 'a' } }, { hd: ['a'] }, 'missingRequiredClaim'],
    [
      'a required claim is true',
      { requiredClaims: { admin: 'true' } },
      { admin: true },
      'missingRequiredClaim',
    ],
    ['the username claim is missing', { usernameClaim: 'email' }, {}, 'badUsernameClaim'],
    ['the username claim is what every object has', { usernameClaim: 'constructor' }, {}, 'badUsernameClaim'],
    [
      'the email address is not verified',
      { usernameClaim: 'email' },
      { email: 'a@example.com', email_verified: false },
      'emailNotVerified',
    ],
    [
      'the email address is verified by a text',
      { usernameClaim: 'email' },
      { email: 'a@example.com', email_verified: 'true' },
      'emailNotVerified',
    ],
    ['groups are a number', { groupsClaim: 'groups' }, { groups: 1 }, 'badGroupsClaim'],
    ['a group is a number', { groupsClaim: 'groups' }, { groups: ['a', 1] }, 'badGroupsClaim'],
    ['groups are an object', { groupsClaim: 'groups' }, { groups: { a: 'b' } }, 'badGroupsClaim'],
    ['the user is one of Kubernetes', { usernamePrefix: '-' }, { sub: 'system:admin' }, 'reservedName'],
    [
      'the user is called like who broke the glass',
      { usernamePrefix: 'entryway:' },
      { sub: 'break-glass:role/ops/ada' },
      'reservedName',
    ],
    [
      'prefix and user make one of Kubernetes',
      { usernamePrefix: 'sys' },
      { sub: 'tem:kube-controller-manager' },
      'reservedName',
    ],
    [
      'a group is one of Kubernetes',
      { groupsClaim: 'groups' },
      { groups: ['a', 'system:masters'] },
      'reservedName',
    ],
    [
      'prefix and group make one of Kubernetes',
      { groupsClaim: 'groups', groupsPrefix: 'system' },
      { groups: [':masters'] },
      'reservedName',
    ],
  ])('%s', async (_name, change, claims, code) => {
    const { outcomeOf } = await createWorld(change);
    expect(await outcomeOf(await token(claims))).toBe(`refused: ${code}`);
  });
});

describe('a user', () => {
  test.each<readonly [string, Change, object, string, readonly string[]]>([
    ['is the subject under the issuer', {}, {}, `${issuer}#ada`, []],
    ['without a prefix where it is off', { usernamePrefix: '-' }, {}, 'ada', []],
    ['with a prefix of the config', { usernamePrefix: 'oidc:' }, {}, 'oidc:ada', []],
    [
      'by another claim is under the issuer as well',
      { usernameClaim: 'name' },
      { name: 'Ada' },
      `${issuer}#Ada`,
      [],
    ],
    [
      'by email address is not',
      { usernameClaim: 'email' },
      { email: 'ada@example.com' },
      'ada@example.com',
      [],
    ],
    [
      'by verified email address with a prefix',
      { usernameClaim: 'email', usernamePrefix: 'mail:' },
      { email: 'ada@example.com', email_verified: true },
      'mail:ada@example.com',
      [],
    ],
    ['may have an address that does not matter', {}, { email_verified: false }, `${issuer}#ada`, []],
    ['has the groups of the claim', { groupsClaim: 'g' }, { g: ['a', 'b'] }, `${issuer}#ada`, ['a', 'b']],
    ['or the one group', { groupsClaim: 'g' }, { g: 'a' }, `${issuer}#ada`, ['a']],
    [
      'with a prefix',
      { groupsClaim: 'g', groupsPrefix: 'idp:' },
      { g: ['system:a'] },
      `${issuer}#ada`,
      ['idp:system:a'],
    ],
    ['or none', { groupsClaim: 'g' }, { g: null }, `${issuer}#ada`, []],
    ['none without a groups claim', {}, { groups: ['a'] }, `${issuer}#ada`, []],
    [
      'has what is required',
      { requiredClaims: { hd: 'a', tier: 'b' } },
      { hd: 'a', tier: 'b' },
      `${issuer}#ada`,
      [],
    ],
    ['of a token for several', {}, { aud: ['other', 'kubernetes'] }, `${issuer}#ada`, []],
    ['of a token that ended a moment ago by our clock', {}, { exp: seconds - 9 }, `${issuer}#ada`, []],
  ])('%s', async (_name, change, claims, username, groups) => {
    const { outcomeOf } = await createWorld(change);
    expect(await outcomeOf(await token(claims))).toEqual({ username, uid: '', groups, extra: {} });
  });

  test.each(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256'])('signed by %s', async (alg) => {
    const { outcomeOf, asked } = await createWorld();
    expect(await outcomeOf(await token({}, { alg }))).toMatchObject({ username: `${issuer}#ada` });
    expect(asked).toEqual([`${issuer} ${alg === 'ES256' ? 'ec' : 'rsa'}`]);
  });

  test('is no IAM principal, so that no access policy can be theirs', async () => {
    const { judge } = await createWorld();
    const judged = await judge(await token());
    expect(judged).toMatchObject({ outcome: 'authenticated' });
    expect(judged).not.toHaveProperty('user.principal');
    expect(judged).toHaveProperty('user.extra', {});
  });

  test('is told until when, and is nobody’s to remember for longer', async () => {
    const { judge } = await createWorld();
    expect(await judge(await token())).toMatchObject({ until: now + 300_000 });
    expect(await judge(await token({ exp: seconds - 9 }))).toMatchObject({ until: now - 9_000 });
  });

  test('is nobody once the provider is disassociated, and another once the config says so', async () => {
    const { storage, key, put, config, judge, outcomeOf } = await createWorld();
    const text = await token();
    await put({ ...config, usernamePrefix: 'new:' });
    expect(await outcomeOf(text)).toMatchObject({ username: 'new:ada' });
    await storage.commit({ changes: [{ type: 'delete', key }] });
    expect(await judge(text)).toBeUndefined();
  });
});
