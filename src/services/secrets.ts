/** Seals secrets at rest. Constructed by `server` from the key file of the data directory (0600). */
export interface SecretBox {
  /** `context` is authenticated with the secret (e.g. the access key id): a sealed value cannot be moved elsewhere. */
  seal(plaintext: string, context: string): string;
  /** Undefined when the text was not sealed by this key in this context. */
  open(sealed: string, context: string): string | undefined;
}

/** The same for bytes. A text and its bytes are the same to it: `sealBytes` of UTF-8 opens with `open`. */
export interface ByteBox {
  sealBytes(bytes: Uint8Array, context: string): string;
  openBytes(sealed: string, context: string): Uint8Array | undefined;
}

/** Randomness and ids are passed in, so that tests can fix them. */
export interface RandomSource {
  bytes(length: number): Uint8Array;
  uuid(): string;
}
