import type {
  AssumeRoleRequest,
  AssumeRoleResponse,
  GetCallerIdentityResponse,
  GetSessionTokenResponse,
} from '@aws-sdk/client-sts';
import { describe, expect, test } from 'vitest';
import type { Principal } from '../../engine/iam/principal.ts';
import {
  asRoot,
  asSession,
  asUser,
  contextOf,
  createWorld,
  document,
  own,
  roleRecord,
  trust,
  userRecord,
} from '../authorization/testworld.ts';
import { createCredentialLookup } from '../credentials/lookup.ts';
import { createSecretBox } from '../secretbox.ts';
import { createStsOperations } from './operations.ts';

const ada = userRecord('ada');
const dev = roleRecord('dev', { inlinePolicies: { assume: document({ Action: 'sts:*' }) } });
const target = roleRecord('target', {
  path: '/team/',
  maxSessionDuration: 7200,
  trustPolicy: trust(asUser(ada).arn, asSession(dev).principalArn),
  trustedPrincipalIds: { [asUser(ada).arn]: ada.principalId, [asSession(dev).principalArn]: dev.principalId },
});
const RoleArn = `arn:aws:iam::${own}:role/team/target`;
const now = contextOf(asRoot).now;

async function createSts() {
  const world = createWorld();
  await world.putUser(ada);
  await world.putRole(dev);
  await world.putRole(target);
  const secretBox = createSecretBox(new Uint8Array(32).fill(1));
  const random = {
    bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)),
    uuid: () => crypto.randomUUID(),
  };
  const operations = createStsOperations({
    authorizer: world.authorizer,
    secretBox,
    random,
    partition: 'aws',
  });
  const lookup = createCredentialLookup({ storage: world.storage, secretBox, partition: 'aws' });
  const call = async <T>(name: string, caller: Principal, input: object = {}): Promise<T> => {
    const operation = operations[name];
    if (operation === undefined || operation.unsigned) throw new Error(`no operation ${name}`);
    expect(await operation.authorization(input, contextOf(caller))).toBeUndefined();
    return (await operation.handle(input, contextOf(caller))) as T;
  };
  const assume = (caller: Principal, change: Partial<AssumeRoleRequest> = {}) =>
    call<AssumeRoleResponse>('AssumeRole', caller, { RoleArn, RoleSessionName: 'ada-1', ...change });
  return { call, assume, lookup, world };
}

describe('AssumeRole refuses', () => {
  const constraint = (value: string, path: string, rule: string) =>
    `1 validation error detected: Value ${value} at '${path}' failed to satisfy constraint: Member must ${rule}`;

  test.each<[Partial<AssumeRoleRequest>, string, string]>([
    [{ RoleArn: undefined }, 'ValidationError', constraint('null', 'roleArn', 'not be null')],
    [
      { RoleArn: 'arn:aws:iam::1:x' },
      'ValidationError',
      constraint("'arn:aws:iam::1:x'", 'roleArn', 'have length greater than or equal to 20'),
    ],
    [{ RoleArn: 'role/team/target/of/mine' }, 'ValidationError', 'role/team/target/of/mine is invalid'],
    [
      { RoleArn: `arn:aws:iam::${own}:user/ada` },
      'ValidationError',
      `arn:aws:iam::${own}:user/ada is invalid`,
    ],
    [{ RoleSessionName: undefined }, 'ValidationError', constraint('null', 'roleSessionName', 'not be null')],
    [
      { RoleSessionName: 'a' },
      'ValidationError',
      constraint("'a'", 'roleSessionName', 'have length greater than or equal to 2'),
    ],
    [
      { RoleSessionName: 'a/b' },
      'ValidationError',
      constraint("'a/b'", 'roleSessionName', 'satisfy regular expression pattern: [\\w+=,.@-]*'),
    ],
    [
      { RoleSessionName: 'a:b' },
      'ValidationError',
      constraint("'a:b'", 'roleSessionName', 'satisfy regular expression pattern: [\\w+=,.@-]*'),
    ],
    [
      { DurationSeconds: 899 },
      'ValidationError',
      constraint("'899'", 'durationSeconds', 'have value greater than or equal to 900'),
    ],
    [
      { DurationSeconds: 43_201 },
      'ValidationError',
      constraint("'43201'", 'durationSeconds', 'have value less than or equal to 43200'),
    ],
    [
      { DurationSeconds: 7201 },
      'ValidationError',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    ],
    [
      { ExternalId: 'x' },
      'ValidationError',
      constraint("'x'", 'externalId', 'have length greater than or equal to 2'),
    ],
    [
      { SerialNumber: `arn:aws:iam::${own}:mfa/ada`, TokenCode: '12345' },
      'ValidationError',
      constraint("'12345'", 'tokenCode', 'have length greater than or equal to 6'),
    ],
    [
      { SerialNumber: `arn:aws:iam::${own}:mfa/ada`, TokenCode: '123456' },
      'AccessDenied',
      'MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.',
    ],
    [
      { TokenCode: '123456' },
      'AccessDenied',
      'MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.',
    ],
  ])('%j', async (change, code, message) => {
    const { assume } = await createSts();
    await expect(assume(asUser(ada), change)).rejects.toMatchObject({ code, message });
  });

  test.each<Partial<AssumeRoleRequest>>([
    { Policy: document({}) },
    { Policy: '' },
    { PolicyArns: [{ arn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' }] },
    { Tags: [{ Key: 'a', Value: 'b' }] },
    { TransitiveTagKeys: ['a'] },
    { SourceIdentity: 'ada' },
    { ProvidedContexts: [{}] },
  ])('%j instead of ignoring it', async (change) => {
    const { assume } = await createSts();
    await expect(assume(asUser(ada), change)).rejects.toMatchObject({ code: 'UnsupportedOperation' });
  });

  test('root', async () => {
    const { assume } = await createSts();
    await expect(assume(asRoot)).rejects.toMatchObject({
      code: 'AccessDenied',
      message: 'Roles may not be assumed by root accounts.',
    });
  });

  test('a role that does not trust the caller, without telling its maximum', async () => {
    const { assume, world } = await createSts();
    const bob = userRecord('bob', { inlinePolicies: { all: document({}) } });
    await world.putUser(bob);
    await expect(assume(asUser(bob), { DurationSeconds: 43_200 })).rejects.toMatchObject({
      code: 'AccessDenied',
      message: `User: arn:aws:iam::${own}:user/bob is not authorized to perform: sts:AssumeRole on resource: ${RoleArn}`,
    });
  });

  test('more than an hour by chaining (I3)', async () => {
    const { assume } = await createSts();
    const chained = { ...asUser(ada), session: { issuedAt: 0, expiresAt: 1 } };
    for (const caller of [asSession(dev), chained]) {
      await expect(assume(caller, { DurationSeconds: 3601 })).rejects.toMatchObject({
        code: 'ValidationError',
        message:
          'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
      });
    }
  });
});

describe('AssumeRole gives', () => {
  test('credentials that are the role’s session (I5)', async () => {
    const { assume, lookup } = await createSts();
    const { Credentials, AssumedRoleUser, PackedPolicySize } = await assume(asUser(ada), {
      DurationSeconds: 7200,
      ExternalId: 'ab',
    });
    const arn = `arn:aws:sts::${own}:assumed-role/target/ada-1`;
    expect(AssumedRoleUser).toEqual({ Arn: arn, AssumedRoleId: `${target.principalId}:ada-1` });
    expect(Credentials?.Expiration?.getTime()).toBe(Math.floor(now / 1000) * 1000 + 7_200_000);
    expect(PackedPolicySize).toBeUndefined();
    expect(await lookup(Credentials?.AccessKeyId ?? '', Credentials?.SessionToken, now)).toMatchObject({
      status: 'known',
      credential: {
        secretAccessKey: Credentials?.SecretAccessKey,
        principal: { kind: 'assumedRole', arn, principalArn: RoleArn, principalId: target.principalId },
      },
    });
  });

  test('an hour by default, to sessions too', async () => {
    const { assume } = await createSts();
    for (const caller of [asUser(ada), asSession(dev)]) {
      const { Credentials } = await assume(caller);
      expect(Credentials?.Expiration?.getTime()).toBe(Math.floor(now / 1000) * 1000 + 3_600_000);
    }
  });
});

test.each<[Principal, string]>([
  [asRoot, own],
  [asUser(ada), ada.principalId],
  [asSession(dev), `${dev.principalId}:s-1`],
])('GetCallerIdentity tells %o who they are (I14)', async (caller, UserId) => {
  const { call } = await createSts();
  expect(await call<GetCallerIdentityResponse>('GetCallerIdentity', caller)).toEqual({
    UserId,
    Account: own,
    Arn: caller.arn,
  });
});

describe('GetSessionToken', () => {
  test('refuses sessions (I12), wrong durations and unknown devices', async () => {
    const { call } = await createSts();
    const sessions = [asSession(dev), { ...asUser(ada), session: { issuedAt: 0, expiresAt: 1 } }];
    for (const caller of sessions) {
      await expect(call('GetSessionToken', caller)).rejects.toMatchObject({
        code: 'AccessDenied',
        message: 'Cannot call GetSessionToken with session credentials',
      });
    }
    for (const DurationSeconds of [899, 129_601]) {
      await expect(call('GetSessionToken', asUser(ada), { DurationSeconds })).rejects.toMatchObject({
        code: 'ValidationError',
      });
    }
    await expect(
      call('GetSessionToken', asUser(ada), { SerialNumber: 'GAHT12345678', TokenCode: '123456' }),
    ).rejects.toMatchObject({ code: 'AccessDenied' });
  });

  test.each<[Principal, number | undefined, number]>([
    [asUser(ada), undefined, 43_200],
    [asUser(ada), 129_600, 129_600],
    [asRoot, undefined, 3600],
    [asRoot, 129_600, 3600],
    [asRoot, 900, 900],
  ])('of %o for %s lasts %d seconds (I2)', async (caller, DurationSeconds, expected) => {
    const { call, lookup, world } = await createSts();
    await world.storage.commit({ changes: [{ type: 'put', key: `account/${own}`, value: '{}' }] });
    const { Credentials } = await call<GetSessionTokenResponse>('GetSessionToken', caller, {
      DurationSeconds,
    });
    const issuedAt = Math.floor(now / 1000) * 1000;
    expect(Credentials?.Expiration?.getTime()).toBe(issuedAt + expected * 1000);
    expect(await lookup(Credentials?.AccessKeyId ?? '', Credentials?.SessionToken, now)).toMatchObject({
      status: 'known',
      credential: { principal: { kind: caller.kind, arn: caller.arn, session: { issuedAt } } },
    });
  });
});
