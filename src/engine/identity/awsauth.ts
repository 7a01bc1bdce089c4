import { lowerAscii } from '../arn/case.ts';
import { comparableArn } from './entries.ts';
import { compileSsoPattern, type SsoPattern } from './sso.ts';

/** What the ConfigMap kube-system/aws-auth says, decoded; bad items are already dropped (eks-access-facts G3 to G6). */
export interface AwsAuth {
  readonly roles: readonly AwsAuthRole[];
  readonly users: readonly AwsAuthUser[];
  readonly accounts: readonly string[];
}

interface Mapping {
  /** Template; '' when none was given. */
  readonly username: string;
  /** Templates. */
  readonly groups: readonly string[];
}

/** Exactly one of `rolearn` and `sso`. */
export interface AwsAuthRole extends Mapping {
  readonly rolearn?: string;
  readonly sso?: SsoPattern;
}

export interface AwsAuthUser extends Mapping {
  readonly userarn: string;
}

export interface AwsAuthItem extends Mapping {
  readonly key: 'mapRoles' | 'mapUsers';
  /** The ARN as written, or the pattern of an SSO item. */
  readonly arn: string;
}

/** aws-auth, ready to be asked. Nothing here looks at principal ids: a re-created principal matches (B15 is EKS's). */
export interface AwsAuthIndex {
  /** Roles, then users, by the canonical ARN without regard to case (G8). */
  find(canonicalArn: string): AwsAuthItem | undefined;
  hasAccount(accountId: string): boolean;
  /** The item that would match if its role ARN had no path: the famous trap (G10). */
  findWithPath(canonicalArn: string): AwsAuthItem | undefined;
}

/**
 * `ssoRoleMatch` makes `sso` items count; the authenticator's gate of that name is off by default (token-facts 7.1).
 * Of duplicates the last wins (G7).
 *
 * COMPAT: two users whose ARNs differ only in case match at random in the authenticator (G7); here the last wins.
 */
export function createAwsAuthIndex(
  awsAuth: AwsAuth,
  options: { readonly ssoRoleMatch: boolean },
): AwsAuthIndex {
  const roles = new Map<string, AwsAuthItem>();
  const users = new Map<string, AwsAuthItem>();
  const withPath = new Map<string, AwsAuthItem>();
  const patterns: { readonly matches: (arn: string) => boolean; readonly item: AwsAuthItem }[] = [];
  for (const { rolearn, sso, username, groups } of awsAuth.roles) {
    if (rolearn !== undefined) {
      const item: AwsAuthItem = { key: 'mapRoles', arn: rolearn, username, groups };
      roles.set(lowerAscii(rolearn), item);
      const stripped = comparableArn(rolearn);
      if (stripped !== undefined && stripped !== lowerAscii(rolearn)) withPath.set(stripped, item);
    } else if (sso !== undefined && options.ssoRoleMatch) {
      const compiled = compileSsoPattern(sso);
      if (compiled === undefined) continue;
      patterns.push({
        matches: compiled.matches,
        item: { key: 'mapRoles', arn: compiled.pattern, username, groups },
      });
    }
  }
  for (const { userarn, username, groups } of awsAuth.users) {
    users.set(lowerAscii(userarn), { key: 'mapUsers', arn: userarn, username, groups });
  }
  const accounts = new Set(awsAuth.accounts);

  return {
    find(canonicalArn) {
      const arn = lowerAscii(canonicalArn);
      return roles.get(arn) ?? patterns.findLast(({ matches }) => matches(arn))?.item ?? users.get(arn);
    },
    hasAccount: (accountId) => accounts.has(accountId),
    findWithPath: (canonicalArn) => withPath.get(lowerAscii(canonicalArn)),
  };
}
