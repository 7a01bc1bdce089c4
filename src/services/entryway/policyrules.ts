import { lintAccessPolicy } from '../../engine/analysis/accesspolicylint/accesspolicylint.ts';
import type { AccessPolicyFinding, ServedResources } from '../../engine/analysis/accesspolicylint/rule.ts';
import type { StoredPolicyRule } from '../../storage/records/eks.ts';
import { resourceDefinitions } from '../../wire/kube/resources.ts';
import { invalidParameter } from '../eks/refusals.ts';

/** A rule as it is sent: absent lists are empty. */
export type PolicyRuleInput = { readonly [List in keyof StoredPolicyRule]?: readonly string[] | undefined };

/** Rules of one policy. */
const MAX_RULES = 50;
/** Characters of one value: a name of Kubernetes has at most 253, a path may be longer. */
const MAX_VALUE_LENGTH = 512;
/** Characters of all values together. */
const MAX_LENGTH = 32_768;
/** Pairs of API group and resource: what the index of the decider grows with. */
const MAX_PAIRS = 2_000;

const lists = ['verbs', 'apiGroups', 'resources', 'resourceNames', 'nonResourceURLs'] as const;

const served: ServedResources = servedResources();

/**
 * The rules with every list, and what is to be said of them. Throws where Kubernetes would refuse them in a ClusterRole, and
 * where a value could never match (`EW-AP-005`, `EW-AP-006`).
 */
export function readPolicyRules(input: readonly PolicyRuleInput[]): {
  readonly rules: readonly StoredPolicyRule[];
  readonly findings: readonly AccessPolicyFinding[];
} {
  if (input.length === 0 || input.length > MAX_RULES) {
    throw invalidParameter(`An access policy must have 1 to ${MAX_RULES} rules`);
  }
  const rules = input.map(
    ({ verbs = [], apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] }) => ({
      ...{ verbs, apiGroups, resources, resourceNames, nonResourceURLs },
    }),
  );
  const values = rules.flatMap((rule) => lists.flatMap((list) => rule[list]));
  if (values.some((value) => value.length > MAX_VALUE_LENGTH)) {
    throw invalidParameter(`A value of a rule can have at most ${MAX_VALUE_LENGTH} characters`);
  }
  // A character more for each, or empty values would be counted for nothing.
  if (values.reduce((sum, value) => sum + value.length + 1, 0) > MAX_LENGTH) {
    throw invalidParameter(`The rules of an access policy can have at most ${MAX_LENGTH} characters`);
  }
  const pairs = rules.reduce((sum, { apiGroups, resources }) => sum + apiGroups.length * resources.length, 0);
  if (pairs > MAX_PAIRS) {
    throw invalidParameter(
      `The rules of an access policy can name at most ${MAX_PAIRS} pairs of API group and resource`,
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
  return lintAccessPolicy({ rules, served });
}

function servedResources(): ServedResources {
  const byGroup = new Map<string, Set<string>>();
  for (const { group, resource, subresources } of resourceDefinitions) {
    const names = byGroup.get(group) ?? new Set();
    byGroup.set(group, names);
    names.add(resource);
    for (const { name } of subresources) names.add(`${resource}/${name}`);
  }
  return byGroup;
}
