import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { allow } from '../../rbac/allow.ts';
import type { RbacObject } from '../../rbac/objects.ts';
import type { SnapshotUser } from '../snapshot/snapshot.ts';
import { bindingSubject, testArn, testEntry, testGrant, testTakenAt, testUser } from '../testworld.ts';
import { type AccessLintOptions, lintAccess } from './accesslint.ts';
import type { Example } from './example.ts';
import { exampleWorld } from './examples.ts';
import { exampleRole, trust } from './testworld.ts';

const lint = (example: Example, change: Partial<AccessLintOptions> = {}) =>
  lintAccess(exampleWorld(example), {
    served: new Map(),
    digest: (text) => createHash('sha256').update(text).digest('hex'),
    ...change,
  });
/** `ID subject` of what is found. */
const found = (example: Example): readonly string[] =>
  lint(example).findings.map(({ id, subject }) => `${id} ${subject}`);
const fixesOf = (id: string, example: Example): readonly (string | undefined)[] =>
  lint(example)
    .findings.filter((one) => one.id === id)
    .map(({ fix }) => fix);

const ops = testArn('role/ops');
const view = { AmazonEKSViewPolicy: ['default'] };
const everything = [allow('*', '*', '*')];
const item = (rolearn: string, groups: readonly string[], username = 'ops') => ({
  rolearn,
  username,
  groups,
});
const awsAuth = (...roles: readonly object[]) =>
  ({ roles, users: [], accounts: [] }) as NonNullable<NonNullable<Example['cluster']>['awsAuth']>;
const bind = (name: string, ...to: readonly string[]): RbacObject => ({
  kind: 'ClusterRoleBinding',
  name,
  roleRef: { kind: 'ClusterRole', name: 'cluster-admin' },
  subjects: to.map(bindingSubject),
});
const roles = [exampleRole('ops')];

describe('administrators', () => {
  test('a group template that a session can make system:masters makes administrators', () => {
    const cluster = { awsAuth: awsAuth(item(ops, ['system:{{SessionName}}'])) };
    expect(found({ account: { roles }, cluster })).toContain(`EW-ACC-002 ${ops}`);
  });

  test.each([
    [
      'an access entry goes before it',
      [exampleRole('ops')],
      { accessEntries: [testEntry(ops, view)] },
      'EW-ACC-401',
    ],
    ['its principal does not exist', [], {}, 'EW-ACC-403'],
  ] as const)(
    'an item with system:masters gives nothing where %s, and that is told',
    (_, known, more, id) => {
      const cluster = { awsAuth: awsAuth(item(ops, ['system:masters'])), ...more };
      expect(found({ account: { roles: known }, cluster })).toEqual([`${id} ${ops}`]);
    },
  );

  test('a later item of the same role takes system:masters away', () => {
    const items = awsAuth(item(ops, ['system:masters']), item(ops, ['devs']));
    const rbac = testGrant('devs', 'Group:devs', [allow('get', 'core', 'pods')]);
    expect(found({ account: { roles }, cluster: { awsAuth: items, rbac } }).join()).not.toContain(
      'EW-ACC-002',
    );
  });

  test.each([
    ['a service account by its username', 'User:system:serviceaccount:default:api', 'EW-ACC-004'],
    ['all service accounts of a namespace', 'Group:system:serviceaccounts:default', 'EW-ACC-004'],
    ['everybody', 'Group:system:authenticated', 'EW-ACC-206'],
    ['somebody', 'User:system:serviceaccount:api', 'EW-ACC-003'],
  ])('%s as administrator is told once, by the rule for such', (_, to, id) => {
    const serviceAccounts = [{ namespace: 'default', name: 'api' }];
    const ids = found({ cluster: { rbac: [bind('all', to)], serviceAccounts } });
    expect(ids.map((one) => one.split(' ')[0])).toEqual([id]);
  });

  test('a name of EKS itself counts as somebody’s where a template or a provider can give it', () => {
    const rbac = [bind('all', 'User:eks:admin')];
    expect(found({ cluster: { rbac } })).toEqual([]);
    const template = { rbac, awsAuth: awsAuth(item(ops, ['devs'], 'eks:{{SessionName}}')) };
    expect(found({ account: { roles }, cluster: template })).toContain('EW-ACC-003 User eks:admin');
    const provider = { name: 'p', issuerUrl: 'https://i.example', clientId: 'c', usernamePrefix: '-' };
    expect(found({ cluster: { rbac, identityProviders: [provider] } })).toContain(
      'EW-ACC-003 User eks:admin',
    );
  });

  test('only those are named as members whom their entry lets in', () => {
    const accessEntries = [
      testEntry(ops, {}, { kubernetesGroups: ['devs'] }),
      testEntry(testArn('role/gone'), {}, { kubernetesGroups: ['devs'] }),
    ];
    const { findings } = lint({
      account: { roles },
      cluster: { accessEntries, rbac: [bind('all', 'Group:devs')] },
    });
    const message = findings.find(({ id }) => id === 'EW-ACC-003')?.message;
    expect(message).toContain(`lets \`Group devs\`, and so \`${ops}\` do everything`);
  });

  test('whoever created the cluster and was deleted since is no administrator', () => {
    const cluster = { authenticationMode: 'CONFIG_MAP', hiddenAdminPrincipalId: 'AIDAGONE' } as const;
    expect(found({ cluster })).toEqual([]);
    const gaps = [{ area: 'iam', reason: 'iam:ListUsers was refused' }] as const;
    expect(found({ cluster, gaps })).toEqual(['EW-ACC-005 AIDAGONE']);
  });
});

describe('commands', () => {
  test('one subject is taken out of a binding, which keeps the others', () => {
    const fixes = fixesOf('EW-ACC-003', {
      cluster: { rbac: [bind('cluster-admin', 'Group:system:masters', 'User:eve')] },
    });
    expect(fixes).toEqual([
      `kubectl patch clusterrolebinding/cluster-admin --type json --patch '${JSON.stringify([
        { op: 'test', path: '/subjects/1/kind', value: 'User' },
        { op: 'test', path: '/subjects/1/name', value: 'eve' },
        { op: 'remove', path: '/subjects/1' },
      ])}'`,
    ]);
  });

  test('a binding goes with its only subject', () => {
    expect(fixesOf('EW-ACC-003', { cluster: { rbac: [bind('all', 'User:eve')] } })).toEqual([
      'kubectl delete clusterrolebinding/all',
    ]);
  });

  test('an entry that is made anew keeps its groups and policies, and not the name of who was before', () => {
    const old = testArn('role/old/ops');
    const entry = testEntry(
      old,
      { AmazonEKSViewPolicy: ['a', 'b'], AmazonEKSAdminViewPolicy: [] },
      {
        kubernetesGroups: ['devs'],
      },
    );
    const rbac = testGrant('devs', 'Group:devs', [allow('get', 'core', 'pods')]);
    const [fix] = fixesOf('EW-ACC-314', { account: { roles }, cluster: { accessEntries: [entry], rbac } });
    expect(fix?.split(' && ')).toEqual([
      `aws eks delete-access-entry --cluster-name prod --principal-arn ${old}`,
      `aws eks create-access-entry --cluster-name prod --principal-arn ${ops} --type STANDARD --kubernetes-groups devs`,
      ...['View', 'AdminView'].map(
        (name) =>
          `aws eks associate-access-policy --cluster-name prod --principal-arn ${ops} --policy-arn arn:aws:eks::aws:cluster-access-policy/AmazonEKS${name}Policy --access-scope ${name === 'View' ? 'type=namespace,namespaces=a,b' : 'type=cluster'}`,
      ),
    ]);
    const named = { ...entry, username: 'ops' };
    const [kept] = fixesOf('EW-ACC-314', { account: { roles }, cluster: { accessEntries: [named], rbac } });
    expect(kept).toContain(' --username ops ');
  });

  test('a scope keeps the namespaces that exist', () => {
    const cluster = { accessEntries: [testEntry(ops, { AmazonEKSViewPolicy: ['default', 'gone'] })] };
    expect(fixesOf('EW-ACC-305', { account: { roles }, cluster })[0]).toMatch(/namespaces=default$/);
  });
});

describe('scopes', () => {
  const inScope = (...namespaces: readonly string[]): Example => ({
    account: { roles },
    cluster: {
      accessEntries: [testEntry(ops, { AmazonEKSEditPolicy: namespaces })],
      namespaces: ['kube-system', 'dev'],
    },
  });
  test.each([
    [['*'], 'EW-ACC-130'],
    [['kube-*'], 'EW-ACC-131'],
    [['dev', '*-system'], 'EW-ACC-131'],
    [['kube-system'], 'EW-ACC-131'],
  ])('edit in %j is %s', (namespaces, id) => {
    expect(found(inScope(...namespaces)).filter((one) => one.startsWith('EW-ACC-1'))).toEqual([
      `${id} ${ops}`,
    ]);
  });

  test('edit in a namespace is usual', () => {
    expect(found(inScope('dev*'))).toEqual([]);
  });
});

describe('what was not read', () => {
  const gap = (area: 'accessPolicies' | 'cluster' | 'iam' | 'accessEntries') => ({
    area,
    reason: `${area} was refused`,
  });
  test('an entry whose policies were not read is not said to grant nothing', () => {
    const example: Example = { account: { roles }, cluster: { accessEntries: [testEntry(ops)] } };
    expect(found(example)).toEqual([`EW-ACC-301 ${ops}`]);
    expect(found({ ...example, gaps: [gap('accessPolicies')] })).toEqual([]);
  });

  test('an authentication mode that is not known hides no binding to a role that is missing', () => {
    const rbac: RbacObject[] = [
      { ...bind('x', 'Group:system:nodes'), roleRef: { kind: 'ClusterRole', name: 'gone' } } as RbacObject,
    ];
    expect(found({ cluster: { rbac }, gaps: [gap('cluster')] })).toEqual(['EW-ACC-201 ClusterRoleBinding x']);
  });

  test('a provider is not said to be missing where none was read', () => {
    const provider = 'arn:aws:iam::111122223333:oidc-provider/oidc.example.com';
    const trustPolicy = trust(
      { Federated: provider },
      { StringEquals: { 'oidc.example.com:sub': 'a', 'oidc.example.com:aud': 'b' } },
      'sts:AssumeRoleWithWebIdentity',
    );
    const none = { account: { roles: [exampleRole('ops', { trustPolicy })] } };
    const { findings, notLookedAt } = lint({ ...none, gaps: [gap('iam')] });
    expect(findings).toEqual([]);
    expect(found(none)).toEqual([`EW-ACC-603 ${testArn('role/ops')}`]);
    expect(notLookedAt).toContainEqual(
      expect.objectContaining({ ids: expect.arrayContaining(['EW-ACC-603']) }),
    );
    // Nor where perhaps not all were.
    const oidcProviders = [
      { arn: testArn('oidc-provider/other.example'), url: 'other.example', clientIds: ['b'] },
    ];
    const account = { roles: [exampleRole('ops', { trustPolicy })], oidcProviders };
    const missing = expect.stringContaining('EW-ACC-603');
    expect(found({ account })).toContainEqual(missing);
    expect(found({ account, gaps: [gap('iam')] })).not.toContainEqual(missing);
  });

  test('a key whose use was not read is not said to be unused', () => {
    const old = testTakenAt - 400 * 86_400_000;
    const accessKeys: SnapshotUser['accessKeys'] = [
      { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', status: 'Active', createdAt: old },
    ];
    const account = { users: [testUser('ada', { accessKeys, mfaDevices: 1, hasPassword: false })] };
    const ada = testArn('user/ada');
    expect(found({ account })).toEqual([`EW-ACC-502 ${ada}`]);
    expect(found({ account, gaps: [gap('iam')] })).toEqual([`EW-ACC-501 ${ada}`]);
  });

  test('a role of nodes is not said to be let in nowhere where entries were not read', () => {
    const node = exampleRole('nodes', {
      attachedPolicyArns: ['arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy'],
    });
    expect(found({ account: { roles: [node] } })).toContain(`EW-ACC-412 ${node.arn}`);
    expect(found({ account: { roles: [node] }, gaps: [gap('accessEntries')] }).join()).not.toContain(
      'EW-ACC-412',
    );
  });
});

describe('nodes', () => {
  const fargate = exampleRole('fargate', {
    attachedPolicyArns: ['arn:aws:iam::aws:policy/AmazonEKSFargatePodExecutionRolePolicy'],
    trustPolicy: trust({ Service: 'eks-fargate-pods.amazonaws.com' }),
  });
  const nodes = exampleRole('nodes', {
    attachedPolicyArns: ['arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy'],
    trustPolicy: trust({ Service: 'ec2.amazonaws.com', AWS: testArn('user/ada') }),
  });
  test('a role of Fargate with an entry of instances is of the wrong type', () => {
    const entry = testEntry(fargate.arn, {}, { type: 'EC2_LINUX', kubernetesGroups: ['system:nodes'] });
    const example = { account: { roles: [fargate] }, cluster: { accessEntries: [entry] } };
    expect(found(example)).toContain(`EW-ACC-411 ${fargate.arn}`);
    expect(fixesOf('EW-ACC-411', example)[0]).toContain('--type FARGATE_LINUX');
  });

  test('a node by aws-auth that others may be is one, too, and a node in mode CONFIG_MAP by its entry is none', () => {
    const account = { roles: [nodes], users: [testUser('ada')] };
    const groups = ['system:bootstrappers', 'system:nodes'];
    const items = awsAuth(item(nodes.arn, groups, 'system:node:{{EC2PrivateDNSName}}'));
    expect(found({ account, cluster: { awsAuth: items } })).toContain(`EW-ACC-413 ${nodes.arn}`);
    const entry = testEntry(nodes.arn, {}, { type: 'EC2_LINUX', kubernetesGroups: ['system:nodes'] });
    const cluster = { accessEntries: [entry], authenticationMode: 'CONFIG_MAP' } as const;
    expect(found({ account, cluster }).join()).not.toContain('EW-ACC-413');
  });

  test('a type that no node has is no trouble', () => {
    const entry = testEntry(ops, {}, { type: 'constructor' });
    expect(found({ account: { roles }, cluster: { accessEntries: [entry] } })).toEqual([]);
  });
});

describe('trust', () => {
  const partner = 'arn:aws:iam::444455556666:root';
  test.each([
    [{ StringEquals: { 'sts:ExternalId': 'a1' } }, false],
    [{ StringLike: { 'aws:PrincipalArn': 'arn:aws:iam::444455556666:role/ci*' } }, false],
    [{ StringNotEquals: { 'sts:ExternalId': 'a1' } }, true],
    [{ StringLike: { 'sts:ExternalId': '*' } }, true],
    [{ StringEqualsIfExists: { 'sts:ExternalId': 'a1' } }, true],
    [{ 'ForAllValues:StringEquals': { 'aws:PrincipalOrgID': 'o-a1' } }, true],
    [{ Null: { 'sts:ExternalId': 'false' } }, true],
    [{ Bool: { 'aws:MultiFactorAuthPresent': 'true' } }, true],
  ])('another account is trusted with %j: wholly %s', (condition, isWhole) => {
    const role = exampleRole('ops', { trustPolicy: trust({ AWS: partner }, condition) });
    expect(found({ account: { roles: [role] } }).includes(`EW-ACC-601 ${ops}`)).toBe(isWhole);
  });

  test('a provider of one audience needs no condition on it', () => {
    const arn = 'arn:aws:iam::111122223333:oidc-provider/oidc.example.com';
    const trustPolicy = trust(
      { Federated: arn },
      { StringEquals: { 'oidc.example.com:sub': 'a' } },
      'sts:AssumeRoleWithWebIdentity',
    );
    const provider = { arn, url: 'oidc.example.com', clientIds: ['sts.amazonaws.com'] };
    const account = { roles: [exampleRole('ops', { trustPolicy })], oidcProviders: [provider] };
    expect(found({ account })).toEqual([]);
  });
});

test('a condition that never holds is told of, although a policy with it is no danger', () => {
  const document = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        ...{ Effect: 'Allow', Action: 'eks:ListClusters', Resource: '*' },
        Condition: { StringEquals: { 'aws:RequestedRegion': 'eu-*' } },
      },
    ],
  });
  const role = exampleRole('ops', { inlinePolicies: { list: document } });
  expect(found({ account: { roles: [role] } })).toEqual([`EW-POL-323 ${ops}`]);
});

test('one cause is one finding: of an entry whose principal is gone nothing else is told', () => {
  const cluster = {
    accessEntries: [testEntry(ops, {}, { kubernetesGroups: ['nobody-binds'] })],
    rbac: testGrant('all', 'Group:devs', everything),
  };
  expect(found({ cluster }).filter((one) => one.includes('role/ops'))).toEqual([`EW-ACC-311 ${ops}`]);
});

test('a fingerprint stays when others come and go before it', () => {
  const bad = item(ops, ['system:nodes']);
  const alone = lint({ account: { roles }, cluster: { awsAuth: awsAuth(bad) } });
  const behind = lint({
    account: { roles: [...roles, exampleRole('ci')] },
    cluster: { awsAuth: awsAuth(item(testArn('role/ci'), ['system:nodes'], 'ci'), bad) },
  });
  const prints = ({ findings }: typeof alone) => findings.map(({ fingerprint }) => fingerprint);
  expect(prints(alone).length).toBeGreaterThan(0);
  expect(prints(behind)).toEqual(expect.arrayContaining([...prints(alone)]));
});

test('a service account bound by its username does not exist either', () => {
  const rbac: RbacObject[] = [
    {
      ...{ kind: 'RoleBinding', namespace: 'default', name: 'api' },
      roleRef: { kind: 'ClusterRole', name: 'view' },
      subjects: [bindingSubject('User:system:serviceaccount:default:gone')],
    },
  ];
  expect(found({ cluster: { rbac } })).toEqual(['EW-ACC-202 RoleBinding default/api']);
});
