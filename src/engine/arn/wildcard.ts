/**
 * IAM's wildcards: `*` is any run, also an empty one; `?` is exactly one character (a UTF-16 unit); everything else
 * is itself, with case. Compiled once; matching never backtracks over an earlier `*`, so that its cost is the length of
 * the value times the pieces of the longest run between two `*` (see `isSearchable`).
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

/** `source` is what the slots are filled from. Asking allocates nothing. */
export type Pattern<Source> = (value: string, source: Source) => boolean;

export function compileWildcard(pattern: string): Wildcard {
  if (!hasWildcard(pattern)) return (value) => value === pattern;
  // The usual patterns, `*` and `prefix*`, need no walk through runs.
  const prefix = pattern.slice(0, -1);
  if (pattern.endsWith('*') && !hasWildcard(prefix)) return (value) => value.startsWith(prefix);
  const compiled = compilePattern<undefined>(wildcardTokens(pattern));
  return (value) => compiled(value, undefined);
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
  const middle = rest.filter((run) => run.length > 0);
  return (value, source) => {
    const end = value.length - lengthOf(tail, source);
    let at = lengthOf(head, source);
    if (at > end || !matchesAt(head, value, 0, source) || !matchesAt(tail, value, end, source)) return false;
    for (const run of middle) {
      // Leftmost is enough: whatever a later position would leave for the next runs, this one leaves too.
      const found = indexOfRun(run, value, at, end, source);
      if (found === -1) return false;
      at = found + lengthOf(run, source);
    }
    return true;
  };
}

/**
 * Are the runs between the stars of a pattern short enough to be looked for in a value of any length? A run of text is,
 * however long; one that alternates between text and `?` or slots more often than any name does is not.
 *
 * SECURITY: each piece may be compared at each place of the value. Whoever writes a policy must not be able to spend
 * minutes of this process on one pattern, so longer ones are better refused than asked.
 */
export function isSearchable<Source>(tokens: readonly PatternToken<Source>[]): boolean {
  return runsOf(tokens)
    .slice(1, -1)
    .every((run) => run.length <= 64);
}

/** What stands between two `*`: text, text to be filled in, and a number of `?`. */
type Run<Source> = readonly RunPiece<Source>[];
type RunPiece<Source> = string | number | ((source: Source) => string);

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

function indexOfRun<Source>(
  run: Run<Source>,
  value: string,
  from: number,
  end: number,
  source: Source,
): number {
  const last = end - lengthOf(run, source);
  const [first = 0] = run;
  // A run that begins with text is looked for by that text: the search for it skips ahead.
  const anchor = typeof first === 'number' ? '' : textOf(first, source);
  for (let at = from; at <= last; at++) {
    at = value.indexOf(anchor, at);
    if (at === -1 || at > last) return -1;
    if (matchesAt(run, value, at, source)) return at;
  }
  return -1;
}

function textOf<Source>(piece: Exclude<RunPiece<Source>, number>, source: Source): string {
  return typeof piece === 'string' ? piece : piece(source);
}
