import { expect, test } from 'vitest';
import { allow } from '../../rbac/allow.ts';
import type { PolicyRule } from '../../rbac/rules.ts';
import { policyText as policy, statement, trusting } from '../iamworld/testworld.ts';
import type { SnapshotPod } from '../snapshot/snapshot.ts';
import { testArn, testEntry, testGrant, testRole, testUser, testWorld } from '../testworld.ts';
import { createReach } from './reach.ts';
import { adaWith, api, apiAccount, firstStep } from './testworld.ts';

const nodes = 'Group:system:nodes';
const certificates = 'certificates.k8s.io';

test.for<readonly [string, string | undefined, readonly PolicyRule[]]>([
  ['running Pods anywhere', 'takeNode sometimes', [allow('create', 'core', 'pods')]],
  ['changing workloads', 'takeNode sometimes', [allow('patch', 'apps', 'deployments')]],
  ['debug containers', 'takeNode sometimes', [allow('patch', 'core', 'pods/ephemeralcontainers')]],
  ['reading Pods', undefined, [allow('get list', 'core', 'pods')]],
  ['PersistentVolumes without Pods', undefined, [allow('create', 'core', 'persistentvolumes')]],
  ['labels of nodes', undefined, [allow('patch', 'core', 'nodes')]],
  [
    'certificates of kubelets',
    'certificate sometimes',
    [
      allow('create', certificates, 'certificatesigningrequests'),
      allow('update', certificates, 'certificatesigningrequests/approval'),
      allow('approve', certificates, 'signers', 'kubernetes.io/kube-apiserver-client-kubelet'),
    ],
  ],
])('to a node: %s: %s', ([, expected, rules]) => {
  expect(firstStep(nodes, 'User:ada', adaWith(rules))).toBe(expected);
});

const instance = testEntry(
  testArn('role/node'),
  {},
  {
    ...{ type: 'EC2_LINUX', username: 'system:node:{{EC2PrivateDNSName}}' },
    kubernetesGroups: ['system:nodes'],
  },
);
const scene = (type = 'EC2_LINUX', pods: readonly SnapshotPod[] = []) =>
  testWorld({
    account: {
      users: [
        testUser('ada', {
          inlinePolicies: { own: policy(statement('Allow', 'sts:AssumeRole')) },
        }),
      ],
      roles: [testRole('node', { trustPolicy: trusting({ AWS: testArn('root') }) })],
    },
    cluster: {
      ...{ serviceAccounts: [apiAccount], pods },
      accessEntries: [{ ...instance, type }],
      rbac: testGrant('of-eve', 'User:eve', [allow('create', 'core', 'pods')], 'dev'),
    },
  });
const told = (to: string, from: string, type?: string): string | undefined => {
  const { world, cluster } = scene(type);
  const chain = createReach(world).inCluster(cluster).stepsTo([to]).of(from);
  return chain && `${chain.steps.map(({ code }) => code).join(' ')} ${chain.certainty}`;
};

test('a node has the tokens of its Pods, whoever is the node', () => {
  const node = `iam:${testArn('role/node')}`;
  expect(told(api, node)).toBe('nodePods sometimes');
  expect(told(api, `iam:${testArn('user/ada')}`)).toBe('assumeRole nodePods sometimes');
  expect(told(api, 'User:eve')).toBe('takeNode nodePods sometimes');
  expect(told(node, 'User:eve')).toBe('takeNode nodeRole sometimes');
});

test('a Pod on Fargate does not get the role of its node', () => {
  expect(told(`iam:${testArn('role/node')}`, 'User:eve', 'FARGATE_LINUX')).toBe(undefined);
});

test.for<[string, string | undefined, object, string?]>([
  ['a network of its own', undefined, { hostNetwork: false }],
  ['the network of another service account', undefined, { serviceAccount: 'web' }],
  ['that of a machine of its own', undefined, {}, 'FARGATE_LINUX'],
  ['that of the node', 'nodeRole sometimes', {}],
])('a Pod has %s: its service account gets the role of the node: %s', ([, expected, change, type]) => {
  const pod = { namespace: 'payments', name: 'p', serviceAccount: 'api', nodeName: 'n' };
  const { world, cluster } = scene(type, [
    { ...pod, hostNetwork: true, injectedPodIdentity: false, ...change },
  ]);
  const reach = createReach(world).inCluster(cluster);
  const node = `iam:${testArn('role/node')}`;
  const chain = reach.stepsTo([node]).of(api);
  expect(chain && `${chain.steps.map(({ code }) => code).join(' ')} ${chain.certainty}`).toBe(expected);
  const forward = reach.stepsFrom({ kind: 'ServiceAccount', ...apiAccount });
  expect(forward.some(({ steps }) => steps.length === 1 && steps[0].code === 'nodeRole')).toBe(
    expected !== undefined,
  );
});
