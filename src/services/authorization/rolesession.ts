import { parseArn } from '../../engine/arn/arn.ts';
import { parsePrincipalArn } from '../../engine/arn/principalarn.ts';
import type { IamDecision } from '../../engine/iam/decision.ts';
import { evaluate, type Guardrails, type PolicySet } from '../../engine/iam/evaluate.ts';
import { inheritedTags } from '../../engine/iam/inheritedtags.ts';
import type { Principal, SessionTag } from '../../engine/iam/principal.ts';
import { contextKey, type RequestContext } from '../../engine/iam/request.ts';
import type { RoleRecord } from '../../storage/records/iam.ts';
import { conditionKey, joinKeys, requestTagKeys, resourceTagKeys } from '../conditionkeys.ts';
import { roleArn } from '../iam/arns.ts';
import { barOf, unknownToken } from './barred.ts';
import {
  addAnonymousKeys,
  addPrincipalKeys,
  addServiceKeys,
  type CallFacts,
  callKeys,
  type ServiceCaller,
} from './context.ts';
import type { PrincipalPolicies } from './policies.ts';
import { accessDenied, implicitDeny } from './refusals.ts';
import type { Standing, StandingOf } from './standing.ts';

/**
 * Who wants a session of a role: whoever signed AssumeRole, somebody whose token an OIDC provider vouches for
 * (AssumeRoleWithWebIdentity), or a service of AWS (EKS Pod Identity). `provider` is the ARN of the provider, whose token
 * has been verified by the caller.
 */
export type RoleSessionCaller = Principal | Outsider;
type Outsider = { readonly kind: 'federated'; readonly provider: string } | ServiceCaller;

/** The session that is wanted, as the request puts it; checked for shape before. */
export interface RoleSessionWish {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly externalId?: string | undefined;
  /** Passed with this call. What the caller's session has is inherited and known from there. */
  readonly sourceIdentity?: string | undefined;
  /** Passed with this call; inherited ones are known from the caller's session. */
  readonly tags?: readonly SessionTag[] | undefined;
  readonly transitiveTagKeys?: readonly string[] | undefined;
  /** This very call carried an MFA code that was found right: MFA is present with age 0 (iam-facts F.3). */
  readonly mfaUsed?: boolean;
  /** What the token says, by its provider's name: `oidc.example.com/id/x:sub` (iam-facts F4.5). */
  readonly providerKeys?: RequestContext;
}

/**
 * `role` is there exactly when the decision is `allowed`; otherwise `decision.refusal` is what to answer, and `action`
 * is the one that was refused.
 */
export type RoleSessionDecision =
  | { readonly action: string; readonly decision: IamDecision; readonly role: RoleRecord }
  | { readonly action: string; readonly decision: IamDecision; readonly role?: undefined };

export type AuthorizeRoleSession = (
  caller: RoleSessionCaller,
  wish: RoleSessionWish,
  call: CallFacts,
) => Promise<RoleSessionDecision>;

/**
 * May the caller have this session? The role's trust policy decides, together with the caller's identity policies,
 * boundary and session policies (iam-facts E11, E12). Session tags and a source identity, passed or inherited, need
 * `sts:TagSession` and `sts:SetSourceIdentity` besides (E13). A missing role answers as one that does not trust (G7).
 */
export function createRoleSessionAuthorizer({
  policies,
  standingOf,
  partition,
  guardrails,
}: {
  readonly policies: Pick<PrincipalPolicies, 'role'>;
  readonly standingOf: StandingOf;
  readonly partition: string;
  readonly guardrails?: Guardrails | undefined;
}): AuthorizeRoleSession {
  /** An outsider has no policies; the role's account is guarded all the same (iam-facts E12). */
  const nobody: Standing = { policies: { identity: [], ...(guardrails && { guardrails }) }, tags: [] };
  /** Names are unique without case and path; an ARN is more than a name. */
  const findRole = async (arn: string) => {
    const named = parsePrincipalArn(arn);
    const found = named?.kind === 'role' ? await policies.role(named.accountId, named.name) : undefined;
    return found !== undefined && roleArn(partition, found.record) === arn ? found : undefined;
  };

  return async (caller, wish, call) => {
    const [main, ...besides] = actionsOf(caller, wish);
    const refuse = (action: string, decision: IamDecision): RoleSessionDecision => {
      // No reason on the wire: it would tell missing roles from distrusting ones (iam-facts G7).
      const message = isOutsider(caller)
        ? `Not authorized to perform ${action}`
        : `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${wish.roleArn}`;
      return { action, decision: { ...decision, refusal: accessDenied(message) } };
    };
    if (caller.kind === 'root') {
      const refusal = accessDenied('Roles may not be assumed by root accounts.');
      return { action: main, decision: { ...implicitDeny('credential'), refusal } };
    }
    if (!isOutsider(caller) && barOf(caller, main) !== undefined) {
      return refuse(main, implicitDeny('credential'));
    }
    const standing = isOutsider(caller) ? nobody : await standingOf(caller);
    if (standing === undefined) {
      return { action: main, decision: { ...implicitDeny('credential'), refusal: unknownToken } };
    }
    const role = await findRole(wish.roleArn);
    if (role === undefined) return refuse(main, implicitDeny('trust'));
    const { record, trust } = role;
    if (isOutsider(caller) && homeOf(caller) !== record.accountId) return refuse(main, implicitDeny('trust'));

    const keys = callKeys(call, main);
    if (caller.kind === 'federated') addAnonymousKeys(keys);
    else if (caller.kind === 'service') addServiceKeys(keys, caller);
    else addPrincipalKeys(keys, caller, call.now, standing.tags);
    // What a provider says comes first, so that it can never replace what we know.
    const context = joinKeys(
      wish.providerKeys ?? new Map(),
      keys,
      wishKeys(caller, wish),
      roleKeys(caller, record),
    );
    const ask = (action: string, set: PolicySet, resourceAccountId: string): IamDecision =>
      evaluate({ principal: caller, action, resource: wish.roleArn, resourceAccountId, context }, set);

    const decision = ask(main, { ...standing.policies, resource: trust }, record.accountId);
    if (decision.decision !== 'allowed') return refuse(main, decision);
    for (const action of besides) {
      const besideDecision = ask(action, { ...standing.policies, resource: trust }, record.accountId);
      if (besideDecision.decision !== 'allowed') return refuse(action, besideDecision);
      // In a chain the caller's own policies must allow it too, also where the trust policy names it (iam-facts E13).
      if (caller.kind !== 'assumedRole') continue;
      const own = ask(action, standing.policies, caller.accountId);
      if (own.decision !== 'allowed') return refuse(action, own);
    }
    return { action: main, decision, role: record };
  };
}

function isOutsider(caller: RoleSessionCaller): caller is Outsider {
  return caller.kind === 'federated' || caller.kind === 'service';
}

/**
 * The only account whose roles an outsider gets.
 * SECURITY: every account trusts `pods.eks.amazonaws.com`. Who makes an association proves by iam:PassRole that they may
 * give the role away, which they can in their own account only (eks-access-facts J6).
 */
function homeOf(caller: Outsider): string | undefined {
  return caller.kind === 'service' ? caller.sourceAccountId : parseArn(caller.provider)?.accountId;
}

/**
 * In the order they are asked. COMPAT: what is inherited needs the permission as well as what is passed: AWS is
 * reported to refuse chains of transitive tags without `sts:TagSession`.
 */
function actionsOf(caller: RoleSessionCaller, wish: RoleSessionWish): readonly [string, ...string[]] {
  const main = caller.kind === 'federated' ? 'sts:AssumeRoleWithWebIdentity' : 'sts:AssumeRole';
  const tagged = (wish.tags ?? []).length > 0 || inheritedTags(sessionOf(caller)).length > 0;
  const named = sourceIdentityOf(caller, wish) !== undefined;
  return [main, ...(tagged ? ['sts:TagSession'] : []), ...(named ? ['sts:SetSourceIdentity'] : [])];
}

/** The one the session will have: passed, or inherited along the chain (iam-facts I8). */
function sourceIdentityOf(caller: RoleSessionCaller, wish: RoleSessionWish): string | undefined {
  return wish.sourceIdentity ?? sessionOf(caller)?.sourceIdentity;
}

/**
 * iam-facts F4.4, F4.6, F.3. COMPAT: inherited tags count as passed ones: the trust policy that AWS's guide writes for target
 * roles of Pod Identity asks for them as `aws:RequestTag`, and STS lets nobody pass again what is inherited
 * (EKS user guide, "Access AWS Resources using EKS Pod Identity Target IAM Roles").
 */
function wishKeys(caller: RoleSessionCaller, wish: RoleSessionWish): RequestContext {
  const transitive = [...(sessionOf(caller)?.transitiveTagKeys ?? []), ...(wish.transitiveTagKeys ?? [])];
  return joinKeys(
    conditionKey('sts:RoleSessionName', wish.sessionName),
    conditionKey('sts:ExternalId', wish.externalId),
    conditionKey('sts:SourceIdentity', sourceIdentityOf(caller, wish)),
    new Map(transitive.length === 0 ? [] : [[contextKey('sts:TransitiveTagKeys'), transitive]]),
    requestTagKeys([...(wish.tags ?? []), ...inheritedTags(sessionOf(caller))]),
    new Map(wish.mfaUsed === true ? usedMfa : []),
  );
}

const usedMfa = [
  [contextKey('aws:MultiFactorAuthPresent'), 'true'],
  [contextKey('aws:MultiFactorAuthAge'), '0'],
] as const;

/** The tags of the role, beaten by those that the session would inherit (iam-facts F4.6). */
function roleKeys(caller: RoleSessionCaller, role: RoleRecord): RequestContext {
  const prefixes = ['aws:ResourceTag/', 'iam:ResourceTag/'];
  return joinKeys(
    conditionKey('aws:ResourceAccount', role.accountId),
    resourceTagKeys(role.tags, prefixes),
    resourceTagKeys(inheritedTags(sessionOf(caller)), prefixes),
  );
}

function sessionOf(caller: RoleSessionCaller): Principal['session'] {
  return isOutsider(caller) ? undefined : caller.session;
}
