import type { SigningKeyRecord } from '../storage/records/signingkeys.ts';
import { longestTokenSeconds } from './serviceaccounttoken.ts';

const hour = 3_600_000;
/** How long a key signs before a new one is announced. */
export const rotationAge = 30 * 24 * hour;
/** How long a key is published before it signs: whoever judges tokens may remember a JWKS for an hour. */
export const announcedFor = 24 * hour;
/** Beyond the life of a token: clocks differ. */
const tolerance = hour;

/** Epoch milliseconds. */
const signsFrom = ({ signsFrom: from, createdAt }: SigningKeyRecord): number => from ?? createdAt;

/** The newest first; those of one moment stay as they are stored. */
function newestFirst(records: readonly SigningKeyRecord[]): readonly SigningKeyRecord[] {
  return records.toSorted((left, right) => signsFrom(right) - signsFrom(left));
}

/** The key that signs at a moment; before the oldest one's time, that one. Undefined when there is none. */
export function signingAt(records: readonly SigningKeyRecord[], now: number): SigningKeyRecord | undefined {
  const ordered = newestFirst(records);
  return ordered.find((record) => signsFrom(record) <= now) ?? ordered.at(-1);
}

/** The key that is announced and does not sign yet. */
export function announcedAt(records: readonly SigningKeyRecord[], now: number): SigningKeyRecord | undefined {
  return records.find((record) => signsFrom(record) > now);
}

/** The keys without those whose last token has ended: the next one signed for as long as tokens live. */
export function stillBelieved(
  records: readonly SigningKeyRecord[],
  now: number,
): readonly SigningKeyRecord[] {
  const ordered = newestFirst(records);
  return ordered.filter((_, index) => {
    const next = ordered[index - 1];
    return next === undefined || signsFrom(next) + longestTokenSeconds * 1000 + tolerance > now;
  });
}

/** Whether the key that signs has signed for long enough, and none is announced yet. */
export function isRotationDue(records: readonly SigningKeyRecord[], now: number): boolean {
  const [newest] = newestFirst(records);
  return newest !== undefined && signsFrom(newest) + rotationAge <= now;
}
