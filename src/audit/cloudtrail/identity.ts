import { parseArn } from '../../engine/arn/arn.ts';
import type { Principal } from '../../engine/iam/principal.ts';
import type { Call } from '../calls.ts';
import { secondsText } from '../times.ts';
import { cut } from './parameters.ts';
import type { UserIdentity } from './record.ts';

/** Who called, as CloudTrail tells it (userIdentity element; iam-facts F.2 for the ids). */
export function userIdentity(call: Call): UserIdentity {
  const { caller, invokedBy } = call;
  if (caller !== undefined) return { ...principalIdentity(caller), ...(invokedBy && { invokedBy }) };
  if (invokedBy !== undefined) return { type: 'AWSService', invokedBy };
  if (isWebIdentityCall(call)) return webIdentity(call);
  // SECURITY: nobody vouched for the key id; it says which key a refused request named, not who sent it.
  return {
    type: 'Unknown',
    ...(call.accessKeyId !== undefined && { accessKeyId: cut(call.accessKeyId, 128) }),
  };
}

/** Nobody vouched for who called. A web identity that was accepted has no caller and is no stranger. */
export function isStranger({ caller, code }: Pick<Call, 'caller' | 'code'>): boolean {
  return caller === undefined && code !== 'OK';
}

export function isWebIdentityCall({ service, operation }: Pick<Call, 'service' | 'operation'>): boolean {
  return service === 'sts' && operation === 'AssumeRoleWithWebIdentity';
}

function principalIdentity(principal: Principal): UserIdentity {
  const { arn, accountId, accessKeyId } = principal;
  const base = { principalId: principal.userId, arn, accountId, accessKeyId };
  switch (principal.kind) {
    case 'root':
      return { type: 'Root', ...base, ...session(principal) };
    case 'user':
      return { type: 'IAMUser', ...base, userName: principal.userName, ...session(principal) };
    case 'assumedRole':
      return {
        type: 'AssumedRole',
        ...base,
        ...session(principal, {
          type: 'Role',
          principalId: principal.principalId,
          arn: principal.principalArn,
          accountId,
          userName: principal.roleName,
        }),
      };
    case 'federatedUser': {
      const { issuer } = principal;
      const isRoot = parseArn(issuer.arn)?.resource === 'root';
      return {
        type: 'FederatedUser',
        ...base,
        ...session(principal, {
          type: isRoot ? 'Root' : 'IAMUser',
          principalId: issuer.principalId,
          arn: issuer.arn,
          accountId,
          ...(!isRoot && { userName: issuer.userName }),
        }),
      };
    }
    default:
      return principal satisfies never;
  }
}

type SessionContext = NonNullable<UserIdentity['sessionContext']>;

/** Only temporary credentials have a session; long-term keys are told without (iam-facts F.3). */
function session(
  principal: Principal,
  sessionIssuer?: SessionContext['sessionIssuer'],
): Pick<UserIdentity, 'sessionContext'> {
  const { session: carried } = principal;
  if (carried === undefined) return {};
  return {
    sessionContext: {
      ...(sessionIssuer !== undefined && { sessionIssuer }),
      ...(carried.federatedProvider !== undefined && {
        webIdFederationData: { federatedProvider: carried.federatedProvider, attributes: {} },
      }),
      attributes: {
        creationDate: secondsText(carried.issuedAt),
        mfaAuthenticated: carried.mfaAuthenticatedAt === undefined ? 'false' : 'true',
      },
      ...(carried.sourceIdentity !== undefined && { sourceIdentity: carried.sourceIdentity }),
    },
  };
}

/** Whom the provider vouched for; before its token was believed, nobody. */
function webIdentity({ webIdentity: proven }: Call): UserIdentity {
  const type = 'WebIdentityUser';
  if (proven === undefined) return { type };
  const { provider, subject, audience } = proven;
  return {
    type,
    principalId: `${provider}:${audience}:${subject}`,
    userName: subject,
    identityProvider: provider,
  };
}
