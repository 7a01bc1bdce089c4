import { parseArn } from '../../engine/arn/arn.ts';
import type { PolicyRecord, RoleRecord, UserRecord } from '../../storage/records/iam.ts';
import { policyKey, rolesPrefix, usersPrefix } from '../../storage/records/keys.ts';
import type { StorageReader } from '../../storage/storage.ts';
import { policyArn } from './arns.ts';
import type { IamDependencies } from './dependencies.ts';
import { invalidInput } from './errors.ts';
import { type AwsManagedPolicy, awsManagedPolicy } from './managedpolicies.ts';
import { readRecord, type Stored } from './records.ts';

/** A managed policy: one of the account's own, or one of AWS's. */
export type FoundPolicy =
  | { readonly owner: 'account'; readonly stored: Stored<PolicyRecord> }
  | { readonly owner: 'aws'; readonly policy: AwsManagedPolicy };

/**
 * The managed policy an ARN names for this account; undefined when there is none, also for policies of other
 * accounts. The ARN compares with case and path, though names are unique without case.
 */
export async function findPolicy(
  { storage, partition }: Pick<IamDependencies, 'storage' | 'partition'>,
  accountId: string,
  arn: string,
): Promise<FoundPolicy | undefined> {
  const parsed = parseArn(arn);
  if (
    parsed?.service !== 'iam' ||
    parsed.region !== '' ||
    parsed.partition === '' ||
    !parsed.resource.startsWith('policy/')
  ) {
    throw invalidInput(`ARN ${arn} is not valid.`);
  }
  if (parsed.partition !== partition) return undefined;
  if (parsed.accountId === 'aws') {
    const policy = awsManagedPolicy(arn);
    return policy === undefined ? undefined : { owner: 'aws', policy };
  }
  if (parsed.accountId !== accountId) return undefined;
  const name = parsed.resource.slice(parsed.resource.lastIndexOf('/') + 1);
  const stored = await readRecord<PolicyRecord>(storage, policyKey(accountId, name));
  if (stored === undefined || policyArn(partition, stored.record) !== arn) return undefined;
  return { owner: 'account', stored };
}

/**
 * How many users and roles of the account have each policy attached. Counted, because AWS's policies have no record
 * in the account that could hold the number; for its own policies the record's count says the same.
 */
export async function countAttachments(
  storage: StorageReader,
  accountId: string,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const prefix of [usersPrefix(accountId), rolesPrefix(accountId)]) {
    const { entries } = await storage.list({ prefix });
    for (const { value } of entries) {
      const { attachedPolicyArns } = JSON.parse(value) as UserRecord | RoleRecord;
      for (const arn of attachedPolicyArns) counts.set(arn, (counts.get(arn) ?? 0) + 1);
    }
  }
  return counts;
}
