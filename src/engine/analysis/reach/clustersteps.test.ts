import { expect, test } from 'vitest';
import { allow } from '../../rbac/allow.ts';
import type { RbacObject } from '../../rbac/objects.ts';
import type { PolicyRule } from '../../rbac/rules.ts';
import type { SnapshotCluster } from '../snapshot/snapshot.ts';
import {
  stockRbac,
  testAccountId,
  testArn,
  testClusterArn,
  testEntry,
  testGrant,
  testRole,
  testUser,
  testWorld,
} from '../testworld.ts';
import { clusterAdminKey } from './node.ts';
import { createReach } from './reach.ts';

const rbac = 'rbac.authorization.k8s.io';
const target = 'ServiceAccount:payments/api';
const serviceAccounts = [{ namespace: 'payments', name: 'api' }];

/** `code certainty` of the one step from `from` to the target. */
function firstStep(to: string, from: string, what: Parameters<typeof testWorld>[0]): string | undefined {
  const { world, cluster } = testWorld(what);
  const chain = createReach(world).inCluster(cluster).stepsTo([to], { maxSteps: 1 }).of(from);
  return chain && `${chain.steps[0].code} ${chain.steps[0].certainty}`;
}

/** Ada, a Kubernetes user, with rules: in a namespace, or everywhere. */
const adaWith = (rules: readonly PolicyRule[], namespace = '', change: Partial<SnapshotCluster> = {}) => ({
  cluster: {
    serviceAccounts,
    namespaces: ['payments', 'other'],
    ...change,
    rbac: [...(change.rbac ?? []), ...testGrant('of-ada', 'User:ada', rules, namespace)],
  },
});

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
  ['the kubelets', 'kubelet sometimes', [allow('create', 'core', 'nodes/proxy')]],
  ['the nodes', undefined, [allow('get list', 'core', 'nodes')]],
  [
    'binding roles here',
    'bindRole always',
    [allow('create', rbac, 'rolebindings'), allow('bind', rbac, 'clusterroles')],
    'payments',
    { rbac: [adminRole] },
  ],
  [
    'binding roles that give nothing',
    undefined,
    [allow('create', rbac, 'rolebindings'), allow('bind', rbac, 'clusterroles', 'view')],
    'payments',
    { rbac: [adminRole, viewRole] },
  ],
  [
    'writing bindings without `bind`',
    undefined,
    [allow('create', rbac, 'rolebindings')],
    'payments',
    { rbac: [adminRole] },
  ],
  [
    '`bind` without writing bindings',
    undefined,
    [allow('bind', rbac, 'clusterroles')],
    'payments',
    { rbac: [adminRole] },
  ],
  ['widening the own role', 'escalateRole always', [allow('update escalate', rbac, 'roles')], 'payments'],
  ['widening another role', undefined, [allow('update escalate', rbac, 'roles', 'else')], 'payments'],
  ['`escalate` without writing roles', undefined, [allow('escalate', rbac, 'roles')], 'payments'],
  ['everything here', 'createToken always', [allow('*', '*', '*')], 'payments'],
])('to a service account: %s: %s', ([, expected, rules, namespace, change]) => {
  expect(firstStep(target, 'User:ada', adaWith(rules, namespace, change))).toBe(expected);
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
const writesBindings = allow('create', rbac, 'clusterrolebindings');

test.for<Row>([
  [
    'binding cluster-admin',
    'bindRole always',
    [writesBindings, allow('bind', rbac, 'clusterroles', 'cluster-admin')],
    '',
    stock,
  ],
  ['binding any role', 'bindRole always', [writesBindings, allow('bind', rbac, 'clusterroles')], '', stock],
  ['binding view', undefined, [writesBindings, allow('bind', rbac, 'clusterroles', 'view')], '', stock],
  [
    'binding any role in a namespace',
    undefined,
    [allow('create', rbac, 'rolebindings'), allow('bind', rbac, 'clusterroles')],
    'payments',
    stock,
  ],
  [
    'widening a role it has everywhere',
    'escalateRole always',
    [allow('patch escalate', rbac, 'clusterroles')],
    '',
    stock,
  ],
  [
    'widening a role it has in a namespace',
    undefined,
    [allow('patch escalate', rbac, 'clusterroles')],
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

const statement = (Effect: string, Action: string | string[], more: object = {}) => ({
  ...{ Effect, Action, Resource: '*' },
  ...more,
});
const policy = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
const anna = testArn('role/anna');
const entryOf = `arn:aws:eks:us-east-1:${testAccountId}:access-entry/prod/role/${testAccountId}/anna/`;
const associate = statement('Allow', 'eks:AssociateAccessPolicy');
const create = statement('Allow', 'eks:CreateAccessEntry');
const entry = { accessEntries: [testEntry(anna)] };
const only = (key: string, value: string) => ({ Condition: { StringEquals: { [key]: value } } });
const ownPolicy = `arn:aws:eks::${testAccountId}:cluster-access-policy/team`;

const annaWith = (statements: readonly object[], cluster: Partial<SnapshotCluster> = {}) => ({
  account: { roles: [testRole('anna', { inlinePolicies: { own: policy(...statements) } })] },
  cluster,
});

test.for<readonly [string, string | undefined, readonly object[], Partial<SnapshotCluster>?]>([
  ['the own entry gets a policy', 'associateAccessPolicy always', [associate], entry],
  ['without an entry', undefined, [associate]],
  [
    'only the entry of somebody else',
    undefined,
    [statement('Allow', 'eks:AssociateAccessPolicy', { Resource: entryOf.replace('anna', 'bob') })],
    entry,
  ],
  [
    'an entry by its id',
    'associateAccessPolicy always',
    [statement('Allow', 'eks:AssociateAccessPolicy', { Resource: `${entryOf}0cc3ba1f-5b29-4c0e` })],
    entry,
  ],
  [
    'only the view policy',
    undefined,
    [
      statement(
        'Allow',
        'eks:AssociateAccessPolicy',
        only('eks:policyArn', 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy'),
      ),
    ],
    entry,
  ],
  [
    'only namespaces',
    undefined,
    [statement('Allow', 'eks:AssociateAccessPolicy', only('eks:accessScope', 'namespace'))],
    entry,
  ],
  ['a Deny wins', undefined, [associate, statement('Deny', 'eks:*')], entry],
  [
    'from some addresses',
    'associateAccessPolicy sometimes',
    [statement('Allow', 'eks:*', only('aws:SourceVpc', 'vpc-1'))],
    entry,
  ],
  [
    'an entry of a node',
    undefined,
    [associate],
    { accessEntries: [testEntry(anna, {}, { type: 'EC2_LINUX' })] },
  ],
  ['the mode ignores entries', undefined, [associate], { ...entry, authenticationMode: 'CONFIG_MAP' }],
  [
    'the mode ignores entries, and may be changed',
    'associateAccessPolicy always',
    [associate, statement('Allow', 'eks:UpdateClusterConfig')],
    { ...entry, authenticationMode: 'CONFIG_MAP' },
  ],
  ['an entry is made, and gets a policy', 'createAccessEntry always', [create, associate]],
  ['an entry is made', undefined, [create]],
  [
    'entries of others are made',
    undefined,
    [statement('Allow', 'eks:CreateAccessEntry', only('eks:principalArn', testArn('role/bob'))), associate],
  ],
  ['breaking the glass', 'breakGlass always', [statement('Allow', 'entryway:PutBreakGlassPrincipal')]],
  [
    'breaking that of another cluster',
    undefined,
    [statement('Allow', 'entryway:PutBreakGlassPrincipal', { Resource: `${testClusterArn}2` })],
  ],
  [
    'writing a policy it has',
    'changeAccessPolicy always',
    [statement('Allow', 'entryway:UpdateAccessPolicy')],
    { accessEntries: [testEntry(anna, { [ownPolicy]: [] })] },
  ],
  [
    'writing a policy it has in a namespace',
    undefined,
    [statement('Allow', 'entryway:UpdateAccessPolicy')],
    { accessEntries: [testEntry(anna, { [ownPolicy]: ['dev'] })] },
  ],
  [
    'writing a policy it does not have',
    undefined,
    [statement('Allow', 'entryway:UpdateAccessPolicy')],
    entry,
  ],
  [
    'writing a policy and associating it',
    'changeAccessPolicy always',
    [
      statement('Allow', 'entryway:CreateAccessPolicy', { Resource: ownPolicy }),
      statement('Allow', 'eks:AssociateAccessPolicy', only('eks:policyArn', ownPolicy)),
    ],
    entry,
  ],
  [
    'another server for aws-auth',
    'replaceConnection sometimes',
    [statement('Allow', 'entryway:PutClusterConnection')],
  ],
  [
    'another server where aws-auth does not count',
    undefined,
    [statement('Allow', 'entryway:PutClusterConnection')],
    { authenticationMode: 'API' },
  ],
  ['raising itself', 'administerIam always', [statement('Allow', 'iam:PutRolePolicy')]],
])('to administrator, by the API: %s: %s', ([, expected, statements, cluster]) => {
  expect(firstStep(clusterAdminKey, `iam:${anna}`, annaWith(statements, cluster))).toBe(expected);
});

test.for<readonly [string, string, string | undefined, readonly object[], Partial<SnapshotCluster>?]>([
  [
    'a group of the own entry',
    'Group:ops',
    'entryGroups always',
    [statement('Allow', 'eks:UpdateAccessEntry')],
    entry,
  ],
  [
    'a name of the own entry',
    'User:bob',
    'entryUsername always',
    [statement('Allow', 'eks:UpdateAccessEntry')],
    entry,
  ],
  ['a group of a new entry', 'Group:ops', 'entryGroups always', [create]],
  ['a group of the system', 'Group:system:masters', undefined, [create]],
  [
    'an entry of somebody else',
    'Group:ops',
    undefined,
    [statement('Allow', 'eks:UpdateAccessEntry', only('eks:principalArn', testArn('role/x')))],
    entry,
  ],
])('to a user or group, by the API: %s', ([, to, expected, statements, cluster]) => {
  expect(firstStep(to, `iam:${anna}`, annaWith(statements, { rbac: [...bound, ...ops], ...cluster }))).toBe(
    expected,
  );
});

test('another account cannot use the APIs of the cluster', () => {
  const foreign = { accountId: '444455556666', arn: 'arn:aws:iam::444455556666:role/anna' };
  const { world, cluster } = testWorld({
    cluster: { accountId: foreign.accountId, arn: testClusterArn.replace(testAccountId, foreign.accountId) },
    account: annaWith([statement('Allow', '*')]).account,
  });
  expect(
    createReach(world).inCluster(cluster).stepsTo([clusterAdminKey], { maxSteps: 1 }).of(`iam:${anna}`),
  ).toBe(undefined);
});

const provider = `arn:aws:iam::${testAccountId}:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/ABCDEF0123`;
const irsa = (sub: string | undefined, operator = 'StringEquals') =>
  policy({
    ...{ Effect: 'Allow', Principal: { Federated: provider }, Action: 'sts:AssumeRoleWithWebIdentity' },
    ...(sub !== undefined && {
      Condition: { [operator]: { 'oidc.eks.us-east-1.amazonaws.com/id/ABCDEF0123:sub': sub } },
    }),
  });
const app = testArn('role/app');

test.for<readonly [string, string | undefined, string, Partial<SnapshotCluster>?]>([
  [
    'annotated',
    'webIdentity always',
    irsa('system:serviceaccount:payments:api'),
    { serviceAccounts: [{ ...(serviceAccounts[0] ?? { namespace: '', name: '' }), roleArn: app }] },
  ],
  ['not annotated', 'webIdentity sometimes', irsa('system:serviceaccount:payments:api')],
  ['by pattern', 'webIdentity sometimes', irsa('system:serviceaccount:payments:*', 'StringLike')],
  ['any of the provider', 'webIdentity sometimes', irsa(undefined)],
  ['one of another namespace', undefined, irsa('system:serviceaccount:other:api')],
  ['a star that is no pattern', undefined, irsa('system:serviceaccount:payments:*')],
  ['in another region', undefined, irsa('system:serviceaccount:payments:api'), { region: 'eu-west-1' }],
  [
    'a forge',
    undefined,
    irsa('system:serviceaccount:payments:api').replaceAll(
      'oidc.eks.us-east-1.amazonaws.com/id/ABCDEF0123',
      'token.forge.example.com',
    ),
  ],
])('to a role by a token: %s: %s', ([, expected, trustPolicy, cluster]) => {
  const what = {
    account: { roles: [testRole('app', { trustPolicy })] },
    cluster: { serviceAccounts, ...cluster },
  };
  expect(firstStep(`iam:${app}`, target, what)).toBe(expected);
});

test('a path goes through IAM and Kubernetes, each step from where the one before led', () => {
  const trustPolicy = irsa('system:serviceaccount:payments:api');
  const { world, cluster } = testWorld({
    account: {
      users: [testUser('dev')],
      roles: [testRole('app', { trustPolicy, inlinePolicies: { own: policy(create, associate) } })],
    },
    cluster: {
      serviceAccounts: [{ namespace: 'payments', name: 'api', roleArn: app }],
      accessEntries: [testEntry(testArn('user/dev'), { AmazonEKSEditPolicy: ['payments'] })],
    },
  });
  const reach = createReach(world).inCluster(cluster);
  const chain = reach.stepsTo([clusterAdminKey]).of(`iam:${testArn('user/dev')}`);
  expect(chain?.steps.map(({ code }) => code)).toEqual(['impersonate', 'webIdentity', 'createAccessEntry']);
  expect(chain?.certainty).toBe('always');
  expect(reach.stepsTo([clusterAdminKey], { maxSteps: 2 }).of(`iam:${testArn('user/dev')}`)).toBe(undefined);
  const dev = cluster
    .subjects()
    .find((subject) => subject.kind === 'iam' && subject.arn === testArn('user/dev'));
  if (dev === undefined) throw new Error('dev is there');
  const last = reach.stepsFrom(dev).map(({ steps }) => steps.at(-1)?.to.kind);
  expect(last).toContain('clusterAdmin');
});

test('who may do everything is an administrator, and is not told to become one', () => {
  const { world, cluster } = testWorld({
    account: { roles: [testRole('boss')] },
    cluster: {
      rbac: stockRbac,
      accessEntries: [testEntry(testArn('role/boss'), { AmazonEKSClusterAdminPolicy: [] })],
    },
  });
  const reach = createReach(world).inCluster(cluster);
  const names = reach.clusterAdmins().map((subject) => (subject.kind === 'iam' ? subject.arn : subject.name));
  expect(names.sort()).toEqual([testArn('role/boss'), 'system:masters'].sort());
  expect(reach.stepsTo([clusterAdminKey]).of(`iam:${testArn('role/boss')}`)).toBe(undefined);
});
