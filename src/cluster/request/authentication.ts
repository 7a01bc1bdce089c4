import type { Authentication, ClusterAccess } from '../../access/access.ts';
import type { UserInfo } from '../../engine/authorizer/attributes.ts';
import { readCredential } from './credential.ts';
import type { HeaderLines } from './headers.ts';

/** Who makes the request, before impersonation. */
export type Caller =
  | { readonly kind: 'user'; readonly user: UserInfo; readonly authentication: Authentication }
  | { readonly kind: 'anonymous'; readonly user: UserInfo }
  | { readonly kind: 'refused'; readonly authentication: Authentication | undefined }
  | { readonly kind: 'unavailable'; readonly authentication: Authentication };

const anonymous: UserInfo = {
  username: 'system:anonymous',
  uid: '',
  groups: ['system:unauthenticated'],
  extra: {},
};

/**
 * SECURITY: anonymous is only who presents nothing at all; a credential that is refused or unreadable stays a 401
 * (kubernetes-facts B31).
 */
export async function authenticateCaller(
  cluster: ClusterAccess,
  lines: HeaderLines,
  now: number,
): Promise<Caller> {
  const credential = readCredential(lines);
  if (credential.kind === 'none') return { kind: 'anonymous', user: anonymous };
  if (credential.kind === 'unreadable') return { kind: 'refused', authentication: undefined };
  const authentication = await cluster.authenticate(credential.token, now);
  switch (authentication.outcome) {
    case 'authenticated':
      return { kind: 'user', user: withSystemGroup(authentication.user), authentication };
    case 'refused':
      return { kind: 'refused', authentication };
    case 'unavailable':
      return { kind: 'unavailable', authentication };
    default:
      return authentication satisfies never;
  }
}

/** The server adds this group to everybody it has authenticated (kubernetes-facts B10). */
export function withSystemGroup(user: UserInfo): UserInfo {
  const group = 'system:authenticated';
  return user.groups.includes(group) ? user : { ...user, groups: [...user.groups, group] };
}
