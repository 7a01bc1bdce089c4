/**
 * IAM's wildcards: `*` is any run, also an empty one; `?` is exactly one character (a UTF-16 unit); everything else
 * is itself, with case. Compiled once; matching never backtracks over an earlier `*`, so its cost is at most
 * pattern length × value length and usually linear.
 */
export type Wildcard = (value: string) => boolean;

export function compileWildcard(pattern: string): Wildcard {
  if (!hasWildcard(pattern)) return (value) => value === pattern;
  const [head = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return (value) => value.length === head.length && matchesAt(head, value, 0);
  const tail = rest.pop() ?? '';
  // Empty pieces come from `**`, which means the same as `*`.
  const middle = rest.filter((piece) => piece !== '');
  return (value) => {
    if (value.length < head.length + tail.length) return false;
    if (!matchesAt(head, value, 0)) return false;
    const end = value.length - tail.length;
    if (!matchesAt(tail, value, end)) return false;
    let at = head.length;
    for (const piece of middle) {
      // Leftmost is enough: whatever a later position would leave for the next pieces, this one leaves too.
      const found = indexOfPiece(piece, value, at, end);
      if (found === -1) return false;
      at = found + piece.length;
    }
    return true;
  };
}

export function hasWildcard(text: string): boolean {
  return text.includes('*') || text.includes('?');
}

function indexOfPiece(piece: string, value: string, from: number, end: number): number {
  if (!piece.includes('?')) {
    const found = value.indexOf(piece, from);
    return found !== -1 && found + piece.length <= end ? found : -1;
  }
  for (let at = from; at + piece.length <= end; at++) if (matchesAt(piece, value, at)) return at;
  return -1;
}

function matchesAt(piece: string, value: string, at: number): boolean {
  if (!piece.includes('?')) return value.startsWith(piece, at);
  if (at + piece.length > value.length) return false;
  for (let index = 0; index < piece.length; index++) {
    const wanted = piece.charCodeAt(index);
    if (wanted !== questionMark && wanted !== value.charCodeAt(at + index)) return false;
  }
  return true;
}

const questionMark = 63;
