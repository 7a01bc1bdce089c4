import { type CompiledPolicy, compileStoredPolicy } from '../../engine/iam/compile.ts';
import type { Guardrails, PolicySet } from '../../engine/iam/evaluate.ts';
import type { Principal, SessionTag } from '../../engine/iam/principal.ts';
import type { RoleRecord, UserRecord } from '../../storage/records/iam.ts';
import { isServiceLinkedPath } from '../iam/entities.ts';
import type { PoliciesOf, PrincipalPolicies } from './policies.ts';
import type { SessionPolicies } from './sessionpolicies.ts';

/** What limits a caller, and what its tags are: everything that the store knows about it. */
export interface Standing {
  readonly policies: PolicySet;
  readonly tags: readonly SessionTag[];
}

/** Undefined when the caller is not, or no longer, who holds the name (iam-facts E17). */
export type StandingOf = (caller: Principal) => Promise<Standing | undefined>;

export function createStandings(
  policies: Pick<PrincipalPolicies, 'user' | 'role'>,
  sessions: SessionPolicies,
  guardrails?: Guardrails,
): StandingOf {
  const holder = (caller: Exclude<Principal, { kind: 'root' }>) => {
    switch (caller.kind) {
      case 'user':
        return policies.user(caller.accountId, caller.userName);
      case 'assumedRole':
        return policies.role(caller.accountId, caller.roleName);
      case 'federatedUser':
        return policies.user(caller.accountId, caller.issuer.userName);
      default:
        return caller satisfies never;
    }
  };

  const guarded = guardrails === undefined ? {} : { guardrails };

  return async (caller) => {
    // Identity policies, boundaries, session policies and tags do not exist for root; guardrails do (iam-facts E10).
    if (caller.kind === 'root') return { policies: { identity: [], ...guarded }, tags: [] };
    const session = await sessions.of(caller.accountId, caller.session);
    const limits = session === undefined ? {} : { session };
    if (isIssuedByRoot(caller)) {
      return { policies: { identity: [rootsOwn], ...limits, ...guarded }, tags: [] };
    }
    const found: PoliciesOf<UserRecord | RoleRecord> | undefined = await holder(caller);
    const principalId = caller.kind === 'federatedUser' ? caller.issuer.principalId : caller.principalId;
    if (found?.record.principalId !== principalId) return undefined;
    const { identity, boundary, record } = found;
    // AWS's own roles are not bound by what an organization sets (iam-facts E8); users cannot make any below that path.
    const bounds = caller.kind === 'assumedRole' && isServiceLinkedPath(record.path) ? {} : guarded;
    return { policies: { identity, ...(boundary && { boundary }), ...limits, ...bounds }, tags: record.tags };
  };
}

/** The root user's unique id is its account's. */
function isIssuedByRoot(caller: Principal): boolean {
  return caller.kind === 'federatedUser' && caller.issuer.principalId === caller.accountId;
}

/** A federated user of root may do what its session policies say; without one nothing (iam-facts E7, I2). */
const rootsOwn: CompiledPolicy = compileStoredPolicy(
  '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}',
  'identity',
  { type: 'inline', name: 'root' },
);
