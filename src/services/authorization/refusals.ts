import type { EvaluationStep, IamDecision, Refusal } from '../../engine/iam/decision.ts';

/** A refusal that no statement made. */
export function implicitDeny(step: EvaluationStep): IamDecision {
  return { decision: 'implicitDeny', step, statements: [], misses: [] };
}

export function accessDenied(message: string): Refusal {
  return { code: 'AccessDenied', message };
}
