import type { Position } from '../../iam/position.ts';
import type { Finding } from '../policylint/rule.ts';
import type { Severity } from '../policylint/severity.ts';

/**
 * What is found in aws-auth, by id: `error` for what does not work as written, `security` for what gives more than it
 * seems to, `warning` for what does something unexpected. Ids are stable: one never changes its meaning.
 */
export const awsAuthRules = {
  'EW-AUTH-001': ['error', 'no aws-auth'],
  'EW-AUTH-002': ['error', 'broken YAML'],
  'EW-AUTH-003': ['error', 'value that is no text'],
  'EW-AUTH-004': ['error', 'value that is no list'],
  'EW-AUTH-005': ['error', 'misspelt key'],
  'EW-AUTH-006': ['warning', 'unknown key'],
  'EW-AUTH-007': ['suggestion', 'empty value'],
  'EW-AUTH-008': ['warning', 'no namespace'],
  'EW-AUTH-010': ['error', 'item that is no mapping'],
  'EW-AUTH-011': ['error', 'item without ARN'],
  'EW-AUTH-012': ['error', 'two forms in one item'],
  'EW-AUTH-013': ['error', 'field of the wrong type'],
  'EW-AUTH-014': ['warning', 'unknown field'],
  'EW-AUTH-015': ['error', 'name given twice'],
  'EW-AUTH-020': ['error', 'malformed ARN'],
  'EW-AUTH-021': ['error', 'role ARN with a path'],
  'EW-AUTH-022': ['error', 'ARN of a session'],
  'EW-AUTH-023': ['error', 'unknown partition'],
  'EW-AUTH-024': ['warning', 'ARN under the wrong key'],
  'EW-AUTH-025': ['warning', 'duplicate'],
  'EW-AUTH-030': ['error', 'no username'],
  'EW-AUTH-031': ['error', 'misspelt placeholder'],
  'EW-AUTH-032': ['error', 'placeholder without value'],
  'EW-AUTH-033': ['error', 'reserved username'],
  'EW-AUTH-034': ['warning', 'empty group'],
  'EW-AUTH-040': ['security', 'cluster administrator'],
  'EW-AUTH-041': ['security', 'username of the caller’s choice'],
  'EW-AUTH-042': ['security', 'everybody of an account'],
  'EW-AUTH-050': ['error', 'malformed account id'],
  'EW-AUTH-051': ['suggestion', 'account id without quotes'],
  'EW-AUTH-060': ['warning', 'permission set behind a gate'],
  'EW-AUTH-061': ['error', 'malformed permission set'],
  'EW-AUTH-062': ['warning', 'partition the authenticator loses'],
  'EW-AUTH-070': ['error', 'node that cannot work'],
  'EW-AUTH-071': ['security', 'node’s groups for somebody else'],
  'EW-AUTH-072': ['warning', 'node without a usual group'],
} as const satisfies Readonly<Record<string, readonly [Severity, string]>>;

export type AwsAuthRuleId = keyof typeof awsAuthRules;

/** Takes what is found. `element` is the place in words: `mapRoles[2].groups`. */
export type Report = (
  id: AwsAuthRuleId,
  element: string,
  position: Position,
  message: string,
  hint?: string,
) => void;

/** A report that keeps what it is told. */
export function collectFindings(): { readonly report: Report; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  return {
    findings,
    report(id, element, position, message, hint) {
      const [severity, rule] = awsAuthRules[id];
      findings.push({ id, rule, severity, element, position, message, ...(hint !== undefined && { hint }) });
    },
  };
}
