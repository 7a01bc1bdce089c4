import type { CompiledPolicy } from './compile.ts';
import { applicableTo, type PolicySet } from './evaluate.ts';
import { uniqueKeys } from './keys.ts';
import { contextKey, type EvaluationRequest, prepareRequest } from './request.ts';

/**
 * The context keys that statements about this action and principal refer to and the request does not have: what a
 * simulation reports as MissingContextValues (iam-facts J24). Each once, as first written; an empty list of values is
 * none. Apart from `evaluate`, because nobody else should pay for it.
 */
export function missingContextKeys(request: EvaluationRequest, policies: PolicySet): readonly string[] {
  const steps = applicableTo(request.principal, policies);
  const prepared = prepareRequest(request, { bounded: steps.boundary !== undefined });
  const { lowerAction, context } = prepared;
  const keys = policiesOf(steps)
    .flatMap(({ denies, allows }) => [...denies.forAction(lowerAction), ...allows.forAction(lowerAction)])
    .filter(({ principal }) => principal?.(prepared) !== 'none')
    .flatMap((statement) => statement.keys);
  return uniqueKeys(keys).filter((key) => {
    const value = context.get(contextKey(key));
    return value === undefined || (typeof value !== 'string' && value.length === 0);
  });
}

function policiesOf(policies: PolicySet): readonly CompiledPolicy[] {
  const { identity, boundary, session, resource, guardrails } = policies;
  return [
    ...(guardrails?.resourceControl ?? []).flat(),
    ...(guardrails?.serviceControl ?? []).flat(),
    ...(resource ? [resource] : []),
    ...identity,
    ...(boundary ? [boundary] : []),
    ...(session ?? []),
  ];
}
