import { describe, expect, test } from 'vitest';
import { stockRbac, testAccountId, testArn, testEntry, testGrant } from '../testworld.ts';
import { migrate, outcomes, role, secrets, shown, verdicts } from './testworld.ts';

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
