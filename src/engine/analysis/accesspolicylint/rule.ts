import type { PolicyRule } from '../../rbac/rules.ts';
import type { Severity } from '../policylint/severity.ts';

/** One remark on an access policy. Ids are stable: one never changes its meaning and is never reused. */
export interface AccessPolicyFinding extends Spotted {
  readonly id: string;
  readonly name: string;
  readonly severity: Severity;
}

export interface Spotted {
  /** Index from 0. */
  readonly rule: number;
  /** Lower-case fragment, no final period. */
  readonly message: string;
}

export interface LintedAccessPolicy {
  readonly rules: readonly PolicyRule[];
  readonly served: ServedResources;
}

/**
 * What Kubernetes itself serves: by API group, resources and subresources (`pods`, `pods/log`). Other groups are of
 * somebody's own resources, of which nothing is known.
 */
export type ServedResources = ReadonlyMap<string, ReadonlySet<string>>;

/** A rule over an access policy. Pure; its examples are its documentation and its test. */
export interface AccessPolicyLintRule {
  readonly id: string;
  readonly name: string;
  /** `error` refuses the policy. */
  readonly severity: Severity;
  /** Why it matters: one or two sentences for the reference page. */
  readonly why: string;
  readonly triggers: readonly PolicyRule[];
  readonly passes: readonly PolicyRule[];
  check(policy: LintedAccessPolicy): readonly Spotted[];
}

/** Looks at the rules one by one; at most one remark on each. */
export function onEach(
  check: (rule: PolicyRule, policy: LintedAccessPolicy) => string | undefined,
): AccessPolicyLintRule['check'] {
  return (policy) =>
    policy.rules.flatMap((rule, index) => {
      const message = check(rule, policy);
      return message === undefined ? [] : [{ rule: index, message }];
    });
}

/** Values as a message shows them: a few, in backticks. */
export function shown(values: readonly string[]): string {
  const told = values.slice(0, 3).map((value) => `\`${value.slice(0, 80)}\``);
  const more = values.length > told.length ? ` and ${values.length - told.length} more` : '';
  return told.join(', ') + more;
}
