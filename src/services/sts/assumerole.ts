import type { AssumeRoleRequest, AssumeRoleResponse } from '@aws-sdk/client-sts';
import type { Principal } from '../../engine/iam/principal.ts';
import { atomically, replacing } from '../iam/records.ts';
import { defineOperation, type Operation } from '../operation.ts';
import { refuseInvalid, validateMember } from '../validation.ts';
import type { StsDependencies } from './dependencies.ts';
import { accessDenied, refuseUnlessAllowed, unsupported, validationError } from './errors.ts';
import { mfaFailures, verifiedCode } from './mfa.ts';
import { accountOfRole, issueRoleSession, roleSessionFailures } from './rolesession.ts';
import { passedPolicies } from './sessionpolicies.ts';
import { passedTagging, taggingFailures, withInherited } from './sessiontags.ts';

const hour = 3600;

/** AssumeRole authorizes itself: the role's trust policy has the last word (iam-facts E11). */
export function createAssumeRole(dependencies: StsDependencies): Operation {
  return defineOperation<AssumeRoleRequest, AssumeRoleResponse>({
    authorization: () => undefined,
    async handle(input, context) {
      const { caller, now, commit } = context;
      const { RoleArn: roleArn = '', RoleSessionName: sessionName = '' } = input;
      refuseInvalid(inputFailures(input));
      if ((input.ProvidedContexts ?? []).length > 0) throw unsupported('ProvidedContexts in AssumeRole');
      const isOwnRole = accountOfRole(roleArn) === caller.accountId;
      const policies = passedPolicies(input);
      const passed = passedTagging(input, caller.session);
      refuseLongChain(input.DurationSeconds ?? hour, caller);

      // Repeated as a whole when the device changed meanwhile: the code may have been used by another call.
      return atomically(async () => {
        const code = await verifiedCode(dependencies, input, context);
        const { action, decision, role } = await dependencies.authorizer.authorizeRoleSession(
          caller,
          {
            roleArn,
            sessionName,
            externalId: input.ExternalId,
            sourceIdentity: input.SourceIdentity,
            ...passed,
            mfaUsed: code !== undefined,
          },
          context,
        );
        // What another account's trust policy says, or that its role is missing, is not for the caller's trail.
        if (isOwnRole) context.judged({ action, resources: [roleArn], decision });
        refuseUnlessAllowed(decision);
        if (role === undefined) throw accessDenied('Access denied');
        const sourceIdentity = sourceIdentityOf(input.SourceIdentity, caller, roleArn);
        const output = await issueRoleSession(dependencies, role, input, {
          now,
          policies,
          tagging: withInherited(passed, caller.session),
          isMeasured: policies !== undefined || passed.tags.length > 0,
          attributes: sourceIdentity === undefined ? {} : { sourceIdentity },
        });
        return code === undefined ? output : commit(replacing(code.device, code.used), output);
      });
    },
  });
}

/** iam-facts I1. */
function inputFailures(input: AssumeRoleRequest): string[] {
  return [
    ...roleSessionFailures(input),
    ...validateMember('externalId', input.ExternalId, { min: 2, max: 1224, pattern: '[\\w+=,.@:\\/-]*' }),
    ...validateMember('sourceIdentity', input.SourceIdentity, sourceIdentityRule),
    ...taggingFailures(input),
    ...mfaFailures(input),
  ];
}

/** The pattern has no colon, so that no value begins with `aws:`. */
export const sourceIdentityRule = { min: 2, max: 64, pattern: '[\\w+=,.@-]*' } as const;

/**
 * Set once, inherited by every session of the chain, never changed (iam-facts I8).
 * COMPAT: AWS's text for a changed one is not known; this is its text for a missing permission.
 */
function sourceIdentityOf(
  passed: string | undefined,
  { arn, session }: Principal,
  roleArn: string,
): string | undefined {
  const inherited = session?.sourceIdentity;
  if (inherited !== undefined && passed !== undefined && passed !== inherited) {
    throw accessDenied(
      `User: ${arn} is not authorized to perform: sts:SetSourceIdentity on resource: ${roleArn}`,
    );
  }
  return inherited ?? passed;
}

/**
 * iam-facts I3. COMPAT: credentials of GetSessionToken count as chaining too, as is reported of AWS.
 */
function refuseLongChain(durationSeconds: number, caller: Principal): void {
  if (caller.session === undefined || durationSeconds <= hour) return;
  throw validationError(
    'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
  );
}
