/**
 * Where a text is no base64, counted as Go does, whose words tell it; undefined when it is. Line breaks may stand anywhere,
 * and the end is padded (encoding/base64, StdEncoding).
 */
export function base64Fault(text: string): number | undefined {
  const isPlain = text.length % 4 === 0 && !/[^A-Za-z0-9+/]/.test(text.replace(/={1,2}$/, ''));
  if (isPlain) return undefined;
  const isSkipped = (at: number): boolean => text[at] === '\n' || text[at] === '\r';
  /** Characters of the group of four that is read. */
  let inGroup = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (isSkipped(at)) continue;
    const character = text[at] ?? '';
    if (/[A-Za-z0-9+/]/.test(character)) {
      inGroup = (inGroup + 1) % 4;
      continue;
    }
    if (character !== '=' || inGroup < 2) return at;
    let next = at + 1;
    while (isSkipped(next)) next += 1;
    if (inGroup === 2) {
      if (next >= text.length) return text.length;
      if (text[next] !== '=') return next - 1;
      next += 1;
      while (isSkipped(next)) next += 1;
    }
    return next < text.length ? next : undefined;
  }
  return inGroup === 0 ? undefined : text.length - inGroup;
}
