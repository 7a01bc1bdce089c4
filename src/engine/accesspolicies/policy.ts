import type { PolicyRule } from '../rbac/rules.ts';

/** A rule of an access policy as far as AWS publishes it. */
export interface AccessPolicyRule extends PolicyRule {
  /**
   * AWS says that the rule is limited to named objects but not to which: the rule grants nothing.
   *
   * SECURITY: reading the empty `resourceNames` of such a rule as "any name" would give a controller's role every
   * lease or custom resource definition of the cluster.
   */
  readonly namesUnpublished?: true;
}

export type PublishedRules = Readonly<Record<string, readonly AccessPolicyRule[]>>;

export function namesUnpublished(rule: PolicyRule): AccessPolicyRule {
  return { ...rule, namesUnpublished: true };
}

export interface AccessPolicy {
  readonly name: string;
  /**
   * Who may have it, as AWS says: `serviceLinkedRoles` are refused to customers (eks-access-facts F15); `unstated`
   * ones are accepted, because nothing observed says that EKS refuses them.
   */
  readonly intendedFor: 'customers' | 'serviceLinkedRoles' | 'unstated';
  /** Whether ListAccessPolicies names it (eks-access-facts C16). */
  readonly inStockList: boolean;
  /** Undefined when AWS publishes no rules: the policy can be associated and grants nothing here. */
  readonly rules: readonly AccessPolicyRule[] | undefined;
}
