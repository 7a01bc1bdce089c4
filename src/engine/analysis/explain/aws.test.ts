import { describe, expect, test } from 'vitest';
import type { IamDecision } from '../../iam/decision.ts';
import type { IamQuestion } from '../iamworld/answer.ts';
import {
  testAccount,
  testAccountId,
  testArn,
  testRole,
  testSnapshot,
  testUser,
  testWorld,
} from '../testworld.ts';
import type { IamSubject } from '../world/subject.ts';
import { createWorld } from '../world/world.ts';
import { type AwsExplanation, anyCluster, explainAws } from './aws.ts';
import { iamHints } from './iamtext.ts';

const ada: IamSubject = {
  ...{ kind: 'iam', type: 'user', arn: testArn('user/ada'), accountId: testAccountId },
  ...{ principalId: 'AIDAADA', standing: 'exists' },
};
const prod = `arn:aws:eks:us-east-1:${testAccountId}:cluster/prod`;
const document = (...Statement: object[]): string => JSON.stringify({ Version: '2012-10-17', Statement });
const describeCluster = { Effect: 'Allow', Action: 'eks:DescribeCluster', Resource: '*' };

const trustsBob = { Effect: 'Allow', Principal: { AWS: testArn('user/bob') }, Action: 'sts:AssumeRole' };

function explain(
  statements: readonly object[],
  {
    user = {},
    world: more = {},
    ...question
  }: Partial<IamQuestion> & { readonly user?: object; readonly world?: Parameters<typeof testWorld>[0] } = {},
): AwsExplanation {
  const inlinePolicies = statements.length === 0 ? {} : { own: document(...statements) };
  const { world, cluster } = testWorld({
    account: {
      users: [testUser('ada', { inlinePolicies, tags: { team: 'red' }, ...user })],
      roles: [testRole('ops', { trustPolicy: document(trustsBob) })],
      managedPolicies: [
        { arn: testArn('policy/edge'), document: document({ ...describeCluster, Action: 's3:*' }) },
      ],
    },
    ...more,
  });
  return explainAws(world, cluster, {
    subject: ada,
    action: 'eks:DescribeCluster',
    resource: prod,
    ...question,
  });
}

const last = ({ steps }: AwsExplanation) => steps.at(-1);

describe('a refused call has the step that refused, what came nearest and what to do next', () => {
  test('no statement: the one that would allow it is told, and does', () => {
    const found = explain([]);
    expect(last(found)).toMatchObject({ outcome: 'failed', code: 'implicitDeny', hint: iamHints.identity });
    const [change] = found.changes;
    expect(change).toMatchObject({
      certain: true,
      statements: [{ Effect: 'Allow', Action: 'eks:DescribeCluster', Resource: prod }],
    });
    expect(change?.commands[0]).toMatch(
      /^aws iam put-user-policy --user-name ada --policy-name allow-eks-describecluster /,
    );
    expect(explain([change?.statements[0] ?? {}]).allowed).toBe(true);
  });

  test('a condition that failed: operator, key and values are told', () => {
    const found = explain([
      { ...describeCluster, Condition: { StringEquals: { 'aws:PrincipalTag/team': ['blue', 'green'] } } },
    ]);
    expect(last(found)?.misses[0]).toMatchObject({
      code: 'condition',
      message:
        'statement 1 of inline policy `own` of user `ada`: condition `StringEquals` on `aws:PrincipalTag/team` ' +
        'compares with `blue` or `green`, and the request has another value',
    });
  });

  test('a key the request does not have, and another resource', () => {
    const absent = explain([
      { ...describeCluster, Condition: { StringLike: { 'aws:PrincipalTag/stage': '*' } } },
    ]);
    expect(last(absent)?.misses[0]?.message).toContain('and the request does not have the key');
    const other = explain([{ ...describeCluster, Resource: `${prod}-2` }]);
    expect(last(other)?.misses[0]).toMatchObject({
      code: 'resource',
      hint: 'add the resource to the statement',
    });
  });

  test('a deny: nothing that could be added helps, and nothing is proposed', () => {
    const found = explain([describeCluster, { Sid: 'No', Effect: 'Deny', Action: '*', Resource: '*' }]);
    expect(last(found)).toMatchObject({ code: 'explicitDeny', hint: expect.stringContaining('a deny wins') });
    expect(last(found)?.message).toContain('statement 2 (`No`) of inline policy `own` of user `ada` denies');
    expect(found.changes).toEqual([]);
  });

  test('a boundary: a policy of the principal does not help, and none is proposed', () => {
    const found = explain([describeCluster], { user: { permissionsBoundaryArn: testArn('policy/edge') } });
    expect(last(found)).toMatchObject({ outcome: 'failed', hint: iamHints.boundary });
    expect(found.changes).toEqual([]);
  });

  test('a trust policy: the statement is added to what is there', () => {
    const found = explain([{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' }], {
      ...{ action: 'sts:AssumeRole', resource: testArn('role/ops') },
    });
    expect(last(found)).toMatchObject({ outcome: 'failed', hint: iamHints.trust });
    expect(found.changes[0]).toMatchObject({ certain: true, statements: [{ Principal: { AWS: ada.arn } }] });
  });

  test('a role of another account, and somebody who may not ask for it either: both statements, in one proposal', () => {
    const resource = 'arn:aws:iam::444455556666:role/theirs';
    const theirs = testRole('theirs', { arn: resource, trustPolicy: document(trustsBob) });
    const world = createWorld({
      ...testSnapshot(),
      accounts: [
        testAccount({ users: [testUser('ada')] }),
        testAccount({ accountId: '444455556666', roles: [theirs] }),
      ],
    });
    const question = { subject: ada, action: 'sts:AssumeRole', resource };
    const [change, ...others] = explainAws(world, anyCluster(world), question).changes;
    expect(others).toEqual([]);
    expect(change).toMatchObject({ certain: true });
    expect(change?.statements).toContainEqual(expect.objectContaining({ Resource: resource }));
    expect(change?.statements).toContainEqual(expect.objectContaining({ Principal: { AWS: ada.arn } }));
    expect(change?.commands.map((one) => one.split(' ')[2]).sort()).toEqual([
      'put-user-policy',
      'update-assume-role-policy',
    ]);
  });

  test.each([
    'aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_0123456789abcdef',
    'aws-service-role/x.amazonaws.com/AWSServiceRoleForX',
  ])('of role/%s AWS alone changes the policies, and none is proposed', (path) => {
    const { world, cluster } = testWorld({ account: { roles: [testRole(path)] } });
    const subject: IamSubject = { ...ada, type: 'role', arn: testArn(`role/${path}`), principalId: '' };
    const found = explainAws(world, cluster, { subject, action: 'eks:DescribeCluster', resource: prod });
    expect(found).toMatchObject({ certainty: 'never', changes: [] });
  });

  test('what was not read of files, blocks and the account of the resource is told', () => {
    const gap = (area: 'file' | 'blocks' | 'iam' | 'rbac', accountId?: string) => ({
      ...{ area, reason: `${area} ${accountId ?? ''}`, ...(accountId !== undefined && { accountId }) },
    });
    const gaps = [
      gap('file'),
      gap('blocks'),
      gap('iam', '444455556666'),
      gap('iam', '777788889999'),
      gap('rbac'),
    ];
    const found = explain([], { resource: prod.replace(testAccountId, '444455556666'), world: { gaps } });
    expect(found.incomplete.map(({ reason }) => reason)).toEqual(['file ', 'blocks ', 'iam 444455556666']);
  });

  test('somebody who is blocked calls nothing, whatever policies say', () => {
    const found = explain([describeCluster], {
      world: { blocks: [{ kind: 'principalId', target: 'AIDAADA' }] },
    });
    expect(found).toMatchObject({ allowed: false, certainty: 'never', changes: [] });
    expect(found.steps.map(({ outcome, code }) => `${outcome} ${code}`)).toEqual([
      'failed blocked',
      'notReached notReached',
    ]);
  });
});

test('what is open is told, and not called allowed', () => {
  const found = explain([{ ...describeCluster, Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } }]);
  expect(found).toMatchObject({ allowed: false, certainty: 'sometimes' });
  expect(found.conditions[0]?.message).toContain('only if `IpAddress` on `aws:SourceIp` `10.0.0.0/8`');
  const told = explain([{ ...describeCluster, Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } }], {
    context: { 'aws:SourceIp': '10.1.2.3' },
  });
  expect(told.allowed).toBe(true);
});

test('every step that can refuse has what to do next', () => {
  const steps: readonly IamDecision['step'][] = [
    ...([
      'identity',
      'boundary',
      'session',
      'resource',
      'trust',
      'account',
      'credential',
      'scp',
      'rcp',
      'root',
    ] as const),
  ];
  for (const step of steps) expect(iamHints[step].length).toBeGreaterThan(20);
});
