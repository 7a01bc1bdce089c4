import type { JSONWebKeySet, JWTPayload } from 'jose';
import { JWKSNoMatchingKey } from 'jose/errors';
import { verifiedAlgorithms, verifiedPayload } from '../../../wire/jwks/verify.ts';
import { AwsError } from '../../../wire/protocols/errors.ts';
import { invalidToken } from '../errors.ts';

/** What a token says about itself before anything of it is proven: good for finding the key, and for refusals. */
export interface PresentedToken {
  readonly text: string;
  /** `https://…` */
  readonly issuer: string;
  readonly keyId: string;
}

/** What a proven token says. */
export interface VerifiedIdentity {
  readonly subject: string;
  /** The client id it is for; one of the provider's. */
  readonly audience: string;
  readonly claims: JWTPayload;
}

const longestSubject = 255;
const longestIssuer = 255;
/** Seconds that another clock may be ahead. COMPAT: AWS's allowance is not documented. Nothing is allowed at the end. */
const clockTolerance = 60;

const notAToken =
  'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)';

/** iam-facts I15, spaces included. */
export const noKey =
  "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements";

/** Throws InvalidIdentityToken unless the text is a JWT that names an issuer, a key and an algorithm we take. */
export function readPresentedToken(text: string): PresentedToken {
  const [head = '', body = '', signature] = text.split('.');
  if (!/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(text) || signature === undefined) {
    throw invalidToken(notAToken);
  }
  const header = decoded(head);
  const claims = decoded(body);
  if (header === undefined || claims === undefined) throw invalidToken(notAToken);
  if (typeof header.alg !== 'string' || !verifiedAlgorithms.includes(header.alg)) {
    throw invalidToken(`Token must be signed with one of ${verifiedAlgorithms.join(', ')}`);
  }
  const { iss: issuer } = claims;
  if (typeof issuer !== 'string') throw invalidToken('Missing a required claim: iss');
  if (!isIssuer(issuer))
    throw invalidToken(`No OpenIDConnect provider found in your account for ${printable(issuer)}`);
  if (typeof header.kid !== 'string' || header.kid === '') throw invalidToken(noKey);
  return { text, issuer, keyId: header.kid };
}

/**
 * Throws unless the token is signed by one of the keys, is for one of the client ids and is valid now. `now` is epoch
 * milliseconds.
 *
 * SECURITY: the key is found by `kid` among the issuer's own; `jwk`, `jku` and `x5u` of the header are never read. An
 * error that is not known here is a token that is not understood, never one that is accepted.
 */
export async function verifyIdentityToken(
  { text, issuer }: PresentedToken,
  {
    keys,
    clientIds,
    now,
  }: { readonly keys: JSONWebKeySet; readonly clientIds: readonly string[]; readonly now: number },
): Promise<VerifiedIdentity> {
  const claims = await provenClaims(text, keys);
  // INVARIANT: the key was looked for by the issuer that the unproven claims name; they are the proven ones.
  if (claims.iss !== issuer) throw invalidToken(notAToken);
  const { sub: subject, exp, iat, nbf } = claims;
  const seconds = Math.floor(now / 1000);
  for (const [name, time] of [
    ['exp', exp],
    ['iat', iat],
  ] as const) {
    if (!Number.isSafeInteger(time)) throw invalidToken(`Missing a required claim: ${name}`);
  }
  if (typeof subject !== 'string' || subject === '') throw invalidToken('Missing a required claim: sub');
  if (subject.length > longestSubject || !/^[\u0020-\u007E]+$/.test(subject)) {
    throw invalidToken(`The subject must have ${longestSubject} ASCII characters at most`);
  }
  if (Number(exp) <= seconds) {
    throw new AwsError(
      'ExpiredTokenException',
      `Token expired: current date/time ${seconds} must be before the expiration date/time ${exp}`,
    );
  }
  // A beginning that is no number compares with nothing: it must not pass for none.
  const hasBegun = nbf === undefined || (Number.isFinite(nbf) && Number(nbf) <= seconds + clockTolerance);
  if (!hasBegun || Number(iat) > seconds + clockTolerance) throw invalidToken('Token is not yet valid');
  const audience = audienceOf(claims, clientIds);
  if (audience === undefined) throw invalidToken('Incorrect token audience');
  return { subject, audience, claims };
}

const signatureInvalid = 'Token signature invalid';
const utf8 = new TextDecoder('utf-8', { fatal: true });

async function provenClaims(text: string, keys: JSONWebKeySet): Promise<JWTPayload> {
  try {
    const payload = await verifiedPayload(text, keys);
    if (payload !== undefined) return JSON.parse(utf8.decode(payload)) as JWTPayload;
  } catch (error) {
    if (error instanceof JWKSNoMatchingKey) throw invalidToken(noKey);
    throw new AwsError('InvalidIdentityTokenException', signatureInvalid, {}, { cause: error });
  }
  throw invalidToken(signatureInvalid);
}

/** The party the token was issued to stands for the audience where it is named (iam-facts I15). */
function audienceOf({ aud, azp }: JWTPayload, clientIds: readonly string[]): string | undefined {
  if (azp !== undefined) return typeof azp === 'string' && clientIds.includes(azp) ? azp : undefined;
  const audiences = Array.isArray(aud) ? aud : [aud];
  return audiences.find((one): one is string => typeof one === 'string' && clientIds.includes(one));
}

/** An `https` URL without user, port, query and fragment: nothing else can be a provider (iam-facts J19). */
function isIssuer(text: string): boolean {
  if (text.length > longestIssuer + 'https://'.length) return false;
  return /^https:\/\/[A-Za-z0-9.-]+(?:\/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?$/.test(text);
}

function decoded(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** It is the caller's own text, but an answer is no place for control characters or a novel. */
function printable(text: string): string {
  return text.replace(/[^\u0020-\u007E]/gu, '?').slice(0, longestIssuer);
}
