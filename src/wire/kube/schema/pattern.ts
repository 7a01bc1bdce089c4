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
 * Instructions of all compiled patterns that are kept, about 60 MB; the ones not used for longest are compiled again.
 *
 * SECURITY: an instruction takes some hundred bytes, and ten characters of a pattern can be a thousand instructions. Kept
 * as long as their definitions are, patterns could fill the memory.
 */
const maximumInstructions = 200_000;

const compiled = new Map<string, RE2JS>();
let instructions = 0;

function compiledPattern(source: string): RE2JS {
  const known = compiled.get(source);
  if (known !== undefined) {
    compiled.delete(source);
    compiled.set(source, known);
    return known;
  }
  const pattern = RE2JS.compile(source);
  compiled.set(source, pattern);
  instructions += pattern.programSize();
  for (const [oldest, one] of compiled) {
    if (instructions <= maximumInstructions) break;
    compiled.delete(oldest);
    instructions -= one.programSize();
  }
  return pattern;
}

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
  const size = compiledPattern(source).programSize();
  return { source, size, matches: (text) => compiledPattern(source).matcher(text).find() };
}
