import { lowerAscii } from '../../engine/arn/case.ts';
import { parseAmzDate } from '../sigv4/time.ts';
import { refuseToken, type TokenErrorKind, type TokenRefusal } from './errors.ts';
import { isStsHost } from './hosts.ts';

export const tokenPrefix = 'k8s-aws-v1.';
export const clusterHeader = 'x-k8s-aws-id';
const maximumTokenBytes = 4096;
const maximumAgeMs = 15 * 60_000;
const maximumAheadMs = 5 * 60_000;

/** The parameters a token may have, in byte order: the order of the canonical query. */
export const tokenParameters = [
  'Action',
  'Version',
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-Security-Token',
  'X-Amz-Signature',
  'X-Amz-SignedHeaders',
] as const;
export type TokenParameter = (typeof tokenParameters)[number];
const byName = new Map<string, TokenParameter>(tokenParameters.map((name) => [name, name]));
const byLowerName = new Map<string, TokenParameter>(tokenParameters.map((name) => [lowerAscii(name), name]));

export interface TokenScope {
  /** Epoch milliseconds. */
  readonly now: number;
  /** `aws`, `aws-cn`, … */
  readonly partition: string;
  /** The server's own region, accepted as an STS host even where the partition's pattern does not know it. */
  readonly ownRegion?: string;
  /**
   * COMPAT: origins (`http://127.0.0.1:4700`) accepted beside STS hosts, byte for byte. `aws eks get-token` in a shell
   * with `AWS_ENDPOINT_URL` presigns for that endpoint and not for STS. Safe, because the server at such an origin is
   * ourselves and nothing is ever sent there. Without it the strict rules hold.
   */
  readonly ownEndpoints?: readonly string[];
}

/** A token that is well-formed and in time. Nothing in it is proven: see `verifyToken`. */
export interface ParsedToken {
  readonly ok: true;
  /** Text of X-Amz-Credential before the first `/`; '' when there is none. */
  readonly accessKeyId: string;
  readonly sessionToken: string | undefined;
  /** `YYYYMMDDTHHMMSSZ` and the same in epoch milliseconds. */
  readonly date: string;
  readonly signedAt: number;
  /** Scope of the credential after the key id, as written: date, region, service, terminator where there are as many. */
  readonly scope: readonly string[];
  /** As written, split at `;`. */
  readonly signedHeaders: readonly string[];
  /** Authority of the URL; with a port only for `ownEndpoints`. */
  readonly host: string;
  /** The own endpoint the token was made for; undefined for an STS host. */
  readonly ownEndpoint: string | undefined;
  /** Decoded values under the names STS knows. */
  readonly parameters: ReadonlyMap<TokenParameter, string>;
  /** Whether every name was spelled exactly so; the authenticator compares without case, STS does not. */
  readonly exactNames: boolean;
  readonly signature: string | undefined;
}

/**
 * Reads a `k8s-aws-v1.` token strictly (token-facts 3, 3.1): by hand, because URL parsers repair what must be refused.
 * The checks run in the authenticator's order, so that the error kind is its kind.
 */
export function parseToken(token: string, scope: TokenScope): ParsedToken | TokenRefusal {
  if (token.length > maximumTokenBytes || Buffer.byteLength(token) > maximumTokenBytes) {
    return refuseToken('token_too_large');
  }
  if (!token.startsWith(tokenPrefix)) return refuseToken('bad_prefix');
  const payload = token.slice(tokenPrefix.length);
  // `Buffer.from` accepts the other alphabet, padding and junk.
  if (!/^[A-Za-z0-9_-]*$/.test(payload) || payload.length % 4 === 1) return refuseToken('bad_base64');
  const url = Buffer.from(payload, 'base64url').toString('latin1');

  const address = readAddress(url, scope);
  if (typeof address === 'string') return refuseToken(address);
  const read = readParameters(address.query);
  if (typeof read === 'string') return refuseToken(read);
  return readMeaning(address, read, scope.now);
}

interface Address {
  readonly host: string;
  readonly ownEndpoint: string | undefined;
  readonly query: string;
}

/** Scheme, host and path. Any byte but printable ASCII is refused, in the authority as a wrong host. */
function readAddress(url: string, scope: TokenScope): Address | TokenErrorKind {
  if (/[^!-~\u0080-\uffff]/.test(url)) return 'bad_url';
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:/.exec(url)?.[0];
  if (scheme === undefined) return /^[^/]*:/.test(url) ? 'bad_url' : 'bad_scheme';
  const rest = url.slice(scheme.length);
  const authority = rest.startsWith('//') ? (/^[^/?#]*/.exec(rest.slice(2))?.[0] ?? '') : '';
  const origin = `${scheme}//${authority}`;
  const own = rest.startsWith('//') && scope.ownEndpoints?.includes(origin) === true;
  if (!own) {
    if (scheme !== 'https:') return 'bad_scheme';
    if (authority.includes('\\') || (authority.includes('%') && !authority.startsWith('['))) return 'bad_url';
    if (!isStsHost(authority, scope)) return 'bad_host';
  }
  if (/[^!-~]/.test(url) || url.includes('#')) return 'bad_url';
  const target = url.slice(origin.length);
  const question = target.indexOf('?');
  const path = question < 0 ? target : target.slice(0, question);
  if (path !== '/') return 'bad_path';
  const query = question < 0 ? '' : target.slice(question + 1);
  return { host: authority, ownEndpoint: own ? origin : undefined, query };
}

interface Parameters {
  readonly values: ReadonlyMap<TokenParameter, string>;
  readonly exactNames: boolean;
}

function readParameters(query: string): Parameters | TokenErrorKind {
  if (query.includes(';')) return 'bad_query';
  const values = new Map<TokenParameter, string>();
  const unknown = new Set<string>();
  let exactNames = true;
  let repeated = false;
  for (const piece of query.split('&')) {
    if (piece === '') continue;
    const at = piece.indexOf('=');
    const name = decode(at < 0 ? piece : piece.slice(0, at));
    const value = decode(at < 0 ? '' : piece.slice(at + 1));
    if (name === undefined || value === undefined) return 'bad_query';
    const exact = byName.get(name);
    const known = exact ?? byLowerName.get(lowerAscii(name));
    if (exact === undefined) exactNames = false;
    if (known === undefined) {
      repeated ||= unknown.has(lowerAscii(name));
      unknown.add(lowerAscii(name));
    } else {
      // SECURITY: CVE-2022-2385. Two spellings of one name let the checked value and the used value differ.
      repeated ||= values.has(known);
      values.set(known, value);
    }
  }
  if (repeated) return 'duplicate_param';
  return unknown.size > 0 ? 'unknown_param' : { values, exactNames };
}

function decode(raw: string): string | undefined {
  if (!raw.includes('%') && !raw.includes('+')) return raw;
  try {
    return decodeURIComponent(raw.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

function readMeaning(
  address: Address,
  { values, exactNames }: Parameters,
  now: number,
): ParsedToken | TokenRefusal {
  if (values.get('Action') !== 'GetCallerIdentity') return refuseToken('bad_action');
  const signedHeaders = (values.get('X-Amz-SignedHeaders') ?? '').split(';');
  if (!signedHeaders.some((name) => lowerAscii(name) === clusterHeader)) {
    return refuseToken('cluster_header_not_signed');
  }
  const expires = values.get('X-Amz-Expires') ?? '';
  if (!/^\d{1,20}$/.test(expires) || Number(expires) > 900) return refuseToken('bad_expires');
  const date = values.get('X-Amz-Date') ?? '';
  const signedAt = parseAmzDate(date);
  if (signedAt === undefined) return refuseToken('bad_date');
  if (now - signedAt > maximumAgeMs) return refuseToken('expired');
  if (signedAt - now > maximumAheadMs) return refuseToken('bad_date');
  for (const value of values.values()) if (!/^[ -~]*$/.test(value)) return refuseToken('bad_query');
  const [accessKeyId = '', ...scope] = (values.get('X-Amz-Credential') ?? '').split('/');
  return {
    ok: true,
    accessKeyId,
    sessionToken: values.get('X-Amz-Security-Token'),
    date,
    signedAt,
    scope,
    signedHeaders,
    host: address.host,
    ownEndpoint: address.ownEndpoint,
    parameters: values,
    exactNames,
    signature: values.get('X-Amz-Signature'),
  };
}
