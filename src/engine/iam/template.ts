import {
  compilePattern,
  compileWildcard,
  isSearchable,
  type PatternToken,
  wildcardTokens,
} from '../arn/wildcard.ts';
import type { Answer } from './answer.ts';
import type { PolicyDocument } from './document.ts';
import { contextKey, type RequestContext } from './request.ts';

/** Does a value match a text of a policy? Variables are resolved from the request's context. */
export type TextMatcher = (value: string, context: RequestContext) => Answer;

export interface TextRules {
  /** Variables and escapes exist in this version only (iam-facts A4). */
  readonly version: PolicyDocument['version'];
  /** Are `*` and `?` wildcards here, or characters? */
  readonly wildcards: boolean;
  readonly ignoreCase?: boolean;
}

/**
 * A text of a policy with its variables (iam-facts C). Unresolved, it matches nothing, not even an empty value (C5);
 * with a variable that cannot be read, or names a key of several values (C1), nobody can say what it matches. Nor is it
 * asked where that would take too long.
 *
 * SECURITY: what a variable puts in is literal (C6): whoever may tag himself `*` must not get a wildcard by it.
 */
export function compileText(text: string, rules: TextRules): TextMatcher {
  if (!mayHoldVariables(text, rules.version)) return compilePlainText(text, rules);
  const fold = rules.ignoreCase ? foldCase : asItIs;
  const template = parseTemplate(text, rules, fold);
  if (template === undefined) return () => 'unknown';
  const { tokens, variables } = template;
  if (!isSearchable(tokens)) return () => 'unknown';
  const pattern = compilePattern(tokens);
  return (value, context) => {
    const resolved = areResolved(variables, context);
    if (resolved !== 'yes') return resolved;
    const matches = pattern(fold(value), context);
    return matches === undefined ? 'unknown' : matches ? 'yes' : 'no';
  };
}

function compilePlainText(text: string, { wildcards, ignoreCase = false }: TextRules): TextMatcher {
  if (ignoreCase) {
    const folded = foldCase(text);
    return (value) => (foldCase(value) === folded ? 'yes' : 'no');
  }
  if (wildcards && !isSearchable(wildcardTokens(text))) return () => 'unknown';
  const matches = wildcards ? compileWildcard(text) : (value: string) => value === text;
  return (value) => (matches(value) ? 'yes' : 'no');
}

/** In the older language `${` is plain text (iam-facts A4). */
export function mayHoldVariables(text: string, version: PolicyDocument['version']): boolean {
  return version === '2012-10-17' && text.includes('${');
}

const asItIs = (text: string): string => text;
/** COMPAT: letters beyond ASCII fold too, as Java's comparison does; AWS does not say (iam-facts D3). */
const foldCase = (text: string): string => text.toLowerCase();

interface Variable {
  /** As written. */
  readonly key: string;
  /** As contexts name it. */
  readonly name: string;
  readonly fallback?: string;
}

interface Template {
  readonly tokens: readonly PatternToken<RequestContext>[];
  readonly variables: readonly Variable[];
}

/** `${key}`, `${key, 'default'}` or an escape; the key's characters are those of tag keys and more (iam-facts C1, C3). */
const variablePattern = /\$\{(?:([*?$])|([^{},'$*?]+)(?:,\s*'([^']*)'\s*)?)\}/y;

/** Undefined when a `${` begins no variable. */
function parseTemplate(
  text: string,
  { wildcards }: Pick<TextRules, 'wildcards'>,
  fold: (text: string) => string,
): Template | undefined {
  const tokens: PatternToken<RequestContext>[] = [];
  const variables: Variable[] = [];
  const addText = (piece: string): void => {
    // Not `push(...)`: a hundred thousand arguments overflow the stack.
    if (wildcards) for (const token of wildcardTokens(fold(piece))) tokens.push(token);
    else if (piece !== '') tokens.push({ kind: 'text', text: fold(piece) });
  };
  let at = 0;
  for (;;) {
    const start = text.indexOf('${', at);
    addText(text.slice(at, start === -1 ? undefined : start));
    if (start === -1) return { tokens, variables };
    variablePattern.lastIndex = start;
    const found = variablePattern.exec(text);
    if (found === null) return undefined;
    at = variablePattern.lastIndex;
    const [, escaped, written = '', fallback] = found;
    if (escaped !== undefined) {
      tokens.push({ kind: 'text', text: escaped });
      continue;
    }
    const key = written.trim();
    if (key === '') return undefined;
    const name = contextKey(key);
    variables.push({ key, name, ...(fallback !== undefined && { fallback }) });
    tokens.push({
      kind: 'slot',
      textOf: (context) => {
        const value = context.get(name);
        return fold(typeof value === 'string' ? value : (fallback ?? ''));
      },
    });
  }
}

function areResolved(variables: readonly Variable[], context: RequestContext): Answer {
  let answer: Answer = 'yes';
  for (const { name, fallback } of variables) {
    const value = context.get(name);
    if (value === undefined || value.length === 0) {
      // An empty text is a value, an empty list is none (iam-facts D9).
      if (value !== '' && fallback === undefined) return 'no';
    } else if (typeof value !== 'string') answer = 'unknown';
  }
  return answer;
}

/** The keys that the variables of a text name, as written; none where the text cannot be read. */
export function variableKeys(text: string, version: PolicyDocument['version']): readonly string[] {
  if (!mayHoldVariables(text, version)) return [];
  const template = parseTemplate(text, { wildcards: false }, asItIs);
  return template?.variables.map(({ key }) => key) ?? [];
}
