import { expect, test } from 'vitest';
import { onlyIf, policyText as policy, statement } from '../iamworld/testworld.ts';
import type { SnapshotCluster } from '../snapshot/snapshot.ts';
import { testArn, testClusterArn, testRole, testUser, testWorld } from '../testworld.ts';
import { createReach } from './reach.ts';
import { api, apiAccount, firstStep } from './testworld.ts';

const app = testArn('role/app');
const trusts = (Action: string | string[], more: object = {}) =>
  policy({ Effect: 'Allow', Principal: { Service: 'pods.eks.amazonaws.com' }, Action, ...more });
const both = ['sts:AssumeRole', 'sts:TagSession'];
const tag = (name: string, value: string) => onlyIf('StringEquals', `aws:RequestTag/${name}`, value);

test.for<readonly [string, string | undefined, string, Partial<SnapshotCluster>?]>([
  ['trusted', 'podIdentity sometimes', trusts(both)],
  ['trusted without tags', 'podIdentity sometimes', trusts('sts:AssumeRole')],
  ['tags alone', undefined, trusts('sts:TagSession')],
  ['of its namespace', 'podIdentity sometimes', trusts(both, tag('kubernetes-namespace', 'payments'))],
  ['of another namespace', undefined, trusts(both, tag('kubernetes-namespace', 'other'))],
  ['of another account', undefined, trusts(both, tag('kubernetes-service-account', 'web'))],
  ['of another cluster', undefined, trusts(both, tag('eks-cluster-arn', `${testClusterArn}2`))],
  ['a service of another kind', undefined, trusts(both).replace('pods.eks', 'ec2')],
  [
    'a cluster of another account',
    undefined,
    trusts(both),
    { accountId: '444455556666', arn: testClusterArn.replace('111122223333', '444455556666') },
  ],
])('to a role by Pod Identity: %s: %s', ([, expected, trustPolicy, cluster]) => {
  const what = {
    account: { roles: [testRole('app', { trustPolicy })] },
    cluster: { serviceAccounts: [apiAccount], ...cluster },
  };
  expect(firstStep(`iam:${app}`, api, what)).toBe(expected);
  const { world, cluster: asked } = testWorld(what);
  const forward = createReach(world)
    .inCluster(asked)
    .stepsFrom({ kind: 'ServiceAccount', namespace: 'payments', name: 'api' });
  expect(forward.some(({ steps: [{ code }] }) => code === 'podIdentity')).toBe(expected !== undefined);
});

test('whoever makes an association has the role only with a Pod', () => {
  const own = policy(
    statement('Allow', 'iam:PassRole', { Resource: app }),
    statement('Allow', 'eks:CreatePodIdentityAssociation'),
  );
  const what = {
    account: {
      users: [testUser('ada', { inlinePolicies: { own } })],
      roles: [testRole('app', { trustPolicy: trusts(both) })],
    },
  };
  expect(firstStep(`iam:${app}`, `iam:${testArn('user/ada')}`, what)).toBe('passRole sometimes');
});

test('conditions on tags tell one service account from another', () => {
  const trustPolicy = trusts(both, tag('kubernetes-service-account', 'api'));
  const what = {
    account: { roles: [testRole('app', { trustPolicy })] },
    cluster: { serviceAccounts: [apiAccount, { namespace: 'payments', name: 'web' }] },
  };
  const { world, cluster } = testWorld(what);
  const found = createReach(world)
    .inCluster(cluster)
    .stepsTo([`iam:${app}`], { maxSteps: 1 });
  expect(found.of(api)?.certainty).toBe('sometimes');
  expect(found.of('ServiceAccount:payments/web')).toBe(undefined);
});
