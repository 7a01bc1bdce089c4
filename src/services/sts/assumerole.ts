import type { AssumeRoleRequest, AssumeRoleResponse } from '@aws-sdk/client-sts';
import { parsePrincipalArn } from '../../engine/arn/principalarn.ts';
import type { Principal } from '../../engine/iam/principal.ts';
import type { RoleRecord } from '../../storage/records/iam.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import { mintSession } from '../credentials/sessions.ts';
import { defineOperation, type Operation } from '../operation.ts';
import { refuseInvalid, validateMember } from '../validation.ts';
import { sessionCredentials } from './answers.ts';
import type { StsDependencies } from './dependencies.ts';
import { mfaFailures, refuseMfa } from './mfa.ts';

const hour = 3600;

/** AssumeRole authorizes itself: the role's trust policy has the last word (iam-facts E11). */
export function createAssumeRole(dependencies: StsDependencies): Operation {
  return defineOperation<AssumeRoleRequest, AssumeRoleResponse>({
    authorization: () => undefined,
    async handle(input, context) {
      const { caller, now } = context;
      const {
        RoleArn = '',
        RoleSessionName: sessionName = '',
        DurationSeconds: durationSeconds = hour,
      } = input;
      refuseInvalid(inputFailures(input));
      refuseUnsupported(input);
      if (parsePrincipalArn(RoleArn)?.kind !== 'role') {
        throw new AwsError('ValidationError', `${RoleArn} is invalid`);
      }
      refuseMfa(input);
      const { decision, role } = await dependencies.authorizer.authorizeRoleSession(
        caller,
        { roleArn: RoleArn, sessionName, externalId: input.ExternalId },
        context,
      );
      if (decision.decision !== 'allowed' || role === undefined) {
        const { code = 'AccessDenied', message = 'Access denied' } = decision.refusal ?? {};
        throw new AwsError(code, message);
      }
      // Only now: what a role allows is nothing for whoever may not assume it.
      refuseDuration(durationSeconds, caller, role);

      const { accountId, principalId, name: roleName } = role;
      const credentials = mintSession(
        dependencies,
        { kind: 'assumedRole', accountId, roleName, principalId, sessionName },
        { now, durationSeconds },
      );
      const arn = `arn:${dependencies.partition}:sts::${accountId}:assumed-role/${roleName}/${sessionName}`;
      return {
        Credentials: sessionCredentials(credentials),
        AssumedRoleUser: { AssumedRoleId: `${principalId}:${sessionName}`, Arn: arn },
      };
    },
  });
}

/** iam-facts I1. */
function inputFailures(input: AssumeRoleRequest): string[] {
  return [
    ...validateMember('roleArn', input.RoleArn, { required: true, min: 20, max: 2048 }),
    ...validateMember('roleSessionName', input.RoleSessionName, {
      required: true,
      min: 2,
      max: 64,
      pattern: '[\\w+=,.@-]*',
    }),
    ...validateMember('durationSeconds', input.DurationSeconds, { min: 900, max: 43_200 }),
    // Read by conditions alone, and nothing under a condition allows yet: taking it narrows nobody's trust.
    ...validateMember('externalId', input.ExternalId, { min: 2, max: 1224, pattern: '[\\w+=,.@:\\/-]*' }),
    ...mfaFailures(input),
  ];
}

/**
 * SECURITY: each of these narrows the session or marks it. Ignoring one would hand out more than was asked for, or a
 * session that a policy cannot tell apart, so they are refused until they are understood.
 */
const unsupported = [
  'Policy',
  'PolicyArns',
  'Tags',
  'TransitiveTagKeys',
  'SourceIdentity',
  'ProvidedContexts',
] as const;

function refuseUnsupported(input: AssumeRoleRequest): void {
  const used = unsupported.filter((name) => {
    const value = input[name];
    return value !== undefined && !(Array.isArray(value) && value.length === 0);
  });
  if (used.length === 0) return;
  const names = used.join(', ');
  throw new AwsError(
    'UnsupportedOperation',
    `Entryway does not support ${names} in AssumeRole yet; the request was refused instead of ignoring it.`,
  );
}

/** iam-facts I3, I4. */
function refuseDuration(durationSeconds: number, caller: Principal, role: RoleRecord): void {
  // COMPAT: credentials of GetSessionToken count as chaining too, as is reported of AWS (iam-facts I3).
  if (caller.session !== undefined && durationSeconds > hour) {
    throw new AwsError(
      'ValidationError',
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
    );
  }
  if (durationSeconds > role.maxSessionDuration) {
    throw new AwsError(
      'ValidationError',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    );
  }
}
