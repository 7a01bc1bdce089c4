import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { invalidParameter } from '../eks/refusals.ts';
import { isPrivateKey } from '../sts/webidentity/keyset.ts';

/** A public key as it is stored and shown: what verifies a signature, and nothing else. */
export interface HandedOverKey {
  readonly kty: 'RSA' | 'EC';
  readonly kid: string;
  readonly use: 'sig';
  readonly alg: string;
  readonly [member: string]: string;
}

/** A cluster whose keys are rotated has a few at a time. */
const mostKeys = 20;
const curves: Readonly<Record<string, string>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};
const bits = { least: 2048, most: 8192 };

/**
 * The `keys` of a JWKS, as an API server's `/openid/v1/jwks` has them. Throws InvalidParameterException for anything but
 * public keys that AssumeRoleWithWebIdentity takes (iam-facts I15).
 *
 * SECURITY: what is stored is written anew from the key itself, and tied to the one algorithm it signs with, so that nothing
 * else of what was sent is ever read. A private key is refused, and is not in the record of the call: the trail tells no
 * documents.
 */
export function readIssuerKeys(given: unknown, clusterName: string): readonly HandedOverKey[] {
  const refuse = (message: string): never => {
    throw invalidParameter(message, clusterName);
  };
  if (!Array.isArray(given) || given.length === 0 || given.length > mostKeys) {
    return refuse(`The keys must be a list of 1 to ${mostKeys} JSON Web Keys`);
  }
  const keys = given.map((one: unknown, at): HandedOverKey => {
    const which = `Key ${at + 1}`;
    if (typeof one !== 'object' || one === null || Array.isArray(one)) return refuse(`${which} is no object`);
    const jwk = one as Readonly<Record<string, unknown>>;
    if (isPrivateKey(jwk)) {
      return refuse(`${which} is a private or secret key: hand over public keys only`);
    }
    const { kid, use = 'sig', alg } = jwk;
    if (typeof kid !== 'string' || !/^[\u0021-\u007E]{1,256}$/.test(kid)) {
      return refuse(`${which} must have a kid of 1 to 256 ASCII characters, as the tokens name it`);
    }
    if (use !== 'sig') return refuse(`${which} is not for signatures`);
    const key = publicKeyOf(jwk);
    const algorithms = key === undefined ? [] : algorithmsOf(key);
    const [usual] = algorithms;
    if (key === undefined || usual === undefined) {
      return refuse(
        `${which} must be an RSA key of ${bits.least} to ${bits.most} bits or an EC key on P-256, P-384 or P-521`,
      );
    }
    const algorithm = alg === undefined ? usual : algorithms.find((one) => one === alg);
    if (algorithm === undefined) return refuse(`The alg of key ${at + 1} must be ${algorithms.join(', ')}`);
    const { kty, n = '', e = '', crv = '', x = '', y = '' } = key.export({ format: 'jwk' });
    const common = { kid, use: 'sig', alg: algorithm } as const;
    return kty === 'RSA' ? { kty, ...common, n, e } : { kty: 'EC', ...common, crv, x, y };
  });
  if (new Set(keys.map(({ kid }) => kid)).size < keys.length) refuse('Two keys have the same kid');
  return keys;
}

/** Undefined for what is no public key. Only the members of one are looked at. */
function publicKeyOf({ kty, n, e, crv, x, y }: Readonly<Record<string, unknown>>): KeyObject | undefined {
  const members: Readonly<Record<string, unknown>> =
    kty === 'RSA' ? { n, e } : kty === 'EC' ? { crv, x, y } : {};
  const texts = Object.values(members);
  if (texts.length === 0 || !texts.every((text) => typeof text === 'string' && text.length <= 2048)) {
    return undefined;
  }
  try {
    return createPublicKey({ key: { kty, ...members } as JsonWebKey, format: 'jwk' });
  } catch {
    return undefined;
  }
}

/** What the key may sign with, the usual first; none for a key that is too weak or that nobody verifies with. */
function algorithmsOf({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): readonly string[] {
  const { modulusLength = 0, publicExponent = 0n, namedCurve = '' } = asymmetricKeyDetails;
  if (asymmetricKeyType === 'rsa') {
    const isStrong = modulusLength >= bits.least && modulusLength <= bits.most;
    // SECURITY: with the exponent 1 every text is its own signature.
    return isStrong && publicExponent >= 3n && publicExponent % 2n === 1n ? ['RS256', 'RS384', 'RS512'] : [];
  }
  const algorithm = Object.hasOwn(curves, namedCurve) ? curves[namedCurve] : undefined;
  return asymmetricKeyType === 'ec' && algorithm !== undefined ? [algorithm] : [];
}
