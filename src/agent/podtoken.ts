import { podIdentityAudience } from '../engine/podcredentials/names.ts';
import { parseJsonObject } from '../wire/protocols/json.ts';
import { AgentRefusal } from './refusal.ts';

/** What the agent reads of a token before it asks EKS Auth, which alone can tell whether the token is genuine. */
export interface PodToken {
  /** Milliseconds. */
  readonly expiresAt: number;
}

/**
 * Reads the token of an `Authorization` header. Throws AgentRefusal with the upstream agent's texts (eks-access-facts J19);
 * those behind "cannot be parsed" and "failed basic claim validations" are of the JWT library it uses.
 *
 * SECURITY: nothing here is proven. It keeps tokens that cannot be good, or are for somebody else, from leaving the node.
 * COMPAT: the upstream agent lets EKS Auth refuse a token without `exp` and one for another audience.
 */
export function readPodToken(text: string, now: number): PodToken {
  if (text === '') throw new AgentRefusal(400, 'Service account token cannot be empty');
  const segments = text.split('.');
  if (segments.length !== 3) throw unparsed('token contains an invalid number of segments');
  const [header, claims] = segments.map((segment, at) => {
    if (!/^[\w-]+$/.test(segment)) throw unparsed(`could not base64 decode ${parts[at] ?? ''}`);
    return at === 2 ? {} : objectOf(segment, parts[at] ?? '');
  });
  if (typeof header?.alg !== 'string') {
    throw new AgentRefusal(
      400,
      'Service account token cannot be parsed: token is unverifiable: signing method (alg) is unspecified',
    );
  }
  return { expiresAt: checkClaims(claims ?? {}, now) };
}

const parts = ['header', 'claim', 'signature'];

function objectOf(segment: string, part: string): Readonly<Record<string, unknown>> {
  const bytes = Buffer.from(segment, 'base64url');
  try {
    // No bytes would be no members.
    if (bytes.length > 0) return parseJsonObject(bytes);
  } catch {
    // As for no bytes.
  }
  throw unparsed(`could not JSON decode ${part}`);
}

function checkClaims({ exp, nbf, aud }: Readonly<Record<string, unknown>>, now: number): number {
  for (const [name, value] of Object.entries({ exp, nbf })) {
    const isDate = value === undefined || (typeof value === 'number' && Number.isFinite(value));
    if (!isDate) throw unparsed(`could not JSON decode claim: ${name} is no date`);
  }
  if (typeof exp !== 'number') throw invalid('token is missing required claim: exp claim is required');
  if (now >= exp * 1000) throw invalid('token is expired');
  if (typeof nbf === 'number' && now < nbf * 1000) throw invalid('token is not valid yet');
  // SECURITY: a token that a pod has for somebody else must not become AWS credentials because it was shown here.
  if (![aud].flat().includes(podIdentityAudience)) {
    throw invalid(`invalid audience: expected ${podIdentityAudience}`);
  }
  return exp * 1000;
}

function unparsed(reason: string): AgentRefusal {
  return new AgentRefusal(400, `Service account token cannot be parsed: token is malformed: ${reason}`);
}

function invalid(reason: string): AgentRefusal {
  return new AgentRefusal(400, `Service account token failed basic claim validations: ${reason}`);
}
