import type {
  GetCallerIdentityRequest,
  GetCallerIdentityResponse,
  GetSessionTokenRequest,
  GetSessionTokenResponse,
} from '@aws-sdk/client-sts';
import type { Principal } from '../../engine/iam/principal.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import { mintSession } from '../credentials/sessions.ts';
import type { SessionSubject } from '../credentials/sessiontoken.ts';
import { defineOperation, type Operation, type Operations } from '../operation.ts';
import { refuseInvalid, validateMember } from '../validation.ts';
import { sessionCredentials } from './answers.ts';
import { createAssumeRole } from './assumerole.ts';
import type { StsDependencies } from './dependencies.ts';
import { mfaFailures, refuseMfa } from './mfa.ts';

/** STS, as far as it goes: who am I, another role, a session of my own. */
export function createStsOperations(dependencies: StsDependencies): Operations {
  return {
    GetCallerIdentity,
    AssumeRole: createAssumeRole(dependencies),
    GetSessionToken: createGetSessionToken(dependencies),
  };
}

/** Nobody needs permission for it and nothing can deny it (iam-facts E13, I14). */
const GetCallerIdentity = defineOperation<GetCallerIdentityRequest, GetCallerIdentityResponse>({
  authorization: () => undefined,
  handle: async (_input, { caller }) => ({
    UserId: caller.userId,
    Account: caller.accountId,
    Arn: caller.arn,
  }),
});

const hour = 3600;

function createGetSessionToken(dependencies: StsDependencies): Operation {
  return defineOperation<GetSessionTokenRequest, GetSessionTokenResponse>({
    authorization: () => undefined,
    async handle(input, { caller, now }) {
      refuseInvalid([
        ...validateMember('durationSeconds', input.DurationSeconds, { min: 900, max: 129_600 }),
        ...mfaFailures(input),
      ]);
      const subject = sessionSubject(caller);
      refuseMfa(input);
      // Root's sessions last an hour at most; longer requests are cut, not refused (iam-facts I2).
      const durationSeconds =
        caller.kind === 'root'
          ? Math.min(input.DurationSeconds ?? hour, hour)
          : (input.DurationSeconds ?? 12 * hour);
      return {
        Credentials: sessionCredentials(mintSession(dependencies, subject, { now, durationSeconds })),
      };
    },
  });
}

/** Long-term credentials only: a session cannot renew itself (iam-facts I12). */
function sessionSubject(caller: Principal): SessionSubject {
  if (caller.session !== undefined || caller.kind === 'assumedRole' || caller.kind === 'federatedUser') {
    throw new AwsError('AccessDenied', 'Cannot call GetSessionToken with session credentials');
  }
  const { accountId } = caller;
  if (caller.kind === 'root') return { kind: 'root', accountId };
  return { kind: 'user', accountId, userName: caller.userName, principalId: caller.principalId };
}
