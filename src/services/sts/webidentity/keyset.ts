import type { JSONWebKeySet, JWK } from 'jose';

/** More than any identity provider has at a time. */
const maximumKeys = 100;
/** Characters of the keys together, as JSON: what is kept for one issuer. A hundred keys of 4,096 bits have as many. */
const maximumText = 96 * 1024;

/**
 * The keys of a published set that can verify a signature, with nothing but the members that say so: what else an issuer
 * writes is not kept, nor copied for every token. Throws for a set that cannot be read or is too long.
 *
 * SECURITY: one that is not meant to verify, is symmetric, shows its private half, or whose signatures anybody can make
 * vouches for nobody.
 */
export function readKeySet(published: unknown): JSONWebKeySet {
  if (!Array.isArray(published) || published.length > maximumKeys) throw unreadable();
  const keys = published.flatMap((one): JWK[] => {
    if (typeof one !== 'object' || one === null || !('kty' in one) || typeof one.kty !== 'string') {
      throw unreadable();
    }
    return isForVerifying(one) ? [{ ...textsOf(one), kty: one.kty }] : [];
  });
  if (JSON.stringify(keys).length > maximumText) throw unreadable();
  return { keys };
}

/** RFC 7517, 4; RFC 7518, 6.2.1 and 6.3.1. */
const kept = ['kid', 'use', 'alg', 'crv', 'x', 'y', 'n', 'e'] as const;

function textsOf(key: Readonly<Record<string, unknown>>): JWK {
  return Object.fromEntries(
    kept.flatMap((member) => (typeof key[member] === 'string' ? [[member, key[member]]] : [])),
  );
}

/** RFC 7518, 6.2.2, 6.3.2 and 6.4.1. */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** Whether a JSON Web Key has anything of a private or secret key in it. */
export function isPrivateKey(key: Readonly<Record<string, unknown>>): boolean {
  return privateMembers.some((member) => key[member] !== undefined);
}

function isForVerifying(key: Readonly<Record<string, unknown>>): key is Readonly<Record<string, unknown>> {
  const { kty, use, key_ops: operations } = key;
  return (
    ((kty === 'RSA' && !isForgeable(key)) || kty === 'EC') &&
    !isPrivateKey(key) &&
    (use === undefined || use === 'sig') &&
    (operations === undefined || (Array.isArray(operations) && operations.includes('verify')))
  );
}

/** With the exponent 1 every text is its own signature. */
function isForgeable({ e }: Readonly<Record<string, unknown>>): boolean {
  return typeof e !== 'string' || /^0*1?$/.test(Buffer.from(e, 'base64url').toString('hex'));
}

const unreadable = (): Error => new Error('the key set cannot be read');
