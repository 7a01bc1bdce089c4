import type { PolicyDocument, PolicyKind } from '../../../engine/iam/document.ts';
import { validatePolicy } from '../../../engine/iam/validate.ts';
import { encodePercent } from '../../../wire/protocols/scalars.ts';
import { malformedPolicy, quotaExceeded } from '../errors.ts';

/** Characters of a managed policy, as `policySize` counts (iam-facts A12). */
const managedPolicyLimit = 6144;

/** The document, read; MalformedPolicyDocument with AWS's text when IAM would not store it (iam-facts A13, A14). */
export function requirePolicy(text: string, kind: PolicyKind): PolicyDocument {
  const result = validatePolicy(text, kind);
  if (!result.ok) throw malformedPolicy(result.fault.message);
  return result.document;
}

/** The document of a managed policy as it is to be stored; refuses what IAM would not store, or not at this length. */
export function requireManagedPolicy(text: string): string {
  requirePolicy(text, 'identity');
  if (policySize(text) > managedPolicyLimit) throw quotaExceeded('PolicySize', managedPolicyLimit);
  return storedDocument(text);
}

/**
 * What counts against a size limit: every character that is no white space between tokens (iam-facts A12). The text has
 * been validated.
 *
 * COMPAT: white space inside strings counts here. SECURITY: otherwise twenty times the limit fits into patterns of
 * spaces, and comparing them takes seconds per request.
 */
export function policySize(text: string): number {
  return withoutWhiteSpace(text).length;
}

/**
 * A validated document as it is stored: as written, but for one that is nearly all white space.
 *
 * COMPAT: AWS keeps that, too. SECURITY: no limit counts it, so that one role could hold 20 MB of it, which every list of
 * roles would read.
 */
export function storedDocument(text: string): string {
  const compact = withoutWhiteSpace(text);
  return text.length > mostLaidOut * compact.length ? compact : text;
}

/** How much longer white space makes a document that is laid out for reading. */
const mostLaidOut = 4;

function withoutWhiteSpace(text: string): string {
  return text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|\s/gsu, (found) => (found.startsWith('"') ? found : ''));
}

/** As documents stand in IAM's answers: RFC 3986 percent-encoded (iam-facts J27, protocol-facts 15). */
export function encodeDocument(text: string): string {
  return encodePercent(text);
}
