import type { ConditionEntry } from './document.ts';
import type { PreparedRequest } from './request.ts';

export type ConditionAnswer = 'met' | 'notMet' | 'unknown';

/**
 * The one place where a Condition block is judged. No operator is evaluated yet: a block with anything in it is in
 * doubt, so an Allow under it does not match and a Deny does (iam-facts D11). An empty block is no condition.
 */
export function judgeConditions(
  conditions: readonly ConditionEntry[],
  _request: PreparedRequest,
): ConditionAnswer {
  return conditions.length === 0 ? 'met' : 'unknown';
}
