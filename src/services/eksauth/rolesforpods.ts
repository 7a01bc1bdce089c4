import { parseArn } from '../../engine/arn/arn.ts';
import type { Principal } from '../../engine/iam/principal.ts';
import { podIdentityAudience } from '../../engine/podcredentials/names.ts';
import type { PodSubject } from '../../engine/podcredentials/podtoken.ts';
import type { ClusterRecord } from '../../storage/records/eks.ts';
import type { PodIdentityAssociationRecord } from '../../storage/records/podidentity.ts';
import type { ServiceCaller } from '../authorization/context.ts';
import type { RoleSessionWish } from '../authorization/rolesession.ts';
import type { UnsignedContext } from '../operation.ts';
import { type IssuedRoleSession, issueRoleSession, principalOfSession } from '../sts/rolesession.ts';
import { type PassedPolicies, passedPolicies } from '../sts/sessionpolicies.ts';
import { type SessionTagging, withInherited } from '../sts/sessiontags.ts';
import type { EksAuthDependencies } from './dependencies.ts';
import { podSessionName, podSessionTags } from './podsession.ts';
import { asRefusalOfEksAuth, cannotAssume } from './refusals.ts';

/** Seconds that a session of the associated role lasts, and one of a target role, which is chained (eks-access-facts J12). */
const sessionSeconds = 6 * 3600;
const targetSessionSeconds = 59 * 60;

const noTags: SessionTagging = { tags: [], transitiveTagKeys: [] };

export interface PodRoleRequest {
  readonly cluster: ClusterRecord;
  readonly association: PodIdentityAssociationRecord;
  readonly subject: PodSubject;
}

/**
 * The session that the association gives to the pod: of its role, or of its target role, which that role assumes (J6).
 * The session policy narrows whichever is handed out (J9). Throws the refusal of EKS Auth.
 */
export async function assumeRoleForPod(
  dependencies: EksAuthDependencies,
  { cluster, association, subject }: PodRoleRequest,
  context: UnsignedContext,
): Promise<IssuedRoleSession> {
  const { roleArn, targetRoleArn, externalId, policy, disableSessionTags } = association;
  const sessionName = podSessionName(cluster.name, subject, dependencies.random.uuid());
  const tagging = disableSessionTags ? noTags : podSessionTags(cluster, subject);
  const policies = policy === undefined ? undefined : readPolicies(policy);
  const service: ServiceCaller = {
    kind: 'service',
    name: podIdentityAudience,
    sourceArn: cluster.arn,
    sourceAccountId: cluster.accountId,
  };
  const isChained = targetRoleArn !== undefined;
  const first = await assume(dependencies, context, {
    which: 'associated',
    caller: service,
    accountId: cluster.accountId,
    wish: { roleArn, sessionName, ...tagging },
    tagging,
    seconds: isChained ? targetSessionSeconds : sessionSeconds,
    policies: isChained ? undefined : policies,
  });
  if (!isChained) {
    first.tell();
    return first.issued;
  }
  const second = await assume(dependencies, context, {
    which: 'target',
    caller: first.principal,
    accountId: cluster.accountId,
    wish: { roleArn: targetRoleArn, sessionName, externalId },
    tagging: withInherited(noTags, first.principal.session),
    seconds: targetSessionSeconds,
    policies,
  });
  first.tell();
  second.tell();
  return second.issued;
}

interface Assumption {
  readonly which: 'associated' | 'target';
  readonly caller: ServiceCaller | Principal;
  /** Whose record the decision is for: the account of the cluster. */
  readonly accountId: string;
  readonly wish: RoleSessionWish;
  /** Inherited ones included. */
  readonly tagging: SessionTagging;
  readonly seconds: number;
  readonly policies: PassedPolicies | undefined;
}

/** A session that is allowed and made. `tell` records the call that EKS made for it. */
interface Assumed {
  readonly issued: IssuedRoleSession;
  readonly principal: Principal;
  tell(): void;
}

async function assume(
  dependencies: EksAuthDependencies,
  context: UnsignedContext,
  { which, caller, accountId, wish, tagging, seconds, policies }: Assumption,
): Promise<Assumed> {
  const { now, region, partition } = context;
  const { authorizeRoleSession } = dependencies.authorizer;
  // SECURITY: the call comes from EKS and not from the node: what is allowed to an address is not allowed to this.
  const { action, decision, role } = await authorizeRoleSession(caller, wish, {
    ...{ now, region, partition },
    source: undefined,
  });
  const { roleArn, sessionName, externalId, tags, transitiveTagKeys } = wish;
  // What another account's trust policy says, or that its role is missing, is not for this account's trail.
  const isOwn = parseArn(roleArn)?.accountId === accountId;
  if (role === undefined) {
    if (isOwn) context.judged({ action, resources: [roleArn], decision });
    throw cannotAssume(which);
  }
  const request = { RoleArn: roleArn, RoleSessionName: sessionName, DurationSeconds: seconds };
  const issued = await issueRoleSession(dependencies, role, request, {
    now,
    policies,
    tagging,
    // COMPAT: CloudTrail's AssumeRole of EKS tells the size; ours leaves it out, and measures nothing.
    isMeasured: false,
    attributes: {},
    isService: true,
  }).catch((error: unknown) => {
    throw asRefusalOfEksAuth(error);
  });
  const { AccessKeyId: accessKeyId = '', Expiration } = issued.Credentials;
  const issuedAt = Math.floor(now / 1000) * 1000;
  const principal: Principal = {
    ...principalOfSession(partition, role, sessionName),
    accessKeyId,
    session: { issuedAt, expiresAt: Expiration?.getTime() ?? issuedAt, ...tagging },
  };
  return {
    issued,
    principal,
    tell: () =>
      context.made({
        invokedBy: podIdentityAudience,
        ...(caller.kind === 'service'
          ? { caller: undefined, recipientAccountId: role.accountId }
          : { caller }),
        service: 'sts',
        operation: 'AssumeRole',
        input: {
          ...request,
          ...(externalId !== undefined && { ExternalId: externalId }),
          ...(policies?.inline !== undefined && { Policy: policies.inline }),
          ...(tags !== undefined && tags.length > 0 && { Tags: tags, TransitiveTagKeys: transitiveTagKeys }),
        },
        output: issued,
        action,
        resources: [roleArn],
        ...(isOwn && { decision }),
      }),
  };
}

/** SECURITY: a policy that was stored and cannot be read must not become a session without one. */
function readPolicies(policy: string): PassedPolicies | undefined {
  try {
    return passedPolicies({ Policy: policy });
  } catch (error) {
    throw asRefusalOfEksAuth(error);
  }
}
