import { describe, expect, test } from 'vitest';
import type { AwsAuth, AwsAuthRole } from '../../identity/awsauth.ts';
import { allow } from '../../rbac/allow.ts';
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
import { planMigration } from './create.ts';
import type { ItemOutcome, MigrationPlan, PlannedEntry } from './plan.ts';
import { type MigrationProof, proveMigration } from './proof.ts';

const role = (name: string, username: string, ...groups: string[]): AwsAuthRole => ({
  rolearn: name.startsWith('arn:') ? name : testArn(`role/${name}`),
  username,
  groups,
});

/** An account with roles and users, and a cluster with the RBAC of a new one whose aws-auth says so. */
function migrate(
  awsAuth: Partial<AwsAuth>,
  {
    roles = [],
    users = [],
    ...cluster
  }: {
    readonly roles?: readonly string[];
    readonly users?: readonly string[];
  } & Partial<SnapshotCluster> = {},
): { readonly plan: MigrationPlan; readonly proof: MigrationProof } {
  const made = testWorld({
    account: { roles: roles.map((path) => testRole(path)), users: users.map((path) => testUser(path)) },
    cluster: {
      authenticationMode: 'API_AND_CONFIG_MAP',
      rbac: stockRbac,
      awsAuth: { roles: [], users: [], accounts: [], ...awsAuth },
      ...cluster,
    },
  });
  const plan = planMigration(made.world, made.cluster);
  return { plan, proof: proveMigration(made.world, made.cluster, plan) };
}

const shown = ({ principalArn, type, username, kubernetesGroups, policies }: PlannedEntry): unknown => ({
  arn: principalArn.slice(principalArn.lastIndexOf(':') + 1),
  type,
  ...(username !== undefined && { username }),
  ...(kubernetesGroups.length > 0 && { groups: kubernetesGroups }),
  ...(policies.length > 0 && {
    policies: policies.map(({ policyArn }) => policyArn.slice(policyArn.lastIndexOf('/') + 1)),
  }),
});
const outcomes = (items: readonly ItemOutcome[]): readonly string[] =>
  items.map(({ outcome, code }) => (code === undefined ? outcome : `${outcome} ${code}`));
const verdicts = ({ principals }: MigrationProof): Readonly<Record<string, string>> =>
  Object.fromEntries(
    principals.map(({ principalArn, verdict }) => [
      principalArn.slice(principalArn.lastIndexOf(':') + 1),
      verdict,
    ]),
  );
const numbered = (count: number): readonly string[] => Array.from({ length: count }, (_, at) => `g${at}`);
const secrets = [allow('get', 'core', 'secrets')];

describe('nobody gains', () => {
  test('an item whose ARN has a path lets nobody in, and gets no entry', () => {
    const { plan, proof } = migrate(
      { roles: [role('team/ops', 'ops', 'system:masters')] },
      { roles: ['team/ops'] },
    );
    expect(plan.entries).toEqual([]);
    expect(outcomes(plan.items)).toEqual(['nothing rolePath']);
    expect(proof).toMatchObject({ principals: [], isSafe: true });
  });

  test('an earlier duplicate gives nothing, not even its groups', () => {
    const { plan, proof } = migrate(
      { roles: [role('ops', 'admin', 'system:masters'), role('OPS', 'ops', 'devs')] },
      { roles: ['ops'] },
    );
    expect(plan.entries.map(shown)).toEqual([
      { arn: 'role/ops', type: 'STANDARD', username: 'ops', groups: ['devs'] },
    ]);
    expect(outcomes(plan.items)).toEqual(['nothing laterItemCounts', 'moves']);
    expect(proof).toMatchObject({ principals: [], isSafe: true });
  });

  test('a role that is called like a node and is in no node group does not become one', () => {
    const { plan, proof } = migrate(
      { roles: [role('odd', 'system:node:{{EC2PrivateDNSName}}', 'devs')] },
      { roles: ['odd'] },
    );
    expect(plan.entries).toEqual([]);
    expect(outcomes(plan.items)).toEqual(['stays nodeWithoutGroups']);
    expect(verdicts(proof)).toEqual({ 'role/odd': 'loses' });
  });

  test('a principal with an entry keeps it, whatever aws-auth would give it', () => {
    const { plan, proof } = migrate(
      { roles: [role('ops', 'admin', 'system:masters')] },
      { roles: ['ops'], accessEntries: [testEntry(testArn('role/ops'), { AmazonEKSViewPolicy: [] })] },
    );
    expect(plan.entries).toEqual([]);
    expect(outcomes(plan.items)).toEqual(['already']);
    expect(proof.isSafe).toBe(true);
  });

  test('in mode CONFIG_MAP an entry that is there goes first from then on, and what it gives more is told', () => {
    const { plan, proof } = migrate(
      { roles: [role('ops', 'ops', 'devs')] },
      {
        roles: ['ops'],
        authenticationMode: 'CONFIG_MAP',
        accessEntries: [testEntry(testArn('role/ops'), { AmazonEKSViewPolicy: ['dev'] })],
        rbac: [...stockRbac, ...testGrant('s', 'Group:devs', secrets, 'team')],
      },
    );
    expect(plan.entries).toEqual([]);
    expect(verdicts(proof)).toEqual({ 'role/ops': 'gainsAndLoses' });
    const [ops] = proof.principals;
    expect(ops?.sessions[0]?.lost).toMatchObject([{ where: 'team', rule: { resources: ['secrets'] } }]);
    expect(ops?.sessions[0]?.gained.every(({ where }) => where === 'dev')).toBe(true);
  });

  test('an item without a username is refused, and no entry gives it the one EKS would', () => {
    const { plan, proof } = migrate({ roles: [role('ops', '', 'system:masters')] }, { roles: ['ops'] });
    expect(plan.entries).toEqual([]);
    expect(outcomes(plan.items)).toEqual(['nothing noUsername']);
    expect(proof.isSafe).toBe(true);
  });

  test('a new name that is somebody’s already is told as what it gives', () => {
    const { plan, proof } = migrate(
      { roles: [role('ops', 'ops', 'system:ops'), role('thief', 'thief', 'from-aws-auth:system:ops')] },
      {
        roles: ['ops', 'thief'],
        rbac: [...stockRbac, ...testGrant('s', 'Group:system:ops', secrets)],
      },
    );
    expect(plan.bindings).toHaveLength(1);
    expect(verdicts(proof)).toEqual({ 'role/ops': 'renamed', 'role/thief': 'gains' });
    expect(proof.isSafe).toBe(false);
  });
});

describe('what moves', () => {
  test('nodes come first, then administrators, and both are what they were', () => {
    const { plan, proof } = migrate(
      {
        roles: [
          role('dev', 'dev:{{SessionName}}', 'devs'),
          role('admin', 'admin', 'system:masters'),
          role('linux', 'system:node:{{EC2PrivateDNSName}}', 'system:bootstrappers', 'system:nodes'),
          role(
            'windows',
            'system:node:{{EC2PrivateDNSName}}',
            ...['system:bootstrappers', 'system:nodes', 'eks:kube-proxy-windows'],
          ),
          role(
            'fargate',
            'system:node:{{SessionName}}',
            ...['system:bootstrappers', 'system:nodes', 'system:node-proxier'],
          ),
        ],
      },
      { roles: ['team/dev', 'admin', 'linux', 'windows', 'fargate'] },
    );
    expect(plan.entries.map(shown)).toEqual([
      { arn: 'role/fargate', type: 'FARGATE_LINUX' },
      { arn: 'role/linux', type: 'EC2_LINUX' },
      { arn: 'role/windows', type: 'EC2_WINDOWS' },
      {
        ...{ arn: 'role/admin', type: 'STANDARD', username: 'admin' },
        policies: ['AmazonEKSClusterAdminPolicy'],
      },
      { arn: 'role/team/dev', type: 'STANDARD', username: 'dev:{{SessionName}}', groups: ['devs'] },
    ]);
    expect(outcomes(plan.items)).toEqual(['moves', 'moves', 'moves', 'moves', 'moves']);
    expect(verdicts(proof)).toEqual({
      ...{ 'role/admin': 'renamed', 'role/fargate': 'renamed', 'role/linux': 'renamed' },
      'role/windows': 'renamed',
    });
    expect(proof.isSafe).toBe(true);
  });

  test('what the bootstrap group has is told as lost to a node', () => {
    const { proof } = migrate(
      {
        roles: [role('linux', 'system:node:{{EC2PrivateDNSName}}', 'system:bootstrappers', 'system:nodes')],
      },
      {
        roles: ['linux'],
        rbac: [...stockRbac, ...testGrant('boot', 'Group:system:bootstrappers', secrets)],
      },
    );
    expect(verdicts(proof)).toEqual({ 'role/linux': 'loses' });
  });

  test('names that entries refuse become new ones, bound like the old', () => {
    const { plan, proof } = migrate(
      {
        roles: [
          role('ops', 'system:ops', 'system:monitoring', 'eks:viewers'),
          role('people', '{{SessionName}}', 'devs'),
        ],
      },
      {
        roles: ['ops', 'people'],
        rbac: [
          ...stockRbac,
          ...testGrant('ops', 'User:system:ops', secrets, 'ops'),
          ...testGrant('ada', 'User:ada', secrets, 'ada'),
          ...testGrant('viewers', 'Group:eks:viewers', secrets),
        ],
      },
    );
    expect(plan.entries.map(shown)).toEqual([
      {
        ...{ arn: 'role/ops', type: 'STANDARD', username: 'from-aws-auth:system:ops' },
        groups: ['from-aws-auth:system:monitoring', 'from-aws-auth:eks:viewers'],
      },
      {
        ...{ arn: 'role/people', type: 'STANDARD', username: 'from-aws-auth:{{SessionName}}' },
        groups: ['devs'],
      },
    ]);
    expect(plan.bindings.map(({ name, subjects }) => [name, ...subjects.map((one) => one.name)])).toEqual([
      ['system:monitoring-from-aws-auth', 'from-aws-auth:system:monitoring'],
      ['ops-from-aws-auth', 'from-aws-auth:system:ops'],
      ['ada-from-aws-auth', 'from-aws-auth:ada'],
      ['viewers-from-aws-auth', 'from-aws-auth:eks:viewers'],
    ]);
    expect(verdicts(proof)).toEqual({ 'role/ops': 'renamed', 'role/people': 'renamed' });
    expect(proof.isSafe).toBe(true);
  });

  test('whoever is called like a service account keeps what that may do, and a new group is there once', () => {
    const { plan, proof } = migrate(
      { roles: [role('ci', 'system:serviceaccount:ci:runner', 'system:x', 'from-aws-auth:system:x')] },
      {
        roles: ['ci'],
        rbac: [
          ...stockRbac,
          ...testGrant('s', 'ServiceAccount:ci/runner', secrets),
          ...testGrant('x', 'Group:system:x', secrets, 'x'),
          // In its own namespace a binding need not say which.
          {
            ...{ kind: 'RoleBinding', name: 'own', namespace: 'ci' },
            roleRef: { kind: 'ClusterRole', name: 'view' },
            subjects: [{ kind: 'ServiceAccount', namespace: '', name: 'runner' }],
          },
        ],
      },
    );
    expect(plan.entries).toMatchObject([{ kubernetesGroups: ['from-aws-auth:system:x'] }]);
    expect(plan.bindings.map(({ subjects }) => subjects)).toEqual([
      [{ kind: 'User', name: 'from-aws-auth:system:serviceaccount:ci:runner', namespace: '' }],
      [{ kind: 'Group', name: 'from-aws-auth:system:x', namespace: '' }],
      [{ kind: 'User', name: 'from-aws-auth:system:serviceaccount:ci:runner', namespace: '' }],
    ]);
    expect(verdicts(proof)).toEqual({ 'role/ci': 'renamed' });
  });

  test('the roles of a permission set move one by one where they are known, with their path', () => {
    const path = 'aws-reserved/sso.amazonaws.com/AWSReservedSSO_View_0123456789abcdef';
    const sso = { permissionSetName: 'View', accountID: testAccountId };
    const open = migrate(
      { roles: [{ sso, username: 'v:{{SessionName}}', groups: ['viewers'] }] },
      { roles: [path], ssoRoleMatch: true },
    );
    expect(open.plan.entries.map(shown)).toEqual([
      { arn: `role/${path}`, type: 'STANDARD', username: 'v:{{SessionName}}', groups: ['viewers'] },
    ]);
    expect(open.proof.isSafe).toBe(true);
    const shut = migrate({ roles: [{ sso, username: 'v', groups: ['viewers'] }] }, { roles: [path] });
    expect(outcomes(shut.plan.items)).toEqual(['nothing ssoGate']);
    expect(shut.proof.isSafe).toBe(true);
  });

  test('the hidden creator of a cluster of mode CONFIG_MAP becomes an entry by EKS itself', () => {
    const { plan, proof } = migrate(
      { users: [{ userarn: testArn('user/carla'), username: 'carla', groups: [] }] },
      { users: ['carla'], authenticationMode: 'CONFIG_MAP', hiddenAdminPrincipalId: 'AIDACARLA' },
    );
    expect(plan).toMatchObject({ creatorArn: testArn('user/carla'), entries: [] });
    expect(outcomes(plan.items)).toEqual(['already']);
    expect(verdicts(proof)).toEqual({ 'user/carla': 'renamed' });
  });

  test('an entry of a principal that was re-created is replaced', () => {
    const { plan, proof } = migrate(
      { roles: [role('ops', 'ops', 'devs')] },
      { roles: ['ops'], accessEntries: [testEntry(testArn('role/ops'), {}, { principalId: 'AROAFORMER' })] },
    );
    expect(plan.entries).toMatchObject([{ replacesStale: true }]);
    expect(proof.isSafe).toBe(true);
  });
});

describe('what cannot move is told as lost', () => {
  test.each([
    ['everybody of an account', { accounts: ['999900001111'] }, 'stays account', { root: 'loses' }],
    [
      'a federated user',
      {
        users: [{ userarn: `arn:aws:sts::${testAccountId}:federated-user/eve`, username: 'eve', groups: [] }],
      },
      'stays federatedUser',
      { 'federated-user/eve': 'loses' },
    ],
    [
      'a node’s role of another account',
      {
        roles: [
          role('arn:aws:iam::999900001111:role/n', 'system:node:{{EC2PrivateDNSName}}', 'system:nodes'),
        ],
      },
      'stays nodeOfOtherAccount',
      { 'role/n': 'loses' },
    ],
    [
      'a permission set of an account nobody read',
      {
        roles: [{ sso: { permissionSetName: 'V', accountID: '999900001111' }, username: 'v', groups: ['g'] }],
      },
      'stays ssoUnknownRoles',
      { 'role/AWSReservedSSO_V_????????????????': 'loses' },
    ],
    [
      'a username that changes with each key',
      { roles: [role('ops', 'u:{{AccessKeyID}}', 'devs')] },
      'moves',
      { 'role/ops': 'renamed' },
    ],
    [
      'a group that changes with each session, and its right to be administrator',
      { roles: [role('ops', 'ops', '{{SessionName}}:masters')] },
      'moves',
      { 'role/ops': 'loses' },
    ],
  ] satisfies readonly (readonly [string, Partial<AwsAuth>, string, Readonly<Record<string, string>>])[])(
    '%s',
    (_, awsAuth, outcome, expected) => {
      const { plan, proof } = migrate(awsAuth, { roles: ['ops'], ssoRoleMatch: true });
      expect(outcomes(plan.items)).toEqual([outcome]);
      expect(verdicts(proof)).toEqual(expected);
    },
  );

  test('of an account that was read, those move whom a binding names, and the others lose', () => {
    const { plan, proof } = migrate(
      { accounts: [testAccountId] },
      {
        users: ['team/ada', 'bob'],
        roles: ['ops'],
        rbac: [...stockRbac, ...testGrant('ada', `User:${testArn('user/team/ada')}`, secrets)],
      },
    );
    expect(plan.entries.map(shown)).toEqual([
      { arn: 'user/team/ada', type: 'STANDARD', username: testArn('user/team/ada') },
    ]);
    expect(verdicts(proof)).toEqual({ root: 'loses', 'role/ops': 'loses', 'user/bob': 'loses' });
  });

  test.each([
    [
      'a node of a name that no type of entry gives',
      [role('ops', 'system:node:{{SessionNameRaw}}', 'system:nodes')],
      'nodeOtherName',
    ],
    ['more groups than an entry has', [role('ops', 'o', ...numbered(101))], 'tooManyGroups'],
    ['whom a binding names by the access key', [role('ops', 'key:{{AccessKeyID}}', 'devs')], 'boundByKey'],
    ['who is in a group by the access key', [role('ops', 'o', 'k:{{AccessKeyID}}:x')], 'boundByKey'],
  ])('%s', (_, roles, code) => {
    const { plan, proof } = migrate(
      { roles },
      {
        roles: ['ops'],
        rbac: [
          ...stockRbac,
          ...testGrant('key', 'User:key:AKIAIOSFODNN7EXAMPLE', secrets),
          ...testGrant('keys', 'Group:k:AKIAIOSFODNN7EXAMPLE:x', secrets),
        ],
      },
    );
    expect(outcomes(plan.items)).toEqual([`stays ${code}`]);
    expect(verdicts(proof)).toEqual({ 'role/ops': 'loses' });
  });

  test('a node that would no longer be one, and somebody who would become one, whatever bindings say', () => {
    const { world, cluster } = testWorld({
      account: { roles: [testRole('node'), testRole('other')] },
      cluster: {
        rbac: stockRbac,
        awsAuth: {
          roles: [
            role('node', 'system:node:{{EC2PrivateDNSName}}', 'system:nodes'),
            role('other', 'system:node:{{SessionName}}'),
          ],
          ...{ users: [], accounts: [] },
        },
      },
    });
    const plan = planMigration(world, cluster);
    const [node] = plan.entries;
    if (node === undefined) throw new Error('the node moves');
    const wrong: PlannedEntry[] = [
      { ...node, type: 'STANDARD', username: 'node' },
      { ...node, principalArn: testArn('role/other'), type: 'HYBRID_LINUX' },
    ];
    expect(verdicts(proveMigration(world, cluster, { ...plan, entries: wrong }))).toEqual({
      // Its sessions that are no instance’s are somebody, too, without a node’s name.
      'role/node': 'gainsAndLoses',
      'role/other': 'gains',
    });
  });

  test('a principal that does not exist is let go', () => {
    const { plan, proof } = migrate({ roles: [role('gone', 'gone', 'system:masters')] });
    expect(outcomes(plan.items)).toEqual(['nothing missingPrincipal']);
    expect(proof).toMatchObject({ principals: [], isSafe: true });
  });
});

test('without RBAC nothing is said to be proven of whoever gets another name', () => {
  const { plan, proof } = migrate(
    {
      roles: [role('ops', 'ops', 'system:x'), role('admin', 'a', 'system:masters'), role('dev', 'd', 'devs')],
    },
    { roles: ['ops', 'admin', 'dev'], rbac: [] },
  );
  expect(plan.incomplete).toMatchObject([{ area: 'rbac' }]);
  expect(plan.notes.map(({ code }) => code)).toContain('rbacUnknown');
  expect(verdicts(proof)).toEqual({ 'role/admin': 'renamed', 'role/ops': 'unproven' });
  expect(proof.isSafe).toBe(false);
});

test('where aws-auth was not read whole, nothing is safe', () => {
  const reason = 'aws-auth: mapRoles is not valid YAML';
  const { world, cluster } = testWorld({
    cluster: { rbac: stockRbac, awsAuth: { roles: [], users: [], accounts: [] } },
    gaps: [{ area: 'awsAuth', clusterArn: testClusterArn, reason }],
  });
  const proof = proveMigration(world, cluster, planMigration(world, cluster));
  expect(proof).toMatchObject({ isSafe: false, unread: [reason], principals: [] });
});

test('a user without its path, and an account that is none, are told as what they are', () => {
  const { plan, proof } = migrate(
    { users: [{ userarn: testArn('user/ada'), username: 'ada', groups: [] }], accounts: ['1234'] },
    { users: ['team/ada'] },
  );
  expect(outcomes(plan.items)).toEqual(['nothing userPath', 'nothing notAccount']);
  expect(proof.isSafe).toBe(true);
});

test.each([
  [2999, 'API_AND_CONFIG_MAP', false],
  [3000, 'API_AND_CONFIG_MAP', true],
  // The creator's becomes one of them.
  [2999, 'CONFIG_MAP', true],
] as const)('with %i entries in mode %s it is told that one more is too many: %s', (count, mode, isTold) => {
  const { plan } = migrate(
    { roles: [role('ops', 'ops')] },
    {
      ...{ roles: ['ops'], users: ['carla'], authenticationMode: mode },
      ...(mode === 'CONFIG_MAP' && { hiddenAdminPrincipalId: 'AIDACARLA' }),
      accessEntries: Array.from({ length: count }, (_, at) => testEntry(testArn(`role/r${at}`))),
    },
  );
  expect(plan.notes.some(({ code }) => code === 'quota')).toBe(isTold);
});

test('in mode API aws-auth counts for nothing, and there is nothing to do', () => {
  const { plan, proof } = migrate(
    { roles: [role('ops', 'ops', 'devs')] },
    { roles: ['ops'], authenticationMode: 'API' },
  );
  expect(plan.entries).toEqual([]);
  expect(outcomes(plan.items)).toEqual(['nothing modeIgnoresAwsAuth']);
  expect(proof.isSafe).toBe(true);
});
