import { textAt, textsAt, valueAt } from './event.ts';

/**
 * The little the rules ask of a policy's text. Not the policy engine: a record holds a long text cut off, or not at all.
 *
 * SECURITY: what cannot be read is taken for the worst, so that nobody escapes an alert with a long policy.
 */

/** Allows everything, or everything in IAM (which is the same in two steps), on everything, on no condition. */
export function grantsEverything(document: string | undefined): boolean {
  const statements = statementsOf(document);
  if (statements === undefined) return true;
  return statements
    .filter(allowsAnyway)
    .some(
      (statement) =>
        members(statement, 'Resource').includes('*') &&
        (valueAt(statement, 'NotAction') !== undefined ||
          members(statement, 'Action').some((action) => /^(?:\*|\*:\*|iam:\*)$/i.test(action))),
    );
}

/** Trusts everybody, on no condition. */
export function trustsEverybody(document: string | undefined): boolean {
  const statements = statementsOf(document);
  if (statements === undefined) return true;
  return statements.filter(allowsAnyway).some((statement) => {
    const principals = [textAt(statement, 'Principal'), ...members(valueAt(statement, 'Principal'), 'AWS')];
    return principals.includes('*') || valueAt(statement, 'NotPrincipal') !== undefined;
  });
}

/** Denies sessions issued before a time: what the console's "revoke active sessions" writes (iam-facts G). */
export function revokesSessions(document: string | undefined): boolean {
  return (statementsOf(document) ?? []).some(
    (statement) =>
      textAt(statement, 'Effect') === 'Deny' &&
      valueAt(statement, 'Condition', 'DateLessThan', 'aws:TokenIssueTime') !== undefined,
  );
}

function allowsAnyway(statement: unknown): boolean {
  return textAt(statement, 'Effect') === 'Allow' && valueAt(statement, 'Condition') === undefined;
}

/** Undefined for what cannot be read. */
function statementsOf(document: string | undefined): readonly unknown[] | undefined {
  if (document === undefined) return undefined;
  let statement: unknown;
  try {
    statement = valueAt(JSON.parse(document), 'Statement');
  } catch {
    return undefined;
  }
  if (statement === undefined) return [];
  return Array.isArray(statement) ? statement : [statement];
}

/** A text or a list of texts. */
function members(statement: unknown, name: string): readonly string[] {
  const single = textAt(statement, name);
  return single === undefined ? textsAt(statement, name) : [single];
}
