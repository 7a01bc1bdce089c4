import { describe, expect, test } from 'vitest';
import { createMemoryStorage } from '../../storage/memory/memory.ts';
import type { AccessKeyRecord, RoleRecord, UserRecord } from '../../storage/records/iam.ts';
import { accessKeyKey, accountKey, principalIdKey, roleKey, userKey } from '../../storage/records/keys.ts';
import { createSecretBox } from '../secretbox.ts';
import type { RandomSource } from '../secrets.ts';
import { createCredentialLookup } from './lookup.ts';
import { mintSession } from './sessions.ts';
import type { SessionSubject } from './sessiontoken.ts';

const accountId = '111122223333';
const keyId = 'AKIAIOSFODNN7EXAMPLE';
const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const now = Date.parse('2026-11-21T03:00:00.500Z');

const random: RandomSource = {
  bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  uuid: () => crypto.randomUUID(),
};

const user: UserRecord = {
  accountId,
  name: 'Ada',
  path: '/team/',
  principalId: 'AIDAADAAAAAAAAAAAAAAA',
  createdAt: 0,
  tags: [],
  inlinePolicies: {},
  attachedPolicyArns: [],
  accessKeyIds: [keyId],
};
const role: RoleRecord = {
  accountId,
  name: 'Ops',
  path: '/team/',
  principalId: 'AROAOPSAAAAAAAAAAAAAA',
  createdAt: 0,
  tags: [],
  inlinePolicies: {},
  attachedPolicyArns: [],
  maxSessionDuration: 3600,
  trustPolicy: '{}',
  trustedPrincipalIds: {},
};
const roleSession: SessionSubject = {
  kind: 'assumedRole',
  accountId,
  roleName: 'Ops',
  principalId: role.principalId,
  sessionName: 's-1',
};

async function createWorld() {
  const storage = createMemoryStorage();
  const secretBox = createSecretBox(new Uint8Array(32).fill(1));
  const put = (key: string, record: object) =>
    storage.commit({ changes: [{ type: 'put', key, value: JSON.stringify(record) }] });
  const remove = (key: string) => storage.commit({ changes: [{ type: 'delete', key }] });
  const key: AccessKeyRecord = {
    accessKeyId: keyId,
    accountId,
    owner: { kind: 'user', userName: 'Ada', principalId: user.principalId },
    status: 'Active',
    createdAt: 0,
    sealedSecret: secretBox.seal(secret, keyId),
  };
  await put(accountKey(accountId), { accountId, createdAt: 0, accessKeyIds: [] });
  await put(userKey(accountId, 'Ada'), user);
  await put(roleKey(accountId, 'Ops'), role);
  await put(accessKeyKey(keyId), key);
  const lookup = createCredentialLookup({ storage, secretBox, partition: 'aws' });
  const mint = (subject: SessionSubject, durationSeconds = 900) =>
    mintSession({ secretBox, random }, subject, { now, durationSeconds });
  return { storage, secretBox, put, remove, key, lookup, mint };
}

describe('long-term keys', () => {
  test.each([
    '',
    'AKIA',
    'AKIAUNKNOWNAAAAAAAAA',
    keyId.toLowerCase(),
    `${keyId} `,
    `${keyId}/x`,
    '../account/1',
    'AIDAADAAAAAAAAAAAAAA',
  ])('the key id %j is unknown', async (id) => {
    const { lookup } = await createWorld();
    expect(await lookup(id, undefined, now)).toEqual({ status: 'unknown' });
  });

  test('an inactive key is told apart', async () => {
    const { lookup, put, key } = await createWorld();
    await put(accessKeyKey(keyId), { ...key, status: 'Inactive' });
    expect(await lookup(keyId, undefined, now)).toEqual({ status: 'inactive' });
  });

  test('a key with a status nobody knows is not active', async () => {
    const { lookup, put, key } = await createWorld();
    await put(accessKeyKey(keyId), { ...key, status: 'active' });
    expect(await lookup(keyId, undefined, now)).toEqual({ status: 'inactive' });
  });

  test('a key of a deleted user, and of one re-created under the name, is gone', async () => {
    const { lookup, put, remove } = await createWorld();
    await remove(userKey(accountId, 'Ada'));
    expect(await lookup(keyId, undefined, now)).toEqual({ status: 'principalGone' });
    await put(userKey(accountId, 'Ada'), { ...user, principalId: 'AIDANEWAAAAAAAAAAAAAA' });
    expect(await lookup(keyId, undefined, now)).toEqual({ status: 'principalGone' });
  });

  test('a renamed user keeps the key, also when somebody else takes the old name', async () => {
    const { lookup, put } = await createWorld();
    await put(userKey(accountId, 'Ada'), { ...user, principalId: 'AIDANEWAAAAAAAAAAAAAA' });
    await put(userKey(accountId, 'Countess'), { ...user, name: 'Countess' });
    await put(principalIdKey(user.principalId), { kind: 'user', accountId, name: 'Countess' });
    expect(await lookup(keyId, undefined, now)).toMatchObject({
      status: 'known',
      credential: { principal: { userName: 'Countess', principalId: user.principalId } },
    });
  });

  test('a root key without its account is gone', async () => {
    const { lookup, put, remove, key } = await createWorld();
    await put(accessKeyKey(keyId), { ...key, owner: { kind: 'root' } });
    await remove(accountKey(accountId));
    expect(await lookup(keyId, undefined, now)).toEqual({ status: 'principalGone' });
  });

  test('a long-term key with a session token is refused', async () => {
    const { lookup, mint } = await createWorld();
    const { sessionToken } = mint(roleSession);
    expect(await lookup(keyId, sessionToken, now)).toEqual({ status: 'badSessionToken' });
    expect(await lookup(keyId, '', now)).toEqual({ status: 'badSessionToken' });
  });

  test('a secret moved from another key does not open', async () => {
    const { lookup, put, key, secretBox } = await createWorld();
    await put(accessKeyKey(keyId), { ...key, sealedSecret: secretBox.seal(secret, 'AKIAOTHERAAAAAAAAAAA') });
    await expect(lookup(keyId, undefined, now)).rejects.toThrow('cannot be opened');
  });

  test('a user’s key gives the user with path, and the secret of today', async () => {
    const { lookup, put, key, secretBox } = await createWorld();
    const arn = `arn:aws:iam::${accountId}:user/team/Ada`;
    const principal = {
      kind: 'user',
      accountId,
      partition: 'aws',
      arn,
      principalArn: arn,
      userId: user.principalId,
      principalId: user.principalId,
      userName: 'Ada',
      accessKeyId: keyId,
    };
    expect(await lookup(keyId, undefined, now)).toEqual({
      status: 'known',
      credential: { secretAccessKey: secret, principal },
    });
    await put(accessKeyKey(keyId), { ...key, sealedSecret: secretBox.seal('rotated', keyId) });
    expect(await lookup(keyId, undefined, now)).toMatchObject({ credential: { secretAccessKey: 'rotated' } });
  });

  test('a root key gives the account', async () => {
    const { lookup, put, key } = await createWorld();
    await put(accessKeyKey(keyId), { ...key, owner: { kind: 'root' } });
    const arn = `arn:aws:iam::${accountId}:root`;
    expect(await lookup(keyId, undefined, now)).toEqual({
      status: 'known',
      credential: {
        secretAccessKey: secret,
        principal: {
          kind: 'root',
          accountId,
          partition: 'aws',
          arn,
          principalArn: arn,
          userId: accountId,
          principalId: accountId,
          accessKeyId: keyId,
        },
      },
    });
  });
});

describe('session keys', () => {
  test('without a token, with a wrong one, or with that of another key, they are refused', async () => {
    const { lookup, mint, secretBox } = await createWorld();
    const { accessKeyId, sessionToken } = mint(roleSession);
    const other = mint(roleSession);
    const forged = createSecretBox(new Uint8Array(32).fill(2)).seal(
      '["root","x",0,9e15,"1"]',
      `session-token/${accessKeyId}`,
    );
    const elsewhere = secretBox.seal('["root","x",0,9e15,"1"]', accessKeyId);
    for (const token of [
      undefined,
      '',
      'x',
      other.sessionToken,
      sessionToken.slice(0, -1),
      `${sessionToken}=`,
      forged,
      elsewhere,
    ]) {
      expect(await lookup(accessKeyId, token, now), token).toEqual({ status: 'badSessionToken' });
    }
  });

  test('a deleted role, and one re-created under the name, ends its sessions', async () => {
    const { lookup, mint, put, remove } = await createWorld();
    const { accessKeyId, sessionToken } = mint(roleSession);
    await remove(roleKey(accountId, 'Ops'));
    expect(await lookup(accessKeyId, sessionToken, now)).toEqual({ status: 'principalGone' });
    await put(roleKey(accountId, 'Ops'), { ...role, principalId: 'AROANEWAAAAAAAAAAAAAA' });
    expect(await lookup(accessKeyId, sessionToken, now)).toEqual({ status: 'principalGone' });
  });

  test('they end at their expiry, to the millisecond, and then still say whose they were', async () => {
    const { lookup, mint } = await createWorld();
    const { accessKeyId, sessionToken, expiresAt } = mint(roleSession);
    expect(expiresAt).toBe(Date.parse('2026-11-21T03:15:00Z'));
    expect(await lookup(accessKeyId, sessionToken, expiresAt)).toMatchObject({
      status: 'expired',
      credential: { principal: { kind: 'assumedRole' } },
    });
    expect(await lookup(accessKeyId, sessionToken, expiresAt - 1)).toMatchObject({ status: 'known' });
  });

  test('a role session has no path in its ARN and one in its principal ARN', async () => {
    const { lookup, mint } = await createWorld();
    const { accessKeyId, secretAccessKey, sessionToken, expiresAt } = mint(roleSession);
    expect(await lookup(accessKeyId, sessionToken, now)).toEqual({
      status: 'known',
      credential: {
        secretAccessKey,
        principal: {
          kind: 'assumedRole',
          accountId,
          partition: 'aws',
          arn: `arn:aws:sts::${accountId}:assumed-role/Ops/s-1`,
          principalArn: `arn:aws:iam::${accountId}:role/team/Ops`,
          userId: `${role.principalId}:s-1`,
          principalId: role.principalId,
          roleName: 'Ops',
          sessionName: 's-1',
          accessKeyId,
          session: { issuedAt: Date.parse('2026-11-21T03:00:00Z'), expiresAt },
        },
      },
    });
  });

  test('sessions of a user and of root are theirs', async () => {
    const { lookup, mint } = await createWorld();
    const subjects: SessionSubject[] = [
      { kind: 'user', accountId, userName: 'Ada', principalId: user.principalId },
      { kind: 'root', accountId },
    ];
    for (const subject of subjects) {
      const { accessKeyId, sessionToken } = mint(subject);
      expect(await lookup(accessKeyId, sessionToken, now)).toMatchObject({
        status: 'known',
        credential: { principal: { kind: subject.kind, session: {} } },
      });
    }
  });

  test('a token is safe in URLs and headers and short, also for the longest names', async () => {
    const { mint } = await createWorld();
    const { accessKeyId, secretAccessKey, sessionToken } = mint({
      ...roleSession,
      roleName: 'r'.repeat(64),
      sessionName: 's'.repeat(64),
    });
    expect(accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
    expect(secretAccessKey).toMatch(/^[A-Za-z0-9/+]{40}$/);
    expect(sessionToken).toMatch(/^[A-Za-z0-9._-]+$/);
    expect(sessionToken.length).toBeLessThan(500);
  });
});
