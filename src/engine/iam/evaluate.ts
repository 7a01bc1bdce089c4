import type { CompiledPolicy, CompiledStatement } from './compile.ts';
import type { AppliedStatement, EvaluationStep, IamDecision } from './decision.ts';
import { nearestMisses } from './misses.ts';
import { grades, type PrincipalGrade } from './principals.ts';
import { type EvaluationRequest, type PreparedRequest, prepareRequest } from './request.ts';
import { askStatement, type StatementFailure } from './statement.ts';

/** Everything that has a say about one request. */
export interface PolicySet {
  /** Of the user (and its groups) or the role. */
  readonly identity: readonly CompiledPolicy[];
  /** Absent: no boundary is set. */
  readonly boundary?: CompiledPolicy;
  /** Absent: the session was made without one. Several form one set (iam-facts E7). */
  readonly session?: readonly CompiledPolicy[];
  /** The role's trust policy for sts:AssumeRole…, or the resource's own policy. */
  readonly resource?: CompiledPolicy;
  /** Absent: neither account is in an organization. */
  readonly guardrails?: Guardrails;
}

/** What an organization sets above its accounts. */
export interface Guardrails {
  /**
   * Service control policies of the caller's account: the policies of each level, from the organization's root to the
   * account. Absent where they do not apply: the management account, service-linked roles (iam-facts E8).
   */
  readonly serviceControl?: readonly GuardrailLevel[];
  /** Resource control policies of the account that owns the resource, likewise (iam-facts E9). */
  readonly resourceControl?: readonly GuardrailLevel[];
}

export type GuardrailLevel = readonly CompiledPolicy[];

/**
 * AWS's evaluation (iam-facts E1 to E11): any Deny anywhere decides first; then each step must allow, except where an
 * allow on the resource's side spares the caller some of them (E4). Pure and total: it never throws.
 */
export function evaluate(request: EvaluationRequest, policies: PolicySet): IamDecision {
  const steps = applicableTo(request.principal, policies);
  const prepared = prepareRequest(request, { bounded: steps.boundary !== undefined });
  return findDeny(prepared, steps) ?? requireAllows(prepared, steps);
}

/**
 * Identity policies, boundaries and session policies do not exist for root, which service control policies bind all
 * the same (E8, E10); those bind no caller from outside the accounts.
 */
export function applicableTo(principal: EvaluationRequest['principal'], policies: PolicySet): PolicySet {
  const { resource, guardrails } = policies;
  const { resourceControl } = guardrails ?? {};
  switch (principal.kind) {
    case 'root':
      return { identity: [], ...(resource && { resource }), ...(guardrails && { guardrails }) };
    case 'service':
    case 'federated':
      return {
        ...policies,
        ...(guardrails && { guardrails: { ...(resourceControl && { resourceControl }) } }),
      };
    default:
      return policies;
  }
}

/** In the order of the steps: of several that deny, the first is named (iam-facts G4). */
function findDeny(request: PreparedRequest, policies: PolicySet): IamDecision | undefined {
  const { resource, identity, boundary, session, guardrails } = policies;
  return (
    denyInLevels(request, 'rcp', guardrails?.resourceControl) ??
    denyInLevels(request, 'scp', guardrails?.serviceControl) ??
    denyIn(request, resource?.kind === 'trust' ? 'trust' : 'resource', resource) ??
    denyInAny(request, 'identity', identity) ??
    denyIn(request, 'boundary', boundary) ??
    denyInAny(request, 'session', session)
  );
}

function denyInLevels(
  request: PreparedRequest,
  step: EvaluationStep,
  levels: readonly GuardrailLevel[] | undefined,
): IamDecision | undefined {
  for (const level of levels ?? nothing) {
    const deny = denyInAny(request, step, level);
    if (deny !== undefined) return deny;
  }
  return undefined;
}

function denyInAny(
  request: PreparedRequest,
  step: EvaluationStep,
  policies: readonly CompiledPolicy[] | undefined,
): IamDecision | undefined {
  for (const policy of policies ?? nothing) {
    const deny = denyIn(request, step, policy);
    if (deny !== undefined) return deny;
  }
  return undefined;
}

const nothing: readonly never[] = [];

function denyIn(
  request: PreparedRequest,
  step: EvaluationStep,
  policy: CompiledPolicy | undefined,
): IamDecision | undefined {
  for (const statement of policy?.denies.forAction(request.lowerAction) ?? nothing) {
    const answer = askStatement(statement, request);
    if (answer.answer === 'no') continue;
    const applied = answer.answer === 'yes' ? { statement: statement.ref } : assumed(statement, answer);
    return { decision: 'explicitDeny', step, statements: [applied], misses: [] };
  }
  return undefined;
}

function assumed(statement: CompiledStatement, { element, finding }: StatementFailure): AppliedStatement {
  return { statement: statement.ref, assumed: element, ...(finding && { condition: finding }) };
}

function requireAllows(request: PreparedRequest, policies: PolicySet): IamDecision {
  const { resource, identity, boundary, session, guardrails } = policies;
  const { principal } = request;
  const used: AppliedStatement[] = [];
  // Resource control policies only deny: AWS's own allow stands beside them and cannot be detached (E9).
  for (const level of guardrails?.serviceControl ?? nothing) {
    const allow = firstAllow(request, level);
    if (allow === undefined) return implicitDeny(request, 'scp', level);
    used.push(allow);
  }

  const grant = resource === undefined ? noGrant : grantIn(request, resource);
  const outsider = principal.kind === 'service' || principal.kind === 'federated';
  const foreign = outsider || principal.accountId !== request.resourceAccountId;
  const step = resource?.kind === 'trust' ? 'trust' : 'resource';
  // A trust policy must allow by itself, and so must anything that faces another account (E3, E5).
  if (grant.grade === 'none' && (step === 'trust' || foreign)) {
    return implicitDeny(request, step, resource ? [resource] : []);
  }
  if (grant.statement) used.push(grant.statement);
  if (outsider) return allowed(step, used);
  if (principal.kind === 'root') return allowed('root', used);
  const spared = foreign ? 'nothing' : sparedBy(grant.grade);
  if (spared === 'everything') return allowed(step, used);

  const own = firstAllow(request, identity);
  if (own !== undefined) used.push(own);
  else if (spared === 'nothing') return implicitDeny(request, 'identity', identity);

  if (boundary !== undefined) {
    const allow = firstAllow(request, [boundary]);
    if (allow === undefined) return implicitDeny(request, 'boundary', [boundary]);
    used.push(allow);
  }
  // A federated user's session without a session policy may do nothing (E7).
  if (session !== undefined || principal.kind === 'federatedUser') {
    const allow = firstAllow(request, session ?? []);
    if (allow === undefined) return implicitDeny(request, 'session', session ?? []);
    used.push(allow);
  }
  return allowed(own === undefined ? step : 'identity', used);
}

/** What an allow on the resource's side spares a caller of the same account (E4). */
function sparedBy(grade: PrincipalGrade): 'nothing' | 'identity' | 'everything' {
  switch (grade) {
    case 'none':
    case 'unknown':
    case 'account':
      return 'nothing';
    case 'issuer':
      return 'identity';
    case 'direct':
      return 'everything';
    default:
      return grade satisfies never;
  }
}

interface Grant {
  readonly grade: PrincipalGrade;
  readonly statement?: AppliedStatement;
}

const noGrant: Grant = { grade: 'none' };

/** The closest allow of a policy with principals. */
function grantIn(request: PreparedRequest, policy: CompiledPolicy): Grant {
  let best = noGrant;
  for (const statement of policy.allows.forAction(request.lowerAction)) {
    const answer = askStatement(statement, request);
    if (answer.answer === 'yes' && grades.indexOf(answer.grade) > grades.indexOf(best.grade)) {
      best = { grade: answer.grade, statement: { statement: statement.ref } };
    }
  }
  return best;
}

function firstAllow(
  request: PreparedRequest,
  policies: readonly CompiledPolicy[],
): AppliedStatement | undefined {
  for (const policy of policies) {
    for (const statement of policy.allows.forAction(request.lowerAction)) {
      if (askStatement(statement, request).answer === 'yes') return { statement: statement.ref };
    }
  }
  return undefined;
}

function allowed(step: EvaluationStep, statements: readonly AppliedStatement[]): IamDecision {
  return { decision: 'allowed', step, statements, misses: [] };
}

function implicitDeny(
  request: PreparedRequest,
  step: EvaluationStep,
  policies: readonly CompiledPolicy[],
): IamDecision {
  return { decision: 'implicitDeny', step, statements: [], misses: nearestMisses(request, policies) };
}
