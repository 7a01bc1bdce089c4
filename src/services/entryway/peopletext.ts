import { invalidParameter } from '../eks/refusals.ts';

/**
 * Text of one line from people for people, without space at its ends. Throws for one that is too long and for what moves a
 * cursor or breaks a line: it is printed in lists and in the trail. `what` begins the sentence: `The reason`.
 */
export function readPeopleText(what: string, text: string, most: number): string {
  const told = text.trim();
  if (told.length > most || /[\p{C}\p{Zl}\p{Zp}]/u.test(told)) {
    throw invalidParameter(`${what} can have at most ${most} printable characters`);
  }
  return told;
}
