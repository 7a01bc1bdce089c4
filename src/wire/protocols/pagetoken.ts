import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** Makes and reads the opaque tokens of paged answers (`nextToken`, `Marker`, `continue`). */
export interface PageTokens {
  /**
   * A url-safe token for a position. `scope` names the list it belongs to, with everything that chose its members
   * (operation, account, region, filters): a token answers only the list it was given out for.
   */
  seal(scope: string, position: string): string;
  /** The position, or undefined when the token was not sealed by this key for this scope. */
  open(scope: string, token: string): string | undefined;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** A position is a storage key; this leaves room for the longest one many times over. */
const MAX_TOKEN_LENGTH = 8192;

/**
 * Tokens sealed with AES-256-GCM under a key derived from `key` (at least 16 bytes).
 *
 * SECURITY: a position is a storage key. Sealed, a client can neither read keys of resources it was not shown nor
 * name a key of another account to start from.
 *
 * COMPAT: two tokens for one position differ, because the CLI stops when a token repeats (protocol-facts 23).
 */
export function createPageTokens(key: Uint8Array): PageTokens {
  if (key.length < 16) {
    throw new RangeError('a page token key has at least 16 bytes');
  }
  const secret = new Uint8Array(hkdfSync('sha256', key, new Uint8Array(), 'entryway page token 1', 32));
  return {
    seal(scope, position) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', secret, nonce);
      cipher.setAAD(Buffer.from(scope, 'utf8'));
      const sealed = [nonce, cipher.update(position, 'utf8'), cipher.final(), cipher.getAuthTag()];
      return Buffer.concat(sealed).toString('base64url');
    },
    open(scope, token) {
      // Checked by hand: Buffer.from skips characters it does not know, so one page would have many tokens.
      if (token.length > MAX_TOKEN_LENGTH || !/^[A-Za-z0-9_-]+$/.test(token)) {
        return undefined;
      }
      const bytes = Buffer.from(token, 'base64url');
      if (bytes.length < NONCE_BYTES + TAG_BYTES || bytes.toString('base64url') !== token) {
        return undefined;
      }
      const end = bytes.length - TAG_BYTES;
      const decipher = createDecipheriv('aes-256-gcm', secret, bytes.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(Buffer.from(scope, 'utf8'));
      decipher.setAuthTag(bytes.subarray(end));
      try {
        const plain = [decipher.update(bytes.subarray(NONCE_BYTES, end)), decipher.final()];
        return Buffer.concat(plain).toString('utf8');
      } catch {
        return undefined;
      }
    },
  };
}
