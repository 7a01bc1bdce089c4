import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type {
  AssumeRoleWithWebIdentityRequest,
  AssumeRoleWithWebIdentityResponse,
} from '@aws-sdk/client-sts';
import { exportJWK, type JWK, type JWTPayload, SignJWT } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import type { OidcProviderRecord } from '../../../storage/records/iam.ts';
import { oidcProviderKey } from '../../../storage/records/keys.ts';
import { document, other, own, roleRecord } from '../../authorization/testworld.ts';
import { createSts, issuedAt, now } from '../testworld.ts';

const host = 'idp.example.com/id/X';
const issuer = `https://${host}`;
const seconds = Math.floor(now / 1000);
const roleArn = `arn:aws:iam::${own}:role/pods`;

const trustProvider = (Condition: object = {}, Action: readonly string[] = allActions, accountId = own) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Federated: `arn:aws:iam::${accountId}:oidc-provider/${host}` },
        Action,
        Condition,
      },
    ],
  });
const allActions = ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession', 'sts:SetSourceIdentity'];
const pods = roleRecord('pods', {
  trustPolicy: trustProvider(),
  inlinePolicies: { all: document({ Action: 'eks:*' }) },
});

interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}
const newRsa = (): Pair => generateKeyPairSync('rsa', { modulusLength: 2048 });
const algorithms = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'] as const;
/** One RSA key for every algorithm of RSA: what a key may sign with is for the verifier to say. */
const rsa = newRsa();
const foreign = newRsa();
const pairs: Readonly<Record<string, Pair>> = {
  RS256: rsa,
  RS384: rsa,
  RS512: rsa,
  PS256: rsa,
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ES512: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
};
let keys: JWK[] = [];

beforeAll(async () => {
  keys = await Promise.all(
    ['RS256', 'ES256', 'ES384', 'ES512'].map(async (name) => ({
      ...(await exportJWK((pairs[name] as Pair).publicKey)),
      kid: name.startsWith('RS') ? 'rsa' : name,
      use: 'sig',
    })),
  );
});

const usual: JWTPayload = {
  iss: issuer,
  sub: 'system:serviceaccount:shop:web',
  aud: ['sts.amazonaws.com'],
  exp: seconds + 600,
  iat: seconds,
  nbf: seconds,
};

interface Forging {
  readonly claims?: Record<string, unknown>;
  readonly alg?: string;
  readonly kid?: string | undefined;
  readonly header?: Record<string, unknown>;
  readonly signer?: Pair;
}

async function token({ claims = {}, alg = 'RS256', header = {}, ...rest }: Forging = {}): Promise<string> {
  const kid = 'kid' in rest ? rest.kid : alg.startsWith('ES') ? alg : 'rsa';
  return new SignJWT({ ...usual, ...claims })
    .setProtectedHeader({ alg, ...(kid !== undefined && { kid }), ...header })
    .sign((rest.signer ?? (pairs[alg] as Pair)).privateKey);
}

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
/** A token with a signature of one's own making. */
const handmade = (header: object, claims: object, sign: (input: string) => string): string => {
  const input = `${base64url(header)}.${base64url({ ...usual, ...claims })}`;
  return `${input}.${sign(input)}`;
};

async function createFederation(change: Partial<OidcProviderRecord> = {}) {
  const sts = await createSts({
    issuerKeys: {
      keysOf: async (url) =>
        url.startsWith(issuer) ? { outcome: 'keys', keys: { keys } } : { outcome: 'notAsked' },
    },
  });
  await sts.putRole(pods);
  const provider: OidcProviderRecord = {
    accountId: own,
    url: host,
    arn: `arn:aws:iam::${own}:oidc-provider/${host}`,
    createdAt: 0,
    clientIds: ['sts.amazonaws.com', 'app'],
    thumbprints: [],
    tags: [],
    ...change,
  };
  await sts.put(oidcProviderKey(provider.accountId, provider.url), provider);
  const federate = (
    WebIdentityToken: string,
    input: Partial<AssumeRoleWithWebIdentityRequest> = {},
    at = now,
  ) =>
    sts.call<AssumeRoleWithWebIdentityResponse>(
      'AssumeRoleWithWebIdentity',
      undefined,
      { RoleArn: roleArn, RoleSessionName: 'web', WebIdentityToken, ...input },
      at,
    );
  return { ...sts, federate };
}

const invalid = 'InvalidIdentityTokenException';
const noKey = /^Couldn't retrieve verification key from your identity provider, {2}please reference/;
const notAToken = /^The ID Token provided is not a valid JWT/;

describe('a forged token', () => {
  test.each<[string, () => Promise<string> | string, RegExp]>([
    ['without signature', () => handmade({ alg: 'none', kid: 'rsa' }, {}, () => ''), notAToken],
    [
      'of algorithm none with one',
      () => handmade({ alg: 'none', kid: 'rsa' }, {}, () => 'AAAA'),
      /must be signed/,
    ],
    ['of algorithm None', () => handmade({ alg: 'None', kid: 'rsa' }, {}, () => 'AAAA'), /must be signed/],
    [
      'signed by HMAC with the public key',
      () =>
        handmade({ alg: 'HS256', kid: 'rsa' }, {}, (input) =>
          createHmac('sha256', JSON.stringify(keys[0])).update(input).digest('base64url'),
        ),
      /must be signed/,
    ],
    [
      'signed by HMAC, calling itself RS256',
      () =>
        handmade({ alg: 'RS256', kid: 'rsa' }, {}, (input) =>
          createHmac('sha256', JSON.stringify(keys[0])).update(input).digest('base64url'),
        ),
      /^Token signature invalid$/,
    ],
    ['signed with a padding AWS does not take', () => token({ alg: 'PS256', kid: 'rsa' }), /must be signed/],
    ['signed by somebody else', () => token({ signer: foreign }), /^Token signature invalid$/],
    [
      'signed by somebody else who brings the key',
      async () => token({ signer: foreign, header: { jwk: await exportJWK(foreign.publicKey) } }),
      /^Token signature invalid$/,
    ],
    [
      'signed by somebody else who says where the key is',
      () => token({ signer: foreign, header: { jku: 'https://evil.example.com/jwks' } }),
      /^Token signature invalid$/,
    ],
    ['naming no key', () => token({ kid: undefined }), noKey],
    ['naming an unknown key', () => token({ kid: 'rsa2' }), noKey],
    ['naming a key of another kind', () => token({ kid: 'ES256' }), noKey],
    ['naming a key of another curve', () => token({ alg: 'ES384', kid: 'ES256' }), noKey],
    ['naming a key by number', () => token({ header: { kid: 1 } }), noKey],
    [
      'with an extension nobody knows',
      () =>
        token({ header: { crit: ['x'], x: 1 } }).catch(() =>
          handmade({ alg: 'RS256', kid: 'rsa', crit: ['x'], x: 1 }, {}, () => 'AAAA'),
        ),
      /^Token signature invalid$/,
    ],
    ['cut short', async () => (await token()).slice(0, -4), /^Token signature invalid$/],
    ['without its end', async () => (await token()).split('.').slice(0, 2).join('.'), notAToken],
    ['with a part more', async () => `${await token()}.AAAA`, notAToken],
    ['with white space', async () => `${await token()} `, notAToken],
    ['of other letters', async () => (await token()).replace('.', '.='), notAToken],
    ['that is no JSON', () => 'AAAA.AAAA.AAAA', notAToken],
    [
      'whose claims are a list',
      () => `${base64url({ alg: 'RS256', kid: 'rsa' })}.${base64url([1])}.AAAA`,
      notAToken,
    ],
    [
      'with claims changed',
      async () => {
        const [head, , signature] = (await token()).split('.');
        return `${head}.${base64url({ ...usual, sub: 'system:serviceaccount:kube-system:admin' })}.${signature}`;
      },
      /^Token signature invalid$/,
    ],
  ])('%s is refused', async (_name, forge, message) => {
    const { federate } = await createFederation();
    await expect(federate(await forge())).rejects.toMatchObject({
      code: invalid,
      message: expect.stringMatching(message),
    });
  });

  test('cut or changed at any place is refused, and nothing fails', async () => {
    const { federate } = await createFederation();
    const text = await token({ alg: 'ES256' });
    // The last letter of the signature holds bits that nobody reads.
    for (let at = 0; at < text.length - 1; at++) {
      const changed = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
      for (const forged of [changed, text.slice(0, at)]) {
        const outcome = await federate(forged).then(
          () => 'allowed',
          (error) => error.code,
        );
        expect([invalid, 'ValidationError', 'ExpiredTokenException'], forged).toContain(outcome);
      }
    }
  });

  test('of more than 20,000 characters is refused and not quoted', async () => {
    const { federate } = await createFederation();
    const long = `${await token()}${'A'.repeat(20_000)}`;
    const refusal: Error = await federate(long).then(
      () => new Error('allowed'),
      (error) => error,
    );
    expect(refusal).toMatchObject({ code: 'ValidationError' });
    expect(refusal.message.length).toBeLessThan(300);
  });

  test('signed by one of two keys of the same name is refused', async () => {
    const { call, putRole, put } = await createSts({
      issuerKeys: {
        keysOf: async () => ({
          outcome: 'keys',
          keys: { keys: [...keys, { ...keys[0], n: `${keys[0]?.n?.slice(0, -4)}AAAA` } as JWK] },
        }),
      },
    });
    await putRole(pods);
    const record = { accountId: own, url: host, arn: 'x', clientIds: ['sts.amazonaws.com'] };
    await put(oidcProviderKey(own, host), record);
    const input = { RoleArn: roleArn, RoleSessionName: 'web', WebIdentityToken: await token() };
    await expect(call('AssumeRoleWithWebIdentity', undefined, input)).rejects.toMatchObject({
      code: invalid,
    });
  });
});

describe('a true token', () => {
  test.each<[string, Record<string, unknown>, string, string | RegExp]>([
    [
      'that has ended',
      { exp: seconds - 1 },
      'ExpiredTokenException',
      `Token expired: current date/time ${seconds} must be before the expiration date/time ${seconds - 1}`,
    ],
    ['that ends now', { exp: seconds }, 'ExpiredTokenException', /^Token expired/],
    ['without end', { exp: undefined }, invalid, 'Missing a required claim: exp'],
    ['that ends at no number', { exp: `${seconds + 600}` }, invalid, 'Missing a required claim: exp'],
    ['that ends at half a second', { exp: seconds + 0.5 }, invalid, 'Missing a required claim: exp'],
    ['that was never made', { iat: undefined }, invalid, 'Missing a required claim: iat'],
    ['made in the future', { iat: seconds + 61 }, invalid, 'Token is not yet valid'],
    ['that begins in the future', { nbf: seconds + 61 }, invalid, 'Token is not yet valid'],
    ['that begins at no number', { nbf: 'soon' }, invalid, 'Token is not yet valid'],
    ['of nobody', { sub: undefined }, invalid, 'Missing a required claim: sub'],
    ['of an empty name', { sub: '' }, invalid, 'Missing a required claim: sub'],
    ['of a name too long', { sub: 'x'.repeat(256) }, invalid, /^The subject/],
    ['of a name that is not ASCII', { sub: 'wéb' }, invalid, /^The subject/],
    ['for somebody else', { aud: 'other' }, invalid, 'Incorrect token audience'],
    ['for nobody', { aud: undefined }, invalid, 'Incorrect token audience'],
    ['for our client in another case', { aud: 'STS.amazonaws.com' }, invalid, 'Incorrect token audience'],
    ['issued to another party', { azp: 'other' }, invalid, 'Incorrect token audience'],
    ['without issuer', { iss: undefined }, invalid, 'Missing a required claim: iss'],
    [
      'of an issuer with a slash more',
      { iss: `${issuer}/` },
      invalid,
      `No OpenIDConnect provider found in your account for ${issuer}/`,
    ],
    ['of an issuer in another case', { iss: issuer.toLowerCase() }, invalid, /^No OpenIDConnect provider/],
    ['of an issuer without scheme', { iss: host }, invalid, /^No OpenIDConnect provider/],
    ['of an issuer without TLS', { iss: `http://${host}` }, invalid, /^No OpenIDConnect provider/],
    [
      'of an issuer with a port',
      { iss: `https://idp.example.com:443/id/X` },
      invalid,
      /^No OpenIDConnect provider/,
    ],
    ['of an issuer with a query', { iss: `${issuer}?a` }, invalid, /^No OpenIDConnect provider/],
    ['of an issuer with a user', { iss: `https://a@${host}` }, invalid, /^No OpenIDConnect provider/],
  ])('%s is refused', async (_name, claims, code, message) => {
    const { federate } = await createFederation();
    await expect(federate(await token({ claims }))).rejects.toMatchObject({
      code,
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    });
  });

  test('of a provider of another account is refused, whatever the trust policy says', async () => {
    const { federate, putRole } = await createFederation({
      accountId: other,
      arn: `arn:aws:iam::${other}:oidc-provider/${host}`,
    });
    await putRole({ ...pods, trustPolicy: trustProvider({}, allActions, other) });
    await expect(federate(await token())).rejects.toMatchObject({
      code: invalid,
      message: `No OpenIDConnect provider found in your account for ${issuer}`,
    });
  });

  test('tells nothing about a role that is missing or trusts others', async () => {
    const { federate, putRole } = await createFederation();
    await putRole({ ...pods, name: 'strict', trustPolicy: trustProvider({}, ['sts:AssumeRole']) });
    for (const RoleArn of [`arn:aws:iam::${own}:role/missing`, `arn:aws:iam::${own}:role/strict`]) {
      await expect(federate(await token(), { RoleArn })).rejects.toMatchObject({
        code: 'AccessDenied',
        message: 'Not authorized to perform sts:AssumeRoleWithWebIdentity',
      });
    }
  });

  test.each<[string, object, boolean]>([
    ['the subject', { StringEquals: { [`${host}:sub`]: 'system:serviceaccount:shop:web' } }, true],
    ['another subject', { StringEquals: { [`${host}:sub`]: 'system:serviceaccount:shop:*' } }, false],
    ['subjects of a namespace', { StringLike: { [`${host}:sub`]: 'system:serviceaccount:shop:*' } }, true],
    ['the audience', { StringEquals: { [`${host}:aud`]: 'sts.amazonaws.com' } }, true],
    ['another audience', { StringEquals: { [`${host}:aud`]: 'app' } }, false],
    ['the same of another provider', { StringLike: { 'other.example.com:sub': '*' } }, false],
    ['a session name', { StringEquals: { 'sts:RoleSessionName': 'web' } }, true],
    ['MFA', { Bool: { 'aws:MultiFactorAuthPresent': 'true' } }, false],
  ])('where the trust policy asks for %s', async (_name, condition, isAllowed) => {
    const { federate, putRole } = await createFederation();
    await putRole({ ...pods, trustPolicy: trustProvider(condition) });
    const outcome = federate(await token());
    if (isAllowed) await outcome;
    else await expect(outcome).rejects.toMatchObject({ code: 'AccessDenied' });
  });

  test.each(algorithms)('signed with %s is taken', async (alg) => {
    const { federate } = await createFederation();
    await federate(await token({ alg }));
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['a list', { aud: ['x', 'app'] }, 'app'],
    ['a text', { aud: 'app' }, 'app'],
    ['its party', { aud: ['x', 'y'], azp: 'app' }, 'app'],
  ])('says its audience by %s', async (_name, claims, expected) => {
    const { federate } = await createFederation();
    expect((await federate(await token({ claims }))).Audience).toBe(expected);
  });

  test('gives a session of the role that says who it is for (I16)', async () => {
    const { federate, principalOf, ask } = await createFederation();
    const answer = await federate(await token(), { DurationSeconds: 900 });
    const arn = `arn:aws:sts::${own}:assumed-role/pods/web`;
    const provider = `arn:aws:iam::${own}:oidc-provider/${host}`;
    expect(answer).toMatchObject({
      AssumedRoleUser: { Arn: arn, AssumedRoleId: `${pods.principalId}:web` },
      SubjectFromWebIdentityToken: usual.sub,
      Provider: provider,
      Audience: 'sts.amazonaws.com',
    });
    const principal = await principalOf(answer);
    expect(principal).toMatchObject({
      kind: 'assumedRole',
      arn,
      session: {
        issuedAt,
        expiresAt: issuedAt + 900_000,
        federatedProvider: provider,
        webIdentitySubject: usual.sub,
      },
    });
    expect((await ask(principal, 'eks:ListClusters', ['*'])).decision).toBe('allowed');
    expect((await ask(principal, 'iam:ListUsers', ['*'])).decision).toBe('implicitDeny');
  });

  test('can be used again until it ends', async () => {
    const { federate } = await createFederation();
    const text = await token();
    await federate(text);
    await federate(text, {}, now + 599_000);
    await expect(federate(text, {}, now + 600_000)).rejects.toMatchObject({ code: 'ExpiredTokenException' });
  });

  test('lasts no longer than the role allows', async () => {
    const { federate } = await createFederation();
    await expect(federate(await token(), { DurationSeconds: 3601 })).rejects.toMatchObject({
      message: 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    });
  });
});

describe('the session tags of a token (I16)', () => {
  const claim = 'https://aws.amazon.com/tags';
  const team = { [claim]: { principal_tags: { team: ['a'] }, transitive_tag_keys: ['team'] } };

  test.each<[string, Record<string, unknown>]>([
    ['no object', { [claim]: 'team=a' }],
    ['tags of no object', { [claim]: { principal_tags: ['team'] } }],
    ['two values', { [claim]: { principal_tags: { team: ['a', 'b'] } } }],
    ['no value', { [claim]: { principal_tags: { team: [] } } }],
    ['a number', { [claim]: { principal_tags: { team: 1 } } }],
    [
      'a transitive key that is none',
      { [claim]: { principal_tags: { team: ['a'] }, transitive_tag_keys: [1] } },
    ],
    ['a transitive key without tag', { [claim]: { transitive_tag_keys: ['team'] } }],
    ['a reserved key', { [claim]: { principal_tags: { 'aws:team': ['a'] } } }],
    ['the same key twice', { [claim]: { principal_tags: { team: ['a'], Team: ['b'] } } }],
    ['the same key in two forms', { ...team, [`${claim}/principal_tags/team`]: 'b' }],
    ['a claim of the family that nobody knows', { [`${claim}/principal/team`]: 'b' }],
    ['a source identity that is none', { 'https://aws.amazon.com/source_identity': ['ada'] }],
    ['a source identity with a slash', { 'https://aws.amazon.com/source_identity': 'a/b' }],
  ])('that are %s are refused', async (_name, claims) => {
    const { federate } = await createFederation();
    await expect(federate(await token({ claims }))).rejects.toThrow();
  });

  test.each<[string, Record<string, unknown>]>([
    ['one claim', team],
    ['a claim each', { [`${claim}/principal_tags/team`]: 'a', [`${claim}/transitive_tag_keys`]: ['team'] }],
  ])('as %s, and the source identity, are in the session', async (_name, claims) => {
    const { federate, principalOf } = await createFederation();
    const named = { ...claims, 'https://aws.amazon.com/source_identity': 'ada' };
    const answer = await federate(await token({ claims: named }));
    expect(answer.SourceIdentity).toBe('ada');
    expect(answer.PackedPolicySize).toBeGreaterThan(0);
    expect((await principalOf(answer)).session).toMatchObject({
      tags: [{ Key: 'team', Value: 'a' }],
      transitiveTagKeys: ['team'],
      sourceIdentity: 'ada',
    });
  });

  test('do not vanish by what they are called', async () => {
    const { federate, principalOf } = await createFederation();
    const claims = { [`${claim}/principal_tags/__proto__`]: 'a' };
    expect((await principalOf(await federate(await token({ claims })))).session?.tags).toEqual([
      { Key: '__proto__', Value: 'a' },
    ]);
  });

  test('need the trust policy to allow them (E13)', async () => {
    const { federate, putRole } = await createFederation();
    await putRole({ ...pods, trustPolicy: trustProvider({}, ['sts:AssumeRoleWithWebIdentity']) });
    await federate(await token());
    for (const claims of [team, { 'https://aws.amazon.com/source_identity': 'ada' }]) {
      await expect(federate(await token({ claims }))).rejects.toMatchObject({ code: 'AccessDenied' });
    }
  });
});

describe('AssumeRoleWithWebIdentity refuses', () => {
  test.each<[Partial<AssumeRoleWithWebIdentityRequest>, string]>([
    [{ RoleArn: undefined }, 'ValidationError'],
    [{ RoleArn: `arn:aws:iam::${own}:user/ada` }, 'ValidationError'],
    [{ RoleSessionName: 'a/b' }, 'ValidationError'],
    [{ WebIdentityToken: undefined }, 'ValidationError'],
    [{ WebIdentityToken: 'abc' }, 'ValidationError'],
    [{ DurationSeconds: 899 }, 'ValidationError'],
    [{ ProviderId: 'www.amazon.com' }, 'UnsupportedOperation'],
    [{ Policy: '{' }, 'MalformedPolicyDocumentException'],
  ])('%j', async (input, code) => {
    const { federate } = await createFederation();
    await expect(federate(await token(), input)).rejects.toMatchObject({ code });
  });

  test.each([
    ['to ask a provider outside, when the operator has not allowed it', 'notAsked', invalid, noKey],
    [
      'for now, when the provider does not answer',
      'unreachable',
      'IDPCommunicationErrorException',
      /^An error occurred while communicating/,
    ],
  ] as const)('%s', async (_name, outcome, code, message) => {
    const { call, put } = await createSts({ issuerKeys: { keysOf: async () => ({ outcome }) } });
    await put(oidcProviderKey(own, host), { accountId: own, url: host, arn: 'x', clientIds: [] });
    const input = { RoleArn: roleArn, RoleSessionName: 'web', WebIdentityToken: await token() };
    await expect(call('AssumeRoleWithWebIdentity', undefined, input)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });
});

test('the record is told what allowed a session and what refused one: it is that of the role’s account', async () => {
  const { federate, judged, vouched, putRole } = await createFederation();
  await expect(federate(await token({ signer: foreign }))).rejects.toMatchObject({ code: invalid });
  expect(vouched).toEqual([]);
  await putRole({ ...pods, trustPolicy: trustProvider({ StringEquals: { [`${host}:sub`]: 'another' } }) });
  await expect(federate(await token())).rejects.toMatchObject({ code: 'AccessDenied' });
  const asked = { action: 'sts:AssumeRoleWithWebIdentity', resources: [roleArn] };
  const refused = { step: 'trust', misses: [{ statement: { index: 0 }, element: 'condition' }] };
  expect(judged).toMatchObject([{ ...asked, decision: { decision: 'implicitDeny', ...refused } }]);
  // Who was refused is told, too: the token is proven.
  const provider = `arn:aws:iam::${own}:oidc-provider/${host}`;
  expect(vouched).toEqual([{ provider, subject: usual.sub, audience: 'sts.amazonaws.com' }]);
  await putRole(pods);
  await federate(await token());
  expect(judged.slice(1)).toMatchObject([{ ...asked, decision: { decision: 'allowed' } }]);
});
