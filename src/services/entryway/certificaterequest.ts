import { createPublicKey, type KeyObject } from 'node:crypto';
import { invalidParameter } from '../eks/refusals.ts';

/** Far more than a request for the largest key that is taken. */
const maximumLength = 16 * 1024;
const onePemBlock =
  /^\s*-----BEGIN (NEW )?CERTIFICATE REQUEST-----[A-Za-z0-9+/=\s]+-----END \1?CERTIFICATE REQUEST-----\s*$/;

/**
 * The public key (DER) of a certificate request (PKCS#10 in PEM) whose signature proves that its sender holds the
 * private one. Throws InvalidParameterException.
 *
 * SECURITY: nothing else of the request is read: names and extensions are what somebody wishes to be.
 */
export async function requestedKey(pem: string): Promise<Uint8Array> {
  const refuse = (problem: string): Error => invalidParameter(`certificateRequest ${problem}`);
  if (pem.length > maximumLength) throw refuse(`is longer than ${maximumLength} characters`);
  if (!onePemBlock.test(pem)) throw refuse('is not one certificate request in PEM');
  const proven = await readProven(pem);
  if (proven === undefined) throw refuse('cannot be read, or its signature does not verify');
  const { der, key } = proven;
  const weakness = weaknessOf(key);
  if (weakness !== undefined) throw refuse(`has a key that is not taken: ${weakness}`);
  return der;
}

async function readProven(
  pem: string,
): Promise<{ readonly der: Uint8Array; readonly key: KeyObject } | undefined> {
  await import('reflect-metadata');
  const { Pkcs10CertificateRequest } = await import('@peculiar/x509');
  try {
    const request = new Pkcs10CertificateRequest(pem);
    if (!(await request.verify())) return undefined;
    const der = Buffer.from(request.publicKey.rawData);
    return { der, key: createPublicKey({ key: der, format: 'der', type: 'spki' }) };
  } catch {
    // The library's messages quote the input.
    return undefined;
  }
}

/** What every Kubernetes can present and nobody can guess: NIST curves, and RSA from 2048 bits. */
function weaknessOf({
  asymmetricKeyType: type,
  asymmetricKeyDetails: details,
}: KeyObject): string | undefined {
  switch (type) {
    case 'ec':
      return details?.namedCurve === 'prime256v1' || details?.namedCurve === 'secp384r1'
        ? undefined
        : 'choose P-256 or P-384';
    case 'rsa': {
      const bits = details?.modulusLength ?? 0;
      if (bits < 2048 || bits > 4096) return 'RSA keys have 2048 to 4096 bits';
      return (details?.publicExponent ?? 0n) < 65_537n ? 'its public exponent is below 65537' : undefined;
    }
    default:
      return 'choose P-256, P-384 or RSA';
  }
}
