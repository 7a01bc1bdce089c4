import { isAccountId, parseArn } from '../../engine/arn/arn.ts';
import { parsePrincipalArn } from '../../engine/arn/principalarn.ts';
import type { CompiledPolicy } from '../../engine/iam/compile.ts';
import type { EvaluationStep, IamDecision, Refusal } from '../../engine/iam/decision.ts';
import { denialText } from '../../engine/iam/denial.ts';
import { evaluate } from '../../engine/iam/evaluate.ts';
import type { Principal } from '../../engine/iam/principal.ts';
import type { RoleRecord } from '../../storage/records/iam.ts';
import type { Storage } from '../../storage/storage.ts';
import { roleArn } from '../iam/arns.ts';
import { type AuthorizationTarget, arnOf, type OperationContext } from '../operation.ts';
import { createPrincipalPolicies } from './policies.ts';

/** May this caller do that? Answers with AWS's refusal where not, and with the evidence either way. */
export interface CallerAuthorizer {
  /**
   * By the caller's own policies. Resources of another account are out of reach: none of ours carries a policy of its
   * own but roles, which `authorizeAssumeRole` judges. Rejects only when the store fails.
   */
  authorize(caller: Principal, target: AuthorizationTarget, context: OperationContext): Promise<IamDecision>;
  /**
   * By the role's trust policy together with the caller's own (iam-facts E11). `role` is there exactly when the
   * decision is `allowed`; a missing role answers as one that does not trust (iam-facts G7).
   */
  authorizeAssumeRole(caller: Principal, arn: string): Promise<AssumeRoleDecision>;
  close(): void;
}

interface AssumeRoleDecision {
  readonly decision: IamDecision;
  readonly role?: RoleRecord;
}

export function createCallerAuthorizer({
  storage,
  partition = 'aws',
}: {
  readonly storage: Storage;
  readonly partition?: string;
}): CallerAuthorizer {
  const policies = createPrincipalPolicies({ storage, partition });

  /** Undefined when the caller is not, or no longer, who holds the name. */
  const identityOf = async (caller: Principal): Promise<readonly CompiledPolicy[] | undefined> => {
    if (caller.kind === 'root') return [];
    if (caller.kind === 'federatedUser') return undefined;
    const found =
      caller.kind === 'user'
        ? await policies.user(caller.accountId, caller.userName)
        : await policies.role(caller.accountId, caller.roleName);
    return found?.record.principalId === caller.principalId ? found.identity : undefined;
  };

  return {
    async authorize(caller, target) {
      if (isBarredCredential(caller, target.action)) return refuseCredential();
      const identity = await identityOf(caller);
      if (identity === undefined) return refuseCredential();
      // Without a resource the action is asked on all of them: an empty list must not be a pass.
      const resources = target.resources.length === 0 ? ['*'] : target.resources;
      let decision: IamDecision = nothingAsked;
      for (const resource of resources.map(arnOf)) {
        const resourceAccountId = ownerOf(resource, caller.accountId);
        if (resource.length > longestArn) decision = implicitDeny('identity');
        else if (resourceAccountId !== caller.accountId) decision = implicitDeny('account');
        else {
          decision = evaluate(
            { principal: caller, action: target.action, resource, resourceAccountId },
            { identity },
          );
        }
        if (decision.decision === 'allowed') continue;
        const shown = resource === '*' ? (target.resourceInMessage ?? resource) : resource;
        const message = denialText({
          principalArn: caller.arn,
          action: target.action,
          resource: shown.slice(0, longestArn),
          decision,
        });
        return { ...decision, refusal: accessDenied(message) };
      }
      return decision;
    },

    async authorizeAssumeRole(caller, arn) {
      if (caller.kind === 'root') {
        return { decision: { ...implicitDeny('credential'), refusal: accessDenied(rootMayNotAssume) } };
      }
      const identity = await identityOf(caller);
      if (identity === undefined) return { decision: refuseCredential() };
      const named = parsePrincipalArn(arn);
      const found = named?.kind === 'role' ? await policies.role(named.accountId, named.name) : undefined;
      // Names are unique without case and path, an ARN is more than a name.
      const role = found !== undefined && roleArn(partition, found.record) === arn ? found : undefined;
      const decision =
        role === undefined
          ? implicitDeny('trust')
          : evaluate(
              {
                principal: caller,
                action: assumeRole,
                resource: arn,
                resourceAccountId: role.record.accountId,
              },
              { identity, resource: role.trust },
            );
      if (role !== undefined && decision.decision === 'allowed') return { decision, role: role.record };
      // No reason on the wire: it would tell missing roles from distrusting ones (iam-facts G7).
      const message = `User: ${caller.arn} is not authorized to perform: ${assumeRole} on resource: ${arn}`;
      return { decision: { ...decision, refusal: accessDenied(message) } };
    },

    close: () => policies.close(),
  };
}

const assumeRole = 'sts:AssumeRole';

/**
 * No ARN of ours is as long: a path has 512 characters at most, a name 128 (iam-facts J2).
 *
 * SECURITY: names are validated after permission, so a resource may be as long as a request, and comparing a megabyte
 * with a pattern of many `?` takes seconds in which nobody else is served.
 */
const longestArn = 1024;
const rootMayNotAssume = 'Roles may not be assumed by root accounts.';

const nothingAsked: IamDecision = { decision: 'implicitDeny', step: 'identity', statements: [], misses: [] };

function implicitDeny(step: EvaluationStep): IamDecision {
  return { decision: 'implicitDeny', step, statements: [], misses: [] };
}

function accessDenied(message: string): Refusal {
  return { code: 'AccessDenied', message };
}

/** AWS does not know such a credential at all; its text says nothing about permission. */
function refuseCredential(): IamDecision {
  return {
    ...implicitDeny('credential'),
    refusal: {
      code: 'InvalidClientTokenId',
      message: 'The security token included in the request is invalid.',
    },
  };
}

/**
 * COMPAT: credentials of GetSessionToken may not call IAM unless MFA was used (iam-facts I2); ours never carry MFA yet.
 */
function isBarredCredential(caller: Principal, action: string): boolean {
  return caller.session !== undefined && caller.kind !== 'assumedRole' && action.startsWith('iam:');
}

/** The account in the ARN; `*`, and what AWS owns for everybody, count as the caller's own. */
function ownerOf(resource: string, callerAccountId: string): string {
  if (resource === '*') return callerAccountId;
  const arn = parseArn(resource);
  if (arn === undefined) return '';
  return isAccountId(arn.accountId) ? arn.accountId : arn.accountId === 'aws' ? callerAccountId : '';
}
