import { findAccessPolicy } from '../../accesspolicies/catalogue.ts';
import type { AccessPolicyRule } from '../../accesspolicies/policy.ts';
import { compileScope } from '../../accesspolicies/scope.ts';
import type { ClusterRoleBinding, RoleBinding, Subject } from '../../rbac/objects.ts';
import type { PolicyRule } from '../../rbac/rules.ts';
import type { PlacedThing } from '../snapshot/places.ts';
import type { Snapshot, SnapshotAccessEntry } from '../snapshot/snapshot.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { World } from '../world/world.ts';
import { givenSubjects } from './defaults.ts';
import type { Mappings } from './mappings.ts';
import { isServiceLinked, objectLabel, policyName, subjectLabel } from './names.ts';

/** Rules that somebody was given in a cluster. */
export type Grant = BindingGrant | AssociationGrant;

interface GrantBase {
  /** The same list wherever the same role or policy is given. */
  readonly rules: readonly PolicyRule[];
  /** Undefined: the whole cluster. As written, so perhaps with `*` in a name. */
  readonly namespaces: readonly string[] | undefined;
  /** The binding, or the entry's principal. */
  readonly subject: string;
  /** The role or policy. */
  readonly object: string;
  readonly at: PlacedThing;
}

export interface BindingGrant extends GrantBase {
  readonly by: 'binding';
  readonly binding: ClusterRoleBinding | RoleBinding;
  /** Not those of Kubernetes itself; never empty. */
  readonly subjects: readonly Subject[];
}

export interface AssociationGrant extends GrantBase {
  readonly by: 'association';
  readonly entry: SnapshotAccessEntry;
  readonly policyArn: string;
}

/**
 * Everything that is given in a cluster by hands, in the snapshot's order: not what Kubernetes and AWS's services give
 * themselves, nor bindings without a role, nor policies that do not count (expired, or in mode CONFIG_MAP).
 */
export function grantsOf(
  { cluster, authorizer }: ClusterWorld,
  { snapshot, now }: World,
  mappings: Mappings,
): readonly Grant[] {
  const grants: Grant[] = [];
  // A provider without a prefix may call somebody anything.
  const isAnything = cluster.identityProviders.some(
    ({ usernamePrefix, groupsPrefix, groupsClaim }) =>
      usernamePrefix === '-' || usernamePrefix === '' || (groupsClaim !== undefined && !groupsPrefix),
  );
  const isMapped = (name: string): boolean =>
    isAnything || mappings.givesUser(name) || mappings.givesGroup(name);
  for (const binding of cluster.rbac) {
    if (binding.kind === 'ClusterRole' || binding.kind === 'Role') continue;
    const namespace = binding.kind === 'RoleBinding' ? binding.namespace : '';
    const { kind, name } = binding.roleRef;
    const rules = authorizer.roleRules(kind, kind === 'Role' ? namespace : '', name);
    const subjects = givenSubjects(binding, isMapped);
    if (rules === undefined || subjects.length === 0) continue;
    const ref = { kind: binding.kind, namespace, name: binding.name };
    grants.push({
      by: 'binding',
      ...{ binding, subjects, rules },
      namespaces: namespace === '' ? undefined : [namespace],
      subject: objectLabel(ref),
      object: objectLabel({ kind, namespace: kind === 'Role' ? namespace : '', name }),
      at: { thing: 'rbac', clusterArn: cluster.arn, ref },
    });
  }
  if (cluster.authenticationMode === 'CONFIG_MAP') return grants;
  const rulesOf = policyRules(cluster.accountId, snapshot);
  for (const entry of cluster.accessEntries) {
    const { principalArn } = entry;
    if (isServiceLinked(principalArn)) continue;
    for (const { policyArn, accessScope, expiresAt } of entry.associatedPolicies) {
      const rules = rulesOf(policyArn);
      if (rules === undefined || (expiresAt !== undefined && expiresAt <= now)) continue;
      grants.push({
        by: 'association',
        ...{ entry, policyArn, rules },
        namespaces: accessScope.type === 'cluster' ? undefined : accessScope.namespaces,
        subject: principalArn,
        object: policyName(policyArn),
        at: { thing: 'accessEntry', clusterArn: cluster.arn, principalArn },
      });
    }
  }
  return grants;
}

/** Whether it holds in every namespace there is. */
export function isEverywhere({ namespaces }: Grant): boolean {
  return namespaces?.some((pattern) => /^\*+$/.test(pattern)) ?? true;
}

/** Whether it holds in the namespace, but not in all. */
export function holdsIn({ namespaces }: Grant, namespace: string): boolean {
  return namespaces !== undefined && compileScope({ type: 'namespace', namespaces })(namespace);
}

/** The rules of an access policy that count; undefined for one nobody knows, or whose rules AWS does not publish. */
export function policyRules(
  accountId: string,
  { accounts, partition }: Snapshot,
): (policyArn: string) => readonly PolicyRule[] | undefined {
  const own = new Map(
    (accounts.find((account) => account.accountId === accountId)?.accessPolicies ?? []).map(
      ({ arn, rules }) => [arn, rules] as const,
    ),
  );
  const stock = new Map<string, readonly AccessPolicyRule[] | undefined>();
  return (policyArn) => {
    const rules = own.get(policyArn);
    if (rules !== undefined) return rules;
    if (!stock.has(policyArn)) {
      const published = findAccessPolicy(policyArn, partition)?.rules;
      stock.set(
        policyArn,
        published?.filter(({ namesUnpublished }) => namesUnpublished !== true),
      );
    }
    return stock.get(policyArn);
  };
}

/** Who is given it, for a message: ``Group `devs` and User `ada` ``. */
export function receivers(grant: Grant): readonly string[] {
  if (grant.by === 'association') return [grant.subject];
  const namespace = grant.binding.kind === 'RoleBinding' ? grant.binding.namespace : '';
  return grant.subjects.map((subject) => subjectLabel(subject, namespace));
}
