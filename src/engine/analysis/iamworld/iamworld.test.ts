import { expect, test } from 'vitest';
import type { SnapshotAccount } from '../snapshot/snapshot.ts';
import { testAccountId, testArn, testEntry, testRole, testUser, testWorld } from '../testworld.ts';
import type { IamSubject } from '../world/subject.ts';
import type { IamAnswer, IamQuestion } from './answer.ts';
import { createIamWorld } from './iamworld.ts';

const statement = (Effect: 'Allow' | 'Deny', Action: string, more: object = {}): object => ({
  Effect,
  Action,
  Resource: '*',
  ...more,
});
const policy = (...Statement: object[]): string => JSON.stringify({ Version: '2012-10-17', Statement });
const trusts = (AWS: string | string[], more: object = {}): string =>
  policy({ Effect: 'Allow', Principal: { AWS }, Action: 'sts:AssumeRole', ...more });
const ada: IamSubject = {
  ...{ kind: 'iam', type: 'user', arn: testArn('user/ada'), accountId: testAccountId },
  ...{ principalId: 'AIDAADA', standing: 'exists' },
};
const ops: IamSubject = { ...ada, type: 'role', arn: testArn('role/ops'), principalId: 'AROAOPS' };
const stranger: IamSubject = {
  ...{ kind: 'iam', type: 'role', arn: 'arn:aws:iam::444455556666:role/ci', accountId: '444455556666' },
  ...{ principalId: '', standing: 'unlisted' },
};
const cluster = `arn:aws:eks:us-east-1:${testAccountId}:cluster/prod`;

function ask(
  account: Partial<SnapshotAccount>,
  question: Partial<IamQuestion>,
  more: Parameters<typeof testWorld>[0] = {},
): IamAnswer {
  const { world } = testWorld({ account, ...more });
  return createIamWorld(world).ask({
    subject: ada,
    action: 'eks:DescribeCluster',
    resource: cluster,
    ...question,
  });
}

const adaWith = (...statements: object[]): Partial<SnapshotAccount> => ({
  users: [
    testUser('ada', {
      // A policy without statements is none: IAM refuses it.
      inlinePolicies: statements.length === 0 ? {} : { own: policy(...statements) },
      tags: { team: 'red' },
    }),
  ],
});
const describe = (more: object = {}) => statement('Allow', 'eks:DescribeCluster', more);
const onlyIf = (operator: string, key: string, value: string | string[]) => ({
  Condition: { [operator]: { [key]: value } },
});

test.for<[string, string, object[]]>([
  ['no policy', 'never', []],
  ['an Allow', 'always', [describe()]],
  ['a Deny beside it', 'never', [describe(), statement('Deny', '*')]],
  ['a condition on an open key', 'sometimes', [describe(onlyIf('IpAddress', 'aws:SourceIp', '10.0.0.0/8'))]],
  [
    'a Deny on an open key',
    'sometimes',
    [describe(), statement('Deny', '*', onlyIf('Bool', 'aws:SecureTransport', 'false'))],
  ],
  [
    'a Deny without MFA',
    'sometimes',
    [describe(), statement('Deny', '*', onlyIf('BoolIfExists', 'aws:MultiFactorAuthPresent', 'false'))],
  ],
  ['a key the principal has', 'always', [describe(onlyIf('StringEquals', 'aws:PrincipalTag/team', 'red'))]],
  ['a tag of another value', 'never', [describe(onlyIf('StringEquals', 'aws:PrincipalTag/team', 'blue'))]],
  ['a tag it does not have', 'never', [describe(onlyIf('StringLike', 'aws:PrincipalTag/stage', '*'))]],
  ['its own account', 'always', [describe(onlyIf('StringEquals', 'aws:PrincipalAccount', testAccountId))]],
  [
    'another region than that of the resource',
    'never',
    [describe(onlyIf('StringEquals', 'aws:RequestedRegion', 'eu-west-1'))],
  ],
  [
    'a grant that has ended',
    'never',
    [describe(onlyIf('DateLessThan', 'aws:CurrentTime', '2026-01-01T00:00:00Z'))],
  ],
  [
    'a variable that is known',
    'always',
    [describe({ Resource: cluster.replace('prod', "pro${aws:PrincipalTag/none, 'd'}") })],
  ],
  [
    'a variable that is open',
    'sometimes',
    [describe({ Resource: cluster.replace('prod', '${aws:SourceVpc}') })],
  ],
  [
    'a Deny with a variable that is open',
    'sometimes',
    [describe(), statement('Deny', '*', { Resource: cluster.replace('prod', '${aws:SourceVpc}') })],
  ],
  [
    'two conditions, one of which fails',
    'never',
    [
      describe({
        Condition: {
          StringEquals: { 'aws:PrincipalTag/team': 'blue' },
          IpAddress: { 'aws:SourceIp': '10.0.0.0/8' },
        },
      }),
    ],
  ],
  [
    'a list key without a set operator: the engine cannot judge it either',
    'sometimes',
    [describe(onlyIf('StringEquals', 'aws:CalledVia', 'x'))],
  ],
])('%s: %s', ([, certainty, statements]) => {
  expect(ask(adaWith(...statements), {}).certainty).toBe(certainty);
});

test('what an answer of sometimes depends on is listed, and nothing besides', () => {
  const answer = ask(
    adaWith(
      describe(onlyIf('IpAddress', 'aws:SourceIp', '10.0.0.0/8')),
      describe(),
      statement('Deny', 'eks:*', { Sid: 'Tls', ...onlyIf('Bool', 'aws:SecureTransport', 'false') }),
    ),
    {},
  );
  expect(answer).toMatchObject({
    certainty: 'sometimes',
    conditions: [
      {
        ...{
          kind: 'condition',
          effect: 'Deny',
          operator: 'Bool',
          key: 'aws:SecureTransport',
          values: ['false'],
        },
        statement: { sid: 'Tls', index: 2 },
      },
    ],
  });
});

test('the decision of a refusal names the condition that failed', () => {
  const answer = ask(adaWith(describe(onlyIf('StringEquals', 'aws:PrincipalTag/team', 'blue'))), {});
  expect(answer.decision).toMatchObject({
    ...{ decision: 'implicitDeny', step: 'identity' },
    misses: [{ element: 'condition', condition: { key: 'aws:PrincipalTag/team', absent: false } }],
  });
});

test('what the asker says of the request is known', () => {
  const account = adaWith(
    statement('Allow', 'eks:AssociateAccessPolicy', onlyIf('StringEquals', 'eks:accessScope', 'namespace')),
  );
  const question = {
    action: 'eks:AssociateAccessPolicy',
    resource: `arn:aws:eks:us-east-1:${testAccountId}:access-entry/prod/user/${testAccountId}/ada/x`,
  };
  expect(ask(account, question).certainty).toBe('sometimes');
  expect(ask(account, { ...question, context: { 'eks:accessScope': 'cluster' } }).certainty).toBe('never');
  expect(ask(account, { ...question, context: { 'eks:accessScope': 'namespace' } }).certainty).toBe('always');
});

test('what an entry of the snapshot says of itself is known', () => {
  const account = adaWith(
    statement(
      'Allow',
      'eks:UpdateAccessEntry',
      onlyIf('StringEquals', 'eks:principalArn', testArn('role/ops')),
    ),
  );
  const entry = (name: string) =>
    `arn:aws:eks:us-east-1:${testAccountId}:access-entry/prod/role/${testAccountId}/${name}/x`;
  const more = {
    cluster: { accessEntries: [testEntry(testArn('role/ops')), testEntry(testArn('role/dev'))] },
  };
  expect(ask(account, { action: 'eks:UpdateAccessEntry', resource: entry('ops') }, more).certainty).toBe(
    'always',
  );
  expect(ask(account, { action: 'eks:UpdateAccessEntry', resource: entry('dev') }, more).certainty).toBe(
    'never',
  );
});

const attached = 'arn:aws:iam::aws:policy/AdministratorAccess';

test.for<[string, string, Partial<SnapshotAccount>]>([
  [
    'a managed policy that was read',
    'always',
    { managedPolicies: [{ arn: attached, document: policy(statement('Allow', '*')) }] },
  ],
  ['a managed policy without document', 'sometimes', { managedPolicies: [{ arn: attached }] }],
  ['a managed policy that is not there', 'sometimes', {}],
])('%s: %s', ([, certainty, account]) => {
  expect(
    ask({ users: [testUser('ada', { attachedPolicyArns: [attached] })], ...account }, {}).certainty,
  ).toBe(certainty);
});

test('a policy that was not read may also deny', () => {
  const users = [
    testUser('ada', { attachedPolicyArns: [attached], inlinePolicies: { own: policy(describe()) } }),
  ];
  expect(ask({ users }, {})).toMatchObject({
    certainty: 'sometimes',
    conditions: [{ kind: 'policyNotRead', arn: attached }],
  });
});

test('a group grants, a boundary limits, and one that was not read might', () => {
  const groups = [
    {
      arn: testArn('group/devs'),
      name: 'devs',
      inlinePolicies: { g: policy(describe()) },
      attachedPolicyArns: [],
    },
  ];
  const boundary = testArn('policy/limits');
  const user = (change: object) => ({
    users: [testUser('ada', { groupNames: ['devs'], ...change })],
    groups,
  });
  expect(ask(user({}), {}).certainty).toBe('always');
  expect(ask({ ...user({}), groups: [] }, {}).certainty).toBe('sometimes');
  const bounded = user({ permissionsBoundaryArn: boundary });
  expect(ask(bounded, {}).certainty).toBe('sometimes');
  const document = policy(statement('Allow', 'iam:*'));
  expect(ask({ ...bounded, managedPolicies: [{ arn: boundary, document }] }, {})).toMatchObject({
    certainty: 'never',
    decision: { step: 'boundary' },
  });
});

test('a service control policy binds users, and not roles of AWS', () => {
  const guardrails = { serviceControl: [[policy(statement('Allow', 'iam:*'))]], resourceControl: [] };
  expect(ask(adaWith(describe()), {}, { guardrails }).certainty).toBe('never');
  const arn = testArn('role/aws-service-role/eks.amazonaws.com/ops');
  const own = testRole('ops', { arn, inlinePolicies: { own: policy(describe()) } });
  expect(ask({ roles: [own] }, { subject: { ...ops, arn } }, { guardrails }).certainty).toBe('always');
});

const assume = { action: 'sts:AssumeRole', resource: testArn('role/admin') };
const admin = (trustPolicy: string, change: object = {}) => testRole('admin', { trustPolicy, ...change });
const mayAssume = statement('Allow', 'sts:AssumeRole');

test.for<[string, string, Partial<SnapshotAccount>, Partial<IamQuestion>?]>([
  ['named by the trust policy', 'always', { ...adaWith(), roles: [admin(trusts(ada.arn))] }],
  [
    'named, and denied by a policy of its own',
    'never',
    { ...adaWith(statement('Deny', 'sts:*')), roles: [admin(trusts(ada.arn))] },
  ],
  [
    'its account named, no policy of its own',
    'never',
    { ...adaWith(), roles: [admin(trusts(testArn('root')))] },
  ],
  [
    'its account named, and a policy of its own',
    'always',
    { ...adaWith(mayAssume), roles: [admin(trusts(testArn('root')))] },
  ],
  [
    'a policy of its own, and no trust',
    'never',
    { ...adaWith(mayAssume), roles: [admin(trusts(testArn('role/x')))] },
  ],
  [
    'trusted with an external id',
    'sometimes',
    { ...adaWith(), roles: [admin(trusts(ada.arn, onlyIf('StringEquals', 'sts:ExternalId', 's3')))] },
  ],
  [
    'trusted with MFA',
    'sometimes',
    { ...adaWith(), roles: [admin(trusts(ada.arn, onlyIf('Bool', 'aws:MultiFactorAuthPresent', 'true')))] },
  ],
  [
    'a former user of the name is pinned',
    'never',
    { ...adaWith(), roles: [admin(trusts(ada.arn), { trustedPrincipalIds: { [ada.arn]: 'AIDAFORMER' } })] },
  ],
  [
    'pinned',
    'always',
    { ...adaWith(), roles: [admin(trusts(ada.arn), { trustedPrincipalIds: { [ada.arn]: 'AIDAADA' } })] },
  ],
  ['no such role', 'never', adaWith(mayAssume)],
  [
    'a role of an account nobody read',
    'sometimes',
    adaWith(mayAssume),
    { resource: 'arn:aws:iam::444455556666:role/x' },
  ],
  [
    'root',
    'never',
    { roles: [admin(trusts(testArn('root')))] },
    { subject: { ...ada, type: 'root', arn: testArn('root') } },
  ],
  [
    'somebody of an account nobody read, trusted',
    'sometimes',
    { roles: [admin(trusts(stranger.arn))] },
    { subject: stranger },
  ],
  [
    'the same, pinned',
    'sometimes',
    { roles: [admin(trusts(stranger.arn), { trustedPrincipalIds: { [stranger.arn]: 'AROACI' } })] },
    { subject: stranger },
  ],
  ['the same, not trusted', 'never', { roles: [admin(trusts(ada.arn))] }, { subject: stranger }],
  [
    'a session of one name is trusted',
    'sometimes',
    { roles: [testRole('ops'), admin(trusts(`arn:aws:sts::${testAccountId}:assumed-role/ops/alice`))] },
    { subject: ops },
  ],
])('for a role: %s: %s', ([, certainty, account, question]) => {
  expect(ask(account, { ...assume, ...question }).certainty).toBe(certainty);
});

test('an Allow elsewhere does not hide that another session is denied', () => {
  const Principal = { AWS: `arn:aws:sts::${testAccountId}:assumed-role/ops/alice` };
  const trust = policy(
    { Effect: 'Allow', Principal: { AWS: ops.arn }, Action: 'sts:AssumeRole' },
    { Effect: 'Deny', Principal, Action: 'sts:AssumeRole' },
  );
  expect(ask({ roles: [testRole('ops'), admin(trust)] }, { ...assume, subject: ops })).toMatchObject({
    certainty: 'sometimes',
    conditions: [{ kind: 'session', sessionName: 'alice' }],
  });
});

test('tags of a role are known only where no session can bring its own', () => {
  const own = {
    inlinePolicies: { own: policy(describe(onlyIf('StringEquals', 'aws:PrincipalTag/team', 'blue'))) },
    tags: { team: 'red' },
  };
  expect(ask({ roles: [testRole('ops', own)] }, { subject: ops }).certainty).toBe('never');
  const taggable = {
    ...own,
    trustPolicy: trusts(testArn('root'), { Action: ['sts:AssumeRole', 'sts:TagSession'] }),
  };
  expect(ask({ roles: [testRole('ops', taggable)] }, { subject: ops }).certainty).toBe('sometimes');
});

test('a service gets a role by the trust policy alone', () => {
  const trustPolicy = policy({
    Effect: 'Allow',
    Principal: { Service: 'ec2.amazonaws.com' },
    Action: 'sts:AssumeRole',
  });
  const { world } = testWorld({ account: { roles: [admin(trustPolicy)] } });
  const role = world.principals.named(testArn('role/admin'));
  if (role?.kind !== 'role') throw new Error('the role is there');
  const iam = createIamWorld(world);
  const of = (name: string) =>
    iam.askOutsider({ outsider: { kind: 'service', name }, action: 'sts:AssumeRole', role }).certainty;
  expect([of('ec2.amazonaws.com'), of('lambda.amazonaws.com')]).toEqual(['always', 'never']);
});

test('an administrator by its own policies is still limited by its boundary', () => {
  const boundary = testArn('policy/limits');
  const document = policy(statement('Allow', 'eks:*'));
  const users = [testUser('ada', { permissionsBoundaryArn: boundary })];
  const { world } = testWorld({ account: { users, managedPolicies: [{ arn: boundary, document }] } });
  const iam = createIamWorld(world);
  const as = (action: string) => iam.askAsAdministrator({ subject: ada, action, resource: '*' }).certainty;
  expect([as('eks:ListClusters'), as('iam:ListUsers')]).toEqual(['always', 'never']);
});

test('who may allow is found by exact and by wild resources', () => {
  const { world } = testWorld({
    account: {
      users: [
        testUser('exact', {
          inlinePolicies: {
            p: policy(statement('Allow', 'sts:AssumeRole', { Resource: testArn('role/a') })),
          },
        }),
        testUser('wild', {
          inlinePolicies: { p: policy(statement('Allow', 'sts:*', { Resource: testArn('role/*') })) },
        }),
        testUser('other', {
          inlinePolicies: { p: policy(statement('Allow', 'sts:*', { Resource: testArn('role/b') })) },
        }),
        testUser('unread', { attachedPolicyArns: [attached] }),
        testUser('nobody'),
      ],
    },
  });
  const found = createIamWorld(world).allowers.of('sts:AssumeRole', testArn('role/a'));
  expect([...found].map(({ record }) => record.name).sort()).toEqual(['exact', 'unread', 'wild']);
});

test('10,000 principals are asked one question in about half a second', () => {
  const shared = testArn('policy/shared');
  const users = Array.from({ length: 10_000 }, (_, at) =>
    testUser(`u${at}`, {
      attachedPolicyArns: [shared],
      inlinePolicies: {
        own: policy(
          statement('Allow', 's3:*'),
          describe(onlyIf('IpAddress', 'aws:SourceIp', `10.0.${at % 250}.0/24`)),
        ),
      },
    }),
  );
  const { world } = testWorld({
    account: { users, managedPolicies: [{ arn: shared, document: policy(statement('Allow', 'ec2:*')) }] },
  });
  const iam = createIamWorld(world);
  // The processor's time: the machine may have other things to do.
  const started = process.cpuUsage();
  for (const { arn, principalId } of users) {
    const { certainty } = iam.ask({
      subject: { ...ada, arn, principalId },
      ...{ action: 'eks:DescribeCluster', resource: cluster },
    });
    if (certainty !== 'sometimes') throw new Error(`${arn}: ${certainty}`);
  }
  const { user, system } = process.cpuUsage(started);
  expect((user + system) / 1e6).toBeLessThan(1.5);
});
