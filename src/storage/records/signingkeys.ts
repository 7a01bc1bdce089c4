/**
 * The keys of one cluster's service account tokens, as they are stored: one record, so that a change of keys is one
 * atomic write.
 *
 * INVARIANT: every key of the list verifies; the one whose `signsFrom` came last signs. A rotation puts a new key in
 * before its time, so that others know it when it signs, and takes an old one out only when the last token it signed has
 * ended (`access/signingkeyrotation.ts`).
 */
export interface SigningKeysRecord {
  readonly keys: readonly SigningKeyRecord[];
}

export interface SigningKeyRecord {
  /** RFC 7638 thumbprint of the public key: the `kid` of tokens and of the JWKS. */
  readonly keyId: string;
  readonly algorithm: 'RS256';
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Epoch milliseconds; absent: since it was made. */
  readonly signsFrom?: number;
  /** Modulus and exponent, base64url. */
  readonly publicKey: { readonly n: string; readonly e: string };
  /** PKCS#8 PEM, sealed in the context of cluster and key id; absent of a key that signs no more. */
  readonly sealedPrivateKey?: string;
}
