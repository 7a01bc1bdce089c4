import { lowerAscii } from '../arn/case.ts';
import { hasWildcard } from '../arn/wildcard.ts';
import type { CompiledStatement } from './compile.ts';
import type { EntryList } from './document.ts';

/** The statements of one effect, in the order of the document; those about other actions cost nothing. */
export interface StatementIndex {
  readonly statements: readonly CompiledStatement[];
  /** Those whose Action element covers the action, which comes in lower case. */
  forAction(lowerAction: string): readonly CompiledStatement[];
}

/**
 * Actions remembered per index. Callers ask a few; whoever asks for more, with simulated actions say, gets a slower
 * answer and takes no more memory.
 */
const maxRemembered = 64;

export function createStatementIndex(statements: readonly CompiledStatement[]): StatementIndex {
  const byAction = new Map<string, number[]>();
  const others: number[] = [];
  for (const [at, { actions }] of statements.entries()) {
    const exact = exactActions(actions);
    if (exact === undefined) others.push(at);
    for (const action of exact ?? []) {
      const positions = byAction.get(action);
      if (positions === undefined) byAction.set(action, [at]);
      else positions.push(at);
    }
  }
  const find = (action: string): readonly CompiledStatement[] => {
    const positions = others.filter((at) => statements[at]?.action(action));
    return positions
      .concat(byAction.get(action) ?? [])
      .sort((a, b) => a - b)
      .flatMap((at) => statements[at] ?? []);
  };
  const remembered = new Map<string, readonly CompiledStatement[]>();
  return {
    statements,
    forAction(action) {
      const known = remembered.get(action);
      if (known !== undefined) return known;
      if (remembered.size >= maxRemembered) remembered.clear();
      const found = find(action);
      remembered.set(action, found.length === 0 ? none : found);
      return found;
    },
  };
}

const none: readonly CompiledStatement[] = [];

/** The actions an element names one by one; undefined when it also or only covers others. */
function exactActions({ negated, entries }: EntryList): ReadonlySet<string> | undefined {
  if (negated || entries.some(({ value }) => hasWildcard(value))) return undefined;
  return new Set(entries.map(({ value }) => lowerAscii(value)));
}
