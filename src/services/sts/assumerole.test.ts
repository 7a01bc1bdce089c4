import type { AssumeRoleRequest } from '@aws-sdk/client-sts';
import { describe, expect, test } from 'vitest';
import type { Principal } from '../../engine/iam/principal.ts';
import { mfaDeviceKey } from '../../storage/records/keys.ts';
import {
  asFederated,
  asRoot,
  asSession,
  asUser,
  document,
  other,
  own,
  policyRecord,
  roleRecord,
  userRecord,
  withSessionToken,
} from '../authorization/testworld.ts';
import {
  ada,
  codeIn,
  createSts,
  dev,
  issuedAt,
  now,
  plain,
  plainArn,
  serialNumber,
  target,
  targetArn,
  trustFor,
} from './testworld.ts';

const constraint = (value: string, path: string, rule: string) =>
  `1 validation error detected: Value ${value} at '${path}' failed to satisfy constraint: Member must ${rule}`;

const unknownDevice =
  'MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.';
const wrongCode = 'MultiFactorAuthentication failed with invalid MFA one time pass code. ';
const notAuthorized = (caller: Principal, action: string, arn = targetArn) =>
  `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${arn}`;

/** A session of the target role that dev or ada made, as the next link of a chain. */
async function chained(input: Partial<AssumeRoleRequest>) {
  const sts = await createSts();
  await sts.putRole({ ...target, inlinePolicies: { all: document({}) } });
  const next = roleRecord('next', {
    trustPolicy: trustFor([targetArn], ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity']),
    trustedPrincipalIds: { [targetArn]: target.principalId },
  });
  await sts.putRole(next);
  const session = await sts.principalOf(await sts.assume(asUser(ada), input));
  const RoleArn = `arn:aws:iam::${own}:role/next`;
  const assumeNext = (more: Partial<AssumeRoleRequest> = {}) => sts.assume(session, { RoleArn, ...more });
  return { ...sts, session, assumeNext, nextArn: RoleArn };
}

describe('AssumeRole refuses what is no request', () => {
  test.each<[Partial<AssumeRoleRequest>, string, string]>([
    [{ RoleArn: undefined }, 'ValidationError', constraint('null', 'roleArn', 'not be null')],
    [
      { RoleArn: 'arn:aws:iam::1:x' },
      'ValidationError',
      constraint("'arn:aws:iam::1:x'", 'roleArn', 'have length greater than or equal to 20'),
    ],
    [{ RoleArn: 'role/team/target/of/mine' }, 'ValidationError', 'role/team/target/of/mine is invalid'],
    [{ RoleArn: asUser(ada).arn }, 'ValidationError', `${asUser(ada).arn} is invalid`],
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
      { SourceIdentity: 'aws:x' },
      'ValidationError',
      constraint("'aws:x'", 'sourceIdentity', 'satisfy regular expression pattern: [\\w+=,.@-]*'),
    ],
    [
      { MinimumSessionTokenSize: 4097 },
      'ValidationError',
      constraint("'4097'", 'minimumSessionTokenSize', 'have value less than or equal to 4096'),
    ],
    [{ Policy: '' }, 'ValidationError', expect.stringContaining("at 'policy' failed")],
    [{ PolicyArns: [{}] }, 'ValidationError', constraint('null', 'policyArns.1.member.arn', 'not be null')],
    [
      { PolicyArns: [{ arn: 'arn:aws:iam::aws:role/x' }] },
      'ValidationError',
      'ARN arn:aws:iam::aws:role/x is not valid.',
    ],
    [
      { Tags: [{ Key: '', Value: 'x' }] },
      'ValidationError',
      expect.stringContaining("at 'tags.1.member.key' failed"),
    ],
    [{ ProvidedContexts: [{}] }, 'UnsupportedOperation', expect.stringContaining('ProvidedContexts')],
  ])('%j', async (input, code, message) => {
    const { assume } = await createSts();
    await expect(assume(asUser(ada), input)).rejects.toMatchObject({ code, message });
  });

  test.each<[string, Partial<AssumeRoleRequest>]>([
    ['2,049 characters of policy', { Policy: `{"Version":"2012-10-17"${' '.repeat(2025)}}` }],
    [
      'eleven policies',
      { PolicyArns: Array.from({ length: 11 }, (_, at) => ({ arn: `arn:aws:iam::${own}:policy/p${at}` })) },
    ],
    ['51 tags', { Tags: Array.from({ length: 51 }, (_, at) => ({ Key: `k${at}`, Value: '' })) }],
  ])('%s', async (_name, input) => {
    const { assume } = await createSts();
    await expect(assume(asUser(ada), input)).rejects.toMatchObject({ code: 'ValidationError' });
  });
});

describe('AssumeRole refuses whom', () => {
  test('root', async () => {
    const { assume } = await createSts();
    await expect(assume(asRoot)).rejects.toMatchObject({
      code: 'AccessDenied',
      message: 'Roles may not be assumed by root accounts.',
    });
  });

  test('a federated user (I2)', async () => {
    const { assume, putUser } = await createSts();
    await putUser({ ...ada, inlinePolicies: { all: document({}) } });
    const guest = asFederated(ada, { policies: { inline: document({}), arns: [] } });
    await expect(assume(guest)).rejects.toMatchObject({
      code: 'AccessDenied',
      message: notAuthorized(guest, 'sts:AssumeRole'),
    });
  });

  test('whom a role does not trust, without telling its maximum or whether a policy exists', async () => {
    const { assume, putUser } = await createSts();
    const bob = userRecord('bob', { inlinePolicies: { all: document({}) } });
    await putUser(bob);
    for (const input of [
      { DurationSeconds: 43_200 },
      { PolicyArns: [{ arn: `arn:aws:iam::${own}:policy/gone` }] },
    ]) {
      await expect(assume(asUser(bob), input)).rejects.toMatchObject({
        code: 'AccessDenied',
        message: notAuthorized(asUser(bob), 'sts:AssumeRole'),
      });
    }
  });

  test('more than an hour by chaining, with sessions of users too (I3)', async () => {
    const { assume } = await createSts();
    for (const caller of [asSession(dev), withSessionToken(asUser(ada))]) {
      await expect(assume(caller, { DurationSeconds: 3601 })).rejects.toMatchObject({
        code: 'ValidationError',
        message:
          'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
      });
    }
  });

  test('tags and source identities where the trust policy does not allow them (E13)', async () => {
    const { assume } = await createSts();
    await assume(asUser(ada), { RoleArn: plainArn });
    const wishes: readonly [Partial<AssumeRoleRequest>, string][] = [
      [{ Tags: [{ Key: 'team', Value: 'a' }] }, 'sts:TagSession'],
      [{ SourceIdentity: 'ada' }, 'sts:SetSourceIdentity'],
    ];
    for (const [input, action] of wishes) {
      await expect(assume(asUser(ada), { RoleArn: plainArn, ...input })).rejects.toMatchObject({
        code: 'AccessDenied',
        message: notAuthorized(asUser(ada), action, plainArn),
      });
    }
  });
});

describe('a trust policy that asks for', () => {
  const demands: readonly [
    string,
    Record<string, unknown>,
    Partial<AssumeRoleRequest>,
    Partial<AssumeRoleRequest>,
  ][] = [
    [
      'an external id',
      { StringEquals: { 'sts:ExternalId': 'Token-1' } },
      { ExternalId: 'token-1' },
      { ExternalId: 'Token-1' },
    ],
    [
      'a session name',
      { StringLike: { 'sts:RoleSessionName': 'audit-*' } },
      { RoleSessionName: 'Audit-1' },
      { RoleSessionName: 'audit-1' },
    ],
    [
      'a source identity',
      { StringEquals: { 'sts:SourceIdentity': 'ada' } },
      { SourceIdentity: 'Ada' },
      { SourceIdentity: 'ada' },
    ],
    [
      'a tag',
      { StringEquals: { 'aws:RequestTag/team': ['a', 'b'] } },
      { Tags: [{ Key: 'team', Value: 'c' }] },
      { Tags: [{ Key: 'Team', Value: 'b' }] },
    ],
    [
      'a transitive tag',
      { 'ForAnyValue:StringEquals': { 'sts:TransitiveTagKeys': ['team'] } },
      { Tags: [{ Key: 'team', Value: 'a' }] },
      { Tags: [{ Key: 'team', Value: 'a' }], TransitiveTagKeys: ['team'] },
    ],
    [
      'MFA',
      { Bool: { 'aws:MultiFactorAuthPresent': 'true' }, NumericLessThan: { 'aws:MultiFactorAuthAge': 1 } },
      {},
      { SerialNumber: serialNumber, TokenCode: codeIn(0) },
    ],
  ];
  test.each(demands)('%s', async (_name, condition, wrong, right) => {
    const { assume, putRole } = await createSts();
    const trustPolicy = trustFor(
      [asUser(ada).arn],
      ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
      condition,
    );
    await putRole({ ...target, trustPolicy });
    for (const input of [{}, wrong]) {
      await expect(assume(asUser(ada), input)).rejects.toMatchObject({ code: 'AccessDenied' });
    }
    await assume(asUser(ada), right);
  });
});

describe('session tags (I7)', () => {
  test.each<[string, Partial<AssumeRoleRequest>, string]>([
    [
      'keys equal but for case',
      {
        Tags: [
          { Key: 'team', Value: 'a' },
          { Key: 'Team', Value: 'b' },
        ],
      },
      'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
    ],
    [
      'reserved keys',
      { Tags: [{ Key: 'AWS:team', Value: 'a' }] },
      "Tag keys starting with 'aws:' are reserved for internal use",
    ],
    [
      'a transitive key without its tag',
      { Tags: [{ Key: 'team', Value: 'a' }], TransitiveTagKeys: ['team', 'cost'] },
      'The specified transitive tag key must be included in the requested tags.',
    ],
  ])('refuse %s', async (_name, input, message) => {
    const { assume } = await createSts();
    await expect(assume(asUser(ada), input)).rejects.toMatchObject({
      code: 'InvalidParameterValue',
      message,
    });
  });

  test('are in the session, and only transitive ones go on', async () => {
    const { session, assumeNext, principalOf } = await chained({
      Tags: [
        { Key: 'Team', Value: 'a' },
        { Key: 'cost', Value: '1' },
      ],
      TransitiveTagKeys: ['team'],
    });
    expect(session.session).toMatchObject({
      tags: [
        { Key: 'Team', Value: 'a' },
        { Key: 'cost', Value: '1' },
      ],
      transitiveTagKeys: ['Team'],
    });
    const second = await principalOf(await assumeNext({ Tags: [{ Key: 'cost', Value: '2' }] }));
    expect(second.session).toMatchObject({
      tags: [
        { Key: 'Team', Value: 'a' },
        { Key: 'cost', Value: '2' },
      ],
      transitiveTagKeys: ['Team'],
    });
  });

  test('inherited ones cannot be passed again, in no case', async () => {
    const { assumeNext } = await chained({
      Tags: [{ Key: 'Team', Value: 'a' }],
      TransitiveTagKeys: ['Team'],
    });
    for (const Value of ['a', 'b']) {
      await expect(assumeNext({ Tags: [{ Key: 'tEAM', Value }] })).rejects.toMatchObject({
        code: 'InvalidParameterValue',
        message:
          "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
      });
    }
  });

  test('inherited ones need the permission to be set', async () => {
    const { session, assumeNext, putRole, nextArn } = await chained({
      Tags: [{ Key: 'Team', Value: 'a' }],
      TransitiveTagKeys: ['Team'],
    });
    await putRole(
      roleRecord('next', {
        trustPolicy: trustFor([targetArn], ['sts:AssumeRole']),
        trustedPrincipalIds: { [targetArn]: target.principalId },
      }),
    );
    await expect(assumeNext()).rejects.toMatchObject({
      message: notAuthorized(session, 'sts:TagSession', nextArn),
    });
  });
});

describe('a source identity (I8)', () => {
  test('is answered, kept through the chain and cannot be changed', async () => {
    const { session, assumeNext, principalOf, nextArn } = await chained({ SourceIdentity: 'ada' });
    expect(session.session?.sourceIdentity).toBe('ada');
    await expect(assumeNext({ SourceIdentity: 'bob' })).rejects.toMatchObject({
      code: 'AccessDenied',
      message: notAuthorized(session, 'sts:SetSourceIdentity', nextArn),
    });
    for (const input of [{}, { SourceIdentity: 'ada' }]) {
      const answer = await assumeNext(input);
      expect(answer.SourceIdentity).toBe('ada');
      expect((await principalOf(answer)).session?.sourceIdentity).toBe('ada');
    }
  });
});

describe('session policies (I10)', () => {
  test.each<[string, string]>([
    ['no JSON', '{'],
    ['a principal', document({ Principal: '*' })],
    ['no statement', '{"Version":"2012-10-17"}'],
  ])('refuse a document with %s', async (_name, Policy) => {
    const { assume } = await createSts();
    await expect(assume(asUser(ada), { Policy })).rejects.toMatchObject({
      code: 'MalformedPolicyDocumentException',
    });
  });

  test.each([
    `arn:aws:iam::${own}:policy/gone`,
    `arn:aws:iam::${own}:policy/Reader`,
    `arn:aws:iam::${other}:policy/reader`,
    'arn:aws:iam::aws:policy/NoSuchPolicy',
    'arn:aws-cn:iam::aws:policy/AdministratorAccess',
  ])('refuse %s, which is nobody’s or another account’s', async (arn) => {
    const { assume, putPolicy } = await createSts();
    await putPolicy(policyRecord('reader', document({})));
    await putPolicy(policyRecord('reader', document({}), { accountId: other }));
    await expect(assume(asUser(ada), { PolicyArns: [{ arn }] })).rejects.toMatchObject({
      code: 'MalformedPolicyDocumentException',
      message: `Policy ${arn} does not exist or is not attachable.`,
    });
  });

  test('are in the session and narrow it', async () => {
    const { assume, ask, principalOf, putPolicy, putRole } = await createSts();
    await putRole({ ...target, inlinePolicies: { all: document({ Action: 'eks:*' }) } });
    await putPolicy(policyRecord('reader', document({ Action: 'eks:Describe*' })));
    const Policy = document({ Action: ['eks:ListClusters', 'iam:*'] });
    const arns = [`arn:aws:iam::${own}:policy/reader`, 'arn:aws:iam::aws:policy/IAMReadOnlyAccess'];
    const answer = await assume(asUser(ada), { Policy, PolicyArns: arns.map((arn) => ({ arn })) });
    const principal = await principalOf(answer);
    expect(principal.session?.policies).toEqual({ inline: Policy, arns });
    expect(answer.PackedPolicySize).toBeGreaterThan(0);
    const decisions = await Promise.all(
      ['eks:ListClusters', 'eks:DescribeCluster', 'eks:DeleteCluster', 'iam:ListUsers'].map(
        async (action) => {
          return (await ask(principal, action, ['*'])).decision;
        },
      ),
    );
    expect(decisions).toEqual(['allowed', 'allowed', 'implicitDeny', 'implicitDeny']);
  });
});

describe('an MFA code (I11)', () => {
  const good = { SerialNumber: serialNumber, TokenCode: codeIn(0) };

  test.each<[string, Principal, Partial<AssumeRoleRequest>, string]>([
    [
      'without a device',
      asUser(ada),
      { TokenCode: codeIn(0) },
      'MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.',
    ],
    ['of no device', asUser(ada), { ...good, SerialNumber: `${serialNumber}2` }, unknownDevice],
    ['of somebody else’s device', asSession(dev), good, unknownDevice],
    ['of long ago', asUser(ada), { ...good, TokenCode: codeIn(-10) }, wrongCode],
  ])('%s is refused', async (_name, caller, input, message) => {
    const { assume } = await createSts();
    await expect(assume(caller, input)).rejects.toMatchObject({ code: 'AccessDenied', message });
  });

  test('works once, for two roles too, and an earlier one no more', async () => {
    const { assume } = await createSts();
    await assume(asUser(ada), good);
    for (const input of [good, { ...good, RoleArn: plainArn }, { ...good, TokenCode: codeIn(-1) }]) {
      await expect(assume(asUser(ada), input)).rejects.toMatchObject({ message: wrongCode });
    }
    await assume(asUser(ada), { ...good, TokenCode: codeIn(1) });
  });

  test('used ten times at once works once', async () => {
    const { assume } = await createSts();
    const calls = Array.from({ length: 10 }, () => assume(asUser(ada), good));
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ message: wrongCode });
    }
  });

  test('that meets another change of the device is still used', async () => {
    const { assume, storage, put } = await createSts();
    const stored = await storage.get(mfaDeviceKey(own, 'ada'));
    const device = JSON.parse(stored?.value ?? '{}');
    const calls = [
      assume(asUser(ada), good),
      put(mfaDeviceKey(own, 'ada'), { ...device, tags: [{ Key: 'a', Value: 'b' }] }),
    ];
    await Promise.all(calls);
    expect(JSON.parse((await storage.get(mfaDeviceKey(own, 'ada')))?.value ?? '{}')).toMatchObject({
      tags: [{ Key: 'a', Value: 'b' }],
      lastUsedStep: expect.any(Number),
    });
    await expect(assume(asUser(ada), good)).rejects.toMatchObject({ message: wrongCode });
  });

  test('is not used up by a call that is refused', async () => {
    const { assume, putRole } = await createSts();
    await putRole({ ...plain, trustPolicy: trustFor([other], ['sts:AssumeRole']) });
    await expect(assume(asUser(ada), { ...good, RoleArn: plainArn })).rejects.toMatchObject({
      message: notAuthorized(asUser(ada), 'sts:AssumeRole', plainArn),
    });
    await assume(asUser(ada), good);
  });

  test('counts for the call alone: the session says nothing of it (F.3, L7)', async () => {
    const { assume, principalOf } = await createSts();
    const { session } = await principalOf(await assume(asUser(ada), good));
    expect(session).toEqual({ issuedAt, expiresAt: issuedAt + 3_600_000 });
  });
});

describe('AssumeRole gives', () => {
  test('credentials that are the role’s session (I5)', async () => {
    const { assume, lookup } = await createSts();
    const answer = await assume(asUser(ada), { DurationSeconds: 7200, ExternalId: 'ab' });
    const { Credentials, AssumedRoleUser } = answer;
    const arn = `arn:aws:sts::${own}:assumed-role/target/ada-1`;
    expect(AssumedRoleUser).toEqual({ Arn: arn, AssumedRoleId: `${target.principalId}:ada-1` });
    expect(Credentials?.Expiration?.getTime()).toBe(issuedAt + 7_200_000);
    expect(answer.PackedPolicySize).toBeUndefined();
    expect(answer.SourceIdentity).toBeUndefined();
    expect(answer.SessionTokenSize).toBe(Credentials?.SessionToken?.length);
    expect(await lookup(Credentials?.AccessKeyId ?? '', Credentials?.SessionToken, now)).toMatchObject({
      status: 'known',
      credential: {
        secretAccessKey: Credentials?.SecretAccessKey,
        principal: { kind: 'assumedRole', arn, principalArn: targetArn, principalId: target.principalId },
      },
    });
  });

  test('an hour by default, to sessions too', async () => {
    const { assume } = await createSts();
    for (const caller of [asUser(ada), asSession(dev)]) {
      const { Credentials } = await assume(caller);
      expect(Credentials?.Expiration?.getTime()).toBe(issuedAt + 3_600_000);
    }
  });

  test('a token as long as was asked for', async () => {
    const { assume, principalOf } = await createSts();
    for (const MinimumSessionTokenSize of [0, 1, 1000, 4096]) {
      const answer = await assume(asUser(ada), { MinimumSessionTokenSize });
      expect(answer.SessionTokenSize).toBeGreaterThanOrEqual(MinimumSessionTokenSize);
      expect(answer.SessionTokenSize).toBeLessThan(4100);
      expect((await principalOf(answer)).kind).toBe('assumedRole');
    }
  });
});

describe('a role session ends', () => {
  test('with its role, also when one of the name is made anew (E17)', async () => {
    const { assume, principalOf, putRole } = await createSts();
    const answer = await assume(asUser(ada));
    await putRole({ ...target, principalId: 'AROANEWAAAAAAAAAAAAAA' });
    await expect(principalOf(answer)).rejects.toThrow('principalGone');
  });

  test('by a dated deny on the role, and a new one does not (E18)', async () => {
    const { assume, ask, principalOf, putRole } = await createSts();
    const all = document({ Action: 'eks:*' });
    await putRole({ ...target, inlinePolicies: { all } });
    const early = await principalOf(await assume(asUser(ada)));
    expect((await ask(early, 'eks:ListClusters', ['*'])).decision).toBe('allowed');
    const olderThan = (time: number) =>
      document({
        Effect: 'Deny',
        Condition: { DateLessThan: { 'aws:TokenIssueTime': new Date(time).toISOString() } },
      });
    await putRole({ ...target, inlinePolicies: { all, AWSRevokeOlderSessions: olderThan(issuedAt + 1000) } });
    expect((await ask(early, 'eks:ListClusters', ['*'])).decision).toBe('explicitDeny');
    await putRole({ ...target, inlinePolicies: { all, AWSRevokeOlderSessions: olderThan(issuedAt) } });
    expect((await ask(early, 'eks:ListClusters', ['*'])).decision).toBe('allowed');
  });
});
