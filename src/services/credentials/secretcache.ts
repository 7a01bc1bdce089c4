import type { SecretBox } from '../secrets.ts';

const capacity = 1000;

/**
 * Opened secrets of the keys used most recently, so that a busy key is decrypted once. A secret is kept with its
 * sealed form: a rotated key never answers with its old secret. At most a thousand are in memory.
 */
export function createSecretCache() {
  const opened = new Map<string, { readonly sealed: string; readonly secret: string }>();
  return {
    /** Throws when the secret was sealed with another key: the data directory is damaged or mixed up. */
    open(secretBox: SecretBox, sealed: string, accessKeyId: string): string {
      const cached = opened.get(accessKeyId);
      if (cached?.sealed === sealed) return cached.secret;
      const secret = secretBox.open(sealed, accessKeyId);
      if (secret === undefined) {
        throw new Error(
          `the secret of access key \`${accessKeyId}\` cannot be opened with this data directory's key`,
        );
      }
      opened.delete(accessKeyId);
      opened.set(accessKeyId, { sealed, secret });
      const oldest = opened.keys().next().value;
      if (opened.size > capacity && oldest !== undefined) opened.delete(oldest);
      return secret;
    },
  };
}
