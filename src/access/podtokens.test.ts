import { createHmac, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import type { JWK } from 'jose';
import { SignJWT } from 'jose/jwt/sign';
import { describe, expect, test } from 'vitest';
import { createSecretBox } from '../services/secretbox.ts';
import { createMemoryStorage } from '../storage/memory/memory.ts';
import type { ClusterRecord } from '../storage/records/eks.ts';
import { clusterKey, objectKey } from '../storage/records/keys.ts';
import { createPodTokens, type TokenIssuerKeys } from './podtokens.ts';
import { createServiceAccountTokens } from './serviceaccounts.ts';
import type { TokenWish } from './serviceaccounttoken.ts';

const now = Date.UTC(2026, 0, 15, 12);
const seconds = now / 1000;
const audience = 'pods.eks.amazonaws.com';
const pod = { name: 'shop-0', uid: '91eee131-74f3-49d4-8f7c-bcde305c120b' };
const account = { name: 'shop', uid: '0cda7f85-c1f9-4dee-b6e9-a0b50c8f3012' };

const cluster = (change: Partial<ClusterRecord> = {}): ClusterRecord => ({
  clusterId: 'c1',
  accountId: '111122223333',
  region: 'eu-west-1',
  name: 'prod',
  arn: 'arn:aws:eks:eu-west-1:111122223333:cluster/prod',
  createdAt: now,
  version: '1.35',
  roleArn: 'arn:aws:iam::111122223333:role/cluster',
  authenticationMode: 'API',
  bootstrapClusterCreatorAdminPermissions: true,
  tags: {},
  kind: 'builtIn',
  echoed: {},
  ...change,
});
const verified = {
  outcome: 'verified',
  subject: { namespace: 'team-a', serviceAccount: 'shop', pod },
};
const refused = (because: string) => ({ outcome: 'refused', because: expect.stringContaining(because) });

describe('of a built-in cluster', () => {
  const prod = cluster();
  const key = (resource: string, name: string) => objectKey('c1', '', resource, 'team-a', name);
  const createWorld = async () => {
    const storage = createMemoryStorage();
    const sealer = createSecretBox(randomBytes(32));
    const serviceAccounts = createServiceAccountTokens({ storage, sealer, now: () => now });
    const tokens = createPodTokens({
      serviceAccounts,
      issuerKeys: () => Promise.reject(new Error('nobody is asked')),
    });
    const put = (at: string, value: object) =>
      storage.commit({ changes: [{ type: 'put', key: at, value: JSON.stringify(value) }] });
    await put(clusterKey(prod.accountId, prod.region, prod.name), prod);
    await put(key('serviceaccounts', 'shop'), { metadata: account });
    await put(key('pods', 'shop-0'), { metadata: pod });
    const issue = async (wish: Partial<TokenWish> = {}) => {
      const usual = { namespace: 'team-a', serviceAccount: account, pod, audiences: [audience] };
      const token = await serviceAccounts.issue(
        prod,
        { ...usual, expirationSeconds: 600, tokenId: 'jti-1', ...wish },
        now,
      );
      return token ?? '';
    };
    return {
      storage,
      put,
      issue,
      verify: (token: string, at = now) => tokens.verify(prod, token, audience, at),
    };
  };

  test('a token is refused that is for others, or over, or of no pod, or of one that is gone', async () => {
    const { storage, put, issue, verify } = await createWorld();
    const { pod: _, ...ofNoPod } = { pod, namespace: 'team-a', serviceAccount: account };
    const good = await issue();
    expect(await verify(await issue({ audiences: ['https://kubernetes.default.svc'] }))).toEqual(
      refused('not for the asked audience'),
    );
    expect(await verify(await issue({ audiences: ['sts.amazonaws.com'] }))).toEqual(refused('audience'));
    const unbound = await issue({ ...ofNoPod, ...({ pod: undefined } as object) });
    expect(await verify(unbound)).toEqual(refused('not bound to a pod'));
    expect(await verify(good, now + 611_000)).toEqual({ outcome: 'expired', at: now + 600_000 });
    expect(await verify('x.y.z')).toEqual(refused('not a signed JWT'));
    expect(await verify(`${good.slice(0, -8)}AAAAAAAA`)).toEqual(refused('signature'));
    expect(await verify(good)).toEqual(verified);

    await put(key('pods', 'shop-0'), { metadata: { ...pod, uid: 'another' } });
    expect(await verify(good)).toEqual(refused('created again'));
    await storage.commit({ changes: [{ type: 'delete', key: key('pods', 'shop-0') }] });
    expect(await verify(good)).toEqual(refused('no longer exists'));
    await put(key('pods', 'shop-0'), { metadata: pod });
    await storage.commit({ changes: [{ type: 'delete', key: key('serviceaccounts', 'shop') }] });
    expect(await verify(good)).toEqual(refused('no longer exists'));
  });

  test('nothing is said while the store fails', async () => {
    const { storage, issue, verify } = await createWorld();
    const good = await issue();
    await storage.close();
    expect(await verify(good)).toMatchObject({ outcome: 'unavailable' });
  });
});

describe('of a connected cluster', () => {
  const issuer = 'https://issuer.example.com/prod';
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = (key: KeyObject, kid: string): JWK => ({ ...(key.export({ format: 'jwk' }) as JWK), kid });
  const keys = { keys: [jwk(rsa.publicKey, 'one'), jwk(ec.publicKey, 'two')] };
  const claims = {
    aud: [audience],
    iss: issuer,
    sub: 'system:serviceaccount:team-a:shop',
    iat: seconds,
    nbf: seconds,
    exp: seconds + 600,
    'kubernetes.io': { namespace: 'team-a', pod, serviceaccount: account },
  };
  type Claims = { readonly [Name in keyof typeof claims]?: unknown };
  const sign = (change: Claims = {}, header: object = {}, signer: KeyObject = rsa.privateKey) =>
    new SignJWT({ ...claims, ...change } as never)
      .setProtectedHeader({ alg: 'RS256', kid: 'one', ...header } as { alg: string })
      .sign(signer);
  const handmade = (header: object, signature: (input: string) => string): string => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const input = `${part(header)}.${part(claims)}`;
    return `${input}.${signature(input)}`;
  };
  const connected = cluster({ kind: 'connected', tokenIssuer: { url: issuer } });
  const asked: string[] = [];
  const answering: TokenIssuerKeys = async (of, at, keyId) => {
    asked.push(`${of.name} ${at} ${keyId}`);
    return { outcome: 'keys', keys };
  };
  const verify = (token: string, issuerKeys = answering, of = connected) =>
    createPodTokens({
      serviceAccounts: { verify: () => Promise.reject(new Error('signed by somebody else')) },
      issuerKeys,
    }).verify(of, token, audience, now);
  const ofPod = (change: object): Claims => ({
    'kubernetes.io': { ...claims['kubernetes.io'], ...change },
  });

  test.each<readonly [string, () => string | Promise<string>, string]>([
    ['that is none', () => 'x.y.z', 'not a signed JWT'],
    ['of another issuer', () => sign({ iss: `${issuer}/` }), 'not issued by this cluster'],
    ['without a signature', () => handmade({ alg: 'none', kid: 'one' }, () => ''), 'algorithm'],
    [
      'signed with the public key as a secret',
      () =>
        handmade({ alg: 'HS256', kid: 'one' }, (input) =>
          createHmac('sha256', rsa.publicKey.export({ type: 'spki', format: 'pem' }))
            .update(input)
            .digest('base64url'),
        ),
      'algorithm',
    ],
    ['that names no key', () => sign({}, { kid: undefined }), 'names no signing key'],
    ['that names an unknown key', () => sign({}, { kid: 'three' }), 'names no signing key'],
    ['that names a key of another kind', () => sign({}, { kid: 'two' }), 'names no signing key'],
    ['signed by a stranger', () => sign({}, {}, stranger.privateKey), 'signature'],
    [
      'that brings its own key',
      () => sign({}, { jwk: jwk(stranger.publicKey, 'one') }, stranger.privateKey),
      'signature',
    ],
    ['for another audience', () => sign({ aud: ['sts.amazonaws.com'] }), 'audience'],
    ['for nobody', () => sign({ aud: undefined }), 'audience'],
    ['that was over before there was time', () => sign({ exp: -1e300 }), 'claims'],
    ['that never ends', () => sign({ exp: undefined }), 'claims'],
    ['that has not begun', () => sign({ nbf: seconds + 11 }), 'not valid yet'],
    ['made in the future', () => sign({ iat: seconds + 11 }), 'not valid yet'],
    ['made at no time', () => sign({ iat: undefined }), 'claims'],
    ['of no pod', () => sign(ofPod({ pod: undefined })), 'not bound to a pod'],
    ['of a pod without uid', () => sign(ofPod({ pod: { name: 'shop-0' } })), 'claims'],
    ['of a pod that nobody can call so', () => sign(ofPod({ pod: { ...pod, name: 'A b' } })), 'claims'],
    ['of a pod with such a uid', () => sign(ofPod({ pod: { ...pod, uid: 'a=b' } })), 'claims'],
    ['of no namespace', () => sign(ofPod({ namespace: undefined })), 'claims'],
    ['of a namespace with a slash', () => sign(ofPod({ namespace: 'team-a/shop' })), 'claims'],
    [
      'of a namespace with a dot',
      () => sign({ ...ofPod({ namespace: 'a.b' }), sub: 'system:serviceaccount:a.b:shop' }),
      'claims',
    ],
    ['whose subject is another', () => sign({ sub: 'system:serviceaccount:team-b:shop' }), 'claims'],
    ['that says nothing of Kubernetes', () => sign({ 'kubernetes.io': undefined }), 'claims'],
  ])('a token is refused %s', async (_name, make, because) => {
    const token = await make();
    const answer = await verify(token);
    expect(answer).toEqual(refused(because));
    expect(JSON.stringify(answer)).not.toContain(token.slice(0, 12));
  });

  test('one that is over tells when it was, and only when the issuer has signed that', async () => {
    const at = seconds - 11;
    expect(await verify(await sign({ exp: at }))).toEqual({ outcome: 'expired', at: at * 1000 });
    expect(await verify(await sign({ exp: at }, {}, stranger.privateKey))).toEqual(refused('signature'));
  });

  test.each([
    ['RS256', 'one', rsa.privateKey],
    ['ES256', 'two', ec.privateKey],
  ] as const)('a token signed by %s tells the pod', async (alg, kid, signer) => {
    asked.length = 0;
    expect(await verify(await sign({ aud: ['other', audience] }, { alg, kid }, signer))).toEqual(verified);
    expect(asked).toEqual([`prod ${issuer} ${kid}`]);
    expect(await verify(await sign({ aud: audience }))).toEqual(verified);
  });

  test('no issuer is asked for a key before the token could be one of its', async () => {
    asked.length = 0;
    for (const token of [
      await sign({ iss: 'https://evil.example.com' }),
      'x.y.z',
      handmade({ alg: 'none' }, () => ''),
    ]) {
      await verify(token);
    }
    expect(asked).toEqual([]);
  });

  test('what is not set up is told as that', async () => {
    const token = await sign();
    const { tokenIssuer: _, ...untold } = connected;
    expect(await verify(token, answering, untold)).toEqual({
      outcome: 'unconfigured',
      missing: 'tokenIssuer',
    });
    expect(await verify(token, async () => ({ outcome: 'notAsked' }))).toEqual({
      outcome: 'unconfigured',
      missing: 'outboundIssuers',
    });
  });

  test('nothing is said while the issuer does not answer', async () => {
    const token = await sign();
    expect(await verify(token, async () => ({ outcome: 'unreachable' }))).toMatchObject({
      outcome: 'unavailable',
    });
    expect(await verify(token, () => Promise.reject(new Error(token)))).toEqual({
      outcome: 'unavailable',
      because: 'the keys of the cluster’s token issuer cannot be read',
    });
  });
});
