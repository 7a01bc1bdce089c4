import { describe, expect, test } from 'vitest';
import type { AwsAuth } from '../../identity/awsauth.ts';
import {
  stockRbac,
  testAccountId,
  testArn,
  testClusterArn,
  testEntry,
  testGrant,
  testRole,
  testWorld,
} from '../testworld.ts';
import { planMigration } from './create.ts';
import type { PlannedEntry } from './plan.ts';
import { proveMigration } from './proof.ts';
import { migrate, numbered, outcomes, role, secrets, shown, verdicts } from './testworld.ts';

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
