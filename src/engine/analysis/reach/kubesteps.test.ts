import { expect, test } from 'vitest';
import { allow } from '../../rbac/allow.ts';
import type { RbacObject } from '../../rbac/objects.ts';
import type { PolicyRule } from '../../rbac/rules.ts';
import type { SnapshotCluster } from '../snapshot/snapshot.ts';
import { stockRbac, testGrant } from '../testworld.ts';
import { clusterAdminKey } from './node.ts';
import { adaWith, api, firstStep, rbacGroup } from './testworld.ts';

type Row = readonly [string, string | undefined, readonly PolicyRule[], string?, Partial<SnapshotCluster>?];

const adminRole: RbacObject = {
  kind: 'ClusterRole',
  name: 'cluster-admin',
  labels: {},
  rules: [allow('*', '*', '*')],
};
const viewRole: RbacObject = {
  kind: 'ClusterRole',
  name: 'view',
  labels: {},
  rules: [allow('get', 'core', 'pods')],
};

test.for<Row>([
  ['a token', 'createToken always', [allow('create', 'core', 'serviceaccounts/token')], 'payments'],
  ['a token, elsewhere', undefined, [allow('create', 'core', 'serviceaccounts/token')], 'other'],
  [
    'a token of this one',
    'createToken always',
    [allow('create', 'core', 'serviceaccounts/token', 'api')],
    'payments',
  ],
  ['a token of another', undefined, [allow('create', 'core', 'serviceaccounts/token', 'web')], 'payments'],
  ['reading service accounts', undefined, [allow('get list', 'core', 'serviceaccounts')], 'payments'],
  ...[
    'core pods',
    'core replicationcontrollers',
    'apps deployments',
    'apps daemonsets',
    'apps statefulsets',
    'apps replicasets',
    'batch jobs',
    'batch cronjobs',
  ].map((kind): Row => {
    const [group = '', resource = ''] = kind.split(' ');
    return [`creating ${resource}`, 'runWorkload always', [allow('create', group, resource)], 'payments'];
  }),
  ['creating pods elsewhere', undefined, [allow('create', 'core', 'pods')], 'other'],
  ['creating pods of another group', undefined, [allow('create', 'example.com', 'pods')], 'payments'],
  ['deleting pods', undefined, [allow('delete get', 'core', 'pods')], 'payments'],
  ['patching deployments', 'changeWorkload sometimes', [allow('patch', 'apps', 'deployments')], 'payments'],
  [
    'patching one deployment',
    'changeWorkload sometimes',
    [allow('patch', 'apps', 'deployments', 'web')],
    'payments',
  ],
  ['running commands', 'execInPod sometimes', [allow('create', 'core', 'pods/exec')], 'payments'],
  ['running commands by get, since 1.35', undefined, [allow('get', 'core', 'pods/exec')], 'payments'],
  [
    'running commands by get, before',
    'execInPod sometimes',
    [allow('get', 'core', 'pods/exec')],
    'payments',
    { version: '1.34' },
  ],
  ['attaching', 'execInPod sometimes', [allow('create', 'core', 'pods/attach')], 'payments'],
  [
    'debug containers',
    'execInPod sometimes',
    [allow('patch', 'core', 'pods/ephemeralcontainers')],
    'payments',
  ],
  ['reading logs', undefined, [allow('get', 'core', 'pods/log')], 'payments'],
  ['reading secrets', 'tokenSecret sometimes', [allow('list', 'core', 'secrets')], 'payments'],
  ['reading one secret', 'tokenSecret sometimes', [allow('get', 'core', 'secrets', 'tls')], 'payments'],
  ['making and reading secrets', 'tokenSecret always', [allow('create get', 'core', 'secrets')], 'payments'],
  ['making secrets', undefined, [allow('create', 'core', 'secrets')], 'payments'],
  ['impersonating it', 'impersonate always', [allow('impersonate', 'core', 'serviceaccounts')], 'payments'],
  ['impersonating users', undefined, [allow('impersonate', 'core', 'users')]],
  [
    'impersonating it for some requests',
    'impersonate sometimes',
    [allow('impersonate:serviceaccount', 'authentication.k8s.io', 'serviceaccounts')],
    'payments',
  ],
  [
    'a certificate of its name',
    'certificate sometimes',
    [
      allow('create', 'certificates.k8s.io', 'certificatesigningrequests'),
      allow('update', 'certificates.k8s.io', 'certificatesigningrequests/approval'),
      allow('approve', 'certificates.k8s.io', 'signers', 'kubernetes.io/kube-apiserver-client'),
    ],
  ],
  ['the kubelets', 'kubelet sometimes', [allow('create', 'core', 'nodes/proxy')]],
  ['the nodes', undefined, [allow('get list', 'core', 'nodes')]],
  [
    'binding roles here',
    'bindRole always',
    [allow('create', rbacGroup, 'rolebindings'), allow('bind', rbacGroup, 'clusterroles')],
    'payments',
    { rbac: [adminRole] },
  ],
  [
    'binding roles that give nothing',
    undefined,
    [allow('create', rbacGroup, 'rolebindings'), allow('bind', rbacGroup, 'clusterroles', 'view')],
    'payments',
    { rbac: [adminRole, viewRole] },
  ],
  [
    'writing bindings without `bind`',
    undefined,
    [allow('create', rbacGroup, 'rolebindings')],
    'payments',
    { rbac: [adminRole] },
  ],
  [
    '`bind` without writing bindings',
    undefined,
    [allow('bind', rbacGroup, 'clusterroles')],
    'payments',
    { rbac: [adminRole] },
  ],
  [
    'widening the own role',
    'escalateRole always',
    [allow('update escalate', rbacGroup, 'roles')],
    'payments',
  ],
  ['widening another role', undefined, [allow('update escalate', rbacGroup, 'roles', 'else')], 'payments'],
  ['`escalate` without writing roles', undefined, [allow('escalate', rbacGroup, 'roles')], 'payments'],
  ['everything here', 'createToken always', [allow('*', '*', '*')], 'payments'],
])('to a service account: %s: %s', ([, expected, rules, namespace, change]) => {
  expect(firstStep(api, 'User:ada', adaWith(rules, namespace, change))).toBe(expected);
});

const bound: readonly RbacObject[] = testGrant('of-bob', 'User:bob', [allow('get', 'core', 'pods')]);
const ops: readonly RbacObject[] = testGrant('of-ops', 'Group:ops', [allow('get', 'core', 'pods')]);
const signing = [
  allow('create', 'certificates.k8s.io', 'certificatesigningrequests'),
  allow('update', 'certificates.k8s.io', 'certificatesigningrequests/approval'),
];
const approve = allow('approve', 'certificates.k8s.io', 'signers', 'kubernetes.io/kube-apiserver-client');

test.for<readonly [string, string, string | undefined, readonly PolicyRule[]]>([
  ['impersonating users', 'User:bob', 'impersonate always', [allow('impersonate', 'core', 'users')]],
  ['impersonating another user', 'User:bob', undefined, [allow('impersonate', 'core', 'users', 'eve')]],
  [
    'impersonating groups and users',
    'Group:ops',
    'impersonate always',
    [allow('impersonate', 'core', 'users groups')],
  ],
  [
    'impersonating groups and one user',
    'Group:ops',
    'impersonate always',
    [allow('impersonate', 'core', 'groups'), allow('impersonate', 'core', 'users', 'eve')],
  ],
  ['impersonating groups and nobody', 'Group:ops', undefined, [allow('impersonate', 'core', 'groups')]],
  [
    'impersonating extras',
    'User:bob',
    undefined,
    [allow('impersonate', 'authentication.k8s.io', 'userextras')],
  ],
  ['approving certificates', 'User:bob', 'certificate sometimes', [...signing, approve]],
  ['approving certificates for a group', 'Group:ops', 'certificate sometimes', [...signing, approve]],
  ['approving certificates without the signer', 'User:bob', undefined, signing],
  ['certificates for system:masters', 'Group:system:masters', undefined, [...signing, approve]],
])('to a user or group: %s', ([, to, expected, rules]) => {
  expect(firstStep(to, 'User:ada', adaWith(rules, '', { rbac: [...bound, ...ops] }))).toBe(expected);
});

const stock = { rbac: stockRbac };
const writesBindings = allow('create', rbacGroup, 'clusterrolebindings');

test.for<Row>([
  [
    'binding cluster-admin',
    'bindRole always',
    [writesBindings, allow('bind', rbacGroup, 'clusterroles', 'cluster-admin')],
    '',
    stock,
  ],
  [
    'binding any role',
    'bindRole always',
    [writesBindings, allow('bind', rbacGroup, 'clusterroles')],
    '',
    stock,
  ],
  ['binding view', undefined, [writesBindings, allow('bind', rbacGroup, 'clusterroles', 'view')], '', stock],
  [
    'binding any role in a namespace',
    undefined,
    [allow('create', rbacGroup, 'rolebindings'), allow('bind', rbacGroup, 'clusterroles')],
    'payments',
    stock,
  ],
  [
    'widening a role it has everywhere',
    'escalateRole always',
    [allow('patch escalate', rbacGroup, 'clusterroles')],
    '',
    stock,
  ],
  [
    'widening a role it has in a namespace',
    undefined,
    [allow('patch escalate', rbacGroup, 'clusterroles')],
    'payments',
    stock,
  ],
  [
    'aws-auth',
    'writeAwsAuth always',
    [allow('patch', 'core', 'configmaps', 'aws-auth')],
    'kube-system',
    stock,
  ],
  [
    'aws-auth where the mode ignores it',
    undefined,
    [allow('patch', 'core', 'configmaps', 'aws-auth')],
    'kube-system',
    { ...stock, authenticationMode: 'API' },
  ],
  [
    'aws-auth of another namespace',
    undefined,
    [allow('patch', 'core', 'configmaps', 'aws-auth')],
    'payments',
    stock,
  ],
  [
    'making an aws-auth that is not there',
    'writeAwsAuth always',
    [allow('create', 'core', 'configmaps')],
    'kube-system',
    stock,
  ],
  [
    'making one beside that which is there',
    undefined,
    [allow('create', 'core', 'configmaps')],
    'kube-system',
    { ...stock, awsAuth: { roles: [], users: [], accounts: [] } },
  ],
  [
    'admission webhooks',
    'admission sometimes',
    [allow('create', 'admissionregistration.k8s.io', 'mutatingwebhookconfigurations')],
    '',
    stock,
  ],
  [
    'reading admission webhooks',
    undefined,
    [allow('get', 'admissionregistration.k8s.io', 'mutatingwebhookconfigurations')],
    '',
    stock,
  ],
  [
    'impersonating system:masters',
    'impersonate always',
    [allow('impersonate', 'core', 'groups', 'system:masters'), allow('impersonate', 'core', 'users')],
    '',
    stock,
  ],
])('to administrator: %s: %s', ([, expected, rules, namespace, change]) => {
  expect(firstStep(clusterAdminKey, 'User:ada', adaWith(rules, namespace, change))).toBe(expected);
});
