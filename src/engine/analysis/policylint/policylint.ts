import type { PolicyKind } from '../../iam/document.ts';
import { parsePolicy } from '../../iam/parse.ts';
import { validatePolicy } from '../../iam/validate.ts';
import { lintedPolicy } from './policy.ts';
import type { Example, Finding } from './rule.ts';
import { rules } from './rules.ts';

/**
 * The rule for documents that IAM does not store. It has no check of its own: AWS's grammar is the engine's
 * (`engine/iam/validate.ts`).
 */
export const malformed = {
  id: 'EW-POL-001',
  name: 'malformed policy',
  severity: 'error',
  why: 'IAM refuses the document with MalformedPolicyDocument. What cannot be read at all is not looked at further.',
  triggers: {
    statements: [{ Effect: 'Allow', Action: 'DescribeCluster', Resource: '*' }],
  } as Example,
  passes: { statements: [{ Effect: 'Allow', Action: 'eks:DescribeCluster', Resource: '*' }] } as Example,
} as const;

/** More remarks on one document help nobody. */
const mostFindings = 1000;

/**
 * What is to be said about a policy document, in the order of the text. Pure; work is bounded by the size of the document
 * that the parser accepts.
 */
export function lintPolicy(text: string, kind: PolicyKind): readonly Finding[] {
  const valid = validatePolicy(text, kind);
  const findings: Finding[] = [];
  if (!valid.ok) {
    const { detail, message, position } = valid.fault;
    const { id, name: rule, severity } = malformed;
    findings.push({
      id,
      rule,
      severity,
      element: 'document',
      position,
      message: detail,
      hint: `IAM answers MalformedPolicyDocument: ${message}`,
    });
  }
  const parsed = parsePolicy(text, kind);
  if (parsed.ok) {
    const policy = lintedPolicy(parsed.document);
    for (const { id, name, severity, check } of rules) {
      for (const spotted of check(policy)) findings.push({ id, rule: name, severity, ...spotted });
    }
  }
  return findings.sort(byPlace).slice(0, mostFindings);
}

function byPlace(a: Finding, b: Finding): number {
  return (
    a.position.line - b.position.line ||
    a.position.column - b.position.column ||
    (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
  );
}
