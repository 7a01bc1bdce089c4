import type { ConditionEntry, PolicyDocument, Statement } from './document.ts';
import { contextKey } from './request.ts';
import { variableKeys } from './template.ts';

/**
 * The condition keys a policy refers to, in conditions and in policy variables (iam-facts J25): each once, as first
 * written, in the order of the document.
 */
export function referencedKeys({ version, statements }: PolicyDocument): readonly string[] {
  return uniqueKeys(statements.flatMap((statement) => statementKeys(statement, version)));
}

export function statementKeys(
  { resource, conditions }: Statement,
  version: PolicyDocument['version'],
): readonly string[] {
  const texts = resource?.entries.map(({ value }) => value) ?? [];
  return uniqueKeys([
    ...texts.flatMap((text) => variableKeys(text, version)),
    ...conditions.flatMap((condition) => conditionKeys(condition, version)),
  ]);
}

function conditionKeys(
  { operator, key, values }: ConditionEntry,
  version: PolicyDocument['version'],
): readonly string[] {
  const takesVariables = /String|Arn/.test(operator);
  return [key, ...(takesVariables ? values.flatMap((value) => variableKeys(value, version)) : [])];
}

/** Names have no case (iam-facts D2). */
export function uniqueKeys(keys: readonly string[]): readonly string[] {
  const first = new Map<string, string>();
  for (const key of keys) if (!first.has(contextKey(key))) first.set(contextKey(key), key);
  return [...first.values()];
}
