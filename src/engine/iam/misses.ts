import type { CompiledPolicy, CompiledStatement } from './compile.ts';
import type { StatementElement, StatementMiss } from './decision.ts';
import type { PreparedRequest } from './request.ts';
import { askStatement, missOfOtherAction, type StatementFailure } from './statement.ts';

const maxMisses = 10;

/** From the nearest: a statement is asked in the order principal, action, resource, condition. */
const elements: readonly StatementElement[] = ['condition', 'resource', 'action', 'principal'];

/**
 * Why the Allow statements of some policies did not match: the nearest ten, those at the same element in the order of
 * the documents. Statements about other actions are looked at until there are ten, so the cost does not grow with them.
 */
export function nearestMisses(
  request: PreparedRequest,
  policies: readonly CompiledPolicy[],
): readonly StatementMiss[] {
  const found: readonly StatementMiss[][] = elements.map(() => []);
  const add = (statement: CompiledStatement, failure: StatementFailure): number => {
    const same = found[elements.indexOf(failure.element)] ?? [];
    if (same.length < maxMisses) same.push(missOf(statement, failure));
    return same.length;
  };
  for (const { allows } of policies) {
    for (const statement of allows.forAction(request.lowerAction)) {
      const answer = askStatement(statement, request);
      if (answer.answer !== 'yes') add(statement, answer);
    }
  }
  for (const { allows } of policies) {
    for (const statement of allows.statements) {
      if (statement.action(request.lowerAction)) continue;
      if (add(statement, missOfOtherAction(statement, request)) >= maxMisses) break;
    }
  }
  return found.flat().slice(0, maxMisses);
}

function missOf({ ref }: CompiledStatement, { answer, element, finding }: StatementFailure): StatementMiss {
  return {
    statement: ref,
    element,
    unknown: answer === 'unknown',
    ...(finding && { condition: finding }),
  };
}
