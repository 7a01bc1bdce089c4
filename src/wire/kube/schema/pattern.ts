import { RE2JS } from 're2js';

/** A `pattern` of a schema, ready to be asked. */
export interface Pattern {
  readonly source: string;
  /** Whether it matches somewhere in the text. */
  readonly matches: (text: string) => boolean;
  /** Instructions of the compiled pattern: a match costs at most this many steps for each character. */
  readonly size: number;
}

/** Characters of a pattern. COMPAT: ours; upstream has no bound of its own. */
const maximumPatternLength = 4_096;

/**
 * Compiles a pattern in Go's syntax (RE2).
 *
 * SECURITY: patterns are written by clients. JavaScript's own engine backtracks, so that a pattern of ten characters can
 * stop the process for hours; this one needs time linear in the text, and Go's bound on repetitions bounds its size.
 *
 * @throws Error with Go's text when it does not compile
 */
export function compilePattern(source: string): Pattern {
  if (source.length > maximumPatternLength) {
    throw new Error(`a pattern may not be longer than ${maximumPatternLength} characters`);
  }
  const compiled = RE2JS.compile(source);
  return { source, matches: (text) => compiled.matcher(text).find(), size: compiled.programSize() };
}
