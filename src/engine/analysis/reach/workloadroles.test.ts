import { expect, test } from 'vitest';
import { onlyIf, policyText as policy, statement } from '../iamworld/testworld.ts';
import type { Snapshot, SnapshotAccount, SnapshotCluster } from '../snapshot/snapshot.ts';
import {
  testAccount,
  testArn,
  testAssociation,
  testCluster,
  testClusterArn,
  testProvider,
  testRole,
  testSnapshot,
} from '../testworld.ts';
import { createWorld } from '../world/world.ts';
import type { WorkloadRole } from './workload.ts';
import { createWorkloadRoles } from './workloadroles.ts';

const app = testArn('role/app');
const target = testArn('role/target');
const foreign = 'arn:aws:iam::444455556666:role/theirs';
const host = 'oidc.eks.us-east-1.amazonaws.com/id/ABC';
const api = { namespace: 'payments', name: 'api' };

/** Trust in Pod Identity, and in tokens of the provider. */
const pods = (Action: string | string[] = ['sts:AssumeRole', 'sts:TagSession'], more: object = {}) =>
  policy({ Effect: 'Allow', Principal: { Service: 'pods.eks.amazonaws.com' }, Action, ...more });
const tokens = (Condition: object, of = host) =>
  policy({
    ...{ Effect: 'Allow', Action: 'sts:AssumeRoleWithWebIdentity' },
    ...{ Principal: { Federated: testArn(`oidc-provider/${of}`) }, Condition },
  });
const sub = (value: string, operator = 'StringEquals') => ({ [operator]: { [`${host}:sub`]: value } });
const requestTag = (name: string, value: string) =>
  onlyIf('StringEquals', `aws:RequestTag/kubernetes-${name}`, value);

interface What {
  readonly account?: Partial<SnapshotAccount>;
  readonly cluster?: Partial<SnapshotCluster>;
  readonly change?: Partial<Snapshot>;
}

function open({ account, cluster, change }: What) {
  const world = createWorld(
    testSnapshot({
      account: { oidcProviders: [testProvider(host)], ...account },
      cluster: {
        ...{ serviceAccounts: [api], issuer: `https://${host}`, podIdentityAssociations: [], pods: [] },
        ...cluster,
      },
      ...change,
    }),
  );
  const [first] = world.clusters;
  if (first === undefined) throw new Error('there is a cluster');
  return { world, cluster: first, workload: createWorkloadRoles(world) };
}

/** `podIdentity app always`, `irsa app never missingProvider`, … */
const textOf = ({ mechanism, role, certainty, refusal }: WorkloadRole): string =>
  [mechanism, role.arn.split('/').at(-1), certainty, ...(refusal ? [refusal.code] : [])].join(' ');
const ways = (what: What, account = api): readonly string[] => {
  const { cluster, workload } = open(what);
  const found = workload.rolesOf(cluster, account).map(textOf);
  // The other end says the same.
  const arns = new Set([app, target, foreign, testArn('role/none'), 'arn:none']);
  const into = [...arns].flatMap((arn) =>
    workload
      .accountsOf(arn)
      .ways.filter((way) => way.cluster === cluster && way.account.name === account.name)
      .map(textOf),
  );
  expect([...into].sort()).toEqual([...found].sort());
  return found;
};
const appTrusting = (trustPolicy: string): Partial<SnapshotAccount> => ({
  roles: [testRole('app', { trustPolicy })],
});
const associated = (roleArn = app, change: object = {}): Partial<SnapshotCluster> => ({
  podIdentityAssociations: [testAssociation(roleArn, change)],
});

test.for<[string, readonly string[], What, typeof api?]>([
  ['no association', [], { account: appTrusting(pods()) }],
  [
    'an association of another service account',
    [],
    { account: appTrusting(pods()), cluster: associated() },
    { namespace: 'payments', name: 'web' },
  ],
  [
    'a role that does not trust',
    ['podIdentity app never notAllowed'],
    { account: appTrusting(policy()), cluster: associated() },
  ],
  [
    'a role that lets no tags in',
    ['podIdentity app never notAllowed'],
    { account: appTrusting(pods('sts:AssumeRole')), cluster: associated() },
  ],
  [
    'tags of another namespace',
    ['podIdentity app never notAllowed'],
    { account: appTrusting(pods(undefined, requestTag('namespace', 'other'))), cluster: associated() },
  ],
  [
    'a condition on a tag that there is not',
    ['podIdentity app never notAllowed'],
    { account: appTrusting(pods(undefined, requestTag('team', 'a'))), cluster: associated() },
  ],
  [
    'a condition on tags that the association leaves out',
    ['podIdentity app never notAllowed'],
    {
      account: appTrusting(pods(undefined, requestTag('namespace', 'payments'))),
      cluster: associated(app, { disableSessionTags: true }),
    },
  ],
  [
    'a role that does not exist',
    ['podIdentity none never missingRole'],
    { cluster: associated(testArn('role/none')) },
  ],
  ['no role at all', ['podIdentity arn:none never notARole'], { cluster: associated('arn:none') }],
  ['a role of another account', ['podIdentity theirs never otherAccount'], { cluster: associated(foreign) }],
  ['an association', ['podIdentity app always'], { account: appTrusting(pods()), cluster: associated() }],
  [
    'its own namespace',
    ['podIdentity app always'],
    { account: appTrusting(pods(undefined, requestTag('namespace', 'payments'))), cluster: associated() },
  ],
  [
    'the name of a pod, which nobody knows before',
    ['podIdentity app sometimes'],
    { account: appTrusting(pods(undefined, requestTag('pod-name', 'api-1'))), cluster: associated() },
  ],
  [
    'no tags, and none are wanted',
    ['podIdentity app always'],
    {
      account: appTrusting(pods('sts:AssumeRole')),
      cluster: associated(app, { disableSessionTags: true }),
    },
  ],
  [
    'associations that are not known',
    ['podIdentity app sometimes'],
    { account: appTrusting(pods()), change: { gaps: [{ area: 'podIdentity', reason: 'refused' }] } },
  ],
  [
    'its own is known, others are not',
    ['podIdentity app always'],
    {
      account: {
        roles: [testRole('app', { trustPolicy: pods() }), testRole('target', { trustPolicy: pods() })],
      },
      cluster: associated(),
      change: { gaps: [{ area: 'podIdentity', clusterArn: testClusterArn, reason: 'refused' }] },
    },
  ],
  [
    'an account that was not read wholly',
    ['podIdentity none sometimes'],
    { cluster: associated(testArn('role/none')), change: { gaps: [{ area: 'iam', reason: 'refused' }] } },
  ],
])('Pod Identity: %s: %s', ([, expected, what, account]) => {
  expect(ways(what, account)).toEqual(expected);
});

const chained = (own: readonly object[], trustOfTarget: object, change: object = {}): What => ({
  account: {
    roles: [
      testRole('app', {
        trustPolicy: pods(),
        inlinePolicies: own.length === 0 ? {} : { own: policy(...own) },
      }),
      testRole('target', {
        trustPolicy: policy({ Effect: 'Allow', Principal: { AWS: app }, ...trustOfTarget }),
        tags: { 'kubernetes-namespace': 'of the role' },
      }),
    ],
  },
  cluster: associated(app, { targetRoleArn: target, externalId: 'us-east-1/1/prod/payments/api', ...change }),
});
const both = ['sts:AssumeRole', 'sts:TagSession'];
const toTarget = (Action: string | string[], more: object = {}) =>
  statement('Allow', Action, { Resource: target, ...more });

test.for<[string, string, What]>([
  ['a target that does not trust', 'never notAllowed', chained([toTarget(both)], { Action: 'sts:GetX' })],
  [
    'a target that takes no tags',
    'never notAllowed',
    chained([toTarget(both)], { Action: 'sts:AssumeRole' }),
  ],
  [
    'a role that may not pass its tags',
    'never notAllowed',
    chained([toTarget('sts:AssumeRole')], { Action: both }),
  ],
  [
    'another external id',
    'never notAllowed',
    chained([toTarget(both)], { Action: both, ...onlyIf('StringEquals', 'sts:ExternalId', 'other') }),
  ],
  [
    'a target for another namespace',
    'never notAllowed',
    chained([toTarget(both)], {
      ...{ Action: both },
      ...onlyIf('StringEquals', 'aws:PrincipalTag/kubernetes-namespace', 'other'),
    }),
  ],
  [
    'a target that is asked for with the tags of another namespace',
    'never notAllowed',
    chained([toTarget(both)], { Action: both, ...requestTag('namespace', 'other') }),
  ],
  [
    'a target that is asked for with its tags, as the EKS user guide has it',
    'always',
    chained([toTarget(both)], { Action: both, ...requestTag('namespace', 'payments') }),
  ],
  ['a target', 'always', chained([toTarget(both)], { Action: both })],
  [
    'a target without tags',
    'always',
    chained([], { Action: 'sts:AssumeRole' }, { disableSessionTags: true }),
  ],
  [
    'its external id and its namespace',
    'always',
    chained([toTarget(both)], {
      Action: both,
      Condition: {
        StringEquals: {
          'sts:ExternalId': 'us-east-1/1/prod/payments/api',
          'aws:PrincipalTag/kubernetes-namespace': 'payments',
        },
      },
    }),
  ],
  [
    'a tag that it inherits, before one of the target',
    'always',
    chained([toTarget(both, onlyIf('StringEquals', 'aws:ResourceTag/kubernetes-namespace', 'payments'))], {
      Action: both,
    }),
  ],
])('Pod Identity through a role: %s: %s', ([, expected, what]) => {
  expect(ways(what)).toEqual([`podIdentity target ${expected}`]);
});

test('a target of an account that was not read is not left out', () => {
  const what = chained([statement('Allow', both)], {}, { targetRoleArn: foreign });
  expect(ways(what)).toEqual(['podIdentity theirs sometimes']);
  const { cluster, workload } = open(what);
  const [way] = workload.rolesOf(cluster, api);
  expect(way?.conditions).toContainEqual({ kind: 'roleNotRead', arn: foreign });
  expect(way?.via?.arn).toBe(app);
});

const annotated = (roleArn: string, more: object = {}): Partial<SnapshotCluster> => ({
  serviceAccounts: [{ ...api, roleArn, ...more }],
});
const ofApi = tokens(sub('system:serviceaccount:payments:api'));

test.for<[string, readonly string[], What]>([
  ['a role of another issuer', [], { account: appTrusting(ofApi.replaceAll('/ABC', '/DEF')) }],
  [
    'a role of another issuer, annotated',
    ['irsa app never otherIssuer'],
    { account: appTrusting(ofApi.replaceAll('/ABC', '/DEF')), cluster: annotated(app) },
  ],
  [
    'a role that trusts another',
    [],
    { account: appTrusting(tokens(sub('system:serviceaccount:payments:web'))) },
  ],
  [
    'a role that trusts another, annotated',
    ['irsa app never notAllowed'],
    {
      account: appTrusting(tokens(sub('system:serviceaccount:payments:web'))),
      cluster: annotated(app),
    },
  ],
  [
    'no provider in the account',
    ['irsa app never missingProvider'],
    {
      account: { ...appTrusting(ofApi), oidcProviders: [testProvider('forge.example.com')] },
      cluster: annotated(app),
    },
  ],
  [
    'providers that were not told',
    ['irsa app sometimes'],
    {
      account: { ...appTrusting(ofApi), oidcProviders: [] },
      cluster: annotated(app),
      change: { gaps: [{ area: 'iam', reason: 'refused' }] },
    },
  ],
  [
    'a provider that does not take what pods have',
    ['irsa app never otherAudience'],
    {
      account: { ...appTrusting(tokens({})), oidcProviders: [testProvider(host, [])] },
      cluster: annotated(app),
    },
  ],
  ['an annotation of nobody', ['irsa none never missingRole'], { cluster: annotated(testArn('role/none')) }],
  ['a role that trusts it', ['irsa app always'], { account: appTrusting(ofApi) }],
  ['annotated', ['irsa app always'], { account: appTrusting(ofApi), cluster: annotated(app) }],
  ['a role of an account that was not read', ['irsa theirs sometimes'], { cluster: annotated(foreign) }],
  [
    'the same, and the issuer is not known',
    ['irsa theirs sometimes'],
    { cluster: { ...annotated(foreign), issuer: undefined } as object },
  ],
])('a token: %s: %s', ([, expected, what]) => {
  expect(ways(what)).toEqual(expected);
});

test('with an association containers are not told of the annotated role, which can still be asked for', () => {
  const trust = policy(...[pods(), ofApi].flatMap((text) => JSON.parse(text).Statement));
  const { cluster, workload } = open({
    account: appTrusting(trust),
    cluster: { ...annotated(app), ...associated() },
  });
  const told = workload.rolesOf(cluster, api).map((way) => [way.mechanism, way.certainty, way.isDelivered]);
  expect(told).toEqual([
    ['podIdentity', 'always', true],
    ['irsa', 'always', false],
  ]);
});

test('what pods are given for an audience of their own is asked for with it', () => {
  const forVault = tokens({ StringEquals: { [`${host}:aud`]: 'vault' } });
  const { cluster, workload } = open({
    account: {
      ...appTrusting(forVault),
      oidcProviders: [testProvider(host, ['sts.amazonaws.com', 'vault'])],
    },
    cluster: annotated(app, { audience: 'vault' }),
  });
  expect(workload.rolesOf(cluster, api)).toMatchObject([
    { certainty: 'always', isDelivered: true, token: { audience: 'vault', isAnnotated: true } },
  ]);
});

/** May the pods describe clusters, with what the session has? */
test.for<[string, string, object, object]>([
  ['its tags', 'always', onlyIf('StringEquals', 'aws:PrincipalTag/kubernetes-namespace', 'payments'), {}],
  ['other tags', 'never', onlyIf('StringEquals', 'aws:PrincipalTag/kubernetes-namespace', 'other'), {}],
  [
    'tags that are left out',
    'never',
    onlyIf('StringEquals', 'aws:PrincipalTag/kubernetes-namespace', 'payments'),
    { disableSessionTags: true },
  ],
  ['a pod', 'sometimes', onlyIf('StringEquals', 'aws:PrincipalTag/kubernetes-pod-uid', 'x'), {}],
  ['a session policy that narrows', 'never', {}, { policy: policy(statement('Allow', 's3:*')) }],
  ['a session policy that does not', 'always', {}, { policy: policy(statement('Allow', 'eks:*')) }],
])('the session is asked with %s: %s', ([, expected, condition, change]) => {
  const own = policy(statement('Allow', 'eks:DescribeCluster', condition));
  const { cluster, workload } = open({
    account: { roles: [testRole('app', { trustPolicy: pods(), inlinePolicies: { own } })] },
    cluster: associated(app, change),
  });
  const [way] = workload.rolesOf(cluster, api);
  if (way === undefined) throw new Error('there is a way');
  const { role: subject, session } = way;
  const asked = { subject, session, action: 'eks:DescribeCluster', resource: testClusterArn };
  expect(workload.iam.ask(asked).certainty).toBe(expected);
});

test.for<[string, readonly string[], string]>([
  ['a name', [], 'system:serviceaccount:payments:api'],
  ['names in a namespace', ['payments *'], 'system:serviceaccount:payments:*'],
  ['names everywhere', ['* api'], 'system:serviceaccount:*:api'],
  ['namespaces that begin alike', ['pay* *'], 'system:serviceaccount:pay*'],
  ['anybody', ['* *'], '*'],
  ['those that end alike', ['* api'], '*:api'],
  ['people', [], 'user:*'],
])('who could have a role by its name: %s', ([, expected, subject]) => {
  const { workload } = open({ account: appTrusting(tokens(sub(subject, 'StringLike'))) });
  const { patterns } = workload.accountsOf(app);
  expect(patterns.map(({ namespace, name }) => `${namespace} ${name}`)).toEqual(expected);
  for (const { example } of patterns) expect(example.certainty).toBe('always');
});

test.for<[string, readonly string[], Partial<SnapshotCluster>]>([
  ['known', [], { podIdentityAssociations: [] }],
  ['not known', ['payments api', 'payments *'].toSorted(), { podIdentityAssociations: undefined } as object],
])('who could have a role by an association, where these are %s', ([, expected, cluster]) => {
  const { workload } = open({
    account: appTrusting(pods(undefined, requestTag('namespace', 'payments'))),
    cluster: { ...cluster, serviceAccounts: [] },
  });
  const { patterns, ways: found } = workload.accountsOf(app);
  expect(found).toEqual([]);
  expect(patterns.map(({ namespace, name }) => `${namespace} ${name}`)).toEqual(
    expected.filter((one) => one === 'payments *'),
  );
});

test('an issuer is that of its cluster and of no other', () => {
  const account = { ...appTrusting(tokens(sub('system:serviceaccount:*:*', 'StringLike'))) };
  const second = testCluster({
    ...{ name: 'second', arn: `${testClusterArn}2`, serviceAccounts: [api], podIdentityAssociations: [] },
  });
  const { workload } = open({
    account,
    change: {
      clusters: [testCluster({ issuer: `https://${host}`, serviceAccounts: [api] }), second],
    } as object,
  });
  expect(workload.accountsOf(app).ways.map(({ cluster }) => cluster.cluster.name)).toEqual(['prod']);
});

test('a role of another account is reached by its own provider', () => {
  const theirs = `arn:aws:iam::444455556666:oidc-provider/${host}`;
  const trustPolicy = ofApi.replaceAll('111122223333', '444455556666');
  const account = testAccount({
    accountId: '444455556666',
    roles: [testRole('theirs', { arn: foreign, trustPolicy })],
    oidcProviders: [{ arn: theirs, url: host, clientIds: ['sts.amazonaws.com'] }],
  });
  const { workload, cluster } = open({ change: { accounts: [testAccount(), account] } as object });
  expect(workload.rolesOf(cluster, api).map(textOf)).toEqual(['irsa theirs always']);
});
