import { lowerAscii } from '../../arn/case.ts';
import { compileWildcard } from '../../arn/wildcard.ts';
import type { Position } from '../../iam/position.ts';
import { arnCovers, isAll, withoutVariables } from './patterns.ts';
import type { LintedPolicy, LintedStatement } from './policy.ts';

/** Does the statement speak of the action, whatever service it is of? */
export function speaksOf({ statement }: LintedStatement, action: string): boolean {
  const lower = lowerAscii(action);
  const listed = statement.action.entries.some(({ value }) => compileWildcard(lowerAscii(value))(lower));
  return listed !== statement.action.negated;
}

/** Where the statement speaks of one of the actions: the entry that does, or the list that does not except it. */
export function placeOf({ statement }: LintedStatement, ...actions: readonly string[]): Position {
  const lower = actions.map(lowerAscii);
  const entry = statement.action.entries.find(({ value }) => lower.some(compileWildcard(lowerAscii(value))));
  return entry?.position ?? statement.action.position;
}

/** Does a condition narrow it: one that is not met merely because a key is missing? */
export function isGuarded({ statement }: LintedStatement, keys?: readonly string[]): boolean {
  return statement.conditions.some(
    ({ key, operator }) =>
      !operator.endsWith('IfExists') && (keys === undefined || keys.includes(key.toLowerCase())),
  );
}

/** Does a Deny of the same policy limit the action by one of the keys, or forbid it? */
export function isLimited({ statements }: LintedPolicy, action: string, keys: readonly string[]): boolean {
  return statements.some(
    (linted) =>
      linted.statement.effect === 'Deny' &&
      speaksOf(linted, action) &&
      (linted.statement.conditions.length === 0 ||
        linted.statement.conditions.some(({ key }) => keys.includes(key.toLowerCase()))),
  );
}

/** Does it reach every resource of a type: `*`, or an ARN with nothing but wildcards after the type? */
export function reachesAll({ statement }: LintedStatement, arn: string): boolean {
  if (statement.resource === undefined) return false;
  return (
    statement.resource.negated ||
    statement.resource.entries.some(({ value }) => {
      const entry = withoutVariables(value);
      return isAll(entry) || (isWild(value) && arnCovers(ofAnyAccount(entry), arn));
    })
  );
}

/** No name is given: `role/*`, `user/*`. */
const isWild = (entry: string): boolean => /^arn:[^:]*:[^:]*:[^:]*:[^:]*:(?:[a-z-]+\/)?[*]+$/.test(entry);
/** The account and region say nothing about which resource of a type is meant. */
const ofAnyAccount = (entry: string): string =>
  entry.replace(/^(arn:)[^:]*:([^:]*):[^:]*:[^:]*:/, '$1*:$2:*:*:');

export function isIdentity({ document }: LintedPolicy): boolean {
  return document.kind === 'identity';
}

export function hasAllResources({ statement }: LintedStatement): boolean {
  return (
    statement.resource !== undefined &&
    !statement.resource.negated &&
    statement.resource.entries.some(({ value }) => isAll(value))
  );
}
