import { indexOfNeedle, lengthOfNeedle, type Needle, type NeedlePiece, needleOf } from './needle.ts';

/**
 * IAM's wildcards: `*` is any run, also an empty one; `?` is exactly one character (a UTF-16 unit); everything else
 * is itself, with case. Compiled once; matching never backtracks over an earlier `*`, so that its cost is at most the
 * length of the value times that of the pattern, at about a nanosecond.
 */
export type Wildcard = (value: string) => boolean;

/**
 * A pattern taken apart. `slot` is text that is known only when the pattern is asked: it stands for itself, so that a
 * `*` in it is a star and no wildcard.
 */
export type PatternToken<Source> =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'one' | 'many' }
  | { readonly kind: 'slot'; readonly textOf: (source: Source) => string };

/**
 * `source` is what the slots are filled from. Undefined when what stands between two `*` is too long to be looked for
 * (see `isSearchable`). Asking allocates nothing, but for slots between two `*`.
 */
export type Pattern<Source> = (value: string, source: Source) => boolean | undefined;

/** Matches nothing when the pattern is not searchable: no action and no ARN has so many characters in question. */
export function compileWildcard(pattern: string): Wildcard {
  if (!hasWildcard(pattern)) return (value) => value === pattern;
  // The usual patterns, `*` and `prefix*`, need no walk through runs.
  const prefix = pattern.slice(0, -1);
  if (pattern.endsWith('*') && !hasWildcard(prefix)) return (value) => value.startsWith(prefix);
  const compiled = compilePattern<undefined>(wildcardTokens(pattern));
  return (value) => compiled(value, undefined) === true;
}

export function hasWildcard(text: string): boolean {
  return text.includes('*') || text.includes('?');
}

/** Text with its `*` and `?` read as wildcards. */
export function wildcardTokens(text: string): readonly PatternToken<unknown>[] {
  return text
    .split(/([*?])/)
    .filter((piece) => piece !== '')
    .map((piece) => wildcards.get(piece) ?? { kind: 'text', text: piece });
}

const wildcards: ReadonlyMap<string, PatternToken<unknown>> = new Map([
  ['*', { kind: 'many' }],
  ['?', { kind: 'one' }],
]);

export function compilePattern<Source>(tokens: readonly PatternToken<Source>[]): Pattern<Source> {
  const [head = [], ...rest] = runsOf(tokens);
  if (rest.length === 0) {
    return (value, source) => lengthOf(head, source) === value.length && matchesAt(head, value, 0, source);
  }
  const tail = rest.pop() ?? [];
  // Empty runs come from `**`, which means the same as `*`.
  const middle = rest.filter((run) => run.length > 0).map(compileRun);
  return (value, source) => {
    const end = value.length - lengthOf(tail, source);
    let at = lengthOf(head, source);
    if (at > end || !matchesAt(head, value, 0, source) || !matchesAt(tail, value, end, source)) return false;
    for (const run of middle) {
      const needle = typeof run === 'function' ? run(source) : run;
      if (needle === undefined) return undefined;
      // Leftmost is enough: whatever a later position would leave for the next runs, this one leaves too.
      const found = indexOfNeedle(needle, value, at);
      if (found === -1 || found > end - needle.length) return false;
      at = found + needle.length;
    }
    return true;
  };
}

/** Characters between two `*` of a pattern that is asked. */
const longestRun = 256;

/**
 * Are the runs between the stars of a pattern short enough to be looked for in a value of any length?
 *
 * SECURITY: each character of a run may be compared at each place of the value. Whoever writes a policy must not be able
 * to spend minutes of this process on one pattern, so longer ones are better refused than asked.
 */
export function isSearchable<Source>(tokens: readonly PatternToken<Source>[]): boolean {
  return runsOf(tokens)
    .slice(1, -1)
    .every((run) => lengthOfNeedle(run.filter(isFixed)) <= longestRun);
}

/** What a run is looked for by, known once it has no slots. Undefined when it is too long. */
function compileRun<Source>(run: Run<Source>): Needle | undefined | ((source: Source) => Needle | undefined) {
  if (run.every(isFixed)) return shortNeedle(run);
  let last: { readonly pieces: readonly NeedlePiece[]; readonly needle: Needle | undefined } | undefined;
  return (source) => {
    const pieces = run.map((piece) => (isFixed(piece) ? piece : piece(source)));
    // One request asks about many values, and making a needle ready costs more than looking for it.
    const isSame = last?.pieces.every((piece, index) => piece === pieces[index]);
    if (last === undefined || isSame !== true) last = { pieces, needle: shortNeedle(pieces) };
    return last.needle;
  };
}

function shortNeedle(pieces: readonly NeedlePiece[]): Needle | undefined {
  return lengthOfNeedle(pieces) > longestRun ? undefined : needleOf(pieces);
}

/** What stands between two `*`: text, text to be filled in, and a number of `?`. */
type Run<Source> = readonly RunPiece<Source>[];
type RunPiece<Source> = NeedlePiece | ((source: Source) => string);

const isFixed = <Source>(piece: RunPiece<Source>): piece is NeedlePiece => typeof piece !== 'function';

function runsOf<Source>(tokens: readonly PatternToken<Source>[]): Run<Source>[] {
  const runs: RunPiece<Source>[][] = [];
  let run: RunPiece<Source>[] = [];
  runs.push(run);
  for (const token of tokens) {
    const last = run.at(-1);
    if (token.kind === 'many') {
      run = [];
      runs.push(run);
    } else if (token.kind === 'slot') run.push(token.textOf);
    else if (token.kind === 'text') run.push(token.text);
    else if (typeof last === 'number') run.splice(-1, 1, last + 1);
    else run.push(1);
  }
  return runs;
}

function lengthOf<Source>(run: Run<Source>, source: Source): number {
  let length = 0;
  for (const piece of run) length += typeof piece === 'number' ? piece : textOf(piece, source).length;
  return length;
}

/** Whether there is room for the run is the caller's to know. */
function matchesAt<Source>(run: Run<Source>, value: string, start: number, source: Source): boolean {
  let at = start;
  for (const piece of run) {
    if (typeof piece === 'number') {
      at += piece;
      continue;
    }
    const text = textOf(piece, source);
    if (!value.startsWith(text, at)) return false;
    at += text.length;
  }
  return true;
}

function textOf<Source>(piece: Exclude<RunPiece<Source>, number>, source: Source): string {
  return typeof piece === 'string' ? piece : piece(source);
}
