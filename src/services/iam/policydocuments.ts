import type { PolicyDocument, PolicyKind } from '../../engine/iam/document.ts';
import { validatePolicy } from '../../engine/iam/validate.ts';
import { encodePercent } from '../../wire/protocols/scalars.ts';
import { malformedPolicy } from './errors.ts';

/** Characters of a managed policy, as `policySize` counts (iam-facts A12). */
export const policySizeLimit = 6144;

/** The document, read; MalformedPolicyDocument with AWS's text when IAM would not store it (iam-facts A13, A14). */
export function requirePolicy(text: string, kind: PolicyKind): PolicyDocument {
  const result = validatePolicy(text, kind);
  if (!result.ok) throw malformedPolicy(result.fault.message);
  return result.document;
}

/**
 * What counts against a size limit: every character that is no white space between tokens (iam-facts A12). The text has
 * been validated.
 *
 * COMPAT: white space inside strings counts here. SECURITY: otherwise twenty times the limit fits into patterns of
 * spaces, and comparing them takes seconds per request.
 */
export function policySize(text: string): number {
  return text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|\s/gsu, (found) => (found.startsWith('"') ? found : ''))
    .length;
}

/** As documents stand in IAM's answers: RFC 3986 percent-encoded (iam-facts J27, protocol-facts 15). */
export function encodeDocument(text: string): string {
  return encodePercent(text);
}
