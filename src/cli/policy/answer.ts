import type { Severity } from '../../engine/analysis/policylint/severity.ts';
import type { PolicyRule } from '../../engine/rbac/rules.ts';
import { printable } from '../render/printable.ts';

/** What the operations on access policies answer. */
export interface PolicyAnswer {
  readonly accessPolicy: AccessPolicySummary & {
    readonly versions: readonly number[];
    readonly rules: readonly Partial<PolicyRule>[];
  };
  readonly findings: readonly {
    readonly severity: Severity;
    readonly code: string;
    readonly message: string;
    /** Index from 0. */
    readonly rule: number;
  }[];
}

export interface AccessPolicySummary {
  readonly name: string;
  readonly arn: string;
  readonly description?: string;
  readonly version: number;
  readonly associations: number;
  readonly createdAt: Date;
  readonly modifiedAt: Date;
}

/** `rule 2: security EW-AP-304: reads Secrets`, one a line. */
export function renderFindings(findings: PolicyAnswer['findings']): string {
  return findings
    .map(
      ({ severity, code, message, rule }) => `rule ${rule + 1}: ${severity} ${code}: ${printable(message)}\n`,
    )
    .join('');
}

/** With every list: those that are empty do not come over the wire where a server leaves them out. */
export function wholeRule(rule: Partial<PolicyRule>): PolicyRule {
  const { apiGroups = [], resources = [], verbs = [], resourceNames = [], nonResourceURLs = [] } = rule;
  return { apiGroups, resources, verbs, resourceNames, nonResourceURLs };
}
