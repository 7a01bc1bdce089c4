import type { Answer } from './answer.ts';
import type { CompiledStatement } from './compile.ts';
import { judgeConditions } from './conditions.ts';
import type { ConditionFinding, StatementElement } from './decision.ts';
import type { PrincipalGrade } from './principals.ts';
import type { PreparedRequest } from './request.ts';

/**
 * How a statement answers a request: `no` and `unknown` name the first element that did not or could not match, in
 * the order principal, action, resource, condition; a certain `no` further on beats a doubt.
 */
export type StatementAnswer = { readonly answer: 'yes'; readonly grade: PrincipalGrade } | StatementFailure;

export interface StatementFailure {
  readonly answer: 'no' | 'unknown';
  readonly element: StatementElement;
  /** With `element: 'condition'`. */
  readonly finding?: ConditionFinding;
}

/** About a statement whose action matches: the index has asked that. */
export function askStatement(statement: CompiledStatement, request: PreparedRequest): StatementAnswer {
  const grade = statement.principal?.(request) ?? 'direct';
  if (grade === 'none') return missed.principal;
  const resource: Answer = statement.resource?.(request) ?? 'yes';
  if (resource === 'no') return missed.resource;
  const condition = judgeConditions(statement.conditions, request.context);
  if (condition?.answer === 'no') return condition;

  if (grade === 'unknown') return doubted.principal;
  if (resource === 'unknown') return doubted.resource;
  if (condition !== undefined) return condition;
  return matched[grade];
}

/** Why a statement about other actions does not match. */
export function missOfOtherAction(statement: CompiledStatement, request: PreparedRequest): StatementFailure {
  return statement.principal?.(request) === 'none' ? missed.principal : missed.action;
}

// Shared, so that asking allocates nothing.
const missed = {
  principal: { answer: 'no', element: 'principal' },
  action: { answer: 'no', element: 'action' },
  resource: { answer: 'no', element: 'resource' },
} as const;
const doubted = {
  principal: { answer: 'unknown', element: 'principal' },
  resource: { answer: 'unknown', element: 'resource' },
} as const;
const match = (grade: PrincipalGrade): StatementAnswer => ({ answer: 'yes', grade });
const matched = {
  account: match('account'),
  issuer: match('issuer'),
  direct: match('direct'),
} as const;
