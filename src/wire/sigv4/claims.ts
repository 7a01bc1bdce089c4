import { lowerAscii } from '../../engine/arn/case.ts';
import type { HttpRequest } from '../protocols/http.ts';
import { algorithm, type RawParameter, sha256Hex } from './canonical.ts';
import { type RefusalReason, refusal, type SignatureRefusal } from './refusal.ts';
import type { Scope } from './signature.ts';
import { formatAmzDate, parseAmzDate, parseDateHeader } from './time.ts';

/** What a request says about its own signature. Nothing here is proven yet. */
export interface SignatureClaims {
  readonly form: 'header' | 'presigned';
  readonly accessKeyId: string;
  readonly scope: Scope & { readonly terminator: string };
  /** Lower case, sorted, each once. */
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `YYYYMMDDTHHMMSSZ` */
  readonly amzDate: string;
  /** The same moment, epoch milliseconds. */
  readonly signedAt: number;
  /** Which header the date came from; it must be signed. Undefined when it is a query parameter. */
  readonly dateHeader?: 'x-amz-date' | 'date';
  readonly sessionToken?: string;
  /** `X-Amz-Expires` of a presigned request, seconds. */
  readonly expiresSeconds?: number;
}

type Reading = SignatureClaims | SignatureRefusal;

/** Parameters that carry query authentication (iam-facts K10). Exact spelling; other spellings are refused. */
const authenticationParameters = [
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-Security-Token',
  'X-Amz-Signature',
  'X-Amz-SignedHeaders',
] as const;
type AuthenticationParameter = (typeof authenticationParameters)[number];
const lowerAuthenticationParameters = new Map(
  authenticationParameters.map((name) => [name.toLowerCase(), name]),
);

/** Headers whose repetition would leave open which value counts. */
const singleHeaders = new Set([
  'authorization',
  'content-type',
  'date',
  'host',
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-security-token',
  'x-amz-target',
]);

/** Reads the claims from the `Authorization` header or the query; both at once, or anything unclear, is refused. */
export function readClaims(request: HttpRequest, parameters: readonly RawParameter[]): Reading {
  const seen = new Set<string>();
  for (const [name, value] of request.headers) {
    if (/[\r\n\0]/.test(value)) return malformed('ambiguous', `Header '${name}' must be on one line`);
    if (!singleHeaders.has(name)) continue;
    if (seen.has(name)) return malformed('ambiguous', `Header '${name}' must be given once`);
    seen.add(name);
  }
  const query = readAuthenticationParameters(parameters);
  if (query === undefined) {
    return malformed('ambiguous', "Query-string parameters 'X-Amz-*' must be spelled exactly and given once");
  }
  const authorization = singleHeader(request, 'authorization');
  if (authorization === undefined && query.size === 0) {
    return refusal('missingToken', 'noCredentials', 'Request is missing Authentication Token');
  }
  if (authorization === undefined) return readPresigned(request, query);
  // SECURITY: with two sets of claims, one part of a server could trust the one that another part did not check.
  if (query.size > 0) {
    return malformed(
      'ambiguous',
      'Only one of Authorization header and query-string authentication is allowed',
    );
  }
  return readAuthorization(request, authorization);
}

/** Undefined when one is spelled otherwise, given twice or badly escaped. */
function readAuthenticationParameters(
  parameters: readonly RawParameter[],
): ReadonlyMap<AuthenticationParameter, string> | undefined {
  const found = new Map<AuthenticationParameter, string>();
  for (const [rawName, rawValue] of parameters) {
    const name = decode(rawName);
    // SECURITY: ASCII only; `toLowerCase` would also fold U+212A to `k`.
    const known = name === undefined ? undefined : lowerAuthenticationParameters.get(lowerAscii(name));
    if (known === undefined) continue;
    const value = decode(rawValue);
    if (name !== known || value === undefined || found.has(known)) return undefined;
    found.set(known, value);
  }
  return found;
}

function readPresigned(request: HttpRequest, query: ReadonlyMap<AuthenticationParameter, string>): Reading {
  const required = [
    'X-Amz-Algorithm',
    'X-Amz-Credential',
    'X-Amz-Signature',
    'X-Amz-SignedHeaders',
    'X-Amz-Date',
  ] as const;
  const [algorithmName, credential, signature, signedHeaders, date] = required.map((name) => query.get(name));
  if (
    algorithmName === undefined ||
    credential === undefined ||
    signature === undefined ||
    signedHeaders === undefined ||
    date === undefined
  ) {
    const missing = required.filter((name) => !query.has(name));
    return malformed(
      'malformed',
      `${missing.map((name) => `AWS query-string parameters must include '${name}'.`).join(' ')} Re-examine the query-string parameters.`,
    );
  }
  const expires = query.get('X-Amz-Expires');
  if (expires !== undefined && !(/^\d{1,6}$/.test(expires) && Number(expires) <= 604_800)) {
    return malformed('malformed', "'X-Amz-Expires' must be a number of seconds from 0 to 604800");
  }
  const sessionToken = query.get('X-Amz-Security-Token');
  if (singleHeader(request, 'x-amz-security-token') !== undefined) {
    return malformed(
      'ambiguous',
      "'X-Amz-Security-Token' must be a query-string parameter of a presigned request",
    );
  }
  return assemble({
    form: 'presigned',
    algorithmName,
    credential,
    signedHeaders,
    signature,
    amzDate: date,
    signedAt: parseAmzDate(date),
    ...(sessionToken === undefined ? {} : { sessionToken }),
    ...(expires === undefined ? {} : { expiresSeconds: Number(expires) }),
  });
}

function readAuthorization(request: HttpRequest, authorization: string): Reading {
  const hashed = `(Hashed with SHA-256 and encoded with Base64) Authorization=${Buffer.from(sha256Hex(authorization), 'hex').toString('base64')}`;
  const space = authorization.indexOf(' ');
  const algorithmName = space < 0 ? authorization : authorization.slice(0, space);
  if (algorithmName !== algorithm) return unsupported(algorithmName);
  const parts = new Map<string, string>();
  for (const piece of authorization.slice(space + 1).split(',')) {
    const at = piece.indexOf('=');
    const name = piece.slice(0, Math.max(at, 0)).trim();
    const known = name === 'Credential' || name === 'SignedHeaders' || name === 'Signature';
    if (!known || parts.has(name)) {
      return malformed('malformed', `Invalid key=value pair in Authorization header ${hashed}`);
    }
    parts.set(name, piece.slice(at + 1).trim());
  }
  const [credential, signature, signedHeaders] = ['Credential', 'Signature', 'SignedHeaders'].map((name) =>
    parts.get(name),
  );
  const amzDate = singleHeader(request, 'x-amz-date');
  const date = amzDate ?? singleHeader(request, 'date');
  const missing = ['Credential', 'Signature', 'SignedHeaders']
    .filter((name) => !parts.has(name))
    .map((name) => `Authorization header requires '${name}' parameter.`);
  if (date === undefined) {
    missing.push("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
  }
  if (
    credential === undefined ||
    signature === undefined ||
    signedHeaders === undefined ||
    date === undefined
  ) {
    return malformed('malformed', `${missing.join(' ')} ${hashed}`);
  }
  const signedAt = amzDate === undefined ? parseDateHeader(date) : parseAmzDate(date);
  const sessionToken = singleHeader(request, 'x-amz-security-token');
  return assemble({
    form: 'header',
    algorithmName,
    credential,
    signedHeaders,
    signature,
    amzDate: amzDate ?? (signedAt === undefined ? date : formatAmzDate(signedAt)),
    signedAt,
    dateHeader: amzDate === undefined ? 'date' : 'x-amz-date',
    ...(sessionToken === undefined ? {} : { sessionToken }),
  });
}

interface Parts
  extends Pick<
    SignatureClaims,
    'form' | 'signature' | 'amzDate' | 'dateHeader' | 'sessionToken' | 'expiresSeconds'
  > {
  readonly algorithmName: string;
  readonly credential: string;
  readonly signedHeaders: string;
  readonly signedAt: number | undefined;
}

function assemble(parts: Parts): Reading {
  const { algorithmName, credential, signedHeaders, signedAt, ...rest } = parts;
  if (algorithmName !== algorithm) return unsupported(algorithmName);
  const [accessKeyId, date, region, service, terminator, ...more] = credential.split('/');
  if (!accessKeyId || !date || !region || !service || !terminator || more.length > 0) {
    return malformed(
      'malformed',
      `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${credential.slice(0, 256)}'`,
    );
  }
  const names = parseSignedHeaders(signedHeaders);
  if (names === undefined) {
    return malformed(
      'malformed',
      "'SignedHeaders' must be lower-case header names, sorted and separated by ';'",
    );
  }
  if (signedAt === undefined) {
    return malformed(
      'malformed',
      `Date must be in ISO-8601 'basic format'. Got '${rest.amzDate.slice(0, 64)}'. See http://en.wikipedia.org/wiki/ISO_8601`,
    );
  }
  return {
    ...rest,
    accessKeyId,
    scope: { date, region, service, terminator },
    signedHeaders: names,
    signedAt,
  };
}

/** Names as SigV4 wants them: lower case, in byte order, each once. Undefined for any other list. */
export function parseSignedHeaders(text: string): readonly string[] | undefined {
  const names = text.split(';');
  const sound = names.every(
    (name, index) =>
      /^[a-z0-9!#$%&'*+\-.^_`|~]+$/.test(name) && (index === 0 || (names[index - 1] as string) < name),
  );
  return sound ? names : undefined;
}

function unsupported(name: string): SignatureRefusal {
  // SigV4a may be refused (iam-facts K14); everything else is no AWS signature at all.
  return refusal(
    'incompleteSignature',
    'unsupportedAlgorithm',
    /^AWS4-[A-Z0-9-]{1,40}$/.test(name)
      ? `Unsupported AWS 'algorithm': '${name}'.`
      : "Authorization header requires algorithm 'AWS4-HMAC-SHA256'.",
  );
}

function malformed(reason: RefusalReason, message: string): SignatureRefusal {
  return refusal('incompleteSignature', reason, message);
}

function singleHeader(request: HttpRequest, name: string): string | undefined {
  return request.headers.find(([key]) => key === name)?.[1].trim();
}

function decode(raw: string): string | undefined {
  try {
    return decodeURIComponent(raw);
  } catch {
    return undefined;
  }
}
