import { isCallOfIam } from '../../engine/iam/calls.ts';
import type { Refusal } from '../../engine/iam/decision.ts';
import type { Principal } from '../../engine/iam/principal.ts';

/**
 * What temporary credentials may not do whatever policies say (iam-facts I2, I12); undefined where policies decide.
 * Without a message it is the ordinary denial, without a reason.
 */
export function barOf(caller: Principal, action: string): Partial<Refusal> | undefined {
  if (caller.session === undefined) return undefined;
  if (action === 'sts:GetSessionToken' || action === 'sts:GetFederationToken') {
    return {
      code: 'AccessDenied',
      message: `Cannot call ${action.slice('sts:'.length)} with session credentials`,
    };
  }
  switch (caller.kind) {
    case 'assumedRole':
      return undefined;
    case 'root':
    case 'user':
      if (isCallOfIam(action))
        return caller.session.mfaAuthenticatedAt === undefined ? unknownToken : undefined;
      return action.startsWith('sts:') && !ofGetSessionToken.has(action)
        ? { code: 'AccessDenied' }
        : undefined;
    case 'federatedUser':
      if (isCallOfIam(action)) return unknownToken;
      return action.startsWith('sts:') && action !== 'sts:GetCallerIdentity'
        ? { code: 'AccessDenied' }
        : undefined;
    default:
      throw new Error(`unknown kind of caller: ${(caller satisfies never as Principal).kind}`);
  }
}

/** AWS's IAM does not know such a credential at all; its text says nothing about permission. */
export const unknownToken: Refusal = {
  code: 'InvalidClientTokenId',
  message: 'The security token included in the request is invalid.',
};

/** The calls of STS that credentials of GetSessionToken may make, with the permissions that belong to AssumeRole. */
const ofGetSessionToken: ReadonlySet<string> = new Set([
  'sts:AssumeRole',
  'sts:TagSession',
  'sts:SetSourceIdentity',
  'sts:GetCallerIdentity',
]);
