/** Text to be looked for in another; a number is that many characters which may be any. */
export type NeedlePiece = string | number;

/**
 * Ready to be looked for. Text stays text: a pattern may have a thousand needles, and many patterns are kept. With
 * characters that may be any it is a regular expression without choices or repetition: nothing to backtrack over, and by
 * far quicker than comparing piece by piece.
 */
export type Needle = string | { readonly length: number; readonly expression: RegExp };

export function needleOf(pieces: readonly NeedlePiece[]): Needle {
  if (pieces.every((piece) => typeof piece === 'string')) return pieces.join('');
  const expression = new RegExp(pieces.map(sourceOf).join(''), 'g');
  return { length: lengthOfNeedle(pieces), expression };
}

export function lengthOfNeedle(pieces: readonly NeedlePiece[]): number {
  let length = 0;
  for (const piece of pieces) length += typeof piece === 'number' ? piece : piece.length;
  return length;
}

/** The first place from `from` on where it fits; -1 when there is none. */
export function indexOfNeedle(needle: Needle, value: string, from: number): number {
  if (typeof needle === 'string') return value.indexOf(needle, from);
  needle.expression.lastIndex = from;
  return needle.expression.exec(value)?.index ?? -1;
}

/** A character is a UTF-16 unit. Each is written by its number, so that none has a meaning of its own. */
function sourceOf(piece: NeedlePiece): string {
  if (typeof piece === 'number') return '[^]'.repeat(piece);
  return piece
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
