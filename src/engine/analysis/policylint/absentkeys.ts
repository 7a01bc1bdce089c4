import type { ConditionEntry } from '../../iam/document.ts';
import { type Operator, parseOperator } from '../../iam/operators.ts';
import type { LintedStatement } from './policy.ts';

/** Is the operator met when the request lacks the key (iam-facts D3, D5)? */
export function metWithoutKey(
  { family, set, negated, ifExists }: Operator,
  values: readonly string[],
): boolean {
  if (family === 'null') return values.some((value) => value.toLowerCase() === 'true');
  if (set !== undefined) return set === 'all';
  return negated || ifExists;
}

/** What the absence of the key makes of the statement, for people. */
export function effectWithoutKey(entry: ConditionEntry, { statement }: LintedStatement): string {
  const operator = parseOperator(entry.operator);
  const met = operator !== undefined && metWithoutKey(operator, entry.values);
  if (statement.effect === 'Allow') {
    return met ? 'the condition guards nothing' : 'the statement allows nothing';
  }
  return met ? 'it denies whatever the value is' : 'it denies nothing';
}

/** Is the condition only met when the request has the key? A tag in the request puts its name among `aws:TagKeys`. */
export function demandsKey({ operator, key: other, values }: ConditionEntry, key: string): boolean {
  const present = isKey(other, key) || (isKey(key, 'aws:TagKeys') && /^aws:requesttag\//i.test(other));
  const parsed = parseOperator(operator);
  return present && parsed !== undefined && !metWithoutKey(parsed, values);
}

/** Keys have no case (iam-facts D2). */
export function isKey(key: string, name: string): boolean {
  return key.toLowerCase() === name.toLowerCase();
}
