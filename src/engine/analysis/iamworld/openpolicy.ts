import type { Answer } from '../../iam/answer.ts';
import type { CompiledPolicy, CompiledStatement } from '../../iam/compile.ts';
import type { RequestContext } from '../../iam/request.ts';
import { createStatementIndex, type StatementIndex } from '../../iam/statementindex.ts';
import { OpenContext, openValue } from './opencontext.ts';

/**
 * How what is open is taken. `best` is what could be granted: conditions of an Allow are met, those of a Deny are not.
 * `worst` is what certainly is: the reverse. INVARIANT: only what depends on an open key is taken so; what the engine cannot
 * judge under any context refuses in both.
 */
export type Reading = 'best' | 'worst';

/** The same policy, to be asked with an `OpenContext`. Statements that read no key are shared. */
export function openPolicy(policy: CompiledPolicy, reading: Reading): CompiledPolicy {
  const denies = openIndex(policy.denies, reading === 'best' ? 'no' : 'unknown');
  const allows = openIndex(policy.allows, reading === 'best' ? 'yes' : 'unknown');
  return denies === policy.denies && allows === policy.allows ? policy : { ...policy, denies, allows };
}

function openIndex(index: StatementIndex, whenOpen: Answer): StatementIndex {
  if (index.statements.every(({ keys }) => keys.length === 0)) return index;
  return createStatementIndex(index.statements.map((statement) => openStatement(statement, whenOpen)));
}

function openStatement(statement: CompiledStatement, whenOpen: Answer): CompiledStatement {
  const { keys, resource, conditions } = statement;
  if (keys.length === 0) return statement;
  return {
    ...statement,
    ...(resource && {
      resource: (request) => settle(() => resource(request), request.context, whenOpen),
    }),
    conditions: conditions.map((condition) => ({
      ...condition,
      judge: (value, context) =>
        value === openValue ? whenOpen : settle(() => condition.judge(value, context), context, whenOpen),
    })),
  };
}

/** A doubt that comes of an open key is taken as told; every other answer stands whatever the open keys are. */
function settle(judge: () => Answer, context: RequestContext, whenOpen: Answer): Answer {
  if (!(context instanceof OpenContext)) return judge();
  const before = context.openReads;
  const answer = judge();
  return answer === 'unknown' && context.openReads !== before ? whenOpen : answer;
}
