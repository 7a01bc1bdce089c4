import { isAccountId } from '../../engine/arn/arn.ts';
import type { RandomSource } from '../secrets.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** What follows the prefix: 80 bits, of which the first is set, 40 are the account and 39 are random. */
const idLength = 16;
const newForm = 1n << 79n;
const accountShift = 39n;
const accountMask = (1n << 40n) - 1n;

/**
 * A fresh access key id that says whose account it is of, in the form AWS's ids have had since 2019: tools that read the
 * account out of a key id read it out of ours (iam-facts I18). Whoever stores one expects it absent: after some 800,000
 * ids of one account two of them are likely to be equal.
 */
export function newAccessKeyId(prefix: 'AKIA' | 'ASIA', accountId: string, random: RandomSource): string {
  if (!isAccountId(accountId)) throw new RangeError(`\`${accountId}\` is not an account id`);
  let noise = 0;
  for (const byte of random.bytes(5)) noise = noise * 256 + byte;
  const account = Number(accountId);
  // In two halves of 40 bits, which a number holds: big integers take longer than everything else about a session's id.
  const high = halfBit + Math.floor(account / 2);
  const low = (account % 2) * halfBit + (noise % halfBit);
  return prefix + lettersOf(high) + lettersOf(low);
}

/** The highest of 40 bits. */
const halfBit = 2 ** 39;

/** 40 bits as eight letters of five. */
function lettersOf(bits: number): string {
  let letters = '';
  for (let rest = bits, at = 0; at < idLength / 2; at++, rest = Math.floor(rest / 32)) {
    letters = alphabet.charAt(rest % 32) + letters;
  }
  return letters;
}

/** The account an id names; undefined for ids of another form, whose account only a record knows. */
export function accountOfAccessKeyId(accessKeyId: string): string | undefined {
  const match = /^A(?:KI|SI)A([A-Z2-7]{16})$/.exec(accessKeyId);
  if (match === null) return undefined;
  let bits = 0n;
  for (const letter of match[1] ?? '') bits = (bits << 5n) | BigInt(alphabet.indexOf(letter));
  if ((bits & newForm) === 0n) return undefined;
  const accountId = String((bits >> accountShift) & accountMask).padStart(12, '0');
  return isAccountId(accountId) ? accountId : undefined;
}
