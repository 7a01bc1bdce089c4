import { findAccessPolicy, listAccessPolicies } from '../../accesspolicies/catalogue.ts';
import { customPolicyArn, parseCustomPolicyArn } from '../../accesspolicies/custom.ts';
import type { AccessScope } from '../../accesspolicies/scope.ts';
import type { RbacObject, RoleRef } from '../../rbac/objects.ts';
import type { PolicyRule } from '../../rbac/rules.ts';
import {
  emptySnapshot,
  type SnapshotAccessEntry,
  type SnapshotCluster,
  type SnapshotRole,
} from '../snapshot/snapshot.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import { createWorld, type World } from '../world/world.ts';
import type { ReachGoal } from './goal.ts';

/** What of a cluster is enough for a goal, once somebody has given it to itself. */
export interface Trial {
  /** Access policies, AWS's and the account's own; '' is the whole cluster. */
  policiesIn(namespace: string): readonly TriedPolicy[];
  /** Roles of the cluster, bound in the namespace; '' by a ClusterRoleBinding. */
  rolesIn(namespace: string): readonly RoleRef[];
  /** A role that allows everything, bound in the namespace. */
  boundEverything(namespace: string): boolean;
  /** An access policy that allows everything. */
  everythingOn(scope: AccessScope): boolean;
  /** Namespaces to try, of those that are known; '' is not among them. */
  readonly namespaces: readonly string[];
  readonly isAny: boolean;
}

export type TrialOf = (cluster: ClusterWorld, goal: ReachGoal) => Trial;

export interface TriedPolicy {
  readonly policyArn: string;
  /** `sometimes`: AWS does not publish what it allows. */
  readonly certainty: 'always' | 'sometimes';
}

const everything: PolicyRule = {
  ...{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], resourceNames: [], nonResourceURLs: [] },
};

/**
 * Asks once about a cluster beside the real one: the same roles, and for every policy and every place a principal that has
 * it, for every role and every place a user to whom it is bound. The decider tells which of them may.
 */
export function createTrial(world: World, { cluster }: ClusterWorld, goal: ReachGoal): Trial {
  const { partition } = world.snapshot;
  const { accountId } = cluster;
  const isAny = goal.namespaces === 'any';
  const named = goal.namespaces === 'any' ? '' : goal.namespaces.named;
  // In any namespace an access policy and a ClusterRole allow the same: one is tried for all.
  const sample = isAny ? 'default' : named;
  const places = sample === '' ? [''] : ['', sample];

  const own = world.principals.account(accountId)?.accessPolicies ?? [];
  const name = 'a policy of its own';
  const everythingArn = customPolicyArn({ partition, accountId, name });
  const roles: SnapshotRole[] = [];
  const entries: SnapshotAccessEntry[] = [];
  const holders = new Map<string, string>();
  const policyArns = new Set([...listAccessPolicies(partition), ...own].map(({ arn }) => arn));
  // Those of AWS's services are refused to everybody else (eks-access-facts F15).
  const isForCustomers = (arn: string): boolean =>
    findAccessPolicy(arn, partition)?.intendedFor !== 'serviceLinkedRoles';
  const tryPolicy = (policyArn: string, accessScope: AccessScope): void => {
    const key = scopeKey(policyArn, accessScope);
    if (holders.has(key)) return;
    const trial = `trial-${roles.length}`;
    const arn = `arn:${partition}:iam::${accountId}:role/${trial}`;
    holders.set(key, arn);
    roles.push({
      ...{ arn, name: trial, principalId: trial, trustPolicy: '{"Version":"2012-10-17","Statement":[]}' },
      ...{ tags: {}, inlinePolicies: {}, attachedPolicyArns: [] },
    });
    entries.push({
      ...{ principalArn: arn, principalId: trial, type: 'STANDARD', username: trial, kubernetesGroups: [] },
      associatedPolicies: [{ policyArn, accessScope }],
    });
  };
  for (const { associatedPolicies } of cluster.accessEntries) {
    for (const { policyArn, accessScope } of associatedPolicies) {
      // AWS lists not all of its policies (eks-access-facts C16).
      policyArns.add(policyArn);
      if (parseCustomPolicyArn(policyArn) !== undefined) tryPolicy(everythingArn, accessScope);
    }
  }
  for (const place of places) {
    for (const arn of [...policyArns].filter(isForCustomers).concat(everythingArn))
      tryPolicy(arn, scopeOf(place));
  }

  const rbac: RbacObject[] = [];
  const refs: { readonly ref: RoleRef; readonly place: string; readonly user: string }[] = [];
  const tryRole = (ref: RoleRef, place: string): void => {
    const user = `bound-${refs.length}`;
    refs.push({ ref, place, user });
    const subjects = [{ kind: 'User', name: user, namespace: '' }] as const;
    rbac.push(
      place === ''
        ? { kind: 'ClusterRoleBinding', name: user, roleRef: ref, subjects }
        : { kind: 'RoleBinding', name: user, namespace: place, roleRef: ref, subjects },
    );
  };
  const widest: RoleRef = { kind: 'ClusterRole', name: 'a role of its own' };
  rbac.push({ ...widest, kind: 'ClusterRole', labels: {}, rules: [everything] });
  for (const place of places) tryRole(widest, place);
  const namespaces = new Set(isAny ? ['default', ...(cluster.namespaces ?? [])] : places.slice(1));
  for (const object of cluster.rbac) {
    if (isAny && 'namespace' in object) namespaces.add(object.namespace);
    if (object.kind !== 'ClusterRole' && object.kind !== 'Role') continue;
    rbac.push(object);
    const { kind, name } = object;
    if (kind === 'ClusterRole') for (const place of places) tryRole({ kind, name }, place);
    else if (isAny || object.namespace === named) tryRole({ kind, name }, object.namespace);
  }

  const { allowed, unclear } = answerOf(world, goal, {
    cluster: { ...plainOf(cluster), accessEntries: entries, rbac },
    account: {
      ...{ accountId, users: [], roles, groups: [], managedPolicies: [], oidcProviders: [] },
      accessPolicies: [...own, { arn: everythingArn, name, version: 1, rules: [everything] }],
    },
  });
  const placeOf = (namespace: string): string => (namespace !== '' && isAny ? sample : namespace);
  const bound = new Map<string, RoleRef[]>();
  const widestIn = new Set<string>();
  for (const { ref, place, user } of refs) {
    if (!allowed.has(`User:${user}`)) continue;
    if (ref === widest) widestIn.add(place);
    else addTo(bound, `${ref.kind} ${place}`, ref);
  }
  const rolesIn = (kind: RoleRef['kind'], place: string): readonly RoleRef[] =>
    bound.get(`${kind} ${place}`) ?? [];
  const judged = (policyArn: string, scope: AccessScope): TriedPolicy['certainty'] | undefined => {
    const holder = holders.get(scopeKey(policyArn, scope)) ?? '';
    if (allowed.has(`iam:${holder}`)) return 'always';
    return unclear.has(holder) ? 'sometimes' : undefined;
  };
  const policies = new Map<string, readonly TriedPolicy[]>();
  for (const place of places) {
    const found = [...policyArns].flatMap((policyArn) => {
      const certainty = judged(policyArn, scopeOf(place));
      return certainty === undefined ? [] : [{ policyArn, certainty }];
    });
    // What is certain is told before what is not.
    policies.set(
      place,
      (['always', 'sometimes'] as const).flatMap((wanted) =>
        found.filter(({ certainty }) => certainty === wanted),
      ),
    );
  }
  return {
    namespaces: [...namespaces],
    isAny,
    policiesIn: (namespace) => policies.get(placeOf(namespace)) ?? [],
    rolesIn: (namespace) => [
      ...rolesIn('ClusterRole', placeOf(namespace)),
      ...(namespace === '' ? [] : rolesIn('Role', namespace)),
    ],
    boundEverything: (namespace) => widestIn.has(placeOf(namespace)),
    everythingOn: (scope) => judged(everythingArn, scope) === 'always',
  };
}

export function scopeOf(namespace: string): AccessScope {
  return namespace === ''
    ? { type: 'cluster', namespaces: [] }
    : { type: 'namespace', namespaces: [namespace] };
}

function scopeKey(policyArn: string, { type, namespaces }: AccessScope): string {
  return JSON.stringify([policyArn, type, ...namespaces]);
}

function addTo<Item>(lists: Map<string, Item[]>, key: string, item: Item): void {
  const known = lists.get(key);
  if (known === undefined) lists.set(key, [item]);
  else known.push(item);
}

/** The cluster with nobody in it. */
function plainOf({ arn, accountId, region, name, version }: SnapshotCluster) {
  return {
    ...{ arn, accountId, region, name, ...(version !== undefined && { version }) },
    ...({ authenticationMode: 'API', identityProviders: [], serviceAccounts: [] } as const),
  };
}

function answerOf(
  { snapshot: { partition, takenAt }, now }: World,
  goal: ReachGoal,
  {
    cluster,
    account,
  }: { readonly cluster: SnapshotCluster; readonly account: World['snapshot']['accounts'][number] },
) {
  const beside = createWorld(
    { ...emptySnapshot(partition, takenAt), accounts: [account], clusters: [cluster] },
    { now },
  );
  const [tried] = beside.clusters;
  return tried === undefined
    ? { allowed: new Set<string>(), unclear: new Set<string>() }
    : goal.ask(beside, tried);
}
