import type { RandomSource } from '../secrets.ts';

/** What the first four characters of a unique id say about its kind (iam-facts J3). */
export type UniqueIdPrefix = 'AIDA' | 'AROA' | 'AGPA' | 'ANPA' | 'AIPA';

/** 32 letters, so that the low five bits of a random byte choose one without bias. */
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

const idLength = 21;

/**
 * A fresh unique id of an entity: 21 characters with `A-Z2-7` after the prefix (iam-facts J3); access key ids have a form
 * of their own (`credentials/accesskeyid.ts`). 85 random bits: ids are never reused because they never collide; whoever
 * stores one still expects it absent.
 */
export function newUniqueId(prefix: UniqueIdPrefix, random: RandomSource): string {
  let id: string = prefix;
  for (const byte of random.bytes(idLength - prefix.length)) id += alphabet.charAt(byte & 31);
  return id;
}

/** A secret access key: 30 random bytes as 40 characters of base64, the form AWS uses (iam-facts J3). */
export function newSecretAccessKey(random: RandomSource): string {
  return Buffer.from(random.bytes(30)).toString('base64');
}
