import type { IamDecision, StatementRef } from '../../engine/iam/decision.ts';
import type { EntrywayData, RecordedStatement } from './record.ts';

const maximumStatements = 5;

/** Which statements decided, so that an investigator need not evaluate policies that have changed since. */
export function decisionEvidence(
  { decision, step, statements, misses }: IamDecision,
  action: string | undefined,
): NonNullable<EntrywayData['decision']> {
  return {
    ...(action !== undefined && { action }),
    decision,
    step,
    ...(statements.length > 0 && {
      statements: statements.slice(0, maximumStatements).map(({ statement }) => told(statement)),
    }),
    ...(misses.length > 0 && {
      misses: misses
        .slice(0, maximumStatements)
        .map(({ statement, element }) => ({ ...told(statement), element })),
    }),
  };
}

function told({ policy, sid, index }: StatementRef): RecordedStatement {
  return {
    policy: policy.name,
    policyType: policy.type,
    ...(policy.arn !== undefined && { policyArn: policy.arn }),
    ...(sid !== undefined && { sid }),
    index,
  };
}
