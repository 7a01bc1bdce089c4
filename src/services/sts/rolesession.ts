import type { AssumedRoleUser } from '@aws-sdk/client-sts';
import { parsePrincipalArn } from '../../engine/arn/principalarn.ts';
import type { Principal } from '../../engine/iam/principal.ts';
import type { RoleRecord } from '../../storage/records/iam.ts';
import { blockedMessage } from '../blocked.ts';
import type { SessionAttributes } from '../credentials/sessiontoken.ts';
import { roleArn } from '../iam/arns.ts';
import { validateMember } from '../validation.ts';
import { type IssuedSession, issueSession, tokenSizeFailures } from './answers.ts';
import type { StsDependencies } from './dependencies.ts';
import { accessDenied, validationError } from './errors.ts';
import { packedPolicySize, requirePackedPolicyFits } from './packedsize.ts';
import {
  type PassedPolicies,
  type PoliciesRequest,
  policyFailures,
  requireManagedPolicies,
} from './sessionpolicies.ts';
import type { SessionTagging } from './sessiontags.ts';

/** What AssumeRole and AssumeRoleWithWebIdentity ask alike. */
export interface RoleSessionRequest extends PoliciesRequest {
  readonly RoleArn?: string | undefined;
  readonly RoleSessionName?: string | undefined;
  readonly DurationSeconds?: number | undefined;
  readonly MinimumSessionTokenSize?: number | undefined;
}

const hour = 3600;

/** iam-facts I1. */
export function roleSessionFailures(input: RoleSessionRequest): string[] {
  return [
    ...validateMember('roleArn', input.RoleArn, { required: true, min: 20, max: 2048 }),
    ...validateMember('roleSessionName', input.RoleSessionName, {
      required: true,
      min: 2,
      max: 64,
      pattern: '[\\w+=,.@-]*',
    }),
    ...validateMember('durationSeconds', input.DurationSeconds, { min: 900, max: 43_200 }),
    ...policyFailures(input),
    ...tokenSizeFailures(input.MinimumSessionTokenSize),
  ];
}

/** The account of the role an ARN names; throws when it names none. */
export function accountOfRole(roleArn: string): string {
  const named = parsePrincipalArn(roleArn);
  if (named?.kind !== 'role') throw validationError(`${roleArn} is invalid`);
  return named.accountId;
}

/** What the session gets beside its role; everything passed is checked for shape, tags include inherited ones. */
export interface RoleSessionTerms {
  readonly now: number;
  readonly policies: PassedPolicies | undefined;
  readonly tagging: SessionTagging;
  /** Something was passed with this request: only then its size is answered (iam-facts I5). */
  readonly isMeasured: boolean;
  readonly attributes: Pick<SessionAttributes, 'sourceIdentity' | 'federatedProvider' | 'webIdentitySubject'>;
  /**
   * A service of AWS asks for itself. COMPAT: the role's MaxSessionDuration does not bind it: EKS gets six hours of roles
   * that allow one (CloudTrail samples of Pod Identity).
   */
  readonly isService?: true;
}

export interface IssuedRoleSession extends IssuedSession {
  readonly AssumedRoleUser: AssumedRoleUser;
  readonly PackedPolicySize?: number;
  readonly SourceIdentity?: string;
}

/**
 * A session of a role that the caller may have. Only now what the role allows is told: it is nothing for others.
 * iam-facts I4, I5, I9, I10.
 */
export async function issueRoleSession(
  dependencies: Pick<StsDependencies, 'storage' | 'secretBox' | 'random' | 'partition' | 'isBlocked'>,
  role: RoleRecord,
  input: RoleSessionRequest,
  { now, policies, tagging, isMeasured, attributes, isService }: RoleSessionTerms,
): Promise<IssuedRoleSession> {
  const { RoleSessionName: sessionName = '', DurationSeconds: durationSeconds = hour } = input;
  if (durationSeconds > role.maxSessionDuration && !isService) {
    throw validationError('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
  }
  const { accountId, principalId, name: roleName } = role;
  // The key is not made yet: nothing can block it.
  const session = principalOfSession(dependencies.partition, role, sessionName);
  if (dependencies.isBlocked(session, now)) throw accessDenied(blockedMessage(session.arn));
  if (policies !== undefined) await requireManagedPolicies(dependencies, accountId, policies);
  const packedSize = isMeasured ? packedPolicySize({ policies, tagging }) : undefined;
  if (!isMeasured) requirePackedPolicyFits({ policies, tagging });
  const { tags, transitiveTagKeys } = tagging;
  const issued = issueSession(
    dependencies,
    { kind: 'assumedRole', accountId, roleName, principalId, sessionName },
    {
      now,
      durationSeconds,
      minimumTokenLength: input.MinimumSessionTokenSize,
      attributes: {
        ...attributes,
        ...(tags.length > 0 && { tags }),
        ...(transitiveTagKeys.length > 0 && { transitiveTagKeys }),
        ...(policies !== undefined && { policies }),
      },
    },
  );
  return {
    ...issued,
    AssumedRoleUser: { AssumedRoleId: session.userId, Arn: session.arn },
    ...(packedSize !== undefined && { PackedPolicySize: packedSize }),
    ...(attributes.sourceIdentity !== undefined && { SourceIdentity: attributes.sourceIdentity }),
  };
}

/** Who a session of the role is; without its credential. */
export function principalOfSession(
  partition: string,
  role: RoleRecord,
  sessionName: string,
): Extract<Principal, { kind: 'assumedRole' }> {
  const { accountId, principalId, name: roleName } = role;
  return {
    kind: 'assumedRole',
    accountId,
    partition,
    arn: `arn:${partition}:sts::${accountId}:assumed-role/${roleName}/${sessionName}`,
    principalArn: roleArn(partition, role),
    principalId,
    userId: `${principalId}:${sessionName}`,
    accessKeyId: '',
    roleName,
    sessionName,
  };
}
