import { lowerAscii } from '../../arn/case.ts';
import type { ConditionEntry, EntryList, Located, PolicyDocument, Statement } from '../../iam/document.ts';
import { actionsMatching, isKnownService, type KnownAction, knownActions } from '../catalogue/catalogue.ts';
import type { Spotted } from './rule.ts';

/** A policy as the rules see it: the document with what its actions mean. */
export interface LintedPolicy {
  readonly document: PolicyDocument;
  readonly statements: readonly LintedStatement[];
}

export interface LintedStatement {
  readonly statement: Statement;
  /** The actions of the catalogue that the statement is about. */
  readonly actions: readonly KnownAction[];
  /** Is it about no other actions: does every entry name a service of the catalogue? */
  readonly known: boolean;
  readonly actionElement: 'Action' | 'NotAction';
  readonly resourceElement: 'Resource' | 'NotResource';
}

export function lintedPolicy(document: PolicyDocument): LintedPolicy {
  const covered = new Map<string, readonly KnownAction[]>();
  const matching = (pattern: string): readonly KnownAction[] => {
    const key = lowerAscii(pattern);
    const found = covered.get(key) ?? actionsMatching(key);
    covered.set(key, found);
    return found;
  };
  return {
    document,
    statements: document.statements.map((statement) => ({
      statement,
      actions: actionsOf(statement.action, matching),
      known:
        !statement.action.negated &&
        statement.action.entries.every(({ value }) => isKnownService(prefixOf(value))),
      actionElement: statement.action.negated ? 'NotAction' : 'Action',
      resourceElement: statement.resource?.negated ? 'NotResource' : 'Resource',
    })),
  };
}

function actionsOf(
  { entries, negated }: EntryList,
  matching: (pattern: string) => readonly KnownAction[],
): readonly KnownAction[] {
  const listed = new Set<KnownAction>();
  for (const { value } of entries) for (const action of matching(value)) listed.add(action);
  return negated ? knownActions.filter((action) => !listed.has(action)) : [...listed];
}

/** What stands before the colon of an action; '' when there is none. */
export function prefixOf(action: string): string {
  return action.slice(0, Math.max(0, action.indexOf(':')));
}

/** A remark on something in a statement. */
export function spot(
  { statement }: LintedStatement,
  element: string,
  position: Located<unknown>['position'],
  message: string,
  hint?: string,
): Spotted {
  return {
    statement: statement.index,
    ...(statement.sid?.value && { sid: statement.sid.value }),
    element,
    position,
    message,
    ...(hint !== undefined && { hint }),
  };
}

/** Remarks on every statement that grants. */
export function onAllows(
  { statements }: LintedPolicy,
  check: (statement: LintedStatement) => readonly Spotted[],
): readonly Spotted[] {
  return statements.filter(({ statement }) => statement.effect === 'Allow').flatMap(check);
}

/** Remarks on every key of every condition. */
export function onConditions(
  { statements }: LintedPolicy,
  check: (entry: ConditionEntry, statement: LintedStatement) => readonly Spotted[],
): readonly Spotted[] {
  return statements.flatMap((linted) => linted.statement.conditions.flatMap((entry) => check(entry, linted)));
}

/** `a`, `a and b`, `a, b and 3 more` */
export function enumerate(names: readonly string[], most = 3): string {
  const quoted = names.slice(0, most).map((name) => `\`${name}\``);
  if (names.length > most) return `${quoted.join(', ')} and ${names.length - most} more`;
  return quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1)}`;
}
