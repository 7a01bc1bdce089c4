import { describe, expect, test } from 'vitest';
import { compileStoredPolicy } from '../../iam/compile.ts';
import { evaluate } from '../../iam/evaluate.ts';
import { knownActions } from '../catalogue/catalogue.ts';
import type { SnapshotRole } from '../snapshot/snapshot.ts';
import { testArn, testClusterArn, testRole, testUser } from '../testworld.ts';
import type { AccessUse } from '../usage/use.ts';
import { principalOf } from '../world/callers.ts';
import type { IamSubject } from '../world/subject.ts';
import { call, type Given, ops, shrink } from './testworld.ts';

describe('what was needed of IAM', () => {
  const policy = (...Statement: object[]): string => JSON.stringify({ Version: '2012-10-17', Statement });
  const grant = (
    Action: string | string[],
    Resource: string | string[] = '*',
    more: object = {},
  ): object => ({ Effect: 'Allow', Action, Resource, ...more });
  const holding = (...statements: object[]): Given => ({
    account: { roles: [testRole('ops', { inlinePolicies: { own: policy(...statements) } })] },
  });
  const other = 'arn:aws:eks:us-east-1:111122223333:cluster/other';

  function mayBy(document: unknown, action: string, resource: string): boolean {
    const compiled = compileStoredPolicy(JSON.stringify(document), 'identity', {
      type: 'inline',
      name: 'own',
    });
    const request = {
      principal: principalOf(ops, 'aws', 's'),
      action,
      resource,
      resourceAccountId: '111122223333',
      context: new Map(),
    };
    return (
      evaluate(request as unknown as Parameters<typeof evaluate>[0], { identity: [compiled] }).decision ===
      'allowed'
    );
  }

  test.each<[string, AccessUse]>([
    ['a refused call', call('eks:ListClusters', [], { allowed: false })],
    ['what nobody needs a permission for', call('sts:GetCallerIdentity')],
    ['what no statement allows: a trust policy did', call('iam:GetRole', [testArn('role/x')])],
  ])('%s gets no policy', (_, one) => {
    expect(shrink(holding(grant('eks:*')), [one]).iam?.policy).toBeUndefined();
  });

  test('actions and resources that were used, no others', () => {
    const { iam } = shrink(holding(grant('*')), [
      call('eks:DescribeCluster', [testClusterArn]),
      call('eks:ListClusters'),
      call('eks:DescribeCluster', [other]),
    ]);
    expect(iam?.policy).toEqual({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: ['eks:DescribeCluster'], Resource: [other, testClusterArn].sort() },
        { Effect: 'Allow', Action: ['eks:ListClusters'], Resource: ['*'] },
      ],
    });
    expect(iam?.neverUsed).toContain('iam:CreateUser');
    expect(mayBy(iam?.policy, 'eks:DescribeCluster', testClusterArn)).toBe(true);
    expect(mayBy(iam?.policy, 'eks:DeleteCluster', testClusterArn)).toBe(false);
  });

  test('a call whose resource is not told keeps the resources that are held', () => {
    const { iam } = shrink(holding(grant('eks:*', testClusterArn)), [call('eks:DescribeCluster')]);
    expect(iam?.policy?.Statement).toEqual([
      { Effect: 'Allow', Action: ['eks:DescribeCluster'], Resource: [testClusterArn] },
    ]);
  });

  test('conditions and denials stay', () => {
    const Condition = { Bool: { 'aws:MultiFactorAuthPresent': ['true'] } };
    const deny = { Effect: 'Deny', NotAction: ['eks:*'], Resource: ['*'] };
    const { iam } = shrink(holding(grant('eks:*', '*', { Condition }), deny), [
      call('eks:DescribeCluster', [testClusterArn]),
    ]);
    expect(iam?.policy?.Statement).toEqual([
      { Effect: 'Allow', Action: ['eks:DescribeCluster'], Resource: [testClusterArn], Condition },
      deny,
    ]);
  });

  test('text of the earlier version does not become a variable', () => {
    const resource = 'arn:aws:eks:us-east-1:111122223333:cluster/${aws:username}*';
    const old = JSON.stringify({ Version: '2008-10-17', Statement: [grant('eks:*', resource)] });
    const { iam } = shrink({ account: { roles: [testRole('ops', { inlinePolicies: { old } })] } }, [
      call('eks:DescribeCluster'),
    ]);
    expect(iam?.policy?.Statement[0]?.Resource).toEqual([
      'arn:aws:eks:us-east-1:111122223333:cluster/${$}{aws:username}*',
    ]);
  });

  test('a proposal allows nothing its policies do not', () => {
    const statements = [
      grant(['eks:Describe*', 'iam:Get*'], ['*']),
      grant('eks:*', testClusterArn),
      { Effect: 'Allow', NotAction: ['iam:*'], NotResource: [other] },
      { Effect: 'Deny', Action: ['eks:DeleteCluster'], Resource: ['*'] },
    ];
    const uses = [
      'eks:DescribeCluster',
      'eks:CreateAccessEntry',
      'iam:GetRole',
      'eks:ListClusters',
      'eks:DeleteCluster',
    ].flatMap((action) => [call(action, [testClusterArn]), call(action)]);
    const { iam } = shrink(holding(...statements), uses);
    const held = { Version: '2012-10-17', Statement: statements };
    let compared = 0;
    for (const { name } of knownActions) {
      for (const resource of ['*', testClusterArn, other, testArn('role/x')]) {
        if (!mayBy(iam?.policy, name, resource)) continue;
        expect(mayBy(held, name, resource), `${name} ${resource}`).toBe(true);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(0);
  });

  test('somebody whose policies were not read gets none, and is told', () => {
    const stranger: IamSubject = {
      ...ops,
      accountId: '444455556666',
      arn: 'arn:aws:iam::444455556666:role/x',
      standing: 'unlisted',
    };
    const uses = [call('eks:ListClusters', [], { who: { principalArn: stranger.arn } })];
    const { iam } = shrink({}, uses, { subject: stranger });
    expect(iam).toMatchObject({
      notes: [expect.stringContaining('are not known')],
      used: [{ action: 'eks:ListClusters' }],
    });
    expect(iam?.policy).toBeUndefined();
  });

  test('root gets none, and is told why', () => {
    const root: IamSubject = { ...ops, type: 'root', arn: testArn('root'), principalId: '111122223333' };
    const { iam } = shrink({}, [call('eks:ListClusters', [], { who: { principalArn: root.arn } })], {
      subject: root,
    });
    expect(iam).toMatchObject({ notes: [expect.stringContaining('no policy limits the root')] });
    expect(iam?.policy).toBeUndefined();
  });

  test.each<[string, Partial<SnapshotRole>, string]>([
    ['not read', { attachedPolicyArns: [testArn('policy/unread')] }, 'policy `unread` was not read'],
    ['not understood', { inlinePolicies: { own: policy(grant('eks:*')), odd: '{' } }, 'cannot be understood'],
  ])('a policy that was %s stays: it may deny something', (_, change, note) => {
    const role = testRole('ops', { inlinePolicies: { own: policy(grant('eks:*')) }, ...change });
    const { iam } = shrink({ account: { roles: [role] } }, [call('eks:ListClusters')]);
    expect(iam?.notes).toEqual([expect.stringMatching(`${note}.*leave it where it is`)]);
  });

  test('a user is to leave the groups whose policies the proposal replaces', () => {
    const ada: IamSubject = { ...ops, type: 'user', arn: testArn('user/ada'), principalId: 'AIDAADA' };
    const { iam } = shrink(
      {
        account: {
          users: [testUser('ada', { groupNames: ['devs'] })],
          groups: [
            {
              ...{ arn: testArn('group/devs'), name: 'devs', attachedPolicyArns: [] },
              inlinePolicies: { own: policy(grant('eks:*')) },
            },
          ],
        },
      },
      [call('eks:ListClusters', [], { who: { principalArn: ada.arn } })],
      { subject: ada },
    );
    expect(iam?.policy?.Statement).toMatchObject([{ Action: ['eks:ListClusters'] }]);
    expect(iam?.notes).toEqual([expect.stringContaining('take it out of `devs`')]);
  });

  test('a policy that is too long for one is told', () => {
    const arns = Array.from({ length: 120 }, (_, at) => `${testClusterArn}-${at}`);
    const { iam } = shrink(holding(grant('eks:*')), [call('eks:DescribeCluster', arns)]);
    expect(iam?.notes).toEqual([expect.stringContaining('at most 6144')]);
  });
});
