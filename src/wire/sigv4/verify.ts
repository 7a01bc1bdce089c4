import type { Principal } from '../../engine/iam/principal.ts';
import type { HttpRequest } from '../protocols/http.ts';
import {
  canonicalQuery,
  canonicalRequest,
  canonicalSpelling,
  canonicalUri,
  normalisePath,
  payloadHashOf,
  type RawParameter,
  splitQuery,
  stringToSign,
  terminator,
} from './canonical.ts';
import { readClaims, type SignatureClaims } from './claims.ts';
import type { CredentialLookup, CredentialLookupResult } from './credential.ts';
import {
  expiredTokenMessage,
  invalidTokenMessage,
  mismatchMessage,
  type RefusalReason,
  refusal,
  type SignatureRefusal,
} from './refusal.ts';
import { scopeText, signature, signatureMatches, signingKey } from './signature.ts';
import { formatAmzDate } from './time.ts';

export interface VerifyOptions {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly lookup: CredentialLookup;
  /** The signing name expected in the credential scope: `eks`, `iam`, `sts`, `cloudtrail`. */
  readonly service: string;
  /** Regions the endpoint answers for. `us-east-1` is always valid for iam and sts (iam-facts K18). */
  readonly regions: readonly string[];
  /** How far the request's date may be from `now`, either way: 15 minutes for sts and iam, 5 for the others (K11). */
  readonly maxSkewMs: number;
}

export interface VerifiedRequest {
  readonly outcome: 'verified';
  readonly principal: Principal;
  readonly accessKeyId: string;
  /** Region of the credential scope. */
  readonly region: string;
  readonly form: 'header' | 'presigned';
  /** Epoch milliseconds. */
  readonly signedAt: number;
  readonly signedHeaders: readonly string[];
}

/** Skew for `VerifyOptions` by signing name (K11). */
export function defaultMaxSkewMs(service: string): number {
  return service === 'sts' || service === 'iam' ? 15 * 60_000 : 5 * 60_000;
}

/**
 * Whose signature is this? Answers with the principal of a key we hold, or why not; never throws for anything in the
 * request, and rejects only when `lookup` does (no verdict). Order of checks as in iam-facts K13: parse, key and
 * session token, clock, scope, signature, end of the session.
 */
export async function verifyRequest(
  request: HttpRequest,
  options: VerifyOptions,
): Promise<VerifiedRequest | SignatureRefusal> {
  const parameters = splitQuery(request.query);
  const claims = readClaims(request, parameters);
  if ('outcome' in claims) {
    return claims.situation === 'missingToken' ? missingToken(options.service) : claims;
  }
  const found = await options.lookup(claims.accessKeyId, claims.sessionToken, options.now);
  if (found.status !== 'known' && found.status !== 'expired') {
    return refusal('invalidClientToken', keyReason(found.status), invalidTokenMessage, claims.accessKeyId);
  }
  const problem =
    checkClock(claims, options) ??
    checkScope(claims, options) ??
    checkSignedHeaders(request, claims) ??
    checkTarget(request, parameters, claims, options.service);
  if (problem !== undefined) return { ...problem, accessKeyId: claims.accessKeyId };

  const { secretAccessKey, principal } = found.credential;
  if (!isSignedWith(secretAccessKey, request, parameters, claims)) {
    return refusal('signatureMismatch', 'signature', mismatchMessage, claims.accessKeyId);
  }
  // Only now: AWS tells of an expired session only when the rest is sound (K13).
  const ended = principal.session !== undefined && principal.session.expiresAt <= options.now;
  if (found.status === 'expired' || ended) {
    return refusal('expiredToken', 'sessionExpired', expiredTokenMessage, claims.accessKeyId);
  }
  return {
    outcome: 'verified',
    principal,
    accessKeyId: claims.accessKeyId,
    region: claims.scope.region,
    form: claims.form,
    signedAt: claims.signedAt,
    signedHeaders: claims.signedHeaders,
  };
}

function isSignedWith(
  secretAccessKey: string,
  request: HttpRequest,
  parameters: readonly RawParameter[],
  claims: SignatureClaims,
): boolean {
  const signedParameters =
    claims.form === 'header' ? parameters : parameters.filter(([name]) => !isSignatureParameter(name));
  const canonical = canonicalRequest({
    method: request.method,
    canonicalUri: canonicalUri(request.path),
    canonicalQuery: canonicalQuery(signedParameters),
    signedHeaders: claims.signedHeaders,
    headers: request.headers,
    payloadHash: payloadHashOf(request.body),
  });
  if (canonical === undefined) return false;
  const toSign = stringToSign(claims.amzDate, scopeText(claims.scope), canonical);
  return signatureMatches(signature(signingKey(secretAccessKey, claims.scope), toSign), claims.signature);
}

function isSignatureParameter(rawName: string): boolean {
  return canonicalSpelling(rawName) === 'X-Amz-Signature';
}

/** The one text that differs by protocol (iam-facts H). */
function missingToken(service: string): SignatureRefusal {
  const message = isQueryService(service)
    ? 'Request is missing Authentication Token'
    : 'Missing Authentication Token';
  return refusal('missingToken', 'noCredentials', message);
}

function keyReason(status: Exclude<CredentialLookupResult['status'], 'known' | 'expired'>): RefusalReason {
  switch (status) {
    case 'unknown':
      return 'unknownAccessKey';
    case 'inactive':
      return 'inactiveAccessKey';
    case 'badSessionToken':
      return 'badSessionToken';
    case 'principalGone':
      return 'principalGone';
    default:
      return status satisfies never;
  }
}

/** Texts of K17: request time, limit, and the server's own time, so that the user sees which clock is wrong. */
function checkClock(claims: SignatureClaims, { now, maxSkewMs, service }: VerifyOptions) {
  // COMPAT: STS honours a presigned GetCallerIdentity for its whole window, whatever X-Amz-Expires says (K10).
  const ownLimit =
    claims.expiresSeconds === undefined || service === 'sts' ? maxSkewMs : claims.expiresSeconds * 1000;
  const window = Math.min(maxSkewMs, ownLimit);
  const minutes = Math.floor(maxSkewMs / 60_000);
  const at = claims.amzDate;
  if (now - claims.signedAt > window) {
    const current = formatAmzDate(now);
    const limit = formatAmzDate(now - window);
    return clockRefusal(
      `Signature expired: ${at} is now earlier than ${limit} (${current} - ${minutes} min.)`,
    );
  }
  if (claims.signedAt - now > maxSkewMs) {
    const current = formatAmzDate(now);
    const limit = formatAmzDate(now + maxSkewMs);
    return clockRefusal(
      `Signature not yet current: ${at} is still later than ${limit} (${current} + ${minutes} min.)`,
    );
  }
  return undefined;
}

const clockRefusal = (message: string): SignatureRefusal => refusal('signatureMismatch', 'clock', message);

function checkScope({ scope, amzDate }: SignatureClaims, { service, regions }: VerifyOptions) {
  const refuse = (message: string) => refusal('signatureMismatch', 'scope', message);
  const day = amzDate.slice(0, 8);
  const anyPartGlobal = isQueryService(service) && scope.region === 'us-east-1';
  if (!anyPartGlobal && !regions.includes(scope.region)) {
    return refuse('Credential should be scoped to a valid region.');
  }
  if (scope.service !== service) {
    return refuse(`Credential should be scoped to correct service: '${service}'.`);
  }
  if (scope.terminator !== terminator) {
    return refuse(
      `Credential should be scoped with a valid terminator: '${terminator}', not '${scope.terminator.slice(0, 64)}'.`,
    );
  }
  if (scope.date !== day) {
    return refuse(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${scope.date.slice(0, 16)}' != '${day}', from '${amzDate}'.`,
    );
  }
  return undefined;
}

/**
 * Headers that decide what a request means; unsigned, anyone on the way could change them (K6). Content-Type is not
 * among them: some clients leave it out, and the service in the signed scope already ties the request to one protocol.
 */
const actedUpon = ['x-amz-security-token', 'x-amz-target', 'x-amz-date', 'x-amz-content-sha256'];

function checkSignedHeaders(request: HttpRequest, claims: SignatureClaims) {
  const signed = new Set(claims.signedHeaders);
  if (!signed.has('host')) {
    return refusal(
      'signatureMismatch',
      'unsignedHeader',
      "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    );
  }
  const present = request.headers.map(([name]) => name).filter((name) => actedUpon.includes(name));
  if (claims.dateHeader !== undefined) present.push(claims.dateHeader);
  const unsigned = present.find((name) => !signed.has(name));
  if (unsigned === undefined) return undefined;
  return refusal(
    'signatureMismatch',
    'unsignedHeader',
    `'${unsigned}' must be a 'SignedHeader' in the AWS Authorization.`,
  );
}

/**
 * SECURITY: the canonical form is coarser than the raw target (dot segments, doubled slashes, order of equal
 * parameters, `+`), so a captured signature would also fit other raw spellings that a router or decoder might read
 * differently. No client writes those spellings: refuse them, so that signed and routed request are the same thing.
 */
function checkTarget(
  request: HttpRequest,
  parameters: readonly RawParameter[],
  claims: SignatureClaims,
  service: string,
) {
  const mismatch = refusal('signatureMismatch', 'malformed', mismatchMessage);
  const { path, query } = request;
  if (!/^[!-~]*$/.test(path) || !/^[!-~]*$/.test(query)) return mismatch;
  if (/[?#]/.test(path) || query.includes('#')) return mismatch;
  if (normalisePath(path) !== path) return mismatch;
  if (query !== '' && /^&|&&|&$/.test(query)) return mismatch;
  if (/\+|%(?![0-9A-Fa-f]{2})/.test(query) || /%(?![0-9A-Fa-f]{2})/.test(path)) return mismatch;
  if (isQueryService(service) || claims.form === 'presigned') {
    const names = parameters.map(([name]) => canonicalSpelling(name));
    if (new Set(names).size !== names.length) return mismatch;
  }
  return checkPayload(request, parameters);
}

/** `x-amz-content-sha256` is optional here, but where given it is the body's hash and nothing else (K9). */
function checkPayload(request: HttpRequest, parameters: readonly RawParameter[]) {
  const claimed = [
    ...request.headers.filter(([name]) => name === 'x-amz-content-sha256').map(([, value]) => value.trim()),
    ...parameters
      .filter(([name]) => canonicalSpelling(name).toLowerCase() === 'x-amz-content-sha256')
      .map(([, value]) => value),
  ];
  if (claimed.length === 0) return undefined;
  const actual = payloadHashOf(request.body);
  if (claimed.every((value) => value === actual)) return undefined;
  return refusal('signatureMismatch', 'payload', mismatchMessage);
}

function isQueryService(service: string): boolean {
  return service === 'iam' || service === 'sts';
}
