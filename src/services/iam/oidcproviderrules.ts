import { type MemberConstraint, validateMember } from '../validation.ts';
import { invalidInput, quotaExceeded, validationError } from './errors.ts';

/** What may be said of an OpenID Connect provider (iam-facts J19). */

export const providerArn: MemberConstraint = { required: true, min: 20, max: 2048 };
const url: MemberConstraint = { required: true, min: 1, max: 255 };
export const clientId: MemberConstraint = { required: true, min: 1, max: 255 };
/** COMPAT: the model states the length only; what is no SHA-1 in hexadecimal could never match a certificate. */
const thumbprint: MemberConstraint = { required: true, min: 40, max: 40, pattern: '[0-9a-fA-F]+' };

const maxClientIds = 100;
const maxThumbprints = 5;

type Texts = readonly string[] | undefined;

const each = (member: string, values: Texts, constraint: MemberConstraint): string[] =>
  (values ?? []).flatMap((value, index) =>
    validateMember(`${member}.${index + 1}.member`, value, constraint),
  );

export const urlFailures = (given: string | undefined): string[] => validateMember('url', given, url);
export const clientIdFailures = (given: Texts): string[] => each('clientIDList', given, clientId);
export const thumbprintFailures = (given: Texts): string[] => each('thumbprintList', given, thumbprint);

/**
 * Host and path of a provider's URL, with case. Refuses whatever else a URL may hold: user, port, query, fragment,
 * and the characters that are wildcards in policies, since the URL becomes part of an ARN and of condition keys.
 */
export function withoutScheme(given: string): string {
  const match = /^https:\/\/((?:[A-Za-z0-9-]+\.)*[A-Za-z0-9-]+(?:\/[A-Za-z0-9._~%:@!$&+,;=/-]*)?)$/.exec(
    given,
  );
  if (match?.[1] === undefined) throw validationError('Invalid Open ID Connect Provider URL');
  return match[1];
}

/** Client ids as they are stored: each once. */
export function storedClientIds(given: readonly string[]): readonly string[] {
  const ids = [...new Set(given)];
  if (ids.length > maxClientIds) throw quotaExceeded('ClientIdsPerOpenIdConnectProvider', maxClientIds);
  return ids;
}

/** Thumbprints as they are stored: in lower case, each once. */
export function storedThumbprints(given: readonly string[]): readonly string[] {
  // COMPAT: AWS's text, off by one as it is.
  if (given.length > maxThumbprints) throw invalidInput('Thumbprint list must contain fewer than 5 entries.');
  return [...new Set(given.map((one) => one.toLowerCase()))];
}
