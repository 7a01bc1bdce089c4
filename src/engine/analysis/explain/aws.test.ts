import { describe, expect, test } from 'vitest';
import type { IamDecision } from '../../iam/decision.ts';
import type { IamQuestion } from '../iamworld/answer.ts';
import { testAccountId, testArn, testRole, testUser, testWorld } from '../testworld.ts';
import type { IamSubject } from '../world/subject.ts';
import { type AwsExplanation, explainAws } from './aws.ts';
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
      statement: { Effect: 'Allow', Action: 'eks:DescribeCluster', Resource: prod },
    });
    expect(change?.commands[0]).toMatch(
      /^aws iam put-user-policy --user-name ada --policy-name allow-eks-describecluster /,
    );
    expect(explain([change?.statement ?? {}]).allowed).toBe(true);
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
    expect(found.changes[0]).toMatchObject({ certain: true, statement: { Principal: { AWS: ada.arn } } });
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
