import { describe, expect, test } from 'vitest';
import { gapTexts, readTexts } from '../testworld.ts';

const account = '111122223333';
const arn = (resource: string): string => `arn:aws:iam::${account}:${resource}`;
const user = (name: string): object => ({
  UserName: name,
  UserId: `AIDA${name}`,
  Arn: arn(`user/${name}`),
  CreateDate: '2024-01-01T00:00:00+00:00',
});
const ada = { Users: [user('ada')] };

async function read(...answers: readonly object[]) {
  return readTexts({ 'a.json': answers.map((one) => JSON.stringify(one)).join('\n') });
}

describe('the AWS CLI on users', () => {
  test('tells keys, their use, devices and passwords, each by an answer of its own', async () => {
    const { accounts } = await read(
      ada,
      {
        AccessKeyMetadata: [
          {
            UserName: 'ada',
            AccessKeyId: 'AKIA1',
            Status: 'Active',
            CreateDate: '2024-01-02T00:00:00+00:00',
          },
        ],
      },
      {
        UserName: 'ada',
        AccessKeyLastUsed: { LastUsedDate: '2026-11-02T00:00:00+00:00', ServiceName: 's3', Region: 'x' },
      },
      {
        UserName: 'ada',
        AccessKeyLastUsed: { LastUsedDate: '2026-11-01T00:00:00+00:00', ServiceName: 's3', Region: 'x' },
      },
      { UserName: 'ada', AccessKeyLastUsed: { ServiceName: 'N/A', Region: 'N/A' } },
      {
        MFADevices: [
          { UserName: 'ada', SerialNumber: arn('mfa/a'), EnableDate: '2024-01-01T00:00:00+00:00' },
        ],
      },
      {
        LoginProfile: {
          UserName: 'ada',
          CreateDate: '2024-01-01T00:00:00+00:00',
          PasswordResetRequired: false,
        },
      },
      { SummaryMap: { AccountAccessKeysPresent: 1, AccountMFAEnabled: 0, Users: 1 } },
    );
    expect(accounts[0]).toMatchObject({
      root: { accessKeys: 1, mfa: false },
      users: [
        {
          ...{ hasPassword: true, mfaDevices: 1, lastUsedAt: Date.UTC(2026, 10, 2) },
          accessKeys: [{ accessKeyId: 'AKIA1', createdAt: Date.UTC(2024, 0, 2) }],
        },
      ],
    });
  });

  test('a key of which a report tells the use is the same key', async () => {
    const report = `user,arn,user_creation_time,password_enabled,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date
ada,${arn('user/ada')},2024-01-01T00:00:00+00:00,false,false,true,2024-01-02T00:00:00+00:00,2026-11-01T00:00:00+00:00,true,2025-01-02T00:00:00+00:00,N/A
`;
    const key = {
      UserName: 'ada',
      AccessKeyId: 'AKIA1',
      Status: 'Active',
      CreateDate: '2024-01-02T00:00:00+00:00',
    };
    const { accounts } = await readTexts({
      'a.json': JSON.stringify(ada) + JSON.stringify({ AccessKeyMetadata: [key] }),
      'r.csv': report,
    });
    expect(accounts[0]?.users[0]?.accessKeys).toEqual([
      {
        accessKeyId: 'AKIA1',
        status: 'Active',
        createdAt: Date.UTC(2024, 0, 2),
        lastUsedAt: Date.UTC(2026, 10, 1),
      },
      { accessKeyId: 'key 2', status: 'Active', createdAt: Date.UTC(2025, 0, 2) },
    ]);
  });
});

describe('whether a user has keys is told', () => {
  const key = { UserName: 'ada', AccessKeyId: 'AKIA1', Status: 'Active' };
  const report = (columns: string, cells: string): string =>
    `user,arn,user_creation_time,${columns}\nada,${arn('user/ada')},2024-01-01T00:00:00+00:00,${cells}\n`;
  const none = report(
    'password_enabled,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_2_active,access_key_2_last_rotated',
    'false,false,false,N/A,false,N/A',
  );
  const keysOf = async (answers: readonly object[], text?: string) => {
    const { accounts, gaps } = await readTexts({
      'a.json': [ada, ...answers].map((one) => JSON.stringify(one)).join('\n'),
      ...(text !== undefined && { 'r.csv': text }),
    });
    const [one] = accounts[0]?.users ?? [];
    return { keys: one?.accessKeys?.map(({ accessKeyId }) => accessKeyId), one, gaps };
  };
  const empty = { AccessKeyMetadata: [] };

  test.each<[string, readonly object[], string | undefined, readonly string[] | undefined]>([
    ['not by an empty list, which names nobody', [empty], undefined, undefined],
    ['not by a list that cannot be read', [{ AccessKeyMetadata: 'x' }], undefined, undefined],
    ['not by a list of what cannot be read', [{ AccessKeyMetadata: [7] }], undefined, undefined],
    [
      'not by the use of a key that may be deleted',
      [{ UserName: 'ada', AccessKeyLastUsed: {} }],
      undefined,
      undefined,
    ],
    ['not by a report without the columns', [], report('password_enabled', 'true'), undefined],
    ['by a report: none', [], none, []],
    ['by a report: none, and an empty list takes nothing away', [empty], none, []],
    [
      'by a list beside somebody else’s empty one',
      [empty, { AccessKeyMetadata: [key] }],
      undefined,
      ['AKIA1'],
    ],
    ['by a list, where a report is from before the key', [{ AccessKeyMetadata: [key] }], none, ['AKIA1']],
  ])('%s', async (_, answers, text, keys) => {
    expect((await keysOf(answers, text)).keys).toEqual(keys);
  });

  test('by a report without columns neither of passwords nor of devices', async () => {
    const { one } = await keysOf([], report('cert_1_active', 'false'));
    expect([one?.hasPassword, one?.mfaDevices]).toEqual([undefined, undefined]);
  });

  test.each([
    ['empty', empty, /is empty and does not say whose it is; `aws iam get-credential-report` tells/],
    ['cut off', { AccessKeyMetadata: [key], NextToken: 'x' }, /this list is cut off/],
  ])('and a list that is %s is a gap', async (_, answer, reason) => {
    const { gaps } = await keysOf([answer]);
    expect(gaps.filter((gap) => reason.test(gap.reason))).toHaveLength(1);
  });
});

test.each<[string, readonly object[], number]>([
  ['one of them', [{ Url: 'https://a.example', ClientIDList: ['x'] }], 1],
  [
    'one of them, and which there are',
    [
      { Url: 'https://a.example', ClientIDList: ['x'] },
      { OpenIDConnectProviderList: [{ Arn: arn('oidc-provider/a.example') }] },
    ],
    0,
  ],
  ['none', [], 0],
])('who tells of OIDC providers %s leaves %3$i gap', async (_, answers, count) => {
  const role = { RoleName: 'ops', RoleId: 'AROAOPS', Arn: arn('role/ops') };
  const { gaps } = await read(ada, { Roles: [role] }, ...answers);
  const open = gaps.filter(({ reason }) => reason.startsWith('perhaps not all OIDC providers'));
  expect(open).toHaveLength(count);
});

test('whoever trusts a provider of the account has the list of them wanted', async () => {
  const Federated = arn('oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/ABC');
  const AssumeRolePolicyDocument = { Statement: [{ Effect: 'Allow', Principal: { Federated } }] };
  const role = { RoleName: 'ops', RoleId: 'AROAOPS', Arn: arn('role/ops'), AssumeRolePolicyDocument };
  const { gaps } = await read(ada, { Roles: [role] });
  expect(gaps.map(({ reason }) => reason)).toContainEqual(
    expect.stringMatching(/^perhaps not all OIDC providers/),
  );
});

test.each([
  [{ nextToken: 'x' }, 1],
  [{}, 0],
])('no policies of an entry, and %j beside them, are %i gaps of not being told', async (more, count) => {
  const { gaps } = await read(
    { accessEntry: { clusterName: 'prod', principalArn: arn('role/a'), type: 'STANDARD' } },
    { clusterName: 'prod', principalArn: arn('role/a'), associatedAccessPolicies: [], ...more },
  );
  expect(gaps.filter(({ reason }) => reason.startsWith('the policies of the entry'))).toHaveLength(count);
});

describe('SECURITY: nobody is missing because', () => {
  const trust = { Version: '2012-10-17', Statement: [] };
  const role = (more: object): object => ({
    ...{ RoleName: 'ops', RoleId: 'AROAOPS', Arn: arn('role/ops'), AssumeRolePolicyDocument: trust },
    ...{ RolePolicyList: [], AttachedManagedPolicies: [] },
    ...more,
  });
  const details = (more: object): object => ({
    UserDetailList: [],
    GroupDetailList: [],
    RoleDetailList: [],
    Policies: [],
    ...more,
  });
  const attached = [{ PolicyName: 'P', PolicyArn: 'arn:aws:iam::aws:policy/P' }];
  test.each<[string, object, boolean]>([
    [
      'the members of one group were listed',
      { Group: { GroupName: 'g', Arn: arn('group/g') }, Users: [user('ada')] },
      false,
    ],
    ['only users were asked for', details({ UserDetailList: [user('ada')] }), false],
    [
      'only roles were asked for',
      details({ RoleDetailList: [role({ AttachedManagedPolicies: attached })] }),
      false,
    ],
    ['a page is missing', details({ RoleDetailList: [role({})], IsTruncated: true, Marker: 'x' }), false],
    ['(all was asked for)', details({ RoleDetailList: [role({})] }), true],
  ])('%s', async (_, answer, isWhole) => {
    const { gaps } = await read(answer, ...('Group' in answer ? [{ Roles: [role({})] }] : []));
    const partly = gaps.filter(({ reason }) => reason.startsWith('only some of the IAM'));
    expect(partly).toHaveLength(isWhole ? 0 : 1);
  });

  test('a group that was read with its members has them', async () => {
    const { accounts } = await read({ Group: { GroupName: 'g', Arn: arn('group/g') }, Users: [user('ada')] });
    expect(accounts[0]).toMatchObject({ groups: [{ name: 'g' }], users: [{ groupNames: ['g'] }] });
  });
});

test.each([
  [{ nextToken: 'x' }, 1],
  [{}, 0],
])('a list of entries that %j beside it leaves the cluster open: %i gaps', async (more, count) => {
  const cluster = { name: 'prod', accessConfig: { authenticationMode: 'API' } };
  const { gaps } = await read({ cluster }, { accessEntries: [arn('role/a')], ...more });
  const open = gaps.filter(({ reason }) => reason.startsWith('perhaps not all access entries'));
  expect(open).toHaveLength(count);
});

describe('an answer that', () => {
  test.each<[string, object, RegExp]>([
    [
      'does not say whose policies it has',
      { AttachedPolicies: [] },
      /does not say whose policies these are: it is left out; `aws iam get-account/,
    ],
    [
      'does not say which policy it is',
      { PolicyVersion: { Document: {}, VersionId: 'v1' } },
      /does not say which policy this is/,
    ],
    [
      'does not say whose devices there are none of',
      { MFADevices: [] },
      /is empty and does not say whose it is/,
    ],
    [
      'tells only who has pod identities',
      {
        associations: [
          {
            clusterName: 'prod',
            namespace: 'a',
            serviceAccount: 'b',
            associationArn: 'x',
            associationId: 'y',
          },
        ],
      },
      /the role of pod identity `a\/b` is not told here; `aws eks describe-pod/,
    ],
    [
      'tells only names of identity providers',
      { identityProviderConfigs: [{ type: 'oidc', name: 'corp' }] },
      /of identity provider `corp` only the name is told/,
    ],
    [
      'tells only names of OIDC providers',
      { OpenIDConnectProviderList: [{ Arn: arn('oidc-provider/example.com') }] },
      /for whom OIDC provider .* makes tokens is not told/,
    ],
    ['goes on elsewhere', { accessEntries: [], nextToken: 'x' }, /this list is cut off/],
  ])('%s is a gap with its place', async (_, answer, reason) => {
    const told = gapTexts(await read(ada, answer)).filter((text) => reason.test(text));
    expect(told).toEqual([expect.stringMatching(/^2:\d+ /)]);
  });

  test.each(['Credentials', 'AccessKey', 'nodegroup', 'accessPolicies', 'AccountAliases', 'updateIds'])(
    'has %s grants nothing, which is told, and nothing of it is kept',
    async (name) => {
      const { sources, ...rest } = await read(ada, { [name]: { SecretAccessKey: 'SECRET-VALUE' } });
      expect(sources).toContain(`1 object of \`answers with ${name}\` does not grant access`);
      expect(JSON.stringify(rest)).not.toContain('SECRET-VALUE');
    },
  );

  const association = {
    ...{ associationId: 'a-1', namespace: 'a', serviceAccount: 'b', roleArn: arn('role/r') },
    ...{ targetRoleArn: 'arn:t', externalId: 'us-east-1/1/prod/a/b', disableSessionTags: true, policy: '{}' },
  };
  const listed = (serviceAccount: string) => ({ clusterName: 'prod', namespace: 'a', serviceAccount });

  test('describes a pod identity tells all of it, and that there may be others', async () => {
    const { clusters, gaps } = await read({ association: { ...association, clusterName: 'prod', tags: {} } });
    expect(clusters[0]?.podIdentityAssociations).toEqual([association]);
    expect(gaps.filter(({ area }) => area === 'podIdentity')).toMatchObject([
      { reason: expect.stringMatching(/^perhaps not all Pod Identity associations of cluster `prod`/) },
    ]);
  });

  test.for<[string, object[], object | undefined, number]>([
    ['one that is described', [listed('b')], { ...association, clusterName: 'prod' }, 0],
    ['one that is not', [listed('b'), listed('c')], { ...association, clusterName: 'prod' }, 1],
    ['none', [], undefined, 0],
  ])('lists pod identities, %s', async ([, associations, described, count]) => {
    const answers = [{ associations }, ...(described ? [{ association: described }] : [])];
    const { clusters, gaps } = await read({ cluster: { name: 'prod' } }, ...answers);
    expect(clusters[0]?.podIdentityAssociations).toEqual(described ? [association] : []);
    expect(gaps.filter(({ area }) => area === 'podIdentity')).toHaveLength(count);
  });

  test('describes a cluster tells its issuer', async () => {
    const issuer = 'https://oidc.eks.us-east-1.amazonaws.com/id/ABC';
    const { clusters } = await read({ cluster: { name: 'prod', identity: { oidc: { issuer } } } });
    expect(clusters[0]?.issuer).toBe(issuer);
  });
});
