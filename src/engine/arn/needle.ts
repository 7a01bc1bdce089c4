/** Text to be looked for in another; a number is that many characters which may be any. */
export type NeedlePiece = string | number;

export interface Needle {
  readonly length: number;
  /** The first place from `from` on where it fits; -1 when there is none. */
  readonly firstIn: (value: string, from: number) => number;
}

export function lengthOfNeedle(pieces: readonly NeedlePiece[]): number {
  let length = 0;
  for (const piece of pieces) length += typeof piece === 'number' ? piece : piece.length;
  return length;
}

/**
 * Text alone is looked for as such. With characters that may be any it is a regular expression without choices or
 * repetition: nothing to backtrack over, and by far quicker than comparing piece by piece.
 */
export function needleOf(pieces: readonly NeedlePiece[]): Needle {
  const length = lengthOfNeedle(pieces);
  if (pieces.every((piece) => typeof piece === 'string')) {
    const text = pieces.join('');
    return { length, firstIn: (value, from) => value.indexOf(text, from) };
  }
  const expression = new RegExp(pieces.map(sourceOf).join(''), 'g');
  return {
    length,
    firstIn(value, from) {
      expression.lastIndex = from;
      return expression.exec(value)?.index ?? -1;
    },
  };
}

/** A character is a UTF-16 unit. Each is written by its number, so that none has a meaning of its own. */
function sourceOf(piece: NeedlePiece): string {
  if (typeof piece === 'number') return '[^]'.repeat(piece);
  return piece
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
