import { accessPolicyArn } from '../accesspolicies/catalogue.ts';
import { defaultRbacObjects } from '../rbac/defaults.ts';
import type { RbacObject, Subject } from '../rbac/objects.ts';
import type { PolicyRule } from '../rbac/rules.ts';
import {
  emptySnapshot,
  type Snapshot,
  type SnapshotAccessEntry,
  type SnapshotAccount,
  type SnapshotCluster,
  type SnapshotPodIdentityAssociation,
  type SnapshotRole,
  type SnapshotUser,
} from './snapshot/snapshot.ts';
import type { ClusterWorld } from './world/cluster.ts';
import { createWorld, type World } from './world/world.ts';

/** Builders of small snapshots for tests: boring defaults, everything else said by the test. */
export const testAccountId = '111122223333';
export const testTakenAt = Date.UTC(2026, 10, 21, 12);
export const testClusterArn = `arn:aws:eks:us-east-1:${testAccountId}:cluster/prod`;

/** `role/team/ops` → its ARN in the test account. */
export const testArn = (path: string): string => `arn:aws:iam::${testAccountId}:${path}`;

const plainPrincipal = { tags: {}, inlinePolicies: {}, attachedPolicyArns: [] } as const;
const nameIn = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** `testRole('team/ops')` is `role/team/ops` with id `AROAOPS`; nobody may assume it. */
export function testRole(path: string, change: Partial<SnapshotRole> = {}): SnapshotRole {
  const name = nameIn(path);
  return {
    ...plainPrincipal,
    ...{ arn: testArn(`role/${path}`), name, principalId: `AROA${name.toUpperCase()}` },
    trustPolicy: '{"Version":"2012-10-17","Statement":[]}',
    ...change,
  };
}

export function testUser(path: string, change: Partial<SnapshotUser> = {}): SnapshotUser {
  const name = nameIn(path);
  return {
    ...plainPrincipal,
    ...{ arn: testArn(`user/${path}`), name, principalId: `AIDA${name.toUpperCase()}`, groupNames: [] },
    ...change,
  };
}

/** `oidc.eks.us-east-1.amazonaws.com/id/ABC` as a provider of the test account, for tokens that Pods get. */
export function testProvider(host: string, clientIds: readonly string[] = ['sts.amazonaws.com']) {
  return { arn: testArn(`oidc-provider/${host}`), url: `https://${host}`, clientIds };
}

/** An association that gives the service account `payments/api` the role. */
export function testAssociation(
  roleArn: string,
  change: Partial<SnapshotPodIdentityAssociation> = {},
): SnapshotPodIdentityAssociation {
  const account = { namespace: 'payments', serviceAccount: 'api' };
  return {
    ...{ associationId: 'a-0123456789abcdefg', ...account, roleArn, disableSessionTags: false },
    ...change,
  };
}

/** An entry as `CreateAccessEntry` makes it, with AWS's policies by name: `{ AmazonEKSViewPolicy: ['dev'] }`, `[]` is the cluster. */
export function testEntry(
  principalArn: string,
  policies: Readonly<Record<string, readonly string[]>> = {},
  change: Partial<SnapshotAccessEntry> = {},
): SnapshotAccessEntry {
  const isRole = principalArn.includes(':role/');
  return {
    principalArn,
    type: 'STANDARD',
    username: isRole
      ? `arn:aws:sts::${testAccountId}:assumed-role/${nameIn(principalArn)}/{{SessionName}}`
      : principalArn,
    kubernetesGroups: [],
    associatedPolicies: Object.entries(policies).map(([name, namespaces]) => ({
      policyArn: name.startsWith('arn:') ? name : accessPolicyArn(name, 'aws'),
      accessScope: { type: namespaces.length > 0 ? 'namespace' : 'cluster', namespaces },
    })),
    ...change,
  };
}

/** `prod`, with entries only, no RBAC, and the namespaces `default` and `kube-system`. */
export function testCluster(change: Partial<SnapshotCluster> = {}): SnapshotCluster {
  return {
    ...{ arn: testClusterArn, accountId: testAccountId, region: 'us-east-1', name: 'prod', version: '1.35' },
    authenticationMode: 'API_AND_CONFIG_MAP',
    ...{ accessEntries: [], rbac: [], identityProviders: [] },
    namespaces: ['default', 'kube-system'],
    serviceAccounts: [],
    ...change,
  };
}

export function testAccount(change: Partial<SnapshotAccount> = {}): SnapshotAccount {
  return {
    accountId: testAccountId,
    ...{ users: [], roles: [], groups: [], managedPolicies: [], oidcProviders: [], accessPolicies: [] },
    ...change,
  };
}

/** One account and one cluster. */
export function testSnapshot({
  account = {},
  cluster = {},
  ...change
}: {
  readonly account?: Partial<SnapshotAccount>;
  readonly cluster?: Partial<SnapshotCluster>;
} & Partial<Omit<Snapshot, 'accounts' | 'clusters'>> = {}): Snapshot {
  return {
    ...emptySnapshot('aws', testTakenAt),
    sources: ['a test'],
    accounts: [testAccount(account)],
    clusters: [testCluster(cluster)],
    ...change,
  };
}

/** The same, ready to be asked. */
export function testWorld(what: Parameters<typeof testSnapshot>[0] = {}): {
  readonly world: World;
  readonly cluster: ClusterWorld;
} {
  const world = createWorld(testSnapshot(what));
  const [cluster] = world.clusters;
  if (cluster === undefined) throw new Error('a test world has one cluster');
  return { world, cluster };
}

/** What a new cluster has of RBAC. */
export const stockRbac: readonly RbacObject[] = defaultRbacObjects;

/** `User:ada`, `Group:devs`, `ServiceAccount:ns/name` as a binding names it. */
export function bindingSubject(text: string): Subject {
  const [, kind = '', namespace = '', name = ''] =
    /^(User|Group|ServiceAccount):(?:([^/:]*)\/)?(.*)$/.exec(text) ?? [];
  if (kind === 'ServiceAccount') return { kind, namespace, name };
  if (kind === 'User' || kind === 'Group') return { kind, namespace: '', name: text.slice(kind.length + 1) };
  throw new Error(`${text} is no subject`);
}

/** A role with a binding of the same name; without a namespace a ClusterRole bound in the whole cluster. */
export function testGrant(
  name: string,
  to: string,
  rules: readonly PolicyRule[],
  namespace = '',
): readonly RbacObject[] {
  const subjects = [bindingSubject(to)];
  return namespace === ''
    ? [
        { kind: 'ClusterRole', name, labels: {}, rules },
        { kind: 'ClusterRoleBinding', name, roleRef: { kind: 'ClusterRole', name }, subjects },
      ]
    : [
        { kind: 'Role', name, namespace, rules },
        { kind: 'RoleBinding', name, namespace, roleRef: { kind: 'Role', name }, subjects },
      ];
}

/** Random numbers of a seed (mulberry32), so that a failure can be had again. */
export function seededRandom(seed: number) {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const pick = <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)] as T;
  const chance = (of: number): boolean => next() < of;
  const some = <T>(items: readonly T[], of: number): T[] => items.filter(() => chance(of));
  return { next, pick, chance, some };
}
export type SeededRandom = ReturnType<typeof seededRandom>;
