import type { SigningKeyRecord } from '../storage/records/signingkeys.ts';
import { longestTokenSeconds } from './serviceaccounttoken.ts';

const hour = 3_600_000;
/** How long a key is published before it signs: whoever judges tokens may remember a JWKS for an hour. */
export const announcedFor = 24 * hour;
/** How long a key signs before a new one is announced: it signs for seven days, as on EKS (eks-access-facts I3). */
export const rotationAge = 7 * 24 * hour - announcedFor;
/** Beyond the life of a token: clocks differ. */
const tolerance = hour;

/** Epoch milliseconds. */
const signsFrom = ({ signsFrom: from, createdAt }: SigningKeyRecord): number => from ?? createdAt;

/** The newest first; those of one moment stay as they are stored. */
function newestFirst(records: readonly SigningKeyRecord[]): readonly SigningKeyRecord[] {
  return records.toSorted((left, right) => signsFrom(right) - signsFrom(left));
}

/** The key that signs at a moment; before the oldest one's time, that one. Undefined when there is none that can. */
export function signingAt(records: readonly SigningKeyRecord[], now: number): SigningKeyRecord | undefined {
  const ordered = newestFirst(records).filter(({ sealedPrivateKey }) => sealedPrivateKey !== undefined);
  return ordered.find((record) => signsFrom(record) <= now) ?? ordered.at(-1);
}

/**
 * The keys that are to be waited for at most. One for later than that was announced while the clock was ahead: it signs
 * when its time comes, but holds up no other until then.
 */
function expectedBy(records: readonly SigningKeyRecord[], now: number): readonly SigningKeyRecord[] {
  return records.filter((record) => signsFrom(record) <= now + 2 * announcedFor);
}

/** The key that is announced and does not sign yet. */
export function announcedAt(records: readonly SigningKeyRecord[], now: number): SigningKeyRecord | undefined {
  return expectedBy(records, now).find((record) => signsFrom(record) > now);
}

/**
 * The keys without those whose last token has ended: the next one signed for as long as tokens live. Of those that sign no
 * more the public part is left: nobody can take from a backup or a disk what would make tokens for months to come.
 */
export function stillBelieved(
  records: readonly SigningKeyRecord[],
  now: number,
): readonly SigningKeyRecord[] {
  const ordered = newestFirst(records);
  const signing = signingAt(records, now);
  const believed = ordered.filter((_, index) => {
    const next = ordered[index - 1];
    return next === undefined || signsFrom(next) + longestTokenSeconds * 1000 + tolerance > now;
  });
  return believed.map((record) => {
    if (record === signing || signsFrom(record) > now) return record;
    const { sealedPrivateKey: _, ...publicPart } = record;
    return publicPart;
  });
}

/** Whether the key that signs has signed for long enough, and none is announced yet. */
export function isRotationDue(records: readonly SigningKeyRecord[], now: number): boolean {
  const [newest] = newestFirst(expectedBy(records, now));
  return newest !== undefined && signsFrom(newest) + rotationAge <= now;
}
