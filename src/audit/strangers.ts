import type { AccessKeyRecord } from '../storage/records/iam.ts';
import { accessKeyKey, accountKey } from '../storage/records/keys.ts';
import type { StorageReader } from '../storage/storage.ts';
import { lineOf, type TrailLine } from './store/lines.ts';

/**
 * Moves the records of refused calls to the account whose access key they named, so that its people learn of it. The
 * account is all that is known: the id proves nothing about who sent it. A call that named a role of an account that
 * does not exist belongs to the operator, not to whoever gets that account later.
 */
export async function withOwners(
  lines: readonly TrailLine[],
  { storage, operatorAccountId }: OwnerOptions,
): Promise<readonly TrailLine[]> {
  const keys = [...new Set(lines.flatMap((line) => namedKey(line) ?? []))];
  const accounts = [...new Set(lines.flatMap((line) => namedAccount(line) ?? []))];
  if (keys.length + accounts.length === 0) return lines;
  const stored = await storage.getMany([...keys.map(accessKeyKey), ...accounts.map(accountKey)]);
  const owners = new Map(keys.map((key, at) => [key, ownerOf(stored[at]?.value)]));
  const unknown = new Set(accounts.filter((_, at) => stored[keys.length + at] === undefined));
  return lines.map((line) => {
    const { item } = line;
    if (item.kind !== 'aws') return line;
    const isUnknown = unknown.has(namedAccount(line) ?? '');
    const owner = isUnknown ? operatorAccountId : owners.get(namedKey(line) ?? '');
    if (owner === undefined) return line;
    const userIdentity = isUnknown
      ? item.record.userIdentity
      : { ...item.record.userIdentity, accountId: owner };
    const record = { ...item.record, userIdentity, recipientAccountId: owner };
    return lineOf({ ...item, accountId: owner, record });
  });
}

interface OwnerOptions {
  readonly storage: Pick<StorageReader, 'getMany'>;
  readonly operatorAccountId: string;
}

/** Undefined for what is unreadable: one damaged key must not keep all records from being stored. */
function ownerOf(accessKey: string | undefined): string | undefined {
  try {
    const { accountId } = JSON.parse(accessKey ?? '{}') as Partial<AccessKeyRecord>;
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

/** The account whose role a stranger wanted to assume. */
function namedAccount({ item }: TrailLine): string | undefined {
  if (item.kind !== 'aws' || item.record.errorCode === undefined) return undefined;
  return item.record.userIdentity.type === 'WebIdentityUser' ? item.accountId : undefined;
}
