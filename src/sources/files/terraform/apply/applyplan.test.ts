import { describe, expect, test } from 'vitest';
import { processorTimer } from '../../../../../test/processortime.ts';
import { diffAccess } from '../../../../engine/analysis/diff/diff.ts';
import {
  emptySnapshot,
  type Snapshot,
  type SnapshotCluster,
} from '../../../../engine/analysis/snapshot/snapshot.ts';
import {
  testAccountId,
  testArn,
  testCluster,
  testEntry,
  testRole,
} from '../../../../engine/analysis/testworld.ts';
import { createWorld } from '../../../../engine/analysis/world/world.ts';
import { gapTexts } from '../../testworld.ts';
import { parsePlan } from '../plan.ts';
import { applyPlan } from './applyplan.ts';

type Values = Readonly<Record<string, unknown>>;
interface Change {
  readonly before?: Values;
  readonly after?: Values;
  readonly unknown?: Values;
  readonly actions?: readonly string[];
  readonly more?: Values;
}

const ops = testArn('role/ops');
const dev = testArn('role/dev');
const policyArn = (name: string): string => `arn:aws:eks::aws:cluster-access-policy/${name}`;
const entry = (principal: string, more: Values = {}): Values => ({
  ...{ cluster_name: 'prod', principal_arn: principal, type: 'STANDARD', kubernetes_groups: [] },
  ...more,
});
const association = (principal: string, policy: string, namespaces?: readonly string[]): Values => ({
  ...{ cluster_name: 'prod', principal_arn: principal, policy_arn: policyArn(policy) },
  access_scope: [{ type: namespaces ? 'namespace' : 'cluster', namespaces: namespaces ?? null }],
});

/** A plan of one change for each name `type.name`. */
function planOf(changes: Readonly<Record<string, Change>>, more: Values = {}) {
  const resource_changes = Object.entries(changes).map(([address, change]) => {
    const [type = '', name = ''] = address.split('.');
    const { before, after, unknown, actions } = change;
    const usual = before === undefined ? ['create'] : after === undefined ? ['delete'] : ['update'];
    return {
      ...{ address, mode: 'managed', type, name, ...change.more },
      change: {
        actions: actions ?? usual,
        before: before ?? null,
        after: after ?? null,
        after_unknown: unknown ?? {},
      },
    };
  });
  const plan = { format_version: '1.2', planned_values: {}, resource_changes, ...more };
  return parsePlan(JSON.stringify(plan), 'plan.json');
}

function snapshotOf(change: Partial<SnapshotCluster>, more: Partial<Snapshot> = {}): Snapshot {
  const account = {
    ...{ accountId: testAccountId, users: [], groups: [], managedPolicies: [] },
    ...{ oidcProviders: [], accessPolicies: [], roles: [testRole('ops'), testRole('dev')] },
  };
  return { ...emptySnapshot('aws', 7), accounts: [account], clusters: [testCluster(change)], ...more };
}

const entriesOf = ({ clusters }: Snapshot) =>
  clusters.flatMap(({ accessEntries }) =>
    accessEntries.map(({ principalArn, associatedPolicies }) => [
      principalArn,
      ...associatedPolicies.map(
        ({ policyArn: arn, accessScope }) => `${arn.split('/')[1]} ${accessScope.namespaces.join()}`,
      ),
    ]),
  );

describe('of a plan', () => {
  test('what it leaves as it is changes nothing', () => {
    const before = snapshotOf({ accessEntries: [testEntry(ops, { AmazonEKSViewPolicy: [] })] });
    const after = applyPlan(
      before,
      planOf({
        'aws_eks_access_entry.ops': { actions: ['no-op'], before: entry(ops), after: entry(ops) },
        'aws_eks_access_entry.dev': { actions: ['forget'], before: entry(dev) },
        'data.aws_iam_role': { actions: ['read'], after: {}, more: { mode: 'data' } },
      }),
    );
    expect(after).toEqual({ ...before, sources: ['plan.json: 0 resources that tell of access are changed'] });
  });

  test('an entry that goes takes its policies with it, and one that comes has none yet', () => {
    const before = snapshotOf({ accessEntries: [testEntry(ops, { AmazonEKSClusterAdminPolicy: [] })] });
    const after = applyPlan(
      before,
      planOf({
        'aws_eks_access_entry.this': {
          ...{ actions: ['delete', 'create'], before: entry(ops) },
          after: entry(ops, { kubernetes_groups: ['ops'] }),
        },
      }),
    );
    expect(entriesOf(after)).toEqual([[ops]]);
    expect(after.gaps).toEqual([]);
  });

  test('an entry that is changed keeps its policies', () => {
    const before = snapshotOf({ accessEntries: [testEntry(ops, { AmazonEKSViewPolicy: ['dev'] })] });
    const after = applyPlan(
      before,
      planOf({
        'aws_eks_access_entry.ops': { before: entry(ops), after: entry(ops, { kubernetes_groups: ['ops'] }) },
      }),
    );
    expect(after.clusters[0]?.accessEntries[0]).toMatchObject({ kubernetesGroups: ['ops'] });
    expect(entriesOf(after)).toEqual([[ops, 'AmazonEKSViewPolicy dev']]);
  });

  test('groups that are known only after apply are a gap, and those there are stay', () => {
    const before = snapshotOf({ accessEntries: [testEntry(ops, {}, { kubernetesGroups: ['ops'] })] });
    const { kubernetes_groups: _, ...after } = entry(ops);
    const applied = applyPlan(
      before,
      planOf({
        'aws_eks_access_entry.ops': {
          ...{
            before: entry(ops, { kubernetes_groups: ['ops'] }),
            after,
            unknown: { kubernetes_groups: true },
          },
        },
      }),
    );
    expect(applied.clusters[0]?.accessEntries[0]).toMatchObject({ kubernetesGroups: ['ops'] });
    expect(gapTexts(applied)).toContainEqual(expect.stringContaining('known only after apply'));
  });

  test('a binding whose subjects are known only after apply is a gap, and what is there stays', () => {
    const binding = { kind: 'RoleBinding', name: 'b', namespace: 'a' } as const;
    const roleRef = { kind: 'ClusterRole', name: 'edit' } as const;
    const subjects = [{ kind: 'Group', name: 'ops', namespace: '' }] as const;
    const before = snapshotOf({ rbac: [{ ...binding, roleRef, subjects }] });
    const values = {
      ...{ metadata: [{ name: 'b', namespace: 'a' }], role_ref: [{ kind: 'ClusterRole', name: 'edit' }] },
      subject: [{ kind: 'Group', name: 'ops', api_group: 'rbac.authorization.k8s.io' }],
    };
    const applied = applyPlan(
      before,
      planOf({
        'kubernetes_role_binding_v1.b': {
          ...{ before: values, after: { ...values, subject: [{ kind: 'Group' }] } },
          unknown: { subject: [{ name: true }] },
        },
      }),
    );
    expect(applied.clusters[0]?.rbac).toEqual([{ ...binding, roleRef, subjects }]);
    expect(gapTexts(applied)).toContainEqual(expect.stringContaining('some of it is known only after apply'));
  });

  test('an authentication mode that is known only after apply is a gap', () => {
    const cluster = { name: 'prod', arn: testCluster({}).arn };
    const applied = applyPlan(
      snapshotOf({ authenticationMode: 'CONFIG_MAP' }),
      planOf({
        'aws_eks_cluster.prod': {
          before: { ...cluster, access_config: [{ authentication_mode: 'CONFIG_MAP' }] },
          after: { ...cluster, access_config: [{}] },
          unknown: { access_config: [{ authentication_mode: true }] },
        },
      }),
    );
    expect(applied.clusters[0]?.authenticationMode).toBe('CONFIG_MAP');
    expect(gapTexts(applied)).toEqual([
      expect.stringContaining('its authentication mode is known only after apply'),
    ]);
  });

  test('what is taken away at one address and made at another is there', () => {
    const policy = association(ops, 'AmazonEKSViewPolicy');
    const before = snapshotOf({ accessEntries: [testEntry(ops, { AmazonEKSViewPolicy: [] })] });
    const after = applyPlan(
      before,
      planOf({
        'aws_eks_access_policy_association.new': { after: policy },
        'aws_eks_access_entry.new': { after: entry(ops) },
        'aws_eks_access_entry.old': { before: entry(ops) },
        'aws_eks_access_policy_association.old': { before: policy },
      }),
    );
    expect(entriesOf(after)).toEqual([[ops, 'AmazonEKSViewPolicy ']]);
    expect(after.gaps).toEqual([]);
  });

  test('what is not as the plan found it is a gap', () => {
    const before = snapshotOf({
      accessEntries: [testEntry(ops, { AmazonEKSViewPolicy: ['a'] }, { kubernetesGroups: ['x'] })],
    });
    const after = applyPlan(
      before,
      planOf({
        'aws_eks_access_entry.ops': { before: entry(ops), after: entry(ops, { kubernetes_groups: ['y'] }) },
        'aws_eks_access_entry.dev': { before: entry(dev) },
        'aws_eks_access_policy_association.ops': { before: association(ops, 'AmazonEKSViewPolicy', ['b']) },
        'aws_eks_access_policy_association.dev': { before: association(ops, 'AmazonEKSEditPolicy') },
        'kubernetes_role_v1.gone': { before: { metadata: [{ name: 'r', namespace: 'a' }], rule: [] } },
        'aws_iam_role_policy_attachment.x': {
          before: { role: 'ops', policy_arn: 'arn:aws:iam::aws:policy/P' },
        },
        'aws_iam_role.none': {
          before: { name: 'none', arn: testArn('role/none'), assume_role_policy: '{}' },
        },
        'aws_iam_role.dev': {
          ...{ before: { name: 'dev', arn: dev, assume_role_policy: '{"a":1}' } },
          after: { name: 'dev', arn: dev, assume_role_policy: '{"a":2}' },
        },
      }),
    );
    expect([...gapTexts(after)].map((text) => text.replace(/^\d+:\d+ /, '')).sort()).toEqual([
      '`aws_eks_access_entry.dev`: the entry of `arn:aws:iam::111122223333:role/dev`, which it takes away, is not there: make the plan again',
      '`aws_eks_access_entry.ops`: the entry of `arn:aws:iam::111122223333:role/ops` has another `kubernetesGroups` than when the plan was made: make it again',
      '`aws_eks_access_policy_association.dev`: `arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy` of `arn:aws:iam::111122223333:role/ops`, which it takes away, is not there: make the plan again',
      '`aws_eks_access_policy_association.ops`: `arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy` of `arn:aws:iam::111122223333:role/ops` has another `accessScope` than when the plan was made: make it again',
      '`aws_iam_role.dev`: role `dev` has another `trust policy` than when the plan was made: make it again',
      '`aws_iam_role.none`: role `none`, which it takes away, is not there: make the plan again',
      '`aws_iam_role_policy_attachment.x`: attached policy `arn:aws:iam::aws:policy/P` of role `ops`, which it changes, is not there: make the plan again',
      '`kubernetes_role_v1.gone`: Role `a/r`, which it takes away, is not there: make the plan again',
    ]);
    expect(after.gaps.every(({ place }) => place?.file === 'plan.json')).toBe(true);
    expect(entriesOf(after)).toEqual([[ops]]);
  });

  test('what it makes and is there already, and otherwise, is a gap', () => {
    const before = snapshotOf({
      accessEntries: [testEntry(ops, {}, { kubernetesGroups: ['x'] }), testEntry(dev)],
    });
    const changes = {
      'aws_eks_access_entry.ops': { after: entry(ops) },
      'aws_eks_access_entry.dev': { after: entry(dev) },
    };
    expect(gapTexts(applyPlan(before, planOf(changes)))).toEqual([
      expect.stringContaining("role/ops`, which it makes, is there already: the plan's counts"),
    ]);
  });

  test('what is of a cluster or an account that was not read is a gap', () => {
    const role = { name: 'far', arn: 'arn:aws:iam::444455556666:role/far', assume_role_policy: '{}' };
    const after = applyPlan(
      snapshotOf({}),
      planOf({
        'aws_eks_access_entry.ops': { after: entry(ops, { cluster_name: 'test' }) },
        'aws_iam_role.far': { after: role },
      }),
    );
    expect(gapTexts(after)).toEqual([
      expect.stringContaining(
        'cluster `test` is not in what the plan is applied to: `aws_eks_access_entry.ops` are left out',
      ),
      expect.stringContaining('the IAM of account 444455556666 is not in what the plan is applied to'),
    ]);
  });

  test('a cluster that it makes has what it puts into it, and nothing else', () => {
    const after = applyPlan(
      snapshotOf({}),
      planOf({
        'aws_eks_cluster.new': {
          after: {
            ...{ name: 'new', region: 'eu-central-1' },
            access_config: [
              { authentication_mode: 'API', bootstrap_cluster_creator_admin_permissions: false },
            ],
          },
        },
        'aws_eks_access_entry.ops': { after: entry(ops, { cluster_name: 'new' }) },
      }),
    );
    expect(after.clusters.map(({ arn }) => arn)).toEqual([
      'arn:aws:eks:us-east-1:111122223333:cluster/prod',
      'arn:aws:eks:eu-central-1:111122223333:cluster/new',
    ]);
    expect(entriesOf(after)).toEqual([[ops]]);
    expect(after.gaps).toEqual([]);
  });

  test.each([
    ['by its id', { principalId: testRole('ops').principalId }],
    ['by when it was made, where EKS does not tell the id', { createdAt: 5 }],
  ])(
    'a role that is made again is another one: an entry for the old one, %s, gives it nothing',
    (_, tied) => {
      const before = snapshotOf({ accessEntries: [testEntry(ops, { AmazonEKSViewPolicy: [] }, tied)] });
      const values = { name: 'ops', arn: ops, assume_role_policy: testRole('ops').trustPolicy };
      const after = applyPlan(
        before,
        planOf({ 'aws_iam_role.ops': { actions: ['delete', 'create'], before: values, after: values } }),
      );
      const { changes } = diffAccess(createWorld(before), createWorld(after));
      const lost = changes.filter((change) => change.key.includes('role/ops') && change.lost.length > 0);
      expect(lost).toHaveLength(1);
      expect(changes.filter(({ gained }) => gained.length > 0)).toEqual([]);
      expect(after.gaps).toEqual([]);
    },
  );

  test('what is of clusters that were not asked for is left out, and told', () => {
    const plan = planOf({
      'aws_eks_access_entry.ops': { after: entry(ops) },
      'aws_eks_access_entry.other': { after: entry(ops, { cluster_name: 'other' }) },
    });
    const after = applyPlan(snapshotOf({}), plan, { clusters: ['prod'] });
    expect(entriesOf(after)).toEqual([[ops]]);
    expect(after.gaps).toEqual([]);
    expect(after.sources).toContain('left out: 1 change of plan.json, of other clusters');
  });

  test('a role that is changed keeps what other resources attached since', () => {
    const p = (name: string): string => `arn:aws:iam::aws:policy/${name}`;
    const values = {
      name: 'ops',
      arn: ops,
      assume_role_policy: testRole('ops').trustPolicy,
      managed_policy_arns: [p('A')],
    };
    const account = snapshotOf({}).accounts[0];
    if (account === undefined) throw new Error('no account');
    const role = { ...testRole('ops'), attachedPolicyArns: [p('A'), p('B')] };
    const after = applyPlan(
      snapshotOf({}, { accounts: [{ ...account, roles: [role] }] }),
      planOf({
        'aws_iam_role.ops': { before: values, after: { ...values, tags: { a: 'b' } } },
        'aws_iam_role_policy_attachment.a': { before: { role: 'ops', policy_arn: p('A') } },
        'aws_iam_role_policy_attachment.c': { after: { role: 'ops', policy_arn: p('C') } },
      }),
    );
    expect(after.accounts[0]?.roles[0]).toMatchObject({
      tags: { a: 'b' },
      attachedPolicyArns: [p('B'), p('C')],
    });
    expect(after.gaps).toEqual([]);
  });

  test('a namespace that goes takes with it what is in it', () => {
    const binding = {
      kind: 'RoleBinding',
      name: 'b',
      namespace: 'old',
      roleRef: { kind: 'ClusterRole', name: 'edit' },
    } as const;
    const before = snapshotOf({
      ...{ rbac: [{ ...binding, subjects: [] }], namespaces: ['old', 'dev'] },
      serviceAccounts: [{ namespace: 'old', name: 'a' }],
    });
    const after = applyPlan(
      before,
      planOf({ 'kubernetes_namespace_v1.old': { before: { metadata: [{ name: 'old' }] } } }),
    );
    expect(after.clusters[0]).toMatchObject({ rbac: [], namespaces: ['dev'], serviceAccounts: [] });
  });

  test('keys of aws-auth that it sets leave the others', () => {
    const map = (user: string): string =>
      `- userarn: ${testArn(`user/${user}`)}\n  username: ${user}\n  groups: [a]\n`;
    const before = snapshotOf({
      awsAuth: {
        roles: [{ rolearn: ops, username: 'ops', groups: ['system:masters'] }],
        ...{ users: [], accounts: [] },
      },
    });
    const after = applyPlan(
      before,
      planOf({
        'kubernetes_config_map_v1_data.aws_auth': {
          after: {
            metadata: [{ name: 'aws-auth', namespace: 'kube-system' }],
            data: { mapUsers: map('ada') },
          },
        },
      }),
    );
    expect(after.clusters[0]?.awsAuth).toMatchObject({
      roles: [{ rolearn: ops }],
      users: [{ username: 'ada', groups: ['a'] }],
    });
    expect(after.gaps).toEqual([]);
  });

  test('whose resources of Kubernetes are must be clear', () => {
    const role = { metadata: [{ name: 'r', namespace: 'a' }], rule: [] };
    const plan = planOf({ 'kubernetes_role_v1.r': { after: role } });
    const [cluster] = snapshotOf({}).clusters;
    const two = snapshotOf(
      {},
      {
        clusters: [cluster, { ...testCluster({}), name: 'b', arn: `${cluster?.arn}b` }].flatMap(
          (one) => one ?? [],
        ),
      },
    );
    expect(() => applyPlan(two, plan)).toThrow('it is not clear whose they are');
    const after = applyPlan(two, plan, { clusters: ['prod'] });
    expect(after.clusters.map(({ rbac }) => rbac.length)).toEqual([1, 0]);
  });

  test.each<[string, Values, string]>([
    ['ended with an error', { errored: true }, 'this plan ended with an error'],
    [
      'leaves some for later',
      { deferred_changes: [{ reason: 'x', resource_change: { address: 'a.b' } }] },
      '`a.b`: Terraform leaves it for a later plan',
    ],
    ['has a change that cannot be read', { resource_changes: [7] }, 'a change of this plan has no address'],
    [
      'has an action of the future',
      {
        resource_changes: [
          { address: 'a.b', type: 'a', name: 'b', change: { actions: ['ponder'], after: {} } },
        ],
      },
      'action `ponder` is not known',
    ],
  ])('one that %s is a gap', (_, more, reason) => {
    expect(gapTexts(applyPlan(snapshotOf({}), planOf({}, more)))).toEqual([expect.stringContaining(reason)]);
  });

  test('many changes take linear time', () => {
    const many = Array.from({ length: 2000 }, (_, at) => at);
    const metadata = (at: number): Values => ({ metadata: [{ name: `n${at}` }] });
    const role = (at: number): Values => ({ metadata: [{ name: 'r', namespace: `m${at}` }], rule: [] });
    const plan = planOf(
      Object.fromEntries(
        many.flatMap((at): [string, Change][] => [
          [`kubernetes_namespace_v1.gone${at}`, { before: metadata(at) }],
          [`kubernetes_role_v1.r${at}`, { after: role(at) }],
          [`aws_eks_access_entry.e${at}`, { after: entry(testArn(`role/r${at}`)) }],
          [
            `aws_eks_access_policy_association.a${at}`,
            { after: association(testArn(`role/r${at}`), 'AmazonEKSViewPolicy') },
          ],
        ]),
      ),
    );
    const rbac = many.map((at) => ({ kind: 'Role', name: 'r', namespace: `n${at}`, rules: [] }) as const);
    const spent = processorTimer();
    const after = applyPlan(snapshotOf({ rbac, namespaces: many.map((at) => `n${at}`) }), plan);
    expect(spent()).toBeLessThan(3000);
    expect(after.clusters[0]).toMatchObject({
      namespaces: [],
      accessEntries: { length: 2000 },
      rbac: { length: 2000 },
    });
  });
});
