import { expect, test } from 'vitest';
import { allow } from '../../rbac/allow.ts';
import type { RbacObject } from '../../rbac/objects.ts';
import { policyText as policy, statement, trusting } from '../iamworld/testworld.ts';
import type { SnapshotCluster } from '../snapshot/snapshot.ts';
import {
  testAccountId,
  testArn,
  testClusterArn,
  testEntry,
  testGrant,
  testRole,
  testWorld,
} from '../testworld.ts';
import { clusterAdminKey } from './node.ts';
import { createReach } from './reach.ts';
import { api, apiAccount, firstStep } from './testworld.ts';

const bound: readonly RbacObject[] = testGrant('of-bob', 'User:bob', [allow('get', 'core', 'pods')]);
const ops: readonly RbacObject[] = testGrant('of-ops', 'Group:ops', [allow('get', 'core', 'pods')]);
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
    'writing a policy it has where entries do not count',
    undefined,
    [statement('Allow', 'entryway:UpdateAccessPolicy')],
    { accessEntries: [testEntry(anna, { [ownPolicy]: [] })], authenticationMode: 'CONFIG_MAP' },
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
  [
    'an entry of a node, made anew',
    'createAccessEntry always',
    [associate, create, statement('Allow', 'eks:DeleteAccessEntry')],
    { accessEntries: [testEntry(anna, {}, { type: 'EC2_LINUX' })] },
  ],
  [
    'an entry of a former principal of the name',
    undefined,
    [associate],
    { accessEntries: [testEntry(anna, {}, { principalId: 'AROAFORMER' })] },
  ],
  [
    'the same, made anew',
    'createAccessEntry always',
    [associate, create, statement('Allow', 'eks:DeleteAccessEntry')],
    { accessEntries: [testEntry(anna, {}, { principalId: 'AROAFORMER' })] },
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

const tool = testArn('role/tool');
const toolsAlone = only('eks:principalArn', tool);

test.for<readonly [string, string | undefined, readonly object[]]>([
  [
    'one that it may assume',
    'createAccessEntry always',
    [
      statement('Allow', ['eks:CreateAccessEntry', 'eks:AssociateAccessPolicy'], toolsAlone),
      statement('Allow', 'sts:AssumeRole'),
    ],
  ],
  [
    'one that it may not assume',
    undefined,
    [statement('Allow', ['eks:CreateAccessEntry', 'eks:AssociateAccessPolicy'], toolsAlone)],
  ],
])('to administrator, by the entry of another role: %s: %s', ([, expected, statements]) => {
  const { account } = annaWith(statements);
  const trustPolicy = trusting({ AWS: testArn('root') });
  const roles = [...account.roles, testRole('tool', { trustPolicy })];
  expect(firstStep(clusterAdminKey, `iam:${anna}`, { account: { roles } })).toBe(expected);
});

const inNamespaces = { StringEquals: { 'eks:accessScope': 'namespace' } };
const onlyIn = (...namespaces: string[]) => ({
  Condition: { ...inNamespaces, 'ForAllValues:StringEquals': { 'eks:namespaces': namespaces } },
});
const onlyPolicy = (name: string) => only('eks:policyArn', `arn:aws:eks::aws:cluster-access-policy/${name}`);

test.for<readonly [string, string | undefined, readonly object[]]>([
  [
    'its namespace alone',
    'associateAccessPolicy always',
    [statement('Allow', 'eks:AssociateAccessPolicy', onlyIn('payments'))],
  ],
  ['another namespace alone', undefined, [statement('Allow', 'eks:AssociateAccessPolicy', onlyIn('other'))]],
  [
    'one policy that runs Pods',
    'associateAccessPolicy always',
    [statement('Allow', 'eks:AssociateAccessPolicy', onlyPolicy('AmazonEKSEditPolicy'))],
  ],
  [
    'one policy that reads',
    undefined,
    [statement('Allow', 'eks:AssociateAccessPolicy', onlyPolicy('AmazonEKSViewPolicy'))],
  ],
])('to a service account, by an access policy for %s: %s', ([, expected, statements]) => {
  const what = annaWith(statements, { ...entry, serviceAccounts: [apiAccount] });
  expect(firstStep(api, `iam:${anna}`, what)).toBe(expected);
});

test('an identity provider of its own makes anybody a user or a group, but not of the system', () => {
  const statements = [statement('Allow', 'eks:AssociateIdentityProviderConfig')];
  const step = (to: string) =>
    firstStep(to, `iam:${anna}`, annaWith(statements, { rbac: [...bound, ...ops] }));
  expect(step('Group:ops')).toBe('identityProvider sometimes');
  expect(step('User:bob')).toBe('identityProvider sometimes');
  expect(step('Group:system:masters')).toBe(undefined);
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
