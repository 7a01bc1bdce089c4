import { accessPolicyArn, findAccessPolicy, listAccessPolicies } from '../../accesspolicies/catalogue.ts';
import type { AccessScope } from '../../accesspolicies/scope.ts';
import type { PolicyRule } from '../../rbac/rules.ts';
import { countOf, heldPairs, type KnownResource, pairsOf } from '../whatcan/closest.ts';
import type { Permissions } from '../whatcan/permissions.ts';
import { rulesBeyond } from '../whatcan/rules.ts';
import type { KubernetesNeeds } from './kubernetes.ts';

/** An access policy of AWS that is enough, no larger than what somebody has, and close enough to what was used. */
export interface StockAssociation {
  readonly policyArn: string;
  readonly policyName: string;
  readonly accessScope: AccessScope;
  /** Pairs of resource and verb that it grants, and those of them that were used. */
  readonly pairs: { readonly granted: number; readonly used: number };
}

/**
 * The one whose unused part is smallest. A policy that is used by less than half is none: the point was to have less.
 * `current` is everything somebody has now, `shared` what everybody has.
 */
export function fittingPolicy(
  { everywhere, places }: Pick<KubernetesNeeds, 'everywhere' | 'places'>,
  {
    current,
    shared,
    partition,
    universe,
  }: {
    readonly current: Permissions;
    readonly shared: Permissions;
    readonly partition: string;
    readonly universe: readonly KnownResource[];
  },
): StockAssociation | undefined {
  const isWide = everywhere.length > 0;
  const namespaces = places.flatMap((place) => place.namespaces).sort();
  if (!isWide && namespaces.length === 0) return undefined;
  const accessScope: AccessScope = isWide
    ? { type: 'cluster', namespaces: [] }
    : { type: 'namespace', namespaces };
  const pairs = pairsOf(universe);
  const usedRules = [...everywhere, ...places.flatMap(({ rules }) => rules)];
  const used = heldPairs(usedRules, pairs);
  let best: StockAssociation | undefined;
  for (const { name: policyName } of listAccessPolicies(partition)) {
    const policyArn = accessPolicyArn(policyName, partition);
    const policy = findAccessPolicy(policyArn, partition);
    if (policy?.intendedFor !== 'customers' || policy.rules === undefined) continue;
    const rules: readonly PolicyRule[] = policy.rules
      .filter(({ namesUnpublished }) => namesUnpublished !== true)
      .map((rule) => (isWide ? rule : { ...rule, nonResourceURLs: [] }));
    if (rulesBeyond(usedRules, [...rules, ...shared.everywhere]).length > 0) continue;
    const isLarger = (isWide ? [''] : namespaces).some(
      (namespace) => rulesBeyond(rules, current.rulesIn(namespace)).length > 0,
    );
    if (isLarger) continue;
    const granted = heldPairs(rules, pairs);
    const size = countOf(granted);
    if (size > 2 * countOf(used)) continue;
    if (best === undefined || size < best.pairs.granted) {
      const pairsOfIt = { granted: size, used: countOf(granted & used) };
      best = { policyArn, policyName, accessScope, pairs: pairsOfIt };
    }
  }
  return best;
}
