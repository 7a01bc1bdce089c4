import { customPolicyLimits as maximum } from '../../engine/accesspolicies/custom.ts';
import { lintAccessPolicy } from '../../engine/analysis/accesspolicylint/accesspolicylint.ts';
import type { AccessPolicyFinding } from '../../engine/analysis/accesspolicylint/rule.ts';
import type { StoredPolicyRule } from '../../storage/records/eks.ts';
import { servedResources } from '../../wire/kube/served.ts';
import { invalidParameter } from '../eks/refusals.ts';

/** A rule as it is sent: absent lists are empty. */
export type PolicyRuleInput = { readonly [List in keyof StoredPolicyRule]?: readonly string[] | undefined };

const lists = ['verbs', 'apiGroups', 'resources', 'resourceNames', 'nonResourceURLs'] as const;

/**
 * The rules with every list, and what is to be said of them. Throws where Kubernetes would refuse them in a ClusterRole, and
 * where a value could never match (`EW-AP-005`, `EW-AP-006`).
 */
export function readPolicyRules(input: readonly PolicyRuleInput[]): {
  readonly rules: readonly StoredPolicyRule[];
  readonly findings: readonly AccessPolicyFinding[];
} {
  if (input.length === 0 || input.length > maximum.rules) {
    throw invalidParameter(`An access policy must have 1 to ${maximum.rules} rules`);
  }
  const rules = input.map(
    ({ verbs = [], apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] }) => ({
      ...{ verbs, apiGroups, resources, resourceNames, nonResourceURLs },
    }),
  );
  const values = rules.flatMap((rule) => lists.flatMap((list) => rule[list]));
  if (values.some((value) => value.length > maximum.valueLength)) {
    throw invalidParameter(`A value of a rule can have at most ${maximum.valueLength} characters`);
  }
  // A character more for each, or empty values would be counted for nothing.
  if (values.reduce((sum, value) => sum + value.length + 1, 0) > maximum.length) {
    throw invalidParameter(`The rules of an access policy can have at most ${maximum.length} characters`);
  }
  const pairs = rules.reduce((sum, { apiGroups, resources }) => sum + apiGroups.length * resources.length, 0);
  if (pairs > maximum.pairs) {
    throw invalidParameter(
      `The rules of an access policy can name at most ${maximum.pairs} pairs of API group and resource`,
    );
  }
  const findings = findingsOn(rules);
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) {
    const told = errors.slice(0, 5).map(({ id, rule, message }) => `rules[${rule}]: ${message} (${id})`);
    throw invalidParameter(`The rules of the access policy are not valid: ${told.join('; ')}`);
  }
  return { rules, findings };
}

export function findingsOn(rules: readonly StoredPolicyRule[]): readonly AccessPolicyFinding[] {
  return lintAccessPolicy({ rules, served: servedResources() });
}
