import type { EvaluationResult, SimulatePolicyResponse } from '@aws-sdk/client-iam';
import { beforeEach, describe, expect, test } from 'vitest';
import { account, createWorld, type World } from '../testworld.ts';

const cluster = (name: string, owner = account): string => `arn:aws:eks:us-east-1:${owner}:cluster/${name}`;
const policy = (...statements: readonly object[]): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: statements.map((parts) => ({ Effect: 'Allow', Action: 'eks:*', Resource: '*', ...parts })),
  });
const userArn = `arn:aws:iam::${account}:user/ada`;

let world: World;
beforeEach(async () => {
  world = await createWorld();
});

const custom = async (input: object): Promise<SimulatePolicyResponse> =>
  world.call<SimulatePolicyResponse>('SimulateCustomPolicy', {
    ActionNames: ['eks:DescribeCluster'],
    ...input,
  });
const ofAda = async (input: object = {}): Promise<EvaluationResult> => {
  const { EvaluationResults = [] } = await world.call<SimulatePolicyResponse>('SimulatePrincipalPolicy', {
    PolicySourceArn: userArn,
    ActionNames: ['eks:DescribeCluster'],
    ...input,
  });
  return EvaluationResults[0] as EvaluationResult;
};
const put = (name: string, text: string): Promise<unknown> =>
  world.call('PutUserPolicy', { UserName: 'ada', PolicyName: name, PolicyDocument: text });

describe('a custom policy', () => {
  test.each<readonly [string, readonly object[], string]>([
    ['nothing allows', [{ Action: 'iam:*' }], 'implicitDeny'],
    ['a deny beats an allow', [{}, { Effect: 'Deny' }], 'explicitDeny'],
    ['an allow allows', [{}], 'allowed'],
    [
      'a condition whose key is missing does not',
      [{ Condition: { Bool: { 'aws:SecureTransport': 'true' } } }],
      'implicitDeny',
    ],
  ])('%s', async (_, statements, decision) => {
    const { EvaluationResults } = await custom({ PolicyInputList: [policy(...statements)] });
    expect(EvaluationResults).toMatchObject([
      { EvalDecision: decision, EvalActionName: 'eks:DescribeCluster' },
    ]);
  });

  test('a missing context value is told, and once given it is used', async () => {
    const text = policy({ Condition: { StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } } });
    const { EvaluationResults } = await custom({ PolicyInputList: [text] });
    expect(EvaluationResults).toMatchObject([
      { EvalDecision: 'implicitDeny', MissingContextValues: ['aws:RequestedRegion'], MatchedStatements: [] },
    ]);
    const given = await custom({
      PolicyInputList: [text],
      ContextEntries: [
        { ContextKeyName: 'AWS:requestedregion', ContextKeyType: 'string', ContextKeyValues: ['eu-west-1'] },
      ],
    });
    expect(given.EvaluationResults).toMatchObject([{ EvalDecision: 'allowed', MissingContextValues: [] }]);
  });

  test('the statements that decided are told by source and place', async () => {
    const first = policy({ Action: 'iam:*' });
    const second =
      '{\n  "Version": "2012-10-17",\n  "Statement": [\n    {"Effect": "Allow", "Action": "eks:*", "Resource": "*"}\n  ]\n}';
    const { EvaluationResults } = await custom({ PolicyInputList: [first, second] });
    expect(EvaluationResults?.[0]?.MatchedStatements).toEqual([
      {
        SourcePolicyId: 'PolicyInputList.2',
        SourcePolicyType: 'IAM Policy',
        StartPosition: { Line: 3, Column: 17 },
        EndPosition: { Line: 4, Column: 60 },
      },
    ]);
  });

  test('a statement of a document in one line begins where AWS says', async () => {
    const { EvaluationResults } = await custom({ PolicyInputList: [policy({})] });
    expect(EvaluationResults?.[0]?.MatchedStatements?.[0]?.StartPosition).toEqual({ Line: 1, Column: 38 });
  });

  test('an explicit deny names the deny alone', async () => {
    const { EvaluationResults } = await custom({
      PolicyInputList: [policy({}), policy({ Effect: 'Deny', Action: 'eks:Describe*' })],
    });
    expect(EvaluationResults?.[0]?.MatchedStatements).toMatchObject([
      { SourcePolicyId: 'PolicyInputList.2' },
    ]);
  });

  test('several resources give one result: the most restrictive, and each of them', async () => {
    const { EvaluationResults } = await custom({
      PolicyInputList: [policy({ Resource: cluster('a') }, { Effect: 'Deny', Resource: cluster('c') })],
      ResourceArns: [cluster('a'), cluster('b'), cluster('c')],
    });
    expect(EvaluationResults).toMatchObject([
      {
        EvalDecision: 'explicitDeny',
        EvalResourceName: `arn:\${Partition}:eks:\${Region}:\${Account}:cluster/\${ClusterName}`,
        EvalDecisionDetails: {},
        ResourceSpecificResults: [
          { EvalResourceName: cluster('a'), EvalResourceDecision: 'allowed' },
          { EvalResourceName: cluster('b'), EvalResourceDecision: 'implicitDeny' },
          { EvalResourceName: cluster('c'), EvalResourceDecision: 'explicitDeny' },
        ],
      },
    ]);
  });

  test('a boundary limits and says so', async () => {
    const { EvaluationResults } = await custom({
      PolicyInputList: [policy({})],
      PermissionsBoundaryPolicyInputList: [policy({ Action: 'eks:List*' })],
      ActionNames: ['eks:DescribeCluster', 'eks:ListClusters'],
    });
    expect(EvaluationResults).toMatchObject([
      {
        EvalDecision: 'implicitDeny',
        PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: false },
      },
      { EvalDecision: 'allowed', PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: true } },
    ]);
  });

  test('every level of service control policies must allow; they are not among the matched statements', async () => {
    const levels = (...texts: readonly string[]): object => ({
      PolicyInputList: [policy({})],
      OrderedOrganizationPolicyInputList: texts.map((text) => ({ ServiceControlPolicyInputList: [text] })),
    });
    const refused = await custom(levels(policy({ Action: '*' }), policy({ Action: 'iam:*' })));
    expect(refused.EvaluationResults).toMatchObject([
      { EvalDecision: 'implicitDeny', OrganizationsDecisionDetail: { AllowedByOrganizations: false } },
    ]);
    const passed = await custom(levels(policy({ Action: '*' }), policy({})));
    expect(passed.EvaluationResults).toMatchObject([
      { EvalDecision: 'allowed', OrganizationsDecisionDetail: { AllowedByOrganizations: true } },
    ]);
    expect(passed.EvaluationResults?.[0]?.MatchedStatements).toMatchObject([
      { SourcePolicyId: 'PolicyInputList.1' },
    ]);
  });

  test('across accounts both sides must allow, and each is told', async () => {
    const input = {
      PolicyInputList: [policy({})],
      CallerArn: userArn,
      ResourceArns: [cluster('theirs', '444455556666')],
    };
    const alone = await custom(input);
    expect(alone.EvaluationResults).toMatchObject([
      {
        EvalDecision: 'implicitDeny',
        EvalDecisionDetails: { 'IAM Policy': 'allowed', 'Resource Policy': 'implicitDeny' },
      },
    ]);
    const both = await custom({ ...input, ResourcePolicy: policy({ Principal: { AWS: userArn } }) });
    expect(both.EvaluationResults).toMatchObject([
      {
        EvalDecision: 'allowed',
        EvalDecisionDetails: { 'IAM Policy': 'allowed', 'Resource Policy': 'allowed' },
      },
    ]);
  });

  test('a resource policy that names the caller is enough inside one account', async () => {
    const { EvaluationResults } = await custom({
      PolicyInputList: [policy({ Action: 'iam:*' })],
      CallerArn: userArn,
      ResourceArns: ['arn:aws:s3:::bucket'],
      ResourcePolicy: policy({ Principal: { AWS: userArn } }),
    });
    expect(EvaluationResults).toMatchObject([{ EvalDecision: 'allowed' }]);
  });

  test('ResourceOwner says whose a resource is whose ARN does not', async () => {
    const { EvaluationResults } = await custom({
      PolicyInputList: [policy({ Action: 's3:*' })],
      ActionNames: ['s3:GetObject'],
      ResourceArns: ['arn:aws:s3:::bucket/key'],
      ResourceOwner: 'arn:aws:iam::444455556666:root',
    });
    expect(EvaluationResults).toMatchObject([{ EvalDecision: 'implicitDeny' }]);
  });

  test.each<readonly [string, object, string]>([
    ['a wildcard in an action', { ActionNames: ['eks:Describe*'] }, 'Invalid action name: eks:Describe*'],
    ['an action without a service', { ActionNames: ['DescribeCluster'] }, 'Invalid action name'],
    [
      'a policy that cannot be read',
      { PolicyInputList: ['{"Statement": [}'] },
      'PolicyInputList.1 is not a valid policy',
    ],
    [
      'a resource policy without a caller',
      { ResourcePolicy: policy({ Principal: '*' }) },
      'needs a CallerArn',
    ],
    [
      'a session as caller',
      { CallerArn: `arn:aws:sts::${account}:assumed-role/ops/ada` },
      'Invalid Caller Arn',
    ],
    [
      'an owner that is no account',
      { ResourceOwner: userArn.replace(account, 'nobody') },
      'Invalid Resource Owner',
    ],
    [
      'a number that is none',
      {
        ContextEntries: [
          { ContextKeyName: 'aws:EpochTime', ContextKeyType: 'numeric', ContextKeyValues: ['soon'] },
        ],
      },
      'aws:EpochTime are not of type numeric',
    ],
    [
      'two values of a key of one',
      {
        ContextEntries: [
          { ContextKeyName: 'aws:username', ContextKeyType: 'string', ContextKeyValues: ['a', 'b'] },
        ],
      },
      'must have exactly one value',
    ],
    [
      'two boundaries',
      { PermissionsBoundaryPolicyInputList: [policy({}), policy({})] },
      'less than or equal to 1',
    ],
    ['an unknown way of handling resources', { ResourceHandlingOption: 'EC2-Moon' }, 'enum value set'],
  ])('refused: %s', async (_, input, message) => {
    await expect(custom({ PolicyInputList: [policy({})], ...input })).rejects.toThrow(message);
  });

  test('a question that would take long is refused, one that takes some time is answered in pages', async () => {
    const long = policy(
      ...new Array(400).fill({ Action: `eks:${'?*'.repeat(60)}`, Resource: `*${'?a'.repeat(60)}` }),
    );
    const ResourceArns = Array.from({ length: 1000 }, (_, index) => cluster(`${'a'.repeat(900)}${index}`));
    await expect(custom({ PolicyInputList: [long], ResourceArns })).rejects.toThrow('too many resources');
    const ActionNames = Array.from({ length: 900 }, (_, index) => `eks:Action${index}`);
    const page = await custom({
      PolicyInputList: [long],
      ActionNames,
      ResourceArns: [cluster('a'.repeat(50))],
      MaxItems: 1000,
    });
    expect(page.IsTruncated).toBe(true);
    expect(page.EvaluationResults?.length).toBeGreaterThan(0);
    expect(page.EvaluationResults?.length).toBeLessThan(900);
  });

  test('a page ends before its answer is too long, however short the policies are', async () => {
    const numbered = (count: number, text: string) =>
      Array.from({ length: count }, (_, at) => `${text}${at}`);
    const page = await custom({
      PolicyInputList: [policy({ Action: '*' })],
      ActionNames: numbered(1000, 's3:A'),
      ResourceArns: numbered(1000, 'arn:aws:s3:::bucket'),
      MaxItems: 1000,
    });
    expect(page.IsTruncated).toBe(true);
    expect(JSON.stringify(page).length).toBeLessThan(8_000_000);
  });

  test('pages follow one another, and a marker is good for its own question only', async () => {
    const ActionNames = ['eks:A', 'eks:B', 'eks:C'];
    const question = { PolicyInputList: [policy({})], ActionNames, MaxItems: 2 };
    const first = await custom(question);
    expect(first).toMatchObject({
      IsTruncated: true,
      EvaluationResults: [{ EvalActionName: 'eks:A' }, { EvalActionName: 'eks:B' }],
    });
    const second = await custom({ ...question, Marker: first.Marker });
    expect(second).toMatchObject({ IsTruncated: false, EvaluationResults: [{ EvalActionName: 'eks:C' }] });
    await expect(
      custom({ ...question, PolicyInputList: [policy({ Effect: 'Deny' })], Marker: first.Marker }),
    ).rejects.toThrow('Invalid Marker');
  });
});

describe('the policies of a principal', () => {
  beforeEach(async () => {
    await world.user('ada');
  });

  test('nothing is allowed to a user without policies', async () => {
    expect(await ofAda()).toMatchObject({ EvalDecision: 'implicitDeny', MatchedStatements: [] });
  });

  test('inline, managed and group policies count, and are told apart', async () => {
    await put('own', policy({}));
    await world.call('AttachUserPolicy', {
      UserName: 'ada',
      PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess',
    });
    await world.call('CreateGroup', { GroupName: 'team' });
    await world.call('PutGroupPolicy', {
      GroupName: 'team',
      PolicyName: 'shared',
      PolicyDocument: policy({}),
    });
    await world.call('AddUserToGroup', { GroupName: 'team', UserName: 'ada' });
    const { MatchedStatements = [] } = await ofAda();
    expect(MatchedStatements.map(({ SourcePolicyId }) => SourcePolicyId)).toEqual([
      'user_ada_own',
      'AdministratorAccess',
      'group_team_shared',
    ]);
  });

  test('the attached boundary limits; one that is passed stands for it', async () => {
    await put('own', policy({}));
    const { Policy } = await world.call<{ Policy: { Arn: string } }>('CreatePolicy', {
      PolicyName: 'limit',
      PolicyDocument: policy({ Action: 'iam:*' }),
    });
    await world.call('PutUserPermissionsBoundary', { UserName: 'ada', PermissionsBoundary: Policy.Arn });
    expect(await ofAda()).toMatchObject({
      EvalDecision: 'implicitDeny',
      PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: false },
    });
    expect(await ofAda({ PermissionsBoundaryPolicyInputList: [policy({})] })).toMatchObject({
      EvalDecision: 'allowed',
    });
    const without = await ofAda({ PolicyExclusionList: [{ PolicyType: 'permission-boundary' }] });
    expect(without).toMatchObject({ EvalDecision: 'allowed' });
    expect(without).not.toHaveProperty('PermissionsBoundaryDecisionDetail');
  });

  test('what is known of the user fills variables; entries beat it', async () => {
    await put('own', policy({ Resource: cluster(`\${aws:username}-*`) }));
    expect(await ofAda({ ResourceArns: [cluster('ada-1')] })).toMatchObject({ EvalDecision: 'allowed' });
    const ContextEntries = [
      { ContextKeyName: 'aws:username', ContextKeyType: 'string', ContextKeyValues: ['bob'] },
    ];
    expect(await ofAda({ ResourceArns: [cluster('ada-1')], ContextEntries })).toMatchObject({
      EvalDecision: 'implicitDeny',
    });
  });

  test('policies can be added and taken away', async () => {
    await put('deny', policy({ Effect: 'Deny' }));
    expect(await ofAda({ PolicyInputList: [policy({})] })).toMatchObject({ EvalDecision: 'explicitDeny' });
    const excluded = {
      InlinePolicyIdentifier: { PolicyName: 'deny', AttachmentType: 'user', AttachmentName: 'a*' },
    };
    expect(await ofAda({ PolicyInputList: [policy({})], PolicyExclusionList: [excluded] })).toMatchObject({
      EvalDecision: 'allowed',
    });
  });

  test('somebody else may call as if they had the policies', async () => {
    await put('own', policy({ Resource: cluster(`\${aws:username}-*`) }));
    const CallerArn = userArn.replace('ada', 'bob');
    expect(await ofAda({ CallerArn, ResourceArns: [cluster('bob-1')] })).toMatchObject({
      EvalDecision: 'allowed',
    });
  });

  test.each([
    [
      'a session',
      `arn:aws:sts::${account}:assumed-role/ops/ada`,
      'does not clearly define entity type and name.',
    ],
    ['root', `arn:aws:iam::${account}:root`, 'does not clearly define entity type and name.'],
    ['nobody', `arn:aws:iam::${account}:user/nobody`, 'The user with name nobody cannot be found.'],
    ['another path', `arn:aws:iam::${account}:user/team/ada`, 'The user with name ada cannot be found.'],
    ['another account', 'arn:aws:iam::444455556666:user/ada', 'The user with name ada cannot be found.'],
  ])('refused: %s', async (_, PolicySourceArn, message) => {
    await expect(ofAda({ PolicySourceArn })).rejects.toThrow(message);
  });

  test('permission is asked on the principal, whether it is there or not', async () => {
    for (const PolicySourceArn of [userArn, `arn:aws:iam::${account}:role/nobody`]) {
      const target = await world.target('SimulatePrincipalPolicy', { PolicySourceArn });
      expect(target?.action).toBe('iam:SimulatePrincipalPolicy');
      expect(JSON.stringify(target?.resources)).toContain(PolicySourceArn);
    }
  });
});

describe('context keys', () => {
  const text = policy({
    Resource: cluster(`\${aws:PrincipalTag/team}`),
    Condition: {
      StringEquals: { 'eks:clusterName': `\${aws:username}` },
      Bool: { 'AWS:SecureTransport': 'true' },
    },
  });

  test('of documents: those of conditions and variables, each once', async () => {
    const { ContextKeyNames } = await world.call('GetContextKeysForCustomPolicy', {
      PolicyInputList: [text, text],
    });
    expect(ContextKeyNames).toEqual([
      'aws:PrincipalTag/team',
      'eks:clusterName',
      'aws:username',
      'AWS:SecureTransport',
    ]);
  });

  test('of a principal: also those of its groups and of further documents', async () => {
    await world.user('ada');
    await world.call('CreateGroup', { GroupName: 'team' });
    await world.call('PutGroupPolicy', { GroupName: 'team', PolicyName: 'shared', PolicyDocument: text });
    await world.call('AddUserToGroup', { GroupName: 'team', UserName: 'ada' });
    const { ContextKeyNames } = await world.call('GetContextKeysForPrincipalPolicy', {
      PolicySourceArn: userArn,
      PolicyInputList: [policy({ Condition: { Null: { 'aws:TagKeys': 'true' } } })],
    });
    expect(ContextKeyNames).toContain('aws:username');
    expect(ContextKeyNames).toContain('aws:TagKeys');
  });

  test('a document that cannot be read is refused', async () => {
    await expect(world.call('GetContextKeysForCustomPolicy', { PolicyInputList: ['{}'] })).rejects.toThrow(
      'PolicyInputList.1',
    );
  });
});
