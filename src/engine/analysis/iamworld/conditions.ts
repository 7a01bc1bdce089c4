import type { CompiledPolicy, CompiledStatement } from '../../iam/compile.ts';
import type { IamDecision } from '../../iam/decision.ts';
import type { PolicyDocument } from '../../iam/document.ts';
import { evaluate } from '../../iam/evaluate.ts';
import { uniqueKeys } from '../../iam/keys.ts';
import { type EvaluationRequest, type PreparedRequest, prepareRequest } from '../../iam/request.ts';
import { askStatement } from '../../iam/statement.ts';
import { variableKeys } from '../../iam/template.ts';
import type { IamCondition } from './answer.ts';
import type { WorldPolicy } from './policies.ts';
import { policySet, type WorldStanding } from './standing.ts';

/**
 * What an answer of `sometimes` takes: the open conditions of the Denies that may apply, those of the Allows it hangs on, and
 * the policies nobody read. `request` has an `OpenContext`; `decision` is the one of the best reading.
 */
export function openConditions(
  request: EvaluationRequest,
  {
    standing,
    trust,
    decision,
  }: {
    readonly standing: WorldStanding;
    readonly trust?: WorldPolicy | undefined;
    readonly decision: IamDecision;
  },
): readonly IamCondition[] {
  const policies = policiesOf(standing, trust);
  const prepared = prepareRequest(request, { bounded: standing.boundary !== undefined });
  const notRead = policies.flatMap((policy) => policy.notRead ?? []);
  const found: IamCondition[] = [...new Set(notRead)];
  const wanted = certainlyAllowed(request, standing, trust)
    ? new Set()
    : new Set(decision.statements.map(({ statement }) => statement));
  for (const { worst, document } of policies) {
    if (document === undefined) continue;
    for (const statement of worst.denies.forAction(prepared.lowerAction)) {
      if (!mayApply(statement, prepared)) continue;
      found.push(...openParts(statement, { effect: 'Deny', prepared, document }));
    }
    for (const statement of worst.allows.forAction(prepared.lowerAction)) {
      if (!wanted.has(statement.ref)) continue;
      found.push(...openParts(statement, { effect: 'Allow', prepared, document }));
    }
  }
  return found;
}

function policiesOf(
  { identity, boundary, session = [], guardrails }: WorldStanding,
  trust: WorldPolicy | undefined,
): readonly WorldPolicy[] {
  return [
    ...(guardrails?.resourceControl ?? []).flat(),
    ...(guardrails?.serviceControl ?? []).flat(),
    ...(trust ? [trust] : []),
    ...identity,
    ...(boundary ? [boundary] : []),
    ...session,
  ];
}

/** Whether Allows that depend on nothing are enough, so that only Denies are open. */
function certainlyAllowed(
  request: EvaluationRequest,
  standing: WorldStanding,
  trust: WorldPolicy | undefined,
): boolean {
  const mixed = (policy: WorldPolicy): CompiledPolicy => ({ ...policy.worst, denies: policy.best.denies });
  const mixedPolicy = (policy: WorldPolicy): WorldPolicy => ({ ...policy, worst: mixed(policy) });
  const { identity, boundary, session, guardrails } = standing;
  const set = policySet(
    {
      identity: identity.map(mixedPolicy),
      ...(boundary && { boundary: mixedPolicy(boundary) }),
      ...(session && { session: session.map(mixedPolicy) }),
      ...(guardrails && {
        guardrails: {
          serviceControl: guardrails.serviceControl.map((level) => level.map(mixedPolicy)),
          resourceControl: guardrails.resourceControl.map((level) => level.map(mixedPolicy)),
        },
      }),
    },
    'worst',
    trust && mixedPolicy(trust),
  );
  return evaluate(request, set).decision === 'allowed';
}

function mayApply(statement: CompiledStatement, prepared: PreparedRequest): boolean {
  return askStatement(statement, prepared).answer === 'unknown';
}

/** The conditions and variables of a statement that are in doubt. */
function openParts(
  statement: CompiledStatement,
  {
    effect,
    prepared,
    document,
  }: {
    readonly effect: 'Allow' | 'Deny';
    readonly prepared: PreparedRequest;
    readonly document: PolicyDocument;
  },
): readonly IamCondition[] {
  const { ref, conditions, resource } = statement;
  const { context } = prepared;
  const written = document.statements[ref.index];
  const open: IamCondition[] = conditions.flatMap((condition, at): readonly IamCondition[] => {
    const entry = written?.conditions[at];
    if (entry === undefined || condition.judge(context.get(condition.key), context) !== 'unknown') return [];
    const { operator, key, values, position } = entry;
    return [{ kind: 'condition', effect, statement: ref, operator, key, values, position }];
  });
  if (resource?.(prepared) === 'unknown') {
    const texts = written?.resource?.entries.map(({ value }) => value) ?? [];
    const keys = uniqueKeys(texts.flatMap((text) => variableKeys(text, document.version)));
    open.push({ kind: 'variable', effect, statement: ref, keys });
  }
  return open;
}
