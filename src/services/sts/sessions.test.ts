import type {
  GetFederationTokenRequest,
  GetFederationTokenResponse,
  GetSessionTokenResponse,
} from '@aws-sdk/client-sts';
import { describe, expect, test } from 'vitest';
import type { Principal } from '../../engine/iam/principal.ts';
import { accessKeyKey, accountKey, userKey } from '../../storage/records/keys.ts';
import {
  asFederated,
  asRoot,
  asSession,
  asUser,
  document,
  own,
  withSessionToken,
} from '../authorization/testworld.ts';
import { ada, codeIn, createSts, dev, issuedAt, now, serialNumber, target, trustFor } from './testworld.ts';

describe('GetSessionToken', () => {
  const good = { SerialNumber: serialNumber, TokenCode: codeIn(0) };

  test('refuses sessions (I12), wrong durations and unknown devices', async () => {
    const { call } = await createSts();
    for (const caller of [asSession(dev), withSessionToken(asUser(ada)), asFederated(ada)]) {
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
      call('GetSessionToken', asUser(ada), { ...good, SerialNumber: 'GAHT12345678' }),
    ).rejects.toMatchObject({ code: 'AccessDenied' });
  });

  test.each<[Principal, number | undefined, number]>([
    [asUser(ada), undefined, 43_200],
    [asUser(ada), 129_600, 129_600],
    [asRoot, undefined, 3600],
    [asRoot, 129_600, 3600],
    [asRoot, 900, 900],
  ])('of %o for %s lasts %d seconds (I2)', async (caller, DurationSeconds, expected) => {
    const { call, principalOf } = await createSts();
    const answer = await call<GetSessionTokenResponse>('GetSessionToken', caller, { DurationSeconds });
    expect(answer.Credentials?.Expiration?.getTime()).toBe(issuedAt + expected * 1000);
    const { kind, arn, session } = await principalOf(answer);
    expect({ kind, arn, session }).toEqual({
      kind: caller.kind,
      arn: caller.arn,
      session: { issuedAt, expiresAt: issuedAt + expected * 1000 },
    });
  });

  test('with a code carries when MFA was used, and AssumeRole with it has MFA (F.3)', async () => {
    const { call, assume, principalOf, putRole } = await createSts();
    const condition = { Bool: { 'aws:MultiFactorAuthPresent': 'true' } };
    await putRole({ ...target, trustPolicy: trustFor([asUser(ada).arn], ['sts:AssumeRole'], condition) });
    const without = await principalOf(await call('GetSessionToken', asUser(ada)));
    await expect(assume(without)).rejects.toMatchObject({ code: 'AccessDenied' });
    const session = await principalOf(await call('GetSessionToken', asUser(ada), good));
    expect(session.session?.mfaAuthenticatedAt).toBe(issuedAt);
    await assume(session);
  });

  test('a code that AssumeRole used is used, ten calls at once too', async () => {
    const { call } = await createSts();
    const calls = Array.from({ length: 10 }, () => call('GetSessionToken', asUser(ada), good));
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

describe('GetFederationToken', () => {
  const Name = 'guest';
  const arn = `arn:aws:sts::${own}:federated-user/guest`;
  const mayFederate = { all: document({ Action: ['sts:*', 'eks:*'] }) };
  async function createFederation() {
    const sts = await createSts();
    await sts.putUser({ ...ada, inlinePolicies: mayFederate });
    const federate = (input: Partial<GetFederationTokenRequest> = {}, caller: Principal = asUser(ada)) =>
      sts.call<GetFederationTokenResponse>('GetFederationToken', caller, { Name, ...input });
    return { ...sts, federate };
  }

  test('refuses every session (I12)', async () => {
    const { federate } = await createFederation();
    for (const caller of [asSession(dev), withSessionToken(asUser(ada)), withSessionToken(asRoot)]) {
      await expect(federate({}, caller)).rejects.toMatchObject({
        code: 'AccessDenied',
        message: 'Cannot call GetFederationToken with session credentials',
      });
    }
  });

  test.each<[Partial<GetFederationTokenRequest>, string]>([
    [{ Name: undefined }, 'ValidationError'],
    [{ Name: 'a' }, 'ValidationError'],
    [{ Name: 'a'.repeat(33) }, 'ValidationError'],
    [{ Name: 'a/b' }, 'ValidationError'],
    [{ DurationSeconds: 899 }, 'ValidationError'],
    [{ DurationSeconds: 129_601 }, 'ValidationError'],
    [{ Policy: '{' }, 'MalformedPolicyDocumentException'],
    [{ PolicyArns: [{ arn: `arn:aws:iam::${own}:policy/gone` }] }, 'MalformedPolicyDocumentException'],
    [
      {
        Tags: [
          { Key: 'a', Value: '' },
          { Key: 'A', Value: '' },
        ],
      },
      'InvalidParameterValue',
    ],
  ])('refuses %j', async (input, code) => {
    const { federate } = await createFederation();
    await expect(federate(input)).rejects.toMatchObject({ code });
  });

  test('needs permission for the name, and another for tags (E13)', async () => {
    const { federate, putUser } = await createFederation();
    await putUser({
      ...ada,
      inlinePolicies: { one: document({ Action: 'sts:GetFederationToken', Resource: arn }) },
    });
    await federate();
    await expect(federate({ Name: 'other' })).rejects.toMatchObject({ code: 'AccessDenied' });
    await expect(federate({ Tags: [{ Key: 'team', Value: 'a' }] })).rejects.toMatchObject({
      code: 'AccessDenied',
      message: expect.stringContaining('is not authorized to perform: sts:TagSession'),
    });
  });

  test('gives a federated user of the caller (I17)', async () => {
    const { federate, principalOf, call } = await createFederation();
    const answer = await federate({ Tags: [{ Key: 'team', Value: 'a' }] });
    expect(answer.FederatedUser).toEqual({ Arn: arn, FederatedUserId: `${own}:guest` });
    expect(answer.Credentials?.Expiration?.getTime()).toBe(issuedAt + 43_200_000);
    const guest = await principalOf(answer);
    expect(guest).toMatchObject({
      kind: 'federatedUser',
      arn,
      principalArn: arn,
      userId: `${own}:guest`,
      principalId: `${own}:guest`,
      federatedName: 'guest',
      issuer: { arn: asUser(ada).arn, principalId: ada.principalId, userName: 'ada' },
      session: { tags: [{ Key: 'team', Value: 'a' }], policies: { arns: [] } },
    });
    expect(await call('GetCallerIdentity', guest)).toEqual({
      UserId: `${own}:guest`,
      Account: own,
      Arn: arn,
    });
  });

  test('without a policy it may nothing, with one what both allow (E7)', async () => {
    const { federate, principalOf, ask } = await createFederation();
    const nothing = await principalOf(await federate());
    expect((await ask(nothing, 'eks:ListClusters', ['*'])).decision).toBe('implicitDeny');
    const Policy = document({ Action: ['eks:ListClusters', 'cloudtrail:*'] });
    const some = await principalOf(await federate({ Policy }));
    const decisions = await Promise.all(
      ['eks:ListClusters', 'eks:DescribeCluster', 'cloudtrail:LookupEvents', 'sts:AssumeRole'].map(
        async (action) => (await ask(some, action, ['*'])).decision,
      ),
    );
    expect(decisions).toEqual(['allowed', 'implicitDeny', 'implicitDeny', 'implicitDeny']);
  });

  test('the tags of the user and those passed are its tags, and the passed ones win (I7)', async () => {
    const { federate, principalOf, ask, putUser } = await createFederation();
    const needs = (team: string, cost: string) =>
      document({
        Action: 'eks:*',
        Condition: { StringEquals: { 'aws:PrincipalTag/team': team, 'aws:PrincipalTag/cost': cost } },
      });
    const tags = [
      { Key: 'team', Value: 'a' },
      { Key: 'cost', Value: '1' },
    ];
    await putUser({ ...ada, tags, inlinePolicies: mayFederate });
    const answer = await federate({ Policy: document({}), Tags: [{ Key: 'Team', Value: 'b' }] });
    const guest = await principalOf(answer);
    for (const [team, expected] of [
      ['a', 'implicitDeny'],
      ['b', 'allowed'],
    ] as const) {
      await putUser({ ...ada, tags, inlinePolicies: { eks: needs(team, '1') } });
      expect((await ask(guest, 'eks:ListClusters', ['*'])).decision).toBe(expected);
    }
  });

  test('it ends with the user, and one made anew under the name does not bring it back (E17)', async () => {
    const { federate, principalOf, remove, putUser } = await createFederation();
    const answer = await federate();
    await remove(userKey(own, 'ada'));
    await expect(principalOf(answer)).rejects.toThrow('principalGone');
    await putUser({ ...ada, principalId: 'AIDANEWAAAAAAAAAAAAAA' });
    await expect(principalOf(answer)).rejects.toThrow('principalGone');
  });

  test('of root it lasts an hour and ends with the account (I2)', async () => {
    const { federate, principalOf, remove, ask } = await createFederation();
    const answer = await federate(
      { DurationSeconds: 129_600, Policy: document({ Action: 'eks:*' }) },
      asRoot,
    );
    expect(answer.Credentials?.Expiration?.getTime()).toBe(issuedAt + 3_600_000);
    const guest = await principalOf(answer);
    expect((await ask(guest, 'eks:ListClusters', ['*'])).decision).toBe('allowed');
    expect((await ask(guest, 'cloudtrail:LookupEvents', ['*'])).decision).toBe('implicitDeny');
    await remove(accountKey(own));
    await expect(principalOf(answer)).rejects.toThrow('principalGone');
  });
});

test('a session stays when the key it was made with is made inactive (E17)', async () => {
  const { call, principalOf, put } = await createSts();
  const answer = await call<GetSessionTokenResponse>('GetSessionToken', asUser(ada));
  const { accessKeyId } = asUser(ada);
  await put(accessKeyKey(accessKeyId), { accessKeyId, accountId: own, status: 'Inactive' });
  expect((await principalOf(answer)).kind).toBe('user');
});

test('credentials end when they say', async () => {
  const { call, principalOf } = await createSts();
  const answer = await call<GetSessionTokenResponse>('GetSessionToken', asUser(ada), {
    DurationSeconds: 900,
  });
  await principalOf(answer, issuedAt + 899_999);
  await expect(principalOf(answer, issuedAt + 900_000)).rejects.toThrow('expired');
  expect(now).toBeLessThan(issuedAt + 900_000);
});
