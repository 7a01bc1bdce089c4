import { textAt, textsAt, valueAt } from './event.ts';

/**
 * The little the rules ask of a policy's text. Not the policy engine: that refuses a document it cannot read, while an
 * alert is about what somebody tried to write.
 */

/** Allows everything, or everything in IAM (which is the same in two steps), on everything, on no condition. */
export function grantsEverything(document: string | undefined): boolean {
  return allowances(document).some(
    (statement) =>
      members(statement, 'Resource').includes('*') &&
      (valueAt(statement, 'NotAction') !== undefined ||
        members(statement, 'Action').some((action) => /^(?:\*|\*:\*|iam:\*)$/i.test(action))),
  );
}

/** Trusts everybody, on no condition. */
export function trustsEverybody(document: string | undefined): boolean {
  return allowances(document).some((statement) => {
    const principals = [textAt(statement, 'Principal'), ...members(valueAt(statement, 'Principal'), 'AWS')];
    return principals.includes('*') || valueAt(statement, 'NotPrincipal') !== undefined;
  });
}

/** Denies sessions issued before a time: what the console's "revoke active sessions" writes (iam-facts G). */
export function revokesSessions(document: string | undefined): boolean {
  return statementsOf(document).some(
    (statement) =>
      textAt(statement, 'Effect') === 'Deny' &&
      valueAt(statement, 'Condition', 'DateLessThan', 'aws:TokenIssueTime') !== undefined,
  );
}

function allowances(document: string | undefined): readonly unknown[] {
  return statementsOf(document).filter(
    (statement) => textAt(statement, 'Effect') === 'Allow' && valueAt(statement, 'Condition') === undefined,
  );
}

/** None for what is not a policy. */
function statementsOf(document: string | undefined): readonly unknown[] {
  let statement: unknown;
  try {
    statement = valueAt(JSON.parse(document ?? 'null'), 'Statement');
  } catch {
    return [];
  }
  if (statement === undefined) return [];
  return Array.isArray(statement) ? statement : [statement];
}

/** A text or a list of texts. */
function members(statement: unknown, name: string): readonly string[] {
  const single = textAt(statement, name);
  return single === undefined ? textsAt(statement, name) : [single];
}
