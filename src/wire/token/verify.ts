import { uniqueIdKind } from '../../engine/arn/uniqueid.ts';
import type { Principal } from '../../engine/iam/principal.ts';
import {
  algorithm,
  canonicalRequest,
  emptyPayloadHash,
  percentEncode,
  stringToSign,
  terminator,
} from '../sigv4/canonical.ts';
import { parseSignedHeaders } from '../sigv4/claims.ts';
import type { CredentialLookup, CredentialLookupResult } from '../sigv4/credential.ts';
import { type Scope, scopeText, signature, signatureMatches, signingKey } from '../sigv4/signature.ts';
import { refuseToken, type TokenErrorKind, type TokenRefusal } from './errors.ts';
import { isRegionLabel, regionOfHost } from './hosts.ts';
import { clusterHeader, type ParsedToken, parseToken, type TokenScope, tokenParameters } from './parse.ts';

export interface TokenVerification extends TokenScope {
  /** The value the client signed as `x-k8s-aws-id`: the cluster's name. It is not in the token. */
  readonly clusterId: string;
  readonly lookup: CredentialLookup;
  /** Names of other clusters here, tried after a mismatch (32 at most) only to tell `wrong_cluster` from `bad_signature`. */
  readonly otherClusterIds?: readonly string[];
}

export interface VerifiedToken {
  readonly ok: true;
  readonly principal: Principal;
  readonly accessKeyId: string;
  /** Epoch milliseconds; the token can be used until 15 minutes later or the end of the session. */
  readonly signedAt: number;
}

export type TokenVerdict =
  | VerifiedToken
  | (TokenRefusal & {
      readonly accessKeyId?: string;
      /**
       * The token, sound in every respect but that nobody here knows its key: AWS's STS may. Only for tokens made for a
       * host of STS.
       */
      readonly elsewhere?: ParsedToken;
    });

const maximumOtherClusters = 32;

/**
 * Whose token is this? Keys we hold are verified here, whatever STS host was signed; nothing is ever sent anywhere.
 * What STS would check of the presigned request is checked here as well. Rejects only when `lookup` does (no verdict).
 */
export async function verifyToken(token: string, options: TokenVerification): Promise<TokenVerdict> {
  const parsed = parseToken(token, options);
  if (!parsed.ok) return parsed;
  const claims = readClaims(parsed);
  if (typeof claims === 'string') return refuseToken(claims);
  const { accessKeyId } = parsed;
  const refuse = (kind: TokenErrorKind): TokenVerdict => ({ ...refuseToken(kind), accessKeyId });

  const found = await options.lookup(accessKeyId, parsed.sessionToken, options.now);
  if (found.status !== 'known' && found.status !== 'expired') {
    const refusal = { ...refuseToken(keyError(found.status)), accessKeyId };
    // A session token that is not sealed by us is unknown as well; a key of ours that is inactive is not, nor is a
    // long-term key with a session token: AWS has none either, and must not be told of ours.
    const isForeign =
      found.status === 'unknown' ||
      (found.status === 'badSessionToken' && uniqueIdKind(accessKeyId) !== 'accessKey');
    return isForeign && parsed.ownEndpoint === undefined ? { ...refusal, elsewhere: parsed } : refusal;
  }
  const { secretAccessKey, principal } = found.credential;

  const matches = (clusterId: string): boolean => isSignedFor(clusterId, secretAccessKey, parsed, claims);
  if (!matches(options.clusterId)) {
    const others = options.otherClusterIds?.slice(0, maximumOtherClusters) ?? [];
    return refuse(others.some(matches) ? 'wrong_cluster' : 'bad_signature');
  }
  const ended = principal.session !== undefined && principal.session.expiresAt <= options.now;
  if (found.status === 'expired' || ended) return refuse('session_expired');
  return { ok: true, principal, accessKeyId, signedAt: parsed.signedAt };
}

interface TokenClaims {
  readonly scope: Scope;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/** What STS would find wrong before it looks at the signature. */
function readClaims(token: ParsedToken): TokenClaims | TokenErrorKind {
  const { parameters, date } = token;
  if (!token.exactNames) return 'misspelled_param';
  if (parameters.get('X-Amz-Algorithm') !== algorithm) return 'bad_algorithm';
  if (parameters.get('Version') !== '2011-06-15') return 'bad_version';
  const [day, region, service, end, ...more] = token.scope;
  // Key ids become keys of the store: only what can be one is looked up.
  if (!/^\w{16,128}$/.test(token.accessKeyId) || end === undefined || more.length > 0)
    return 'bad_credential';
  if (day === undefined || region === undefined || day !== date.slice(0, 8)) return 'bad_scope';
  if (service !== 'sts' || end !== terminator || !regionFits(region, token)) return 'bad_scope';
  const signedHeaders = parseSignedHeaders(token.signedHeaders.join(';'));
  const known = signedHeaders?.every(
    (name) => name === 'accept' || name === 'host' || name === clusterHeader,
  );
  if (signedHeaders === undefined || !known || !signedHeaders.includes('host')) return 'bad_signed_headers';
  if (token.signature === undefined) return 'bad_signature';
  return { scope: { date: day, region, service }, signedHeaders, signature: token.signature };
}

/** The global endpoint takes signatures of us-east-1 only (token-facts 2.1), a regional one those of its own region. */
function regionFits(region: string, token: ParsedToken): boolean {
  if (token.ownEndpoint !== undefined) return isRegionLabel(region);
  const hostRegion = regionOfHost(token.host);
  return region === (hostRegion === 'global' ? 'us-east-1' : hostRegion);
}

/** Rebuilds the request as the authenticator sends it: fixed method, path and headers, parameters from parsed parts. */
function isSignedFor(clusterId: string, secret: string, token: ParsedToken, claims: TokenClaims): boolean {
  const query: string[] = [];
  for (const name of tokenParameters) {
    const value = token.parameters.get(name);
    if (value !== undefined && name !== 'X-Amz-Signature') query.push(`${name}=${percentEncode(value)}`);
  }
  const canonical = canonicalRequest({
    method: 'GET',
    canonicalUri: '/',
    canonicalQuery: query.join('&'),
    signedHeaders: claims.signedHeaders,
    headers: [
      ['accept', 'application/json'],
      ['host', signedHost(token)],
      [clusterHeader, clusterId],
    ],
    payloadHash: emptyPayloadHash,
  });
  if (canonical === undefined) return false;
  const toSign = stringToSign(token.date, scopeText(claims.scope), canonical);
  return signatureMatches(signature(signingKey(secret, claims.scope), toSign), claims.signature);
}

/** COMPAT: clients leave the scheme's default port out of the Host header they sign, also where the URL has it. */
function signedHost({ host, ownEndpoint }: ParsedToken): string {
  if (ownEndpoint === undefined) return host;
  return host.replace(ownEndpoint.startsWith('https:') ? /:443$/ : /:80$/, '');
}

function keyError(status: Exclude<CredentialLookupResult['status'], 'known' | 'expired'>): TokenErrorKind {
  switch (status) {
    case 'unknown':
      return 'unknown_key';
    case 'inactive':
      return 'inactive_key';
    case 'badSessionToken':
      return 'bad_session_token';
    case 'principalGone':
      return 'principal_gone';
    default:
      return status satisfies never;
  }
}
