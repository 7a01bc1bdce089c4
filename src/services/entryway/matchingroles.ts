import { createHash } from 'node:crypto';
import { lowerAscii } from '../../engine/arn/case.ts';
import type { RoleRecord } from '../../storage/records/iam.ts';
import { rolesPrefix } from '../../storage/records/keys.ts';
import type { StorageReader } from '../../storage/storage.ts';
import { roleArn } from '../iam/arns.ts';
import type { NamedMatcher } from './matcherarn.ts';

export interface MatchingRole {
  readonly principalArn: string;
  readonly principalId: string;
}

/**
 * Roles of this server's IAM that the matcher means now; IAM bounds how many an account has.
 *
 * SECURITY: names of roles are told only to their own account.
 */
export async function matchingRoles(
  storage: Pick<StorageReader, 'list'>,
  { matcher, accountId, partition }: NamedMatcher,
  callerAccountId: string,
): Promise<readonly MatchingRole[]> {
  if (accountId !== callerAccountId) return [];
  const { entries } = await storage.list({ prefix: rolesPrefix(accountId) });
  return entries
    .map(({ value }) => JSON.parse(value) as RoleRecord)
    .filter(({ name }) => matcher.matches(lowerAscii(`arn:${partition}:iam::${accountId}:role/${name}`)))
    .map((role) => ({ principalArn: roleArn(partition, role), principalId: role.principalId }));
}

/** What a preview has shown, in short: other roles, or others under the same names, make another digest. */
export function digestOf(roles: readonly MatchingRole[]): string {
  const lines = roles.map(({ principalArn, principalId }) => `${principalArn} ${principalId}`).toSorted();
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}
