import { parseCustomPolicyArn } from '../../engine/accesspolicies/custom.ts';
import type { AccessEntryRecord, AccessPolicyRecord } from '../../storage/records/eks.ts';
import { accessPolicyKey, accessPolicyUseKey } from '../../storage/records/keys.ts';
import type { Batch, Delete, Put, Storage } from '../../storage/storage.ts';
import type { Found } from './lookup.ts';

/** Where the policy is stored, if the ARN is that of an account's own. */
function keyOf(policyArn: string, { partition, accountId }: Owner): string | undefined {
  const named = parseCustomPolicyArn(policyArn);
  // SECURITY: what another account calls its policies, it can change; a cluster follows those of its own account alone.
  const isOwn = named?.partition === partition && named.accountId === accountId;
  return isOwn ? accessPolicyKey(accountId, named.name) : undefined;
}

interface Owner {
  readonly partition: string;
  readonly accountId: string;
}

/** An account's own access policy by its ARN; undefined for one that does not exist or is another account's. */
export async function findCustomPolicy(
  storage: Storage,
  owner: Owner,
  policyArn: string,
): Promise<Found<AccessPolicyRecord> | undefined> {
  const key = keyOf(policyArn, owner);
  const stored = key === undefined ? undefined : await storage.get(key);
  if (stored === undefined) return undefined;
  return {
    key: stored.key,
    record: JSON.parse(stored.value) as AccessPolicyRecord,
    unchanged: { key: stored.key, revision: stored.revision },
  };
}

/**
 * What an association of the policy adds to its batch.
 *
 * INVARIANT: a use is stored exactly as long as an entry has the association. A deletion looks for uses and expects the
 * record unchanged, an association changes the record: of the two, one loses and looks again. So no policy that is made
 * anew under an old name is met by an association of the old one.
 */
export function associating(
  policy: Found<AccessPolicyRecord>,
  clusterId: string,
  principalArn: string,
): Required<Batch> {
  const { accountId, name, associationsMade } = policy.record;
  const changed: AccessPolicyRecord = { ...policy.record, associationsMade: associationsMade + 1 };
  return {
    expect: [policy.unchanged],
    changes: [
      { type: 'put', key: policy.key, value: JSON.stringify(changed) },
      useOf(accountId, name, clusterId, principalArn),
    ],
  };
}

function useOf(accountId: string, name: string, clusterId: string, principalArn: string): Put {
  return { type: 'put', key: accessPolicyUseKey(accountId, name, clusterId, principalArn), value: '{}' };
}

/** What goes when these associations of an entry end, or the entry with all of them. */
export function endedUses(
  clusterId: string,
  { principalArn, associatedPolicies }: Pick<AccessEntryRecord, 'principalArn' | 'associatedPolicies'>,
): readonly Delete[] {
  return associatedPolicies.flatMap(({ policyArn }) => {
    const named = parseCustomPolicyArn(policyArn);
    if (named === undefined) return [];
    const { accountId, name } = named;
    return [{ type: 'delete', key: accessPolicyUseKey(accountId, name, clusterId, principalArn) } as const];
  });
}
