import { isAccountId, parseArn } from '../../engine/arn/arn.ts';
import type { IamDecision } from '../../engine/iam/decision.ts';
import { denialText } from '../../engine/iam/denial.ts';
import { evaluate, type Guardrails } from '../../engine/iam/evaluate.ts';
import type { Principal } from '../../engine/iam/principal.ts';
import { emptyContext, type RequestContext } from '../../engine/iam/request.ts';
import type { GroupRecord, RoleRecord, UserRecord } from '../../storage/records/iam.ts';
import type { Storage } from '../../storage/storage.ts';
import { isOversized } from '../conditionkeys.ts';
import { entityArn } from '../iam/arns.ts';
import { type AuthorizationTarget, arnOf, type OperationContext, type TargetResource } from '../operation.ts';
import { barOf, unknownToken } from './barred.ts';
import { addPrincipalKeys, callKeys } from './context.ts';
import { createManagedPolicies } from './managedpolicies.ts';
import { createPrincipalPolicies, type PoliciesOf } from './policies.ts';
import { accessDenied, implicitDeny } from './refusals.ts';
import { type AuthorizeRoleSession, createRoleSessionAuthorizer } from './rolesession.ts';
import { createSessionPolicies } from './sessionpolicies.ts';
import { createStandings, type Standing } from './standing.ts';

/** May this caller do that? Answers with AWS's refusal where not, and with the evidence either way. */
export interface CallerAuthorizer {
  /**
   * By the caller's own policies, boundary and session policies, under the condition keys of the call, the target and
   * each of its resources. Resources of another account are out of reach: none of ours carries a policy of its own
   * but roles, which `authorizeRoleSession` judges. Rejects only when the store fails.
   */
  authorize(caller: Principal, target: AuthorizationTarget, context: OperationContext): Promise<IamDecision>;
  /** See `rolesession.ts`. Never rejects but when the store fails. */
  readonly authorizeRoleSession: AuthorizeRoleSession;
  /** The policies of the user, group or role with this ARN, for simulation; undefined when there is none. */
  principalPolicies(arn: string): Promise<PoliciesOf<UserRecord | GroupRecord | RoleRecord> | undefined>;
  close(): void;
}

/** Records of each kind kept compiled. */
const capacity = 10_000;

export function createCallerAuthorizer({
  storage,
  partition = 'aws',
  guardrails,
}: {
  readonly storage: Storage;
  readonly partition?: string;
  /** They bind the callers and the resources of every account here. */
  readonly guardrails?: Guardrails;
}): CallerAuthorizer {
  const managed = createManagedPolicies({ storage, partition, capacity });
  const policies = createPrincipalPolicies({ storage, managed, capacity });
  const standingOf = createStandings(policies, createSessionPolicies(managed), guardrails);

  return {
    async authorize(caller, target, context) {
      const barred = barOf(caller, target.action);
      if (barred !== undefined) {
        const [first = '*'] = target.resources;
        return refusal(caller, target, arnOf(first), implicitDeny('credential'), barred);
      }
      const { context: ownKeys = emptyContext } = target;
      const standing = await standingOf(caller);
      if (standing === undefined) return { ...implicitDeny('credential'), refusal: unknownToken };
      const keys = callKeys(context, target.action);
      addPrincipalKeys(keys, caller, context.now, standing.tags);
      for (const [key, value] of ownKeys) keys.set(key, value);
      // Without a resource the action is asked on all of them: an empty list must not be a pass.
      const resources = target.resources.length === 0 ? ['*'] : target.resources;
      let decision = implicitDeny('identity');
      for (const resource of resources) {
        decision = isOversized(ownKeys)
          ? implicitDeny('identity')
          : decide(caller, target.action, resource, standing, keys);
        if (decision.decision !== 'allowed') return refusal(caller, target, arnOf(resource), decision);
      }
      return decision;
    },

    authorizeRoleSession: createRoleSessionAuthorizer({ policies, standingOf, partition, guardrails }),

    async principalPolicies(arn) {
      const named = parseArn(arn);
      const [, kind, name = ''] = /^(user|group|role)\/(?:.*\/)?([^/]+)$/.exec(named?.resource ?? '') ?? [];
      if (named === undefined || !isPrincipalKind(kind)) return undefined;
      const found = await policies[kind](named.accountId, name);
      return found !== undefined && entityArn(partition, kind, found.record) === arn ? found : undefined;
    },

    close() {
      policies.close();
      managed.close();
    },
  };
}

function decide(
  caller: Principal,
  action: string,
  resource: TargetResource,
  { policies }: Standing,
  callKeys: RequestContext,
): IamDecision {
  const arn = arnOf(resource);
  const own = typeof resource === 'string' ? emptyContext : resource.context;
  if (arn.length > longestArn || isOversized(own)) return implicitDeny('identity');
  const owner = ownerOf(arn);
  // Nobody's: a name that was not checked yet. No policy is about it.
  if (owner === '') return implicitDeny('identity');
  const resourceAccountId = owner === undefined || owner === 'aws' ? caller.accountId : owner;
  if (resourceAccountId !== caller.accountId) return implicitDeny('account');
  const context = new Map(callKeys);
  // COMPAT: whose AWS's own resources are is not documented: without the key neither reading of a condition allows.
  if (owner !== 'aws') context.set('aws:resourceaccount', resourceAccountId);
  for (const [key, value] of own) context.set(key, value);
  return evaluate({ principal: caller, action, resource: arn, resourceAccountId, context }, policies);
}

function refusal(
  caller: Principal,
  { action, resourceInMessage }: AuthorizationTarget,
  resource: string,
  decision: IamDecision,
  given: Partial<NonNullable<IamDecision['refusal']>> = {},
): IamDecision {
  const shown = resource === '*' ? (resourceInMessage ?? resource) : resource;
  const text = denialText({
    principalArn: caller.arn,
    action,
    resource: shown.slice(0, longestArn),
    decision,
  });
  return { ...decision, refusal: { ...accessDenied(text), ...given } };
}

/**
 * No ARN of ours is as long: a path has 512 characters at most, a name 128 (iam-facts J2).
 *
 * SECURITY: names are validated after permission, so a resource may be as long as a request, and comparing a megabyte
 * with a pattern of many `?` takes seconds in which nobody else is served.
 */
const longestArn = 1024;

/** The account in the ARN, or `aws` for what AWS owns for everybody; undefined for `*`, '' when nobody can tell. */
function ownerOf(resource: string): string | undefined {
  if (resource === '*') return undefined;
  const accountId = parseArn(resource)?.accountId ?? '';
  return isAccountId(accountId) || accountId === 'aws' ? accountId : '';
}

function isPrincipalKind(kind: string | undefined): kind is 'user' | 'group' | 'role' {
  return kind === 'user' || kind === 'group' || kind === 'role';
}
