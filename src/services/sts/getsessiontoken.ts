import type { GetSessionTokenRequest, GetSessionTokenResponse } from '@aws-sdk/client-sts';
import type { Principal } from '../../engine/iam/principal.ts';
import type { SessionSubject } from '../credentials/sessiontoken.ts';
import { atomically, replacing } from '../iam/records.ts';
import { defineOperation, type Operation } from '../operation.ts';
import { refuseInvalid, validateMember } from '../validation.ts';
import { issueSession, tokenSizeFailures } from './answers.ts';
import type { StsDependencies } from './dependencies.ts';
import { accessDenied } from './errors.ts';
import { mfaFailures, verifiedCode } from './mfa.ts';

const hour = 3600;

/** A session of the caller itself; with a code it is one that used MFA (iam-facts F.3). Needs no permission (E13). */
export function createGetSessionToken(dependencies: StsDependencies): Operation {
  return defineOperation<GetSessionTokenRequest, GetSessionTokenResponse>({
    authorization: () => undefined,
    async handle(input, context) {
      const { caller, now, commit } = context;
      refuseInvalid([
        ...validateMember('durationSeconds', input.DurationSeconds, { min: 900, max: 129_600 }),
        ...tokenSizeFailures(input.MinimumSessionTokenSize),
        ...mfaFailures(input),
      ]);
      const subject = subjectOf(caller);
      // Repeated as a whole when the device changed meanwhile: the code may have been used by another call.
      return atomically(async () => {
        const code = await verifiedCode(dependencies, input, context);
        const output = issueSession(dependencies, subject, {
          now,
          durationSeconds: durationOf(input, caller),
          minimumTokenLength: input.MinimumSessionTokenSize,
          attributes: code === undefined ? {} : { mfaAuthenticatedAt: now },
        });
        return code === undefined ? output : commit(replacing(code.device, code.used), output);
      });
    },
  });
}

/** Twelve hours; root's sessions last one at most, and longer requests are cut, not refused (iam-facts I2). */
export function durationOf(
  { DurationSeconds }: { readonly DurationSeconds?: number | undefined },
  { kind }: Principal,
): number {
  return kind === 'root' ? Math.min(DurationSeconds ?? hour, hour) : (DurationSeconds ?? 12 * hour);
}

/** Long-term credentials only: a session cannot renew itself (iam-facts I12). */
function subjectOf(caller: Principal): SessionSubject {
  if (caller.session !== undefined || caller.kind === 'assumedRole' || caller.kind === 'federatedUser') {
    throw accessDenied('Cannot call GetSessionToken with session credentials');
  }
  const { accountId } = caller;
  if (caller.kind === 'root') return { kind: 'root', accountId };
  return { kind: 'user', accountId, userName: caller.userName, principalId: caller.principalId };
}
