import type { AccessKeyRecord } from '../storage/records/iam.ts';
import { accessKeyKey } from '../storage/records/keys.ts';
import type { StorageReader } from '../storage/storage.ts';
import { lineOf, type TrailLine } from './store/lines.ts';

/**
 * Moves the records of refused calls to the account whose access key they named, so that its people learn of it. The
 * account is all that is known: the id proves nothing about who sent it.
 */
export async function withKeyOwners(
  storage: Pick<StorageReader, 'getMany'>,
  lines: readonly TrailLine[],
): Promise<readonly TrailLine[]> {
  const wanted = [...new Set(lines.flatMap((line) => namedKey(line) ?? []))];
  if (wanted.length === 0) return lines;
  const owners = new Map<string, string>();
  for (const [at, entry] of (await storage.getMany(wanted.map(accessKeyKey))).entries()) {
    const owner = entry === undefined ? undefined : ownerOf(entry.value);
    if (owner !== undefined) owners.set(wanted[at] as string, owner);
  }
  return lines.map((line) => {
    const accountId = owners.get(namedKey(line) ?? '');
    const { item } = line;
    if (accountId === undefined || item.kind !== 'aws') return line;
    const userIdentity = { ...item.record.userIdentity, accountId };
    const record = { ...item.record, userIdentity, recipientAccountId: accountId };
    return lineOf({ ...item, accountId, record });
  });
}

/** Undefined for what is unreadable: one damaged key must not keep all records from being stored. */
function ownerOf(accessKey: string): string | undefined {
  try {
    const { accountId } = JSON.parse(accessKey) as Partial<AccessKeyRecord>;
    return typeof accountId === 'string' ? accountId : undefined;
  } catch {
    return undefined;
  }
}

/** The key that a call named which nobody vouched for. */
function namedKey({ item }: TrailLine): string | undefined {
  if (item.kind !== 'aws' || item.record.userIdentity.type !== 'Unknown') return undefined;
  return item.record.userIdentity.accessKeyId;
}
