import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign as signBytes,
} from 'node:crypto';
import { SignJWT } from 'jose/jwt/sign';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createSecretBox } from '../services/secretbox.ts';
import { createMemoryStorage } from '../storage/memory/memory.ts';
import type { ClusterRecord } from '../storage/records/eks.ts';
import { clusterKey, objectKey, signingKeysKey } from '../storage/records/keys.ts';
import type { SigningKeysRecord } from '../storage/records/signingkeys.ts';
import { createServiceAccountTokens } from './serviceaccounts.ts';
import { apiAudience, type TokenWish } from './serviceaccounttoken.ts';

const now = Date.UTC(2026, 0, 15, 12);
const seconds = now / 1000;
const cluster = (name: string): ClusterRecord => ({
  clusterId: `id-${name}`,
  accountId: '111122223333',
  region: 'eu-west-1',
  name,
  arn: `arn:aws:eks:eu-west-1:111122223333:cluster/${name}`,
  createdAt: now,
  version: '1.35',
  roleArn: 'arn:aws:iam::111122223333:role/cluster',
  authenticationMode: 'API',
  bootstrapClusterCreatorAdminPermissions: true,
  tags: {},
  kind: 'builtIn',
  echoed: {},
});
const prod = cluster('prod');
const other = cluster('other');
const storage = createMemoryStorage();
const box = createSecretBox(randomBytes(32));
const tokens = createServiceAccountTokens({ storage, sealer: box, now: () => now });

const keyOf = (resource: string, namespace: string, name: string): string =>
  objectKey(prod.clusterId, '', resource, namespace, name);
const stored = (metadata: object): string => JSON.stringify({ metadata });
const objects = {
  account: [keyOf('serviceaccounts', 'team', 'bot'), stored({ name: 'bot', uid: 'u-bot' })],
  pod: [keyOf('pods', 'team', 'bot-1'), stored({ name: 'bot-1', uid: 'u-pod' })],
  secret: [keyOf('secrets', 'team', 'tied'), stored({ name: 'tied', uid: 'u-secret' })],
  node: [keyOf('nodes', '', 'node-1'), stored({ name: 'node-1', uid: 'u-node' })],
} as const;
type ObjectName = keyof typeof objects;
const put = (key: string, value: string) => storage.commit({ changes: [{ type: 'put', key, value }] });
const restore = async () => {
  for (const [key, value] of Object.values(objects)) await put(key, value);
};
beforeAll(async () => {
  for (const one of [prod, other]) {
    await put(clusterKey(one.accountId, one.region, one.name), JSON.stringify(one));
  }
  await restore();
});
afterEach(restore);

const bot = { namespace: 'team', serviceAccount: { name: 'bot', uid: 'u-bot' } } as const;
const pod = { name: 'bot-1', uid: 'u-pod' };
const secret = { name: 'tied', uid: 'u-secret' };
const node = { name: 'node-1', uid: 'u-node' };

async function issued(wish: Partial<TokenWish> = {}, of: ClusterRecord = prod): Promise<string> {
  const token = await tokens.issue(
    of,
    { ...bot, audiences: [apiAudience], expirationSeconds: 600, tokenId: 'jti-1', ...wish },
    now,
  );
  return token ?? '';
}
const judge = (token: string, options: { at?: number; audiences?: readonly string[] } = {}) =>
  tokens.authenticate(prod, token, { now: options.at ?? now, audiences: options.audiences });
const code = async (token: string, options: { at?: number; audiences?: readonly string[] } = {}) => {
  const { outcome, evidence } = await judge(token, options);
  return outcome === 'authenticated' ? 'authenticated' : evidence.code;
};
const record = async (): Promise<SigningKeysRecord> =>
  JSON.parse((await storage.get(signingKeysKey(prod.clusterId)))?.value ?? '{}') as SigningKeysRecord;

interface Forgery {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly without?: string;
  /** Signs in place of the cluster's own key. */
  readonly sign?: (input: string) => string | Promise<string>;
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** The cluster's own signing key, opened as only its process can. */
async function ownKey(): Promise<{ keyId: string; pem: string }> {
  await issued();
  const [first] = (await record()).keys;
  const context = `service account signing key ${prod.clusterId} ${first?.keyId}`;
  return { keyId: first?.keyId ?? '', pem: box.open(first?.sealedPrivateKey ?? '', context) ?? '' };
}

/** A token like one of ours but for what the case changes; signed by the real key unless told otherwise. */
async function forged({ header = {}, claims = {}, without, sign }: Forgery): Promise<string> {
  const { keyId, pem } = await ownKey();
  const body: Record<string, unknown> = {
    iss: tokens.issuer(prod),
    sub: 'system:serviceaccount:team:bot',
    aud: [apiAudience],
    exp: seconds + 600,
    iat: seconds,
    nbf: seconds,
    jti: 'jti-1',
    'kubernetes.io': { namespace: 'team', serviceaccount: { name: 'bot', uid: 'u-bot' } },
    ...claims,
  };
  if (without !== undefined) delete body[without];
  const input = `${encode({ alg: 'RS256', kid: keyId, ...header })}.${encode(body)}`;
  if (sign !== undefined) return `${input}.${await sign(input)}`;
  return `${input}.${signBytes('sha256', Buffer.from(input), pem).toString('base64url')}`;
}

const strangerKey: KeyObject = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const byStranger = (input: string): string =>
  signBytes('sha256', Buffer.from(input), strangerKey).toString('base64url');

describe('a forged token is refused', () => {
  test.each<[string, Forgery, string]>([
    ['no signature', { header: { alg: 'none' }, sign: () => '' }, 'unsupportedAlgorithm'],
    ['algorithm in capitals', { header: { alg: 'NONE' }, sign: () => '' }, 'unsupportedAlgorithm'],
    ['no algorithm', { header: { alg: undefined } }, 'unsupportedAlgorithm'],
    ['another algorithm of the key', { header: { alg: 'RS512' } }, 'unsupportedAlgorithm'],
    ['PSS', { header: { alg: 'PS256' } }, 'unsupportedAlgorithm'],
    ['an unknown key', { header: { kid: 'nobody' } }, 'unknownSigningKey'],
    ['no key id', { header: { kid: undefined } }, 'unknownSigningKey'],
    ['a key id of another type', { header: { kid: ['x'] } }, 'unknownSigningKey'],
    ['a stranger’s signature', { sign: byStranger }, 'badSignature'],
    ['an empty signature', { sign: () => '' }, 'badSignature'],
    ['a critical header', { header: { crit: ['x'], x: 1 } }, 'malformedToken'],
    ['an unencoded payload', { header: { crit: ['b64'], b64: false } }, 'malformedToken'],
    ['another issuer', { claims: { iss: 'https://issuer.example' } }, 'wrongIssuer'],
    ['no issuer', { without: 'iss' }, 'wrongIssuer'],
    ['no end', { without: 'exp' }, 'badClaims'],
    ['a signature that is missing', { sign: () => '' }, 'badSignature'],
    ['a signature of another length', { sign: () => 'AAAA' }, 'badSignature'],
    ['an end that is no number', { claims: { exp: '9999999999' } }, 'badClaims'],
    ['ended', { claims: { exp: seconds - 11 } }, 'expired'],
    ['not begun', { claims: { nbf: seconds + 11 } }, 'notYetValid'],
    ['no beginning', { without: 'nbf' }, 'badClaims'],
    ['issued in the future', { claims: { iat: seconds + 11 } }, 'notYetValid'],
    ['no time of issue', { without: 'iat' }, 'badClaims'],
    ['no audience', { without: 'aud' }, 'badClaims'],
    ['an empty audience list', { claims: { aud: [] } }, 'badClaims'],
    ['an audience that is a text', { claims: { aud: apiAudience } }, 'badClaims'],
    ['another audience', { claims: { aud: ['sts.amazonaws.com'] } }, 'wrongAudience'],
    ['no id', { without: 'jti' }, 'badClaims'],
    ['another subject', { claims: { sub: 'system:serviceaccount:kube-system:admin' } }, 'badClaims'],
    ['no Kubernetes claims', { without: 'kubernetes.io' }, 'badClaims'],
    ['no account', { claims: { 'kubernetes.io': { namespace: 'team' } } }, 'badClaims'],
    [
      'a binding that cannot be read',
      {
        claims: {
          'kubernetes.io': { namespace: 'team', serviceaccount: bot.serviceAccount, pod: { name: 'bot-1' } },
        },
      },
      'badClaims',
    ],
    [
      'a null binding',
      {
        claims: { 'kubernetes.io': { namespace: 'team', serviceaccount: bot.serviceAccount, pod: null } },
      },
      'badClaims',
    ],
    [
      'a name that spells another key',
      {
        claims: {
          sub: 'system:serviceaccount:team:x/bot',
          'kubernetes.io': { namespace: 'team', serviceaccount: { name: 'x/bot', uid: 'u-bot' } },
        },
      },
      'badClaims',
    ],
  ])('%s', async (_, forgery, expected) => {
    expect(await code(await forged(forgery))).toBe(expected);
  });

  test('HS256 over the public key', async () => {
    await issued();
    const [first] = await tokens.publicKeys(prod);
    const pem = createPublicKey({ key: { ...first }, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    const sign = (input: string) => createHmac('sha256', pem).update(input).digest('base64url');
    expect(await code(await forged({ header: { alg: 'HS256' }, sign }))).toBe('unsupportedAlgorithm');
  });

  test.each(['jwk', 'jku', 'x5u', 'x5c'])('a key the token brings along in `%s`', async (member) => {
    const jwk = createPublicKey(strangerKey).export({ format: 'jwk' });
    const value = member === 'jwk' ? jwk : member === 'x5c' ? ['MA=='] : 'https://127.0.0.1:9/keys';
    const token = await forged({ header: { [member]: value }, sign: byStranger });
    expect(await code(token)).toBe('badSignature');
  });

  test('every token with one character of the signature or claims changed', async () => {
    const token = await issued();
    const [head = '', body = '', signature = ''] = token.split('.');
    const flip = (text: string, at: number) =>
      text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
    for (const at of [0, 7, 100]) {
      expect(await code([head, body, flip(signature, at)].join('.'))).toBe('badSignature');
      expect(await code([head, flip(body, at), signature].join('.'))).not.toBe('authenticated');
    }
  });

  test.each([
    ['nothing between the dots', '..'],
    ['two parts', 'a.b'],
    ['four parts', 'a.b.c.d'],
    ['no JSON', `${encode({ alg: 'RS256' })}.bm90IGpzb24.AA`],
    ['arrays for objects', `${encode([])}.${encode([])}.AA`],
    ['padding', 'e30=.e30=.AA='],
  ])('%s', async (_, token) => {
    expect(await code(token)).toBe('malformedToken');
  });

  test('one longer than 8192 bytes is not looked at, and none of that length is made', async () => {
    const long = await forged({ claims: { pad: 'x'.repeat(8192) } });
    expect(await code(long)).toBe('tokenTooLarge');
    expect(await issued({ audiences: ['x'.repeat(8192)] })).toBe('');
  });

  test('one of another cluster', async () => {
    const token = await issued({}, other);
    expect(await code(token)).toBe('wrongIssuer');
    // Also when it claims this cluster's issuer: the key is not ours.
    const key = createSignerOf(other);
    const claiming = await (await key).sign(tokens.issuer(prod));
    expect(await code(claiming)).toBe('unknownSigningKey');
  });
});

/** Signs with the key of another cluster whatever issuer is asked. */
async function createSignerOf(of: ClusterRecord) {
  await issued({}, of);
  const value = (await storage.get(signingKeysKey(of.clusterId)))?.value ?? '{}';
  const [first] = (JSON.parse(value) as SigningKeysRecord).keys;
  const keyId = first?.keyId ?? '';
  const pem = box.open(first?.sealedPrivateKey ?? '', `service account signing key ${of.clusterId} ${keyId}`);
  return {
    sign: (issuer: string) =>
      new SignJWT({ 'kubernetes.io': { namespace: 'team', serviceaccount: bot.serviceAccount } })
        .setProtectedHeader({ alg: 'RS256', kid: keyId })
        .setIssuer(issuer)
        .setAudience([apiAudience])
        .setExpirationTime(seconds + 600)
        .sign(createPrivateKey(pem ?? '')),
  };
}

describe('a token lives as long as what it is bound to (kubernetes-facts F3)', () => {
  test.each<[string, Partial<TokenWish>, ObjectName, string, string]>([
    ['the account', {}, 'account', 'serviceAccount', 'u-bot'],
    ['the pod', { pod }, 'pod', 'boundObject', 'u-pod'],
    ['the secret', { secret }, 'secret', 'boundObject', 'u-secret'],
    ['the node', { node }, 'node', 'boundObject', 'u-node'],
  ])('%s', async (_, wish, object, what, uid) => {
    const token = await issued(wish);
    const [key] = objects[object];
    expect(await code(token)).toBe('authenticated');
    await put(key, stored({ uid, deletionTimestamp: '2026-01-15T12:00:00Z' }));
    expect(await code(token)).toBe(`${what}Deleting`);
    await put(key, stored({ uid: 'u-new' }));
    expect(await code(token)).toBe(`${what}Replaced`);
    await put(key, 'not json');
    expect(await code(token)).toBe(`${what}Gone`);
    await storage.commit({ changes: [{ type: 'delete', key }] });
    expect(await code(token)).toBe(`${what}Gone`);
  });

  test('a pod’s node may go: the pod goes with it', async () => {
    const token = await issued({ pod, node });
    await storage.commit({ changes: [{ type: 'delete', key: objects.node[0] }] });
    expect(await code(token)).toBe('authenticated');
  });

  test('it ends, with ten seconds for clocks that differ', async () => {
    const token = await issued({ expirationSeconds: 600 });
    expect(await code(token, { at: now - 10_000 })).toBe('authenticated');
    expect(await code(token, { at: now - 12_000 })).toBe('notYetValid');
    expect(await code(token, { at: now + 609_000 })).toBe('authenticated');
    expect(await code(token, { at: now + 611_000 })).toBe('expired');
  });
});

describe('who a token is', () => {
  test('the account, with its groups and no IAM principal', async () => {
    const authentication = await judge(await issued());
    expect(authentication).toEqual({
      outcome: 'authenticated',
      user: {
        username: 'system:serviceaccount:team:bot',
        uid: 'u-bot',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:team'],
        extra: { 'authentication.kubernetes.io/credential-id': ['JTI=jti-1'] },
      },
      audiences: [apiAudience],
      evidence: {
        step: 'identity',
        code: 'serviceAccount',
        message: 'token of service account `team/bot`',
      },
    });
  });

  test('with pod and node it tells both', async () => {
    const authentication = await judge(await issued({ pod, node }));
    expect(authentication).toMatchObject({
      user: {
        extra: {
          'authentication.kubernetes.io/credential-id': ['JTI=jti-1'],
          'authentication.kubernetes.io/node-name': ['node-1'],
          'authentication.kubernetes.io/node-uid': ['u-node'],
          'authentication.kubernetes.io/pod-name': ['bot-1'],
          'authentication.kubernetes.io/pod-uid': ['u-pod'],
        },
      },
    });
  });

  test('it is good for those of the asked audiences that it names', async () => {
    const token = await issued({ audiences: ['vault', 'sts.amazonaws.com'] });
    expect(await code(token)).toBe('wrongAudience');
    expect(await code(token, { audiences: [] })).toBe('wrongAudience');
    expect(await judge(token, { audiences: ['x', 'vault'] })).toMatchObject({ audiences: ['vault'] });
  });

  test('no refusal repeats the token', async () => {
    const token = await forged({ sign: byStranger });
    expect(JSON.stringify(await judge(token))).not.toContain(token.split('.')[2]);
  });
});

test('a stretched token says how late it is used, once the life that was asked for is over', async () => {
  const wish: TokenWish = {
    namespace: 'team',
    serviceAccount: { name: 'bot', uid: 'u-bot' },
    audiences: [apiAudience],
    expirationSeconds: 90 * 86_400,
    warnAfterSeconds: 3607,
    tokenId: 'late',
  };
  const token = (await tokens.issue(prod, wish, now)) ?? '';
  const told = async (later: number) => {
    const judged = await tokens.authenticate(prod, token, { now: now + later * 1000 });
    return judged.outcome === 'authenticated' ? judged.annotations : judged.evidence.code;
  };
  expect(await told(3607)).toBeUndefined();
  expect(await told(3608)).toEqual({
    'authentication.k8s.io/stale-token':
      'subject: system:serviceaccount:team:bot, seconds after warning threshold: 1',
  });
  expect(await told(91 * 86_400)).toBe('expired');
});

describe('the keys of a cluster', () => {
  test('are made once, however many ask at the same moment, also in two processes', async () => {
    const fresh = cluster('fresh');
    await put(clusterKey(fresh.accountId, fresh.region, fresh.name), JSON.stringify(fresh));
    const second = createServiceAccountTokens({ storage, sealer: box, now: () => now });
    const sets = await Promise.all([tokens, tokens, second, second].map((one) => one.publicKeys(fresh)));
    expect(new Set(sets.map((keys) => keys.map((key) => key.kid).join())).size).toBe(1);
  });

  test('are not made for a cluster that is gone, nor by judging a token', async () => {
    const gone = cluster('gone');
    await expect(tokens.publicKeys(gone)).rejects.toThrow('the cluster no longer exists');
    const now = Date.now();
    await tokens.authenticate(gone, await issued(), { now });
    expect(await storage.get(signingKeysKey(gone.clusterId))).toBeUndefined();
  });

  test('are sealed at rest and published without anything private', async () => {
    await issued();
    const value = (await storage.get(signingKeysKey(prod.clusterId)))?.value ?? '';
    expect(value).not.toContain('PRIVATE');
    for (const key of await tokens.publicKeys(prod)) {
      expect(Object.keys(key).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
    }
  });

  test('cannot be used by a process with another sealing key, which can still judge', async () => {
    const token = await issued();
    const stranger = createServiceAccountTokens({
      storage,
      sealer: createSecretBox(randomBytes(32)),
      now: () => now,
    });
    await expect(
      stranger.issue(prod, { ...bot, audiences: [apiAudience], expirationSeconds: 600, tokenId: 'x' }, now),
    ).rejects.toThrow('the signing key cannot be opened');
    expect(await stranger.authenticate(prod, token, { now })).toMatchObject({ outcome: 'authenticated' });
  });

  test('every key of the record counts, the first signs, and one taken out counts no more', async () => {
    const token = await issued();
    const key = signingKeysKey(prod.clusterId);
    const before = await record();
    await storage.commit({ changes: [{ type: 'delete', key }] });
    const later = await issued();
    const added = await record();
    expect(await code(token)).toBe('unknownSigningKey');
    await put(key, JSON.stringify({ keys: [...added.keys, ...before.keys] }));
    expect([await code(token), await code(later)]).toEqual(['authenticated', 'authenticated']);
    expect((await tokens.publicKeys(prod)).map(({ kid }) => kid)).toEqual(
      [...added.keys, ...before.keys].map(({ keyId }) => keyId),
    );
    await put(key, JSON.stringify({ keys: before.keys }));
    expect([await code(token), await code(later)]).toEqual(['authenticated', 'unknownSigningKey']);
  });

  test.each(['not json', '{}', '{"keys":[]}', '{"keys":[{"keyId":"x"}]}'])(
    'that cannot be read judge nobody: %s',
    async (value) => {
      const token = await issued();
      const key = signingKeysKey(prod.clusterId);
      const before = JSON.stringify(await record());
      await put(key, value);
      expect(await judge(token)).toMatchObject({ outcome: 'unavailable' });
      await put(key, before);
    },
  );
});
