import type { TrailLine } from './lines.ts';

const maximumRecords = 256;
const maximumCharacters = 256 * 1024;

/** Records as they are stored together under one key: a key for each would cost many times as much. */
export function blocksOf(lines: readonly TrailLine[]): readonly (readonly TrailLine[])[] {
  const blocks: TrailLine[][] = [];
  let characters = 0;
  for (const line of lines) {
    const last = blocks.at(-1);
    if (last === undefined || last.length >= maximumRecords || characters > maximumCharacters) {
      blocks.push([line]);
      characters = 0;
    } else {
      last.push(line);
    }
    characters += line.line.length;
  }
  return blocks;
}
