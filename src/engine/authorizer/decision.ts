import type { PolicyRule } from '../rbac/rules.ts';

/**
 * A decision carries why. `reason` is what Kubernetes would print (audit annotation, 403 tail); `evidence` is data
 * that `explain` prints and tests assert on.
 */
export interface Decision {
  readonly decision: 'allow' | 'deny' | 'noOpinion';
  readonly reason: string;
  readonly evidence: DecisionEvidence;
}

export type DecisionEvidence =
  | { readonly by: 'systemMasters' }
  | {
      readonly by: 'accessPolicy';
      readonly principalArn: string;
      readonly principalId: string;
      readonly policyArn: string;
      /** Of an account's own policy. */
      readonly version?: number;
      /** Epoch milliseconds, of an association that ends by itself. */
      readonly expiresAt?: number;
      readonly accessScope: {
        readonly type: 'cluster' | 'namespace';
        readonly namespaces: readonly string[];
      };
      readonly rule: PolicyRule;
    }
  | {
      readonly by: 'rbac';
      readonly binding: {
        readonly kind: 'ClusterRoleBinding' | 'RoleBinding';
        readonly name: string;
        readonly namespace: string;
      };
      readonly role: { readonly kind: 'ClusterRole' | 'Role'; readonly name: string };
      readonly subject: {
        readonly kind: 'User' | 'Group' | 'ServiceAccount';
        readonly name: string;
        readonly namespace: string;
      };
      readonly rule: PolicyRule;
    }
  | { readonly by: 'nothing'; readonly misses: readonly NearMiss[] };

/**
 * Why one source of permission did not allow, nearest miss first. `misses` is a getter: they are looked for when first
 * read, in the cluster as it then is, because most refusals are never explained.
 */
export interface NearMiss {
  readonly source: 'accessPolicy' | 'rbac';
  /**
   * Stable code. Of access policies: `impersonated`, `recreatedPrincipal`, `awaitsFirstUse`, `expired`, `scopeLacksNamespace`,
   * `namesUnpublished`, `unpublishedPolicy`, `unknownPolicy`, `noRule`, `noPolicies`, `modeIgnoresEntries`, `noEntry`,
   * `noPrincipal`; of RBAC: `otherNamespace`, `missingRole`, `noRule`, `noBinding`.
   */
  readonly code: string;
  /** One line in our message style (style.md 3). */
  readonly message: string;
}
