import type { Answer } from './answer.ts';
import type { CompiledStatement } from './compile.ts';
import { judgeConditions } from './conditions.ts';
import type { StatementElement } from './decision.ts';
import type { PrincipalGrade } from './principals.ts';
import type { PreparedRequest } from './request.ts';

/**
 * How a statement answers a request: `no` and `unknown` name the first element that did not or could not match, in
 * the order principal, action, resource, condition; a certain `no` further on beats a doubt.
 */
export type StatementAnswer =
  | { readonly answer: 'yes'; readonly grade: PrincipalGrade }
  | { readonly answer: 'no' | 'unknown'; readonly element: StatementElement };

export function askStatement(statement: CompiledStatement, request: PreparedRequest): StatementAnswer {
  const grade = statement.principal?.(request.principal) ?? 'direct';
  if (grade === 'none') return missed.principal;
  if (!statement.action(request.lowerAction)) return missed.action;
  const resource: Answer = statement.resource?.(request) ?? 'yes';
  if (resource === 'no') return missed.resource;
  const condition = judgeConditions(statement.conditions, request);
  if (condition === 'notMet') return missed.condition;

  if (grade === 'unknown') return doubted.principal;
  if (resource === 'unknown') return doubted.resource;
  if (condition === 'unknown') return doubted.condition;
  return matched[grade];
}

// Shared, so that asking allocates nothing.
const miss = (element: StatementElement): StatementAnswer => ({ answer: 'no', element });
const missed = {
  principal: miss('principal'),
  action: miss('action'),
  resource: miss('resource'),
  condition: miss('condition'),
} as const;
const doubt = (element: StatementElement): StatementAnswer => ({ answer: 'unknown', element });
const doubted = {
  principal: doubt('principal'),
  resource: doubt('resource'),
  condition: doubt('condition'),
} as const;
const match = (grade: PrincipalGrade): StatementAnswer => ({ answer: 'yes', grade });
const matched = {
  account: match('account'),
  issuer: match('issuer'),
  direct: match('direct'),
} as const;
