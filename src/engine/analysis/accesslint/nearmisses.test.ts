import { expect, test } from 'vitest';
import { allow } from '../../rbac/allow.ts';
import type { RbacObject } from '../../rbac/objects.ts';
import { bindingSubject, testArn, testEntry, testGrant, testTakenAt, testUser } from '../testworld.ts';
import { lintAccess } from './accesslint.ts';
import type { Example } from './example.ts';
import { exampleWorld } from './examples.ts';
import { exampleRole, trust } from './testworld.ts';

/** `ID subject` of what is found. */
const found = (example: Example): readonly string[] =>
  lintAccess(exampleWorld(example), { served: new Map(), digest: (text) => text }).findings.map(
    ({ id, subject }) => `${id} ${subject}`,
  );

const ops = testArn('role/ops');
const roles = [exampleRole('ops')];
const view = { AmazonEKSViewPolicy: ['default'] };

const edit = testEntry(ops, { AmazonEKSEditPolicy: [] });
test('what ended, or what the mode ignores, gives no power', () => {
  const ended = edit.associatedPolicies.map((one) => ({ ...one, expiresAt: testTakenAt }));
  const ids = (cluster: Example['cluster']) =>
    found({ account: { roles }, ...(cluster && { cluster }) }).map((one) => one.split(' ')[0]);
  expect(ids({ accessEntries: [edit] })).toContain('EW-ACC-130');
  expect(ids({ accessEntries: [{ ...edit, associatedPolicies: ended }] })).toEqual(['EW-ACC-303']);
  expect(ids({ accessEntries: [edit], authenticationMode: 'CONFIG_MAP' })).toEqual(['EW-ACC-304']);
});

test('a principal of an account that was not read may exist', () => {
  const other = 'arn:aws:iam::444455556666:role/ci';
  const roleTrusting = exampleRole('ops', { trustPolicy: trust({ AWS: other }) });
  expect(found({ account: { roles: [roleTrusting] } })).toEqual([]);
  const gone = exampleRole('ops', { trustPolicy: trust({ AWS: testArn('role/gone') }) });
  expect(found({ account: { roles: [gone] } })).toEqual([`EW-ACC-604 ${ops}`]);
});

test('an inactive key is no key, and one of 60 idle days is not unused yet', () => {
  const day = 86_400_000;
  const keyed = (status: 'Active' | 'Inactive', days: number): Example => ({
    account: {
      users: [
        testUser('ada', {
          ...{ mfaDevices: 1, hasPassword: false },
          accessKeys: [
            {
              ...{ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', status },
              ...{ createdAt: testTakenAt - 80 * day, lastUsedAt: testTakenAt - days * day },
            },
          ],
        }),
      ],
    },
  });
  expect(found(keyed('Active', 60))).toEqual([]);
  expect(found(keyed('Inactive', 400))).toEqual([]);
  expect(found(keyed('Active', 91))).toEqual([`EW-ACC-502 ${testArn('user/ada')}`]);
});

test('a username that a binding names grants something', () => {
  const rbac = testGrant('ada', 'User:ada', [allow('get', 'core', 'pods')]);
  const named = (username: string): Example => ({
    account: { roles },
    cluster: { accessEntries: [testEntry(ops, {}, { username })], rbac },
  });
  expect(found(named('ada'))).toEqual([]);
  expect(found(named('eve'))).toContain(`EW-ACC-301 ${ops}`);
  expect(found(named('ada{{SessionName}}'))).toContain(`EW-ACC-301 ${ops}`);
});

test('a binding in a namespace is the same as a wider one only with all of its subjects', () => {
  const view = (kind: 'ClusterRoleBinding' | 'RoleBinding', ...to: readonly string[]): RbacObject => {
    const base = {
      name: 'view',
      roleRef: { kind: 'ClusterRole', name: 'view' } as const,
      subjects: to.map(bindingSubject),
    };
    return kind === 'RoleBinding' ? { ...base, kind, namespace: 'default' } : { ...base, kind };
  };
  const accessEntries = [testEntry(ops, {}, { kubernetesGroups: ['devs', 'ops'] })];
  const given = (...to: readonly string[]): Example => ({
    account: { roles },
    cluster: {
      accessEntries,
      rbac: [view('ClusterRoleBinding', 'Group:devs', 'Group:ops'), view('RoleBinding', ...to)],
    },
  });
  expect(found(given('Group:devs'))).toEqual(['EW-ACC-208 RoleBinding default/view']);
  expect(found(given('Group:devs', 'ServiceAccount:default/default')).join()).not.toContain('EW-ACC-208');
});

test('an address may come from an identity provider without a prefix, another name not', () => {
  const identityProviders = [
    { name: 'p', issuerUrl: 'https://i.example', clientId: 'c', usernameClaim: 'email' },
  ];
  const to = (name: string): Example => ({
    cluster: {
      identityProviders,
      rbac: testGrant('x', `User:${name}`, [allow('get', 'core', 'pods')], 'default'),
    },
  });
  expect(found(to('ada@example.com'))).toEqual([]);
  expect(found(to('https://i.example#ada'))).toEqual([]);
  expect(found(to('ada'))).toEqual(['EW-ACC-203 RoleBinding default/x']);
});

test('AWS’s own policies are AWS’s matter', () => {
  const document = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
  });
  const having = (arn: string): Example => ({
    account: {
      roles: [exampleRole('ops', { attachedPolicyArns: [arn] })],
      managedPolicies: [{ arn, document }],
    },
  });
  expect(found(having('arn:aws:iam::aws:policy/AdministratorAccess')).join()).not.toContain('EW-POL');
  expect(found(having(testArn('policy/all')))).toContain(`EW-POL-501 ${testArn('policy/all')}`);
});

test('one step from administrator is not two, and two are not one', () => {
  const may = (Resource: string) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource }],
    });
  const account = {
    roles: [
      exampleRole('ops', { trustPolicy: trust({ AWS: testArn('role/ci') }) }),
      exampleRole('ci', {
        trustPolicy: trust({ AWS: testArn('user/ada') }),
        inlinePolicies: { a: may(ops) },
      }),
    ],
    users: [testUser('ada', { inlinePolicies: { a: may(testArn('role/ci')) } })],
  };
  const cluster = { accessEntries: [testEntry(ops, { AmazonEKSClusterAdminPolicy: [] })] };
  expect(found({ account, cluster }).filter((one) => /EW-ACC-01/.test(one))).toEqual([
    `EW-ACC-010 ${testArn('role/ci')}`,
    `EW-ACC-011 ${testArn('user/ada')}`,
  ]);
});

test('an entry with another path is not taken for the role of nodes', () => {
  const nodes = exampleRole('team/nodes', {
    attachedPolicyArns: ['arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy'],
  });
  const ids = found({
    account: { roles: [nodes] },
    cluster: { accessEntries: [testEntry(testArn('role/nodes'), view)] },
  });
  expect(ids.join()).not.toContain('EW-ACC-411');
  expect(ids).toContain(`EW-ACC-314 ${testArn('role/nodes')}`);
});
