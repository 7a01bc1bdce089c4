import { KeyObject, verify, type webcrypto } from 'node:crypto';
import type { JSONWebKeySet } from 'jose';
import { keyFinderOf } from './keysets.ts';

/**
 * Signatures with a private key alone (iam-facts I15), with the hash of each.
 * SECURITY: `none`, and HMAC with the public key as its secret, are the classic forgeries.
 */
const hashes = {
  RS256: 'sha256',
  RS384: 'sha384',
  RS512: 'sha512',
  ES256: 'sha256',
  ES384: 'sha384',
  ES512: 'sha512',
} as const;
type Algorithm = keyof typeof hashes;

/** RFC 7518, 3.3. */
const minimumRsaBits = 2048;

export const verifiedAlgorithms: readonly string[] = Object.keys(hashes);

const keyObjects = new WeakMap<webcrypto.CryptoKey, KeyObject>();

/**
 * The payload of a compact JWS, when the one key of the set that its header names has signed it; undefined when it has
 * not. Rejects as `keyFinderOf` does where the set has no such key, or two.
 *
 * In this thread: a pod's token is a kilobyte, and waking another thread costs several times what the verification does.
 *
 * SECURITY: the key is made for the algorithm of the header, which is one of the list;
 * `jwk`, `jku` and `x5u` are never read. What a token calls critical must be understood (RFC 7515, 4.1.11), and nothing is.
 */
export async function verifiedPayload(token: string, keys: JSONWebKeySet): Promise<Buffer | undefined> {
  const [head = '', body = '', signature = '', ...more] = token.split('.');
  if (more.length > 0 || ![head, body, signature].every((part) => /^[A-Za-z0-9_-]+$/.test(part)))
    return undefined;
  const header: unknown = JSON.parse(Buffer.from(head, 'base64url').toString('utf8'));
  if (typeof header !== 'object' || header === null) return undefined;
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64')) return undefined;
  const { alg, kid } = header as { readonly alg?: unknown; readonly kid?: unknown };
  if (!isVerified(alg) || typeof kid !== 'string') return undefined;
  const key = keyObjectOf(await keyFinderOf(keys)({ alg, kid }));
  const { modulusLength = minimumRsaBits } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < minimumRsaBits) return undefined;
  const isSigned = verify(
    hashes[alg],
    Buffer.from(`${head}.${body}`, 'latin1'),
    { key, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  return isSigned ? Buffer.from(body, 'base64url') : undefined;
}

function isVerified(alg: unknown): alg is Algorithm {
  return typeof alg === 'string' && Object.hasOwn(hashes, alg);
}

function keyObjectOf(key: webcrypto.CryptoKey): KeyObject {
  const known = keyObjects.get(key) ?? KeyObject.from(key);
  keyObjects.set(key, known);
  return known;
}
