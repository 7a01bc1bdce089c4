import { isMatcherArn } from '../../engine/identity/entries.ts';
import type { MatchedRoleRecord } from '../../storage/records/connections.ts';
import type { AccessEntryRecord } from '../../storage/records/eks.ts';
import { matchedRolesPrefix } from '../../storage/records/keys.ts';
import type { Delete, StorageReader } from '../../storage/storage.ts';

type MatcherEntry = Pick<AccessEntryRecord, 'principalArn' | 'createdAt'>;

/**
 * Roles that have come in by the entry, by their unique ids; none for an entry of one principal. What was seen by an earlier
 * entry of the same name does not count.
 */
export async function matchedRolesOf(
  storage: Pick<StorageReader, 'list'>,
  clusterId: string,
  { principalArn, createdAt }: MatcherEntry,
): Promise<readonly MatchedRoleRecord[]> {
  if (!isMatcherArn(principalArn)) return [];
  const { entries } = await storage.list({ prefix: matchedRolesPrefix(clusterId, principalArn) });
  return entries
    .map(({ value }) => JSON.parse(value) as MatchedRoleRecord)
    .filter(({ seenAt }) => seenAt >= createdAt);
}

/** What of them is deleted together with the entry. */
export async function endedMatches(
  storage: Pick<StorageReader, 'list'>,
  clusterId: string,
  { principalArn }: Pick<MatcherEntry, 'principalArn'>,
): Promise<readonly Delete[]> {
  if (!isMatcherArn(principalArn)) return [];
  const { entries } = await storage.list({ prefix: matchedRolesPrefix(clusterId, principalArn) });
  return entries.map(({ key }) => ({ type: 'delete', key }));
}
