/**
 * IAM's wildcards: `*` is any run, also an empty one; `?` is exactly one character (a UTF-16 unit); everything else
 * is itself, with case. Compiled once; matching never backtracks over an earlier `*`. It is linear in pattern and
 * value, but for runs with `?` between two `*`, which cost at most run length × value length.
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

/** Stands for one character in a run. */
const one: unique symbol = Symbol('?');

/** What stands between two `*`: text, text to be filled in, and single characters. */
type Run<Source> = readonly (string | typeof one | ((source: Source) => string))[];

function runsOf<Source>(tokens: readonly PatternToken<Source>[]): Run<Source>[] {
  const runs: Run<Source>[number][][] = [[]];
  for (const token of tokens) {
    if (token.kind === 'many') runs.push([]);
    else runs.at(-1)?.push(token.kind === 'text' ? token.text : token.kind === 'slot' ? token.textOf : one);
  }
  return runs;
}

function lengthOf<Source>(run: Run<Source>, source: Source): number {
  let length = 0;
  for (const piece of run) length += piece === one ? 1 : textOf(piece, source).length;
  return length;
}

function matchesAt<Source>(run: Run<Source>, value: string, start: number, source: Source): boolean {
  let at = start;
  for (const piece of run) {
    if (piece === one) {
      if (at >= value.length) return false;
      at++;
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
  const [first = one] = run;
  // A run that begins with text is looked for by that text: the search for it skips ahead.
  const anchor = first === one ? '' : textOf(first, source);
  for (let at = from; at <= last; at++) {
    at = value.indexOf(anchor, at);
    if (at === -1 || at > last) return -1;
    if (matchesAt(run, value, at, source)) return at;
  }
  return -1;
}

function textOf<Source>(piece: Exclude<Run<Source>[number], typeof one>, source: Source): string {
  return typeof piece === 'string' ? piece : piece(source);
}
