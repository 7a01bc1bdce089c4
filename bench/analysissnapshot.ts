import { accessPolicyArn } from '../src/engine/accesspolicies/catalogue.ts';
import {
  emptySnapshot,
  type Snapshot,
  type SnapshotAccessEntry,
  type SnapshotAccount,
  type SnapshotCluster,
  type SnapshotRole,
  type SnapshotUser,
} from '../src/engine/analysis/snapshot/snapshot.ts';
import { allow } from '../src/engine/rbac/allow.ts';
import { defaultRbacObjects } from '../src/engine/rbac/defaults.ts';
import type { RbacObject, Subject } from '../src/engine/rbac/objects.ts';
import { createRandom, type Random } from '../test/differential/random.ts';

/** How large a snapshot is; all counts are of the whole snapshot but for what is said to be of each cluster. */
export interface SnapshotSizes {
  readonly principals: number;
  readonly clusters: number;
  readonly entriesPerCluster: number;
  /** RBAC roles of both kinds, the default ones not counted. */
  readonly roles: number;
  readonly bindings: number;
  readonly namespacesPerCluster: number;
  readonly serviceAccountsPerCluster: number;
}

/** The size of issue 5: one organisation with ten large clusters. */
export const largeOrganisation: SnapshotSizes = {
  principals: 10_000,
  clusters: 10,
  entriesPerCluster: 3_000,
  roles: 10_000,
  bindings: 100_000,
  namespacesPerCluster: 200,
  serviceAccountsPerCluster: 2_000,
};

const accountIds = ['111122223333', '222233334444', '333344445555', '444455556666'] as const;
const takenAt = Date.UTC(2026, 10, 21, 12);

/** Always the same for the same seed and sizes. Many can read something, few can read secrets, as it is in life. */
export function bigSnapshot(seed: number, sizes: SnapshotSizes = largeOrganisation): Snapshot {
  const random = createRandom(seed);
  const accounts = accountIds.map((accountId, at) =>
    makeAccount(accountId, share(sizes.principals, accountIds.length, at), random),
  );
  const principals = accounts.flatMap(({ users, roles }) => [...roles, ...users]);
  const clusters = Array.from({ length: sizes.clusters }, (_, at) =>
    makeCluster(at, principals, sizes, createRandom(seed + 1 + at)),
  );
  return { ...emptySnapshot('aws', takenAt), sources: [`generated from seed ${seed}`], accounts, clusters };
}

/** The part of `whole` at place `at` of `count` parts. */
function share(whole: number, count: number, at: number): number {
  return Math.floor(whole / count) + (at < whole % count ? 1 : 0);
}

function makeAccount(accountId: string, principals: number, random: Random): SnapshotAccount {
  const managedPolicies = Array.from({ length: 60 }, (_, at) => ({
    arn: `arn:aws:iam::${accountId}:policy/team-${at}`,
    document: policyText(random),
  }));
  const common = (kind: 'user' | 'role', at: number) => {
    const path = random.chance(0.3) ? `/team-${random.below(50)}/` : '/';
    const name = `${kind === 'user' ? 'person' : 'role'}-${at}`;
    return {
      arn: `arn:aws:iam::${accountId}:${kind}${path}${name}`,
      name,
      principalId: `${kind === 'user' ? 'AIDA' : 'AROA'}${accountId}${String(at).padStart(6, '0')}`,
      createdAt: takenAt - random.below(1_000) * 86_400_000,
      tags: { team: `team-${random.below(50)}` },
      inlinePolicies: random.chance(0.2) ? { own: policyText(random) } : {},
      attachedPolicyArns: random.some(managedPolicies, 0.03).map(({ arn }) => arn),
    };
  };
  const userCount = Math.floor(principals / 4);
  const users: SnapshotUser[] = Array.from({ length: userCount }, (_, at) => ({
    ...common('user', at),
    groupNames: [`group-${at % 20}`],
    accessKeys: random.chance(0.3)
      ? [{ accessKeyId: `AKIA${accountId}${String(at).padStart(4, '0')}`, status: 'Active' }]
      : [],
    mfaDevices: random.below(2),
    hasPassword: random.chance(0.5),
  }));
  const roles: SnapshotRole[] = Array.from({ length: principals - userCount }, (_, at) => ({
    ...common('role', at),
    trustPolicy: trustText(accountId, at, random),
  }));
  return {
    ...{ accountId, users, roles, managedPolicies, oidcProviders: [], accessPolicies: [] },
    groups: Array.from({ length: 20 }, (_, at) => ({
      arn: `arn:aws:iam::${accountId}:group/group-${at}`,
      name: `group-${at}`,
      inlinePolicies: {},
      attachedPolicyArns: random.some(managedPolicies, 0.05).map(({ arn }) => arn),
    })),
  };
}

function policyText(random: Random): string {
  const Action = random.pick([
    ['s3:GetObject', 's3:ListBucket'],
    ['eks:DescribeCluster', 'eks:ListClusters'],
    ['ec2:Describe*'],
    ['sts:AssumeRole'],
    ['eks:*'],
  ]);
  const Resource = `arn:aws:iam::${random.pick(accountIds)}:role/role-${random.below(2_000)}`;
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action, Resource: Action[0] === 'sts:AssumeRole' ? Resource : '*' }],
  });
}

function trustText(accountId: string, at: number, random: Random): string {
  const Principal = random.chance(0.5)
    ? { Service: 'ec2.amazonaws.com' }
    : {
        AWS: random.chance(0.5)
          ? `arn:aws:iam::${accountId}:root`
          : `arn:aws:iam::${accountId}:role/role-${Math.max(0, at - 1)}`,
      };
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal, Action: 'sts:AssumeRole' }],
  });
}

function makeCluster(
  at: number,
  principals: readonly (SnapshotRole | SnapshotUser)[],
  sizes: SnapshotSizes,
  random: Random,
): SnapshotCluster {
  const accountId = accountIds[at % accountIds.length] ?? accountIds[0];
  const name = `cluster-${at}`;
  const namespaces = Array.from({ length: sizes.namespacesPerCluster }, (_, place) => `team-${place}`);
  const serviceAccounts = Array.from({ length: sizes.serviceAccountsPerCluster }, (_, place) => ({
    namespace: namespaces[place % namespaces.length] ?? 'default',
    name: `app-${place}`,
  }));
  return {
    ...{ arn: `arn:aws:eks:us-east-1:${accountId}:cluster/${name}`, accountId, region: 'us-east-1', name },
    ...{ version: '1.35', authenticationMode: 'API_AND_CONFIG_MAP' },
    accessEntries: makeEntries(principals, sizes.entriesPerCluster, namespaces, random),
    awsAuth: {
      roles: Array.from({ length: 20 }, (_, place) => ({
        rolearn: `arn:aws:iam::${accountId}:role/node-${place}`,
        username: 'system:node:{{EC2PrivateDNSName}}',
        groups: ['system:bootstrappers', 'system:nodes'],
      })),
      users: [],
      accounts: [],
    },
    rbac: makeRbac(
      share(sizes.roles, sizes.clusters, at),
      share(sizes.bindings, sizes.clusters, at),
      namespaces,
      serviceAccounts,
      random,
    ),
    ...{ namespaces, serviceAccounts, identityProviders: [] },
  };
}

function makeEntries(
  principals: readonly (SnapshotRole | SnapshotUser)[],
  count: number,
  namespaces: readonly string[],
  random: Random,
): readonly SnapshotAccessEntry[] {
  const start = random.below(principals.length);
  return Array.from({ length: Math.min(count, principals.length) }, (_, place) => {
    const principal = principals[(start + place) % principals.length];
    const { arn = '', name = '', principalId = '' } = principal ?? {};
    const accountId = arn.split(':')[4] ?? '';
    const policyName = random.chance(0.02)
      ? 'AmazonEKSClusterAdminPolicy'
      : random.pick(['AmazonEKSViewPolicy', 'AmazonEKSViewPolicy', 'AmazonEKSEditPolicy']);
    const isWide = random.chance(0.05);
    return {
      principalArn: arn,
      principalId,
      type: 'STANDARD',
      username: arn.includes(':role/')
        ? `arn:aws:sts::${accountId}:assumed-role/${name}/{{SessionName}}`
        : arn,
      kubernetesGroups: random.chance(0.5) ? [`group-${random.below(500)}`] : [],
      associatedPolicies: random.chance(0.6)
        ? [
            {
              policyArn: accessPolicyArn(policyName, 'aws'),
              accessScope: isWide
                ? { type: 'cluster', namespaces: [] }
                : {
                    type: 'namespace',
                    namespaces: [namespaces[random.below(namespaces.length)] ?? 'default'],
                  },
            },
          ]
        : [],
    };
  });
}

const resources = [
  'pods',
  'configmaps',
  'services',
  'deployments',
  'jobs',
  'events',
  'ingresses',
  'secrets',
] as const;

function makeRbac(
  roles: number,
  bindings: number,
  namespaces: readonly string[],
  serviceAccounts: readonly { readonly namespace: string; readonly name: string }[],
  random: Random,
): readonly RbacObject[] {
  const objects: RbacObject[] = [...defaultRbacObjects];
  const clusterRoles = Math.floor(roles / 2);
  const rules = () =>
    Array.from({ length: 1 + random.below(3) }, () =>
      allow(random.pick(['get list watch', '*', 'create update patch']), 'core apps', random.pick(resources)),
    );
  for (let at = 0; at < clusterRoles; at++) {
    objects.push({ kind: 'ClusterRole', name: `role-${at}`, labels: {}, rules: rules() });
  }
  const localRoles = Array.from({ length: roles - clusterRoles }, (_, at) => ({
    namespace: namespaces[at % namespaces.length] ?? 'default',
    name: `local-${at}`,
  }));
  for (const { namespace, name } of localRoles)
    objects.push({ kind: 'Role', name, namespace, rules: rules() });
  const subject = (): Subject => {
    if (random.chance(0.4)) {
      const account = serviceAccounts[random.below(serviceAccounts.length)];
      return { kind: 'ServiceAccount', namespace: account?.namespace ?? '', name: account?.name ?? '' };
    }
    return random.chance(0.5)
      ? { kind: 'Group', namespace: '', name: `group-${random.below(500)}` }
      : { kind: 'User', namespace: '', name: `person-${random.below(5_000)}@example.com` };
  };
  for (let at = 0; at < bindings; at++) {
    const name = `binding-${at}`;
    const subjects = random.chance(0.2) ? [subject(), subject()] : [subject()];
    const clusterRole = { kind: 'ClusterRole', name: `role-${random.below(clusterRoles)}` } as const;
    if (random.chance(0.02)) {
      objects.push({ kind: 'ClusterRoleBinding', name, roleRef: clusterRole, subjects });
      continue;
    }
    const local = localRoles[random.below(localRoles.length)];
    const isLocal = local !== undefined && random.chance(0.5);
    objects.push({
      kind: 'RoleBinding',
      name,
      namespace: isLocal ? local.namespace : (namespaces[random.below(namespaces.length)] ?? 'default'),
      roleRef: isLocal ? { kind: 'Role', name: local.name } : clusterRole,
      subjects,
    });
  }
  return objects;
}
