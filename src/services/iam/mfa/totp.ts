import { timingSafeEqual } from 'node:crypto';
import { HOTP, Secret } from 'otpauth';
import type { RandomSource } from '../../secrets.ts';

/** Time-based codes of RFC 6238 with SHA-1, 6 digits and steps of 30 seconds: what authenticator apps assume (iam-facts J13). */

const stepMilliseconds = 30_000;
const digits = 6;
/** As long as the seeds AWS gives out: 64 characters of base32. */
const seedLength = 40;

/** A fresh seed in base32, without padding. */
export function newSeed(random: RandomSource): string {
  return new Secret({ buffer: Uint8Array.from(random.bytes(seedLength)).buffer }).base32;
}

/** The step a moment (epoch milliseconds) lies in. */
export function stepAt(now: number): number {
  return Math.floor(now / stepMilliseconds);
}

/** The code of one step. */
export function codeAt(seed: string, step: number): string {
  return HOTP.generate({
    secret: Secret.fromBase32(seed),
    algorithm: 'SHA1',
    digits,
    counter: Math.max(step, 0),
  });
}

/**
 * The latest step within `window` steps of `around` whose code this is.
 *
 * SECURITY: the latest, because two steps may share a code: marking the earlier one as used would let the very same
 * code pass again. Every step is computed and compared in constant time, so that the time taken tells nothing.
 */
export function findStep(
  seed: string,
  code: string,
  { around, window }: { readonly around: number; readonly window: number },
): number | undefined {
  let found: number | undefined;
  for (let step = around - window; step <= around + window; step++) {
    if (sameCode(codeAt(seed, step), code)) found = step;
  }
  return found;
}

/** The later step of the latest two consecutive ones within the window that have these codes, in this order. */
export function findPair(
  seed: string,
  [first, second]: readonly [string, string],
  { around, window }: { readonly around: number; readonly window: number },
): number | undefined {
  let found: number | undefined;
  let firstFits = false;
  for (let step = around - window; step <= around + window; step++) {
    const code = codeAt(seed, step);
    const secondFits = sameCode(code, second);
    if (firstFits && secondFits) found = step;
    firstFits = sameCode(code, first);
  }
  return found;
}

/** Decimal digits of ASCII and nothing else: other digits would survive a looser check and never match. */
export function isCode(text: string): boolean {
  return /^[0-9]{6}$/.test(text);
}

function sameCode(expected: string, given: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}
