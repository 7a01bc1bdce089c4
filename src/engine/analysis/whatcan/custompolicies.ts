import { customPolicyLimits as maximum } from '../../accesspolicies/custom.ts';
import type { AccessScope } from '../../accesspolicies/scope.ts';
import type { PolicyRule } from '../../rbac/rules.ts';
import { lintAccessPolicy } from '../accesspolicylint/accesspolicylint.ts';
import type { SnapshotCluster } from '../snapshot/snapshot.ts';
import type { ClusterSubject } from '../world/subject.ts';
import { type KnownResource, minimalNames } from './closest.ts';
import { minimalRules } from './rules.ts';

/** Access policies of an account's own that grant exactly something, each with where it must hold; or why none can. */
export type CustomPolicies =
  | {
      readonly isPossible: true;
      readonly policies: readonly {
        readonly rules: readonly PolicyRule[];
        readonly accessScope: AccessScope;
      }[];
    }
  | { readonly isPossible: false; readonly reason: string };

/** `Permissions` without where they come from. */
export interface PlacedRuleLists {
  readonly everywhere: readonly PolicyRule[];
  readonly places: readonly {
    readonly namespaces: readonly string[];
    readonly patterns: readonly string[];
    readonly rules: readonly PolicyRule[];
  }[];
}

/** One policy for what holds everywhere, one for each place that has more. */
export function customPoliciesFor(
  { everywhere, places }: PlacedRuleLists,
  subject: ClusterSubject,
  {
    universe,
    authenticationMode,
  }: {
    readonly universe: readonly KnownResource[];
    readonly authenticationMode: SnapshotCluster['authenticationMode'];
  },
): CustomPolicies {
  if (subject.kind !== 'iam') {
    return {
      isPossible: false,
      reason:
        'access policies are for IAM principals; this is nobody of IAM, and RBAC is what gives it permissions',
    };
  }
  if (authenticationMode === 'CONFIG_MAP') {
    return {
      isPossible: false,
      reason:
        'the authentication mode of the cluster is CONFIG_MAP, in which access entries and their policies count for nobody',
    };
  }
  const policies = [
    ...(everywhere.length > 0
      ? [{ rules: minimalRules(everywhere), accessScope: { type: 'cluster', namespaces: [] } } as const]
      : []),
    ...places.map(({ namespaces, patterns, rules }) => ({
      rules: minimalRules(rules),
      accessScope: { type: 'namespace', namespaces: minimalNames([...patterns, ...namespaces]) } as const,
    })),
  ];
  for (const { rules } of policies) {
    const reason = whyNot(rules, universe);
    if (reason !== undefined) return { isPossible: false, reason };
  }
  return { isPossible: true, policies };
}

function whyNot(rules: readonly PolicyRule[], universe: readonly KnownResource[]): string | undefined {
  if (rules.length > maximum.rules) {
    return `it takes ${rules.length} rules; an access policy has at most ${maximum.rules}`;
  }
  const values = rules.flatMap((rule) => Object.values(rule).flat());
  const pairs = rules.reduce((sum, { apiGroups, resources }) => sum + apiGroups.length * resources.length, 0);
  const length = values.reduce((sum, value) => sum + value.length + 1, 0);
  if (
    length > maximum.length ||
    pairs > maximum.pairs ||
    values.some((value) => value.length > maximum.valueLength)
  ) {
    return 'its rules name more resources, names or paths than an access policy can have';
  }
  const served = new Map<string, Set<string>>();
  for (const { apiGroup, resource } of universe) {
    const names = served.get(apiGroup) ?? new Set();
    served.set(apiGroup, names.add(resource));
  }
  const error = lintAccessPolicy({ rules, served }).find(({ severity }) => severity === 'error');
  return error && `an access policy cannot have one of its rules: ${error.message} (${error.id})`;
}
