import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto';
import { drawRandomBytes } from './randombytes.ts';
import type { ByteBox, SecretBox } from './secrets.ts';

const cipher = 'aes-256-gcm';
const keyLength = 32;
const nonceLength = 12;
const tagLength = 16;
/** Sealed texts say how they were sealed, so that another way can be added and old ones still open. */
const prefix = 'v1.';

/**
 * AES-256-GCM with a random 96-bit nonce. Sealed texts are `v1.` + base64url(nonce, ciphertext, tag), safe in URLs and
 * headers. One key may seal 2^32 texts before nonces could repeat. Throws a RangeError unless the key has 32 bytes.
 */
export function createSecretBox(key: Uint8Array): SecretBox & ByteBox {
  if (key.length !== keyLength)
    throw new RangeError(`the key must have ${keyLength} bytes, not ${key.length}`);
  // A copy: wiping or reusing the caller's buffer must not change the box. As a key object it is not prepared each time:
  // that costs two thirds of sealing a session.
  const secret = createSecretKey(key);
  const box: ByteBox = {
    sealBytes(bytes, context) {
      const nonce = drawRandomBytes(nonceLength);
      const sealing = createCipheriv(cipher, secret, nonce, { authTagLength: tagLength });
      sealing.setAAD(Buffer.from(context, 'utf8'));
      const body = Buffer.concat([nonce, sealing.update(bytes), sealing.final(), sealing.getAuthTag()]);
      return prefix + body.toString('base64url');
    },
    openBytes(sealed, context) {
      const body = decode(sealed);
      if (body === undefined) return undefined;
      // SECURITY: without a fixed tag length a forger could offer a tag of four bytes.
      const opening = createDecipheriv(cipher, secret, body.subarray(0, nonceLength), {
        authTagLength: tagLength,
      });
      opening.setAAD(Buffer.from(context, 'utf8'));
      opening.setAuthTag(body.subarray(-tagLength));
      try {
        return Buffer.concat([opening.update(body.subarray(nonceLength, -tagLength)), opening.final()]);
      } catch {
        // The only failure left is a wrong tag: another key, another context, or a changed text.
        return undefined;
      }
    },
  };
  return {
    ...box,
    seal: (plaintext, context) => box.sealBytes(Buffer.from(plaintext, 'utf8'), context),
    open(sealed, context) {
      const bytes = box.openBytes(sealed, context);
      return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
    },
  };
}

function decode(sealed: string): Buffer | undefined {
  if (!sealed.startsWith(prefix)) return undefined;
  const text = sealed.slice(prefix.length);
  // Buffer.from ignores what it does not understand: only the one canonical spelling is taken.
  const body = Buffer.from(text, 'base64url');
  return body.length >= nonceLength + tagLength && body.toString('base64url') === text ? body : undefined;
}
