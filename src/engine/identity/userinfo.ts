import { principalIdExtraKey, type UserInfo, uidPrefix } from '../authorizer/attributes.ts';
import type { Principal } from '../iam/principal.ts';

/** The ARN mappings are written with: a session's role without its path, anything else as STS reports it (G10). */
export function canonicalArnOf(principal: Principal): string {
  switch (principal.kind) {
    case 'assumedRole':
      return `arn:${principal.partition}:iam::${principal.accountId}:role/${principal.roleName}`;
    case 'user':
    case 'root':
    case 'federatedUser':
      return principal.arn;
    default:
      return principal satisfies never;
  }
}

/** '' for whoever has no session (eks-access-facts H6). */
export function sessionNameOf(principal: Principal): string {
  return principal.kind === 'assumedRole' ? principal.sessionName : '';
}

/** The Kubernetes user of a mapped principal, with the uid and extra keys of the authenticator (H6). */
export function userInfoFor(principal: Principal, username: string, groups: readonly string[]): UserInfo {
  const canonicalArn = canonicalArnOf(principal);
  return {
    username,
    uid: `${uidPrefix}${principal.accountId}:${principal.principalId}`,
    groups,
    extra: {
      accessKeyId: [principal.accessKeyId],
      arn: [principal.arn],
      canonicalArn: [canonicalArn],
      principalId: [principal.principalId],
      sessionName: [sessionNameOf(principal)],
      [principalIdExtraKey]: [principal.principalId],
    },
    principal: {
      ...{ principalId: principal.principalId, canonicalArn, username },
      ...(principal.kind === 'federatedUser' && { issuer: principal.issuer }),
    },
  };
}
