import type { JSONWebKeySet } from 'jose';
import {
  JOSEAlgNotAllowed,
  JWKSMultipleMatchingKeys,
  JWKSNoMatchingKey,
  JWSSignatureVerificationFailed,
  JWTClaimValidationFailed,
  JWTExpired,
} from 'jose/errors';
import { jwtVerify } from 'jose/jwt/verify';
import { keyFinderOf } from '../../wire/jwks/keysets.ts';
import { type JsonObject, parseObject } from '../json.ts';
import type { DecidingConfig } from './config.ts';

/** What is wrong with the token itself. */
export type TokenFault =
  | 'malformedToken'
  | 'unsupportedAlgorithm'
  | 'unknownSigningKey'
  | 'badSignature'
  | 'wrongIssuer'
  | 'wrongAudience'
  | 'expired'
  | 'notYetValid'
  | 'badClaims';

/**
 * Signatures with a private key alone.
 * SECURITY: `none`, and HMAC with the public key as its secret, are the classic forgeries.
 */
const algorithms = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512'];

/** Longest token that is looked at; one of an API server's requests has no room for a longer one. */
const longestToken = 16_384;

/** Seconds that the clocks of issuer and server may differ. COMPAT: kube-apiserver allows none at the end, minutes at the start. */
const clockTolerance = 10;

/** What a token says before anything of it is proven: good for finding the key, and for refusals. */
export interface PresentedToken {
  readonly issuer: string;
  /** Of a signature that is allowed at all. */
  readonly isAllowed: boolean;
  /** '' when it names none. */
  readonly keyId: string;
}

/** Costs no more than decoding; undefined when it is no JWT with an issuer. */
export function readPresented(token: string): PresentedToken | undefined {
  if (token.length > longestToken) return undefined;
  const [head = '', body = ''] = token.split('.');
  const issuer = decoded(body)?.iss;
  if (typeof issuer !== 'string') return undefined;
  const header = decoded(head);
  const { alg, kid } = header ?? {};
  return {
    issuer,
    isAllowed: typeof alg === 'string' && algorithms.includes(alg),
    keyId: typeof kid === 'string' ? kid : '',
  };
}

export type ProvenToken =
  /** `until`: when it ends, in epoch milliseconds, by the issuer's clock. */
  | { readonly ok: true; readonly claims: JsonObject; readonly until: number }
  | { readonly ok: false; readonly fault: TokenFault };

/**
 * The claims of a token that one of the keys has signed, of this issuer, for this client, valid now. `now` is epoch
 * milliseconds.
 *
 * SECURITY: the key is found by `kid` among the issuer's own; `jwk`, `jku` and `x5u` of the header are never read. An
 * error that is not known here is a token that is not understood, never one that is accepted.
 */
export async function provenClaims(
  token: string,
  { issuerUrl, clientId }: Pick<DecidingConfig, 'issuerUrl' | 'clientId'>,
  { keys, now }: { readonly keys: JSONWebKeySet; readonly now: number },
): Promise<ProvenToken> {
  try {
    const { payload } = await jwtVerify(token, keyFinderOf(keys), {
      algorithms,
      issuer: issuerUrl,
      audience: clientId,
      clockTolerance,
      currentDate: new Date(now),
      requiredClaims: ['iss', 'aud', 'exp'],
    });
    const until = Number(payload.exp) * 1000;
    // An end that is no moment, like `1e400`, is none.
    if (!(until <= Number.MAX_SAFE_INTEGER)) return { ok: false, fault: 'badClaims' };
    return { ok: true, claims: payload, until };
  } catch (error) {
    return { ok: false, fault: faultOf(error) };
  }
}

function faultOf(error: unknown): TokenFault {
  if (error instanceof JWTExpired) return 'expired';
  if (error instanceof JWSSignatureVerificationFailed) return 'badSignature';
  if (error instanceof JOSEAlgNotAllowed) return 'unsupportedAlgorithm';
  if (error instanceof JWKSNoMatchingKey || error instanceof JWKSMultipleMatchingKeys) {
    return 'unknownSigningKey';
  }
  if (error instanceof JWTClaimValidationFailed) {
    if (error.claim === 'iss') return 'wrongIssuer';
    if (error.claim === 'aud') return 'wrongAudience';
    return error.claim === 'nbf' && error.reason === 'check_failed' ? 'notYetValid' : 'badClaims';
  }
  return 'malformedToken';
}

function decoded(part: string): JsonObject | undefined {
  return parseObject(Buffer.from(part, 'base64url').toString('utf8'));
}
