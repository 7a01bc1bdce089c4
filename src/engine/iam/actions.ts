import { lowerAscii } from '../arn/case.ts';
import { compileWildcard, hasWildcard, type Wildcard } from '../arn/wildcard.ts';
import type { EntryList } from './document.ts';

/** Does the element cover this action? The action comes in lower case: neither prefix nor name has case (iam-facts B1). */
export type ActionMatcher = (lowerAction: string) => boolean;

export function compileActions({ entries, negated }: EntryList): ActionMatcher {
  const exact = new Set<string>();
  const patterns: Wildcard[] = [];
  for (const { value } of entries) {
    const action = lowerAscii(value);
    if (hasWildcard(action)) patterns.push(compileWildcard(action));
    else exact.add(action);
  }
  const covers = (action: string): boolean => {
    if (exact.has(action)) return true;
    for (const matches of patterns) if (matches(action)) return true;
    return false;
  };
  return negated ? (action) => !covers(action) : covers;
}
