import { type KeyObject, verify } from 'node:crypto';
import { SignJWT } from 'jose/jwt/sign';
import type { ClusterRecord } from '../storage/records/eks.ts';
import { oidcIssuerOf } from '../storage/records/issuer.ts';
import { asList, asObject, asText, type JsonObject, parseObject } from './json.ts';
import type { SigningKeys } from './signingkeys.ts';

/** The audience of the API server itself: what tokens are for when nothing else is asked (kubernetes-facts F1). */
export const apiAudience = 'https://kubernetes.default.svc';

/** Longest token that is looked at; a longer one is not made either. */
const maximumServiceAccountTokenBytes = 8192;

/** The longest life of a token, whoever asks: what a key must still be believed after it signed the last. */
export const longestTokenSeconds = 90 * 24 * 3600;

/** Seconds the clocks of two processes may differ. */
const clockTolerance = 10;

/** An object of the cluster as a token names it: another object of the same name has another uid. */
export interface NamedObject {
  readonly name: string;
  readonly uid: string;
}

/** Whom a token speaks for, and the objects it lives and dies with (kubernetes-facts F2). */
export interface TokenSubject {
  readonly namespace: string;
  readonly serviceAccount: NamedObject;
  readonly pod?: NamedObject;
  readonly secret?: NamedObject;
  /** The node of the pod, its uid '' when there was none of that name; or the node the token is bound to without a pod. */
  readonly node?: NamedObject;
}

export interface TokenWish extends TokenSubject {
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  /** After so many seconds each use is remarkable; absent: never. */
  readonly warnAfterSeconds?: number;
  /** The token's own id, told in the user's `credential-id`. */
  readonly tokenId: string;
}

/** A token whose signature, issuer and times are right. Whether its objects still exist is not known yet. */
export interface VerifiedToken extends TokenSubject {
  readonly ok: true;
  readonly audiences: readonly string[];
  readonly tokenId: string;
  /** Seconds since its use became remarkable; undefined while it is not. */
  readonly staleSeconds: number | undefined;
}

export type TokenFault =
  | 'tokenTooLarge'
  | 'malformedToken'
  | 'unsupportedAlgorithm'
  | 'unknownSigningKey'
  | 'badSignature'
  | 'wrongIssuer'
  | 'expired'
  | 'notYetValid'
  | 'badClaims';

/** SECURITY: says which check failed and nothing of the token. */
export const tokenFaultMessages: Readonly<Record<TokenFault, string>> = {
  tokenTooLarge: `service account token is longer than ${maximumServiceAccountTokenBytes} bytes`,
  malformedToken: 'service account token is not a signed JWT',
  unsupportedAlgorithm: 'algorithm of the service account token is not `RS256`',
  unknownSigningKey: 'service account token names no signing key of this cluster',
  badSignature: 'signature of the service account token does not match',
  wrongIssuer: 'token was not issued by this cluster',
  expired: 'service account token has expired',
  notYetValid: 'service account token is not valid yet',
  badClaims: 'claims of the service account token cannot be read',
};

export interface FaultyToken {
  readonly ok: false;
  readonly fault: TokenFault;
}

/** Three base64url parts. Everything of this form is judged as a service account token and as nothing else. */
export function looksLikeJwt(token: string): boolean {
  return /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/.test(token);
}

export const serviceAccountUsername = (namespace: string, name: string): string =>
  `system:serviceaccount:${namespace}:${name}`;

/** Signs a token with the cluster's key. `now` is epoch milliseconds; undefined when it would be too long to accept. */
export async function signServiceAccountToken(
  keys: SigningKeys,
  cluster: ClusterRecord,
  wish: TokenWish,
  now: number,
): Promise<string | undefined> {
  const { keyId, privateKey } = await keys.signer(cluster);
  const issuedAt = Math.floor(now / 1000);
  const { namespace, serviceAccount, pod, secret, node } = wish;
  const token = await new SignJWT({
    'kubernetes.io': {
      namespace,
      ...(node && { node: plain(node) }),
      ...(pod && { pod: plain(pod) }),
      ...(secret && { secret: plain(secret) }),
      serviceaccount: plain(serviceAccount),
      ...(wish.warnAfterSeconds !== undefined && { warnafter: issuedAt + wish.warnAfterSeconds }),
    },
  })
    .setProtectedHeader({ alg: 'RS256', kid: keyId })
    .setAudience([...wish.audiences])
    .setExpirationTime(issuedAt + wish.expirationSeconds)
    .setIssuedAt(issuedAt)
    .setNotBefore(issuedAt)
    .setIssuer(oidcIssuerOf(cluster))
    .setJti(wish.tokenId)
    .setSubject(serviceAccountUsername(namespace, serviceAccount.name))
    .sign(privateKey);
  return token.length > maximumServiceAccountTokenBytes ? undefined : token;
}

const plain = ({ name, uid }: NamedObject): Partial<NamedObject> => ({ name, ...(uid !== '' && { uid }) });

/**
 * Checks algorithm, key, signature, issuer, times and claims; audiences are the caller's to compare. Throws only when
 * the keys cannot be read.
 *
 * SECURITY: the key is one of this cluster's, found by `kid` in the store, and an RSA public key: an algorithm of the
 * header other than RS256 (`none`, HS256 over the public key) is refused before a key is looked for, and `jwk`, `jku`
 * and `x5u` of the header are never read.
 */
export async function verifyServiceAccountToken(
  keys: SigningKeys,
  cluster: ClusterRecord,
  token: string,
  now: number,
): Promise<VerifiedToken | FaultyToken> {
  if (token.length > maximumServiceAccountTokenBytes) return faulty('tokenTooLarge');
  if (!looksLikeJwt(token)) return faulty('malformedToken');
  const [head = '', body = '', signature = ''] = token.split('.');
  const header = decoded(head);
  const claimed = decoded(body);
  if (header === undefined || claimed === undefined) return faulty('malformedToken');
  if (header.alg !== 'RS256') return faulty('unsupportedAlgorithm');
  // What a token calls critical must be understood (RFC 7515, 4.1.11), and nothing is: ours call nothing so.
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64')) return faulty('malformedToken');
  const issuer = oidcIssuerOf(cluster);
  // Not proven yet, and only good for a refusal that says what is wrong.
  if (claimed.iss !== issuer) return faulty('wrongIssuer');
  const key = typeof header.kid === 'string' ? await keys.verifier(cluster, header.kid) : undefined;
  if (key === undefined) return faulty('unknownSigningKey');
  if (!isSignedBy(key, head, body, signature)) return faulty('badSignature');
  const late = timeFault(claimed, now);
  if (late !== undefined) return faulty(late);
  const { sub, jti, aud } = claimed;
  const subject = readSubject(claimed['kubernetes.io']);
  const audiences = readAudiences(aud);
  if (subject === undefined || audiences === undefined || typeof jti !== 'string' || jti === '') {
    return faulty('badClaims');
  }
  if (sub !== serviceAccountUsername(subject.namespace, subject.serviceAccount.name)) {
    return faulty('badClaims');
  }
  const warnAfter = asObject(claimed['kubernetes.io'])?.warnafter;
  const overdue = typeof warnAfter === 'number' ? Math.floor(now / 1000) - warnAfter : 0;
  return { ok: true, ...subject, audiences, tokenId: jti, staleSeconds: overdue > 0 ? overdue : undefined };
}

const faulty = (fault: TokenFault): FaultyToken => ({ ok: false, fault });

function decoded(part: string): JsonObject | undefined {
  return parseObject(Buffer.from(part, 'base64url').toString('utf8'));
}

/**
 * RSASSA-PKCS1-v1_5 with SHA-256. In this thread: waking another one costs more than the whole verification.
 * SECURITY: over the very bytes that were sent, whose claims are used when it holds.
 */
function isSignedBy(key: KeyObject, head: string, body: string, signature: string): boolean {
  return verify('RSA-SHA256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url'));
}

/** RFC 7519, 4.1.4 to 4.1.6: every one must be there, and a time. `now` is epoch milliseconds. */
function timeFault({ exp, nbf, iat }: JsonObject, now: number): TokenFault | undefined {
  const seconds = Math.floor(now / 1000);
  if (!isTime(exp) || !isTime(nbf) || !isTime(iat)) return 'badClaims';
  if (nbf > seconds + clockTolerance || iat * 1000 > now + clockTolerance * 1000) return 'notYetValid';
  return exp <= seconds - clockTolerance ? 'expired' : undefined;
}

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/** A list of texts, as we write it; the single text that JWT allows as well is not ours. */
function readAudiences(value: unknown): readonly string[] | undefined {
  const audiences = Array.isArray(value) ? asList(value, asText) : undefined;
  return audiences === undefined || audiences.length === 0 ? undefined : audiences;
}

/** The `kubernetes.io` claims of a token (kubernetes-facts F2); undefined when they cannot be read. */
export function readSubject(value: unknown): TokenSubject | undefined {
  const claims = asObject(value);
  const namespace = asSegment(claims?.namespace);
  const serviceAccount = readNamed(claims?.serviceaccount);
  if (claims === undefined || namespace === undefined || serviceAccount === undefined) return undefined;
  const subject: { -readonly [Member in keyof TokenSubject]: TokenSubject[Member] } = {
    namespace,
    serviceAccount,
  };
  for (const member of ['pod', 'secret', 'node'] as const) {
    const given = claims[member];
    if (given === undefined) continue;
    // SECURITY: a binding that cannot be read must not become a token without one.
    const named = readNamed(given) ?? (member === 'node' && subject.pod ? readNameOnly(given) : undefined);
    if (named === undefined) return undefined;
    subject[member] = named;
  }
  return subject;
}

function readNamed(value: unknown): NamedObject | undefined {
  const object = asObject(value);
  const name = asSegment(object?.name);
  const uid = asText(object?.uid);
  return name === undefined || uid === undefined || uid === '' ? undefined : { name, uid };
}

/** A pod's node that was not there when the token was made: only told, never checked. */
function readNameOnly(value: unknown): NamedObject | undefined {
  const object = asObject(value);
  const name = asSegment(object?.name);
  return name === undefined || object?.uid !== undefined ? undefined : { name, uid: '' };
}

/** A text that can be one segment of a key. */
function asSegment(value: unknown): string | undefined {
  const text = asText(value);
  return text === undefined || text === '' || text.includes('/') ? undefined : text;
}
