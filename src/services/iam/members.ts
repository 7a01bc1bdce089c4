import type { GroupRecord, UserRecord } from '../../storage/records/iam.ts';
import { usersPrefix } from '../../storage/records/keys.ts';
import type { StorageReader } from '../../storage/storage.ts';
import type { Stored } from './records.ts';

/** Whether the user is in the group, by the group's name as its record writes it. */
export function isMember({ groupNames = [] }: UserRecord, groupName: string): boolean {
  return groupNames.includes(groupName);
}

/** Every member of a group. */
export async function membersOf(
  storage: StorageReader,
  { accountId, name, memberCount }: GroupRecord,
): Promise<readonly Stored<UserRecord>[]> {
  if (memberCount === 0) return [];
  const { entries } = await storage.list({ prefix: usersPrefix(accountId) });
  return entries
    .map(({ key, revision, value }) => ({ key, revision, record: JSON.parse(value) as UserRecord }))
    .filter(({ record }) => isMember(record, name));
}
