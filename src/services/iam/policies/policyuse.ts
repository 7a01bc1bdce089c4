import type { GroupRecord, RoleRecord, UserRecord } from '../../../storage/records/iam.ts';
import { groupsPrefix, rolesPrefix, usersPrefix } from '../../../storage/records/keys.ts';
import type { Batch, StorageReader } from '../../../storage/storage.ts';
import type { Entity } from '../entities.ts';
import { noSuchEntity, policyNotAttachable } from '../errors.ts';
import { put } from '../records.ts';
import type { FoundPolicy } from './policylookup.ts';

/** Users, roles and groups that carry a managed policy: as permissions, or as the boundary of a user or role. */
export interface PolicyUse {
  readonly attachments: number;
  readonly boundaries: number;
}

/**
 * What a batch must hold beside the change of a user, role or group when that changes how a policy is used; nothing
 * for AWS's policies, which have no record here.
 *
 * INVARIANT: the policy's record is expected unchanged: it cannot be deleted while it is being attached.
 */
export function recounting(
  found: FoundPolicy | undefined,
  change: Partial<PolicyUse>,
): Required<Pick<Batch, 'expect' | 'changes'>> {
  if (found?.owner !== 'account') return { expect: [], changes: [] };
  const { key, revision, record } = found.stored;
  const counted = {
    ...record,
    attachmentCount: record.attachmentCount + (change.attachments ?? 0),
    boundaryCount: (record.boundaryCount ?? 0) + (change.boundaries ?? 0),
  };
  return { expect: [{ key, revision }], changes: [put(key, counted)] };
}

/**
 * The use of every policy in the account, by ARN. Counted, because AWS's policies have no record in the account that
 * could hold the numbers; for its own policies the record says the same.
 */
export async function countUse(
  storage: StorageReader,
  accountId: string,
): Promise<ReadonlyMap<string, PolicyUse>> {
  const uses = new Map<string, { attachments: number; boundaries: number }>();
  const useOf = (arn: string) => {
    const use = uses.get(arn) ?? { attachments: 0, boundaries: 0 };
    uses.set(arn, use);
    return use;
  };
  for (const prefix of [usersPrefix, rolesPrefix, groupsPrefix]) {
    const { entries } = await storage.list({ prefix: prefix(accountId) });
    for (const { value } of entries) {
      const record = JSON.parse(value) as Entity;
      for (const arn of record.attachedPolicyArns) useOf(arn).attachments++;
      const boundary = boundaryOf(record);
      if (boundary !== undefined) useOf(boundary).boundaries++;
    }
  }
  return uses;
}

/** The ARN of its boundary; groups have none. */
export function boundaryOf(record: UserRecord | RoleRecord | GroupRecord): string | undefined {
  return 'permissionsBoundaryArn' in record ? record.permissionsBoundaryArn : undefined;
}

/** Refuses what is not there or only for AWS's own roles. `noun` begins the text: `Policy`, or `Scope ARN:`. */
export function requireAttachable(found: FoundPolicy | undefined, noun: string, arn: string): FoundPolicy {
  if (found === undefined) throw noSuchEntity(`${noun} ${arn} does not exist or is not attachable.`);
  if (found.owner === 'aws' && found.policy.path.startsWith('/aws-service-role/')) {
    throw policyNotAttachable('Cannot attach a Service Role Policy to a Customer Role.');
  }
  return found;
}
