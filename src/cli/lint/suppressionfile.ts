import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { type SuppressionPath, suppressionsOf } from '../../engine/analysis/accesslint/suppressionlist.ts';
import type { Suppression } from '../../engine/analysis/accesslint/suppressions.ts';
import { Misasked } from '../../engine/analysis/ask/misasked.ts';
import type { Place } from '../../engine/analysis/snapshot/snapshot.ts';
import { readText } from '../textfile.ts';

/** Longer is no list that somebody wrote; reading it takes too long. */
const longest = 1_048_576;

/** Reads a suppression file: YAML or JSON. Misuse is told with its place. */
export function readSuppressions(file: string): readonly Suppression[] {
  return parseSuppressions(readText(file), file === '-' ? 'stdin' : file);
}

export function parseSuppressions(text: string, file: string): readonly Suppression[] {
  const lines = new LineCounter();
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const inWords = ({ line, column }: Place): string => `${file}:${line}:${column}`;
  const refuse = (offset: number, message: string): never => {
    throw new Misasked(`${inWords(placeAt(offset))}: ${message}`, 'docs/reference/access-lint.md shows one');
  };
  if (text.length > longest) refuse(0, `the file is longer than ${longest} characters`);
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'silent', schema: 'failsafe' });
  const [error] = document.errors;
  if (error !== undefined) refuse(error.pos[0], error.message.split('\n')[0] ?? 'broken YAML');
  const { contents } = document;
  // A file of comments alone: nothing is suppressed.
  if (contents === null || (isScalar(contents) && contents.value === '')) return [];
  const place = (path: SuppressionPath): Place => placeAt(offsetOf(nodeAt(contents, path)));
  return suppressionsOf(plainOf(contents), { place, where: (path) => inWords(place(path)) });
}

/**
 * The list as plain data, two levels deep. What is no text becomes null: a list of suppressions has no numbers, and an
 * alias could stand for a great deal.
 */
function plainOf(contents: Node): unknown {
  if (!isSeq(contents)) return null;
  return contents.items.map((item) => {
    if (!isMap(item)) return null;
    return Object.fromEntries(item.items.map(({ key, value }) => [nameOf(key), textOf(value)]));
  });
}

/** The key of a member, or its value where that is what is wrong. */
function nodeAt(contents: Node, [at, name]: SuppressionPath): unknown {
  const item = at === undefined || !isSeq(contents) ? contents : contents.items[at];
  if (name === undefined || !isMap(item)) return item;
  const pair = item.items.find(({ key }) => nameOf(key) === name);
  return pair && (textOf(pair.value) === null ? (pair.value ?? pair.key) : pair.key);
}

function nameOf(key: unknown): string {
  return isScalar(key) ? String(key.value) : '';
}

function textOf(value: unknown): string | null {
  return !isAlias(value) && isScalar(value) && typeof value.value === 'string' ? value.value : null;
}

function offsetOf(node: unknown): number {
  const range = (node as { readonly range?: readonly number[] | null } | null | undefined)?.range;
  return range?.[0] ?? 0;
}
