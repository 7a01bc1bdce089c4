import { lowerAscii } from '../arn/case.ts';
import { compileMatcher, type PrincipalMatcher } from './matchers.ts';

/** Entries that stand for more than one role, by what they are called. */
export interface MatcherIndex<Entry extends { readonly principalArn: string }> {
  /** Adds the entry, or replaces the one of its principalArn. One that no matcher can be made of is not kept. */
  apply(entry: Entry): void;
  remove(principalArn: string): void;
  isEmpty(): boolean;
  /**
   * All that fit the canonical ARN of a role, the one that counts first: a permission set before a pattern, then the
   * longer pattern, then the first in byte order. The order is total, so that nothing depends on when an entry came.
   */
  matching(canonicalArn: string): readonly Entry[];
}

export function createMatcherIndex<Entry extends { readonly principalArn: string }>(): MatcherIndex<Entry> {
  const byArn = new Map<string, Compiled<Entry>>();
  /** In the order in which they count, made when first asked after a change. */
  let ordered: readonly Compiled<Entry>[] | undefined;

  return {
    apply(entry) {
      const matcher = compileMatcher(entry.principalArn);
      ordered = undefined;
      if (matcher === undefined) byArn.delete(entry.principalArn);
      else byArn.set(entry.principalArn, { entry, matcher });
    },
    remove(principalArn) {
      if (byArn.delete(principalArn)) ordered = undefined;
    },
    isEmpty: () => byArn.size === 0,
    matching(canonicalArn) {
      if (byArn.size === 0) return [];
      ordered ??= [...byArn.values()].sort(byPrecedence);
      const arn = lowerAscii(canonicalArn);
      return ordered.filter(({ matcher }) => matcher.matches(arn)).map(({ entry }) => entry);
    },
  };
}

interface Compiled<Entry> {
  readonly entry: Entry;
  readonly matcher: PrincipalMatcher;
}

function byPrecedence<Entry extends { readonly principalArn: string }>(
  a: Compiled<Entry>,
  b: Compiled<Entry>,
): number {
  if (a.matcher.kind !== b.matcher.kind) return a.matcher.kind === 'permissionSet' ? -1 : 1;
  const [left, right] = [a.entry.principalArn, b.entry.principalArn];
  if (left.length !== right.length) return right.length - left.length;
  return left < right ? -1 : 1;
}
