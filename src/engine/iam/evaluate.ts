import type { CompiledPolicy, CompiledStatement } from './compile.ts';
import type {
  AppliedStatement,
  EvaluationStep,
  IamDecision,
  StatementElement,
  StatementMiss,
} from './decision.ts';
import { grades, type PrincipalGrade } from './principals.ts';
import { type EvaluationRequest, type PreparedRequest, prepareRequest } from './request.ts';
import { askStatement } from './statement.ts';

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
}

/**
 * AWS's evaluation (iam-facts E1 to E5, E10, E11): any Deny anywhere decides first; then each step must allow, except
 * where an allow on the resource's side spares the caller some of them (E4). Pure and total: it never throws.
 */
export function evaluate(request: EvaluationRequest, policies: PolicySet): IamDecision {
  const prepared = prepareRequest(request);
  // Identity policies, boundaries and session policies do not exist for root (E10).
  const steps = request.principal.kind === 'root' ? resourceOnly(policies) : policies;
  return findDeny(prepared, steps) ?? requireAllows(prepared, steps);
}

function resourceOnly({ resource }: PolicySet): PolicySet {
  return { identity: [], ...(resource && { resource }) };
}

function findDeny(request: PreparedRequest, { resource, identity, boundary, session }: PolicySet) {
  return (
    denyIn(request, resource?.kind === 'trust' ? 'trust' : 'resource', resource && [resource]) ??
    denyIn(request, 'identity', identity) ??
    denyIn(request, 'boundary', boundary && [boundary]) ??
    denyIn(request, 'session', session)
  );
}

function denyIn(
  request: PreparedRequest,
  step: EvaluationStep,
  policies: readonly CompiledPolicy[] | undefined,
): IamDecision | undefined {
  if (policies === undefined) return undefined;
  for (const policy of policies) {
    for (const statement of policy.denies) {
      const answer = askStatement(statement, request);
      if (answer.answer === 'no') continue;
      const applied: AppliedStatement =
        answer.answer === 'unknown'
          ? { statement: statement.ref, assumed: answer.element }
          : { statement: statement.ref };
      return { decision: 'explicitDeny', step, statements: [applied], misses: [] };
    }
  }
  return undefined;
}

function requireAllows(request: PreparedRequest, policies: PolicySet): IamDecision {
  const { resource, identity, boundary, session } = policies;
  const { principal } = request;
  const grant = resource === undefined ? noGrant : grantIn(request, resource);
  const outsider = principal.kind === 'service' || principal.kind === 'federated';
  const foreign = outsider || principal.accountId !== request.resourceAccountId;
  const trust = resource?.kind === 'trust';

  // A trust policy must allow by itself, and so must anything that faces another account (E3, E5).
  if (grant.grade === 'none' && (trust || foreign)) {
    return implicitDeny(request, trust ? 'trust' : 'resource', resource ? [resource] : []);
  }
  const granted = grant.statement ? [grant.statement] : [];
  const step = trust ? 'trust' : 'resource';
  if (outsider) return allowed(step, granted);
  if (principal.kind === 'root') {
    return allowed('root', granted);
  }
  const spared = foreign ? 'nothing' : sparedBy(grant.grade);
  if (spared === 'everything') return allowed(step, granted);

  const used = [...granted];
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
  for (const statement of policy.allows) {
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
    for (const statement of policy.allows) {
      if (askStatement(statement, request).answer === 'yes') return { statement: statement.ref };
    }
  }
  return undefined;
}

function allowed(step: EvaluationStep, statements: readonly AppliedStatement[]): IamDecision {
  return { decision: 'allowed', step, statements, misses: [] };
}

const maxMisses = 10;
const elementOrder: readonly StatementElement[] = ['condition', 'resource', 'action', 'principal'];

function implicitDeny(
  request: PreparedRequest,
  step: EvaluationStep,
  policies: readonly CompiledPolicy[],
): IamDecision {
  const misses = policies
    .flatMap((policy) => policy.allows)
    .map((statement) => missOf(statement, request))
    .filter((miss) => miss !== undefined)
    .sort((a, b) => elementOrder.indexOf(a.element) - elementOrder.indexOf(b.element))
    .slice(0, maxMisses);
  return { decision: 'implicitDeny', step, statements: [], misses };
}

function missOf(statement: CompiledStatement, request: PreparedRequest): StatementMiss | undefined {
  const answer = askStatement(statement, request);
  if (answer.answer === 'yes') return undefined;
  return { statement: statement.ref, element: answer.element, unknown: answer.answer === 'unknown' };
}
