import { parsePrincipalArn } from '../../engine/arn/principalarn.ts';
import { uniqueIdKind } from '../../engine/arn/uniqueid.ts';
import type { StsIdentity } from '../../wire/token/stsresponse.ts';
import type { RemoteVerdict } from '../remotecallers.ts';

export interface PrincipalOfOptions {
  readonly partition: string;
  readonly accessKeyId: string;
  readonly playsAccount: (accountId: string) => Promise<boolean>;
}

/**
 * The principal of an identity that STS vouches for (token-facts 6). Its account has been judged.
 *
 * COMPAT: STS never reports a role's path, so `principalArn` of a session is the role's ARN without it. Federated users,
 * whom the authenticator maps by their own ARN, are refused: their permissions hang on an issuer that nobody here knows.
 * An id or session name that does not fit the ARN is no answer at all.
 */
export async function principalOf(
  identity: StsIdentity,
  { partition, accessKeyId, playsAccount }: PrincipalOfOptions,
): Promise<RemoteVerdict> {
  const { arn, accountId, userId, sessionName, canonicalArn } = identity;
  const named = parsePrincipalArn(arn);
  if (named === undefined || named.accountId !== accountId) return unclear;
  if (named.partition !== partition) {
    return {
      outcome: 'refused',
      code: 'partitionNotTrusted',
      message: `AWS STS reports an identity of partition \`${named.partition}\`; this server is of \`${partition}\``,
    };
  }
  const base = { accountId, partition, arn, accessKeyId, principalId: userId };
  switch (named.kind) {
    case 'user':
      if (uniqueIdKind(userId) !== 'user') return unclear;
      return {
        outcome: 'known',
        principal: { ...base, kind: 'user', userId, principalArn: arn, userName: named.name },
      };
    case 'root':
      if (userId !== accountId) return unclear;
      // SECURITY: the id of a root is the account's number. Where this server has an account of that number, AWS's root
      // and ours could not be told apart.
      if (await playsAccount(accountId)) {
        return {
          outcome: 'refused',
          code: 'rootOfLocalAccount',
          message: `the root of AWS account \`${accountId}\` is nobody here: this server has an account of that number`,
        };
      }
      return { outcome: 'known', principal: { ...base, kind: 'root', userId, principalArn: arn } };
    case 'assumedRole':
      if (uniqueIdKind(userId) !== 'role' || named.sessionName !== sessionName) return unclear;
      return {
        outcome: 'known',
        principal: {
          ...base,
          kind: 'assumedRole',
          userId: `${userId}:${sessionName}`,
          principalArn: canonicalArn,
          roleName: named.name,
          sessionName,
        },
      };
    case 'federatedUser':
      return {
        outcome: 'refused',
        code: 'federatedUser',
        message: 'sessions of GetFederationToken are nobody here: come with a role',
      };
    case 'role':
      return unclear;
    default:
      throw new Error(`unknown kind of principal: ${(named satisfies never as { kind: string }).kind}`);
  }
}

const unclear: RemoteVerdict = {
  outcome: 'unavailable',
  code: 'stsUnavailable',
  message: 'AWS STS gives no verdict: its answer names nobody that can be a caller',
};
