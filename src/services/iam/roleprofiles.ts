import { lowerAscii } from '../../engine/arn/case.ts';
import type { InstanceProfileRecord } from '../../storage/records/iam.ts';
import { instanceProfilesPrefix } from '../../storage/records/keys.ts';
import type { StorageReader } from '../../storage/storage.ts';

/**
 * The instance profiles that hold a role, in the order of their names.
 *
 * INVARIANT: whatever puts a role into a profile writes the role's record too, unchanged, in the same batch. So a role
 * cannot be deleted while that happens: its record has another revision then.
 */
export async function instanceProfilesOf(
  storage: StorageReader,
  accountId: string,
  roleName: string,
): Promise<readonly InstanceProfileRecord[]> {
  const { entries } = await storage.list({ prefix: instanceProfilesPrefix(accountId) });
  const wanted = lowerAscii(roleName);
  return entries
    .map(({ value }) => JSON.parse(value) as InstanceProfileRecord)
    .filter((profile) => profile.roleName !== undefined && lowerAscii(profile.roleName) === wanted);
}
