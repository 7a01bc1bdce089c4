import { expect, test } from 'vitest';
import type { SnapshotAccount } from '../snapshot/snapshot.ts';
import { testAccountId, testArn, testEntry, testRole, testUser } from '../testworld.ts';
import { adaWith, ask, describeCluster, onlyIf, ops, policyText, statement } from './testworld.ts';

const cluster = `arn:aws:eks:us-east-1:${testAccountId}:cluster/prod`;

test.for<[string, string, object[]]>([
  ['no policy', 'never', []],
  ['an Allow', 'always', [describeCluster()]],
  ['a Deny beside it', 'never', [describeCluster(), statement('Deny', '*')]],
  [
    'a condition on an open key',
    'sometimes',
    [describeCluster(onlyIf('IpAddress', 'aws:SourceIp', '10.0.0.0/8'))],
  ],
  [
    'a Deny on an open key',
    'sometimes',
    [describeCluster(), statement('Deny', '*', onlyIf('Bool', 'aws:SecureTransport', 'false'))],
  ],
  [
    'a Deny without MFA',
    'sometimes',
    [
      describeCluster(),
      statement('Deny', '*', onlyIf('BoolIfExists', 'aws:MultiFactorAuthPresent', 'false')),
    ],
  ],
  [
    'a key the principal has',
    'always',
    [describeCluster(onlyIf('StringEquals', 'aws:PrincipalTag/team', 'red'))],
  ],
  [
    'a tag of another value',
    'never',
    [describeCluster(onlyIf('StringEquals', 'aws:PrincipalTag/team', 'blue'))],
  ],
  ['a tag it does not have', 'never', [describeCluster(onlyIf('StringLike', 'aws:PrincipalTag/stage', '*'))]],
  [
    'its own account',
    'always',
    [describeCluster(onlyIf('StringEquals', 'aws:PrincipalAccount', testAccountId))],
  ],
  [
    'another region than that of the resource',
    'never',
    [describeCluster(onlyIf('StringEquals', 'aws:RequestedRegion', 'eu-west-1'))],
  ],
  [
    'a grant that has ended',
    'never',
    [describeCluster(onlyIf('DateLessThan', 'aws:CurrentTime', '2026-01-01T00:00:00Z'))],
  ],
  [
    'a variable that is known',
    'always',
    [describeCluster({ Resource: cluster.replace('prod', "pro${aws:PrincipalTag/none, 'd'}") })],
  ],
  [
    'a variable that is open',
    'sometimes',
    [describeCluster({ Resource: cluster.replace('prod', '${aws:SourceVpc}') })],
  ],
  [
    'a Deny with a variable that is open',
    'sometimes',
    [describeCluster(), statement('Deny', '*', { Resource: cluster.replace('prod', '${aws:SourceVpc}') })],
  ],
  [
    'two conditions, one of which fails',
    'never',
    [
      describeCluster({
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
    [describeCluster(onlyIf('StringEquals', 'aws:CalledVia', 'x'))],
  ],
])('%s: %s', ([, certainty, statements]) => {
  expect(ask(adaWith(...statements), {}).certainty).toBe(certainty);
});

test('what an answer of sometimes depends on is listed, and nothing besides', () => {
  const answer = ask(
    adaWith(
      describeCluster(onlyIf('IpAddress', 'aws:SourceIp', '10.0.0.0/8')),
      describeCluster(),
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
  const answer = ask(adaWith(describeCluster(onlyIf('StringEquals', 'aws:PrincipalTag/team', 'blue'))), {});
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
    { managedPolicies: [{ arn: attached, document: policyText(statement('Allow', '*')) }] },
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
    testUser('ada', {
      attachedPolicyArns: [attached],
      inlinePolicies: { own: policyText(describeCluster()) },
    }),
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
      inlinePolicies: { g: policyText(describeCluster()) },
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
  const document = policyText(statement('Allow', 'iam:*'));
  expect(ask({ ...bounded, managedPolicies: [{ arn: boundary, document }] }, {})).toMatchObject({
    certainty: 'never',
    decision: { step: 'boundary' },
  });
});

test('a service control policy binds users, and not roles of AWS', () => {
  const guardrails = { serviceControl: [[policyText(statement('Allow', 'iam:*'))]], resourceControl: [] };
  expect(ask(adaWith(describeCluster()), {}, { guardrails }).certainty).toBe('never');
  const arn = testArn('role/aws-service-role/eks.amazonaws.com/ops');
  const own = testRole('ops', { arn, inlinePolicies: { own: policyText(describeCluster()) } });
  expect(ask({ roles: [own] }, { subject: { ...ops, arn } }, { guardrails }).certainty).toBe('always');
});

test('of two entries that differ in the path of their principal alone, the ARN of an entry tells neither', () => {
  const own = adaWith(
    statement(
      'Allow',
      'eks:UpdateAccessEntry',
      onlyIf('StringEquals', 'eks:principalArn', testArn('role/ops')),
    ),
  );
  const resource = `arn:aws:eks:us-east-1:${testAccountId}:access-entry/prod/role/${testAccountId}/ops/x`;
  const accessEntries = [testEntry(testArn('role/ops')), testEntry(testArn('role/team/ops'))];
  for (const entries of [accessEntries, accessEntries.toReversed()]) {
    const question = { action: 'eks:UpdateAccessEntry', resource };
    expect(ask(own, question, { cluster: { accessEntries: entries } }).certainty).toBe('sometimes');
  }
});
