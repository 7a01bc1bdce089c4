import { escalationRules } from './escalation.ts';
import { meaningRules } from './meaning.ts';
import type { AccessPolicyFinding, AccessPolicyLintRule, LintedAccessPolicy } from './rule.ts';
import { wellFormedRules } from './wellformed.ts';
import { wildcardRules } from './wildcards.ts';

/** All rules, in the order of their ids. */
export const accessPolicyLintRules: readonly AccessPolicyLintRule[] = [
  ...wellFormedRules,
  ...meaningRules,
  ...wildcardRules,
  ...escalationRules,
].sort((a, b) => (a.id < b.id ? -1 : 1));

/**
 * What is to be said about the rules of an access policy, rule by rule. Pure; time grows with the number of rules times
 * the size of the policy, which who asks has bounded.
 */
export function lintAccessPolicy(policy: LintedAccessPolicy): readonly AccessPolicyFinding[] {
  return accessPolicyLintRules
    .flatMap(({ id, name, severity, check }) =>
      check(policy).map((spotted) => ({ id, name, severity, ...spotted })),
    )
    .sort((a, b) => a.rule - b.rule || (a.id < b.id ? -1 : 1));
}
