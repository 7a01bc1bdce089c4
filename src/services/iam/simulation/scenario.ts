import { isAccountId, parseArn } from '../../../engine/arn/arn.ts';
import { type CompiledPolicy, compileStoredPolicy } from '../../../engine/iam/compile.ts';
import type { IamDecision, PolicySource, StatementRef } from '../../../engine/iam/decision.ts';
import { evaluate, type GuardrailLevel, type PolicySet } from '../../../engine/iam/evaluate.ts';
import { missingContextKeys } from '../../../engine/iam/missingkeys.ts';
import type { EvaluationRequest, RequestContext } from '../../../engine/iam/request.ts';
import type { SimulatedCaller } from './caller.ts';

/** Everything a simulation is about, but for actions and resources. */
export interface Scenario {
  readonly caller: SimulatedCaller;
  readonly identity: readonly CompiledPolicy[];
  readonly boundary?: CompiledPolicy;
  readonly resourcePolicy?: CompiledPolicy;
  readonly serviceControl?: readonly GuardrailLevel[];
  /** Of resources whose ARN does not say whose they are. */
  readonly resourceAccountId: string;
  /** What the caller of the simulation says of the request; it beats what is known of the simulated caller. */
  readonly context: RequestContext;
}

export type Verdict = IamDecision['decision'];

/** What becomes of one action on one resource. */
export interface Outcome {
  readonly resource: string;
  readonly verdict: Verdict;
  /** Of identity and resource policies: the deny that decided, or every policy's first allow. */
  readonly statements: readonly StatementRef[];
  readonly missing: readonly string[];
  /** Present when there is a boundary. */
  readonly allowedByBoundary?: boolean;
  /** Present when there are service control policies. */
  readonly allowedByOrganization?: boolean;
  /** Present when the resource is another account's: what each side says. */
  readonly sides?: { readonly identity: Verdict; readonly resource: Verdict };
}

/** By the engine that judges real requests; nothing is decided here. */
export function simulate(scenario: Scenario, action: string, resource: string): Outcome {
  const { caller, identity, boundary, resourcePolicy, serviceControl } = scenario;
  const { principal } = caller;
  const named = parseArn(resource)?.accountId ?? '';
  const resourceAccountId = isAccountId(named) ? named : scenario.resourceAccountId;
  const context = new Map([
    ...caller.context,
    // As for real requests: what AWS owns for everybody has no owner to tell.
    ...(named === 'aws' ? [] : ([['aws:resourceaccount', resourceAccountId]] as const)),
    ...scenario.context,
  ]);
  const request: EvaluationRequest = { principal, action, resource, resourceAccountId, context };
  /** As if the resource were the caller's: to ask one policy alone. */
  const own: EvaluationRequest = { ...request, resourceAccountId: principal.accountId };
  const policies: PolicySet = {
    identity,
    ...(boundary && { boundary }),
    ...(resourcePolicy && { resource: resourcePolicy }),
    ...(serviceControl && { guardrails: { serviceControl } }),
  };
  const decision = evaluate(request, policies);
  const foreign = resourceAccountId !== principal.accountId;
  const ask = (set: PolicySet): Verdict => evaluate(own, set).decision;
  return {
    resource,
    verdict: decision.decision,
    statements: contributing(decision, own, identity),
    missing: missingContextKeys(request, { ...policies, guardrails: {} }),
    ...(boundary && { allowedByBoundary: ask({ identity: [boundary] }) === 'allowed' }),
    ...(serviceControl && {
      allowedByOrganization: ask({ identity: [everything], guardrails: { serviceControl } }) === 'allowed',
    }),
    ...(foreign && {
      sides: {
        identity: ask({ identity, ...(boundary && { boundary }) }),
        resource: evaluate(request, {
          identity: [everything],
          ...(resourcePolicy && { resource: resourcePolicy }),
        }).decision,
      },
    }),
  };
}

/** The statements of permissions and resource policies that made the decision what it is. */
function contributing(
  decision: IamDecision,
  own: EvaluationRequest,
  identity: readonly CompiledPolicy[],
): readonly StatementRef[] {
  const told = decision.statements
    .map(({ statement }) => statement)
    .filter(({ policy }) => toldTypes.has(policy.type));
  if (decision.decision !== 'allowed') return told;
  const allowing = identity.flatMap((policy) => evaluate(own, { identity: [policy] }).statements);
  return [...new Set([...told, ...allowing.map(({ statement }) => statement)])];
}

const toldTypes: ReadonlySet<PolicySource['type']> = new Set(['inline', 'managed', 'resource']);

const everything: CompiledPolicy = compileStoredPolicy(
  '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}',
  'identity',
  { type: 'inline', name: '' },
);
