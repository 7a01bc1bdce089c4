import { findAccessPolicy } from '../../engine/accesspolicies/catalogue.ts';
import type { AccessEntryRecord, AccessScope, AssociatedPolicyRecord } from '../../storage/records/eks.ts';
import type { Batch } from '../../storage/storage.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import type { OperationContext } from '../operation.ts';
import { associating, findCustomPolicy } from './customaccesspolicies.ts';
import type { EksDeps } from './deps.ts';
import { putEntry } from './entryrecord.ts';
import { findAccessEntry } from './lookup.ts';
import { refuseMalformedPolicyArn } from './policyarn.ts';
import { invalidParameter } from './refusals.ts';
import { atomically } from './retrying.ts';

/** AWS publishes no limits (B32); these bound what one association can cost. A namespace's name has at most 63. */
const MAX_NAMESPACES = 500;
const MAX_NAMESPACE_LENGTH = 253;

/** Extension: until when, and why. */
export type AssociationTerms = Pick<AssociatedPolicyRecord, 'expiresAt' | 'reason'>;

export interface AssociationWish<Output> {
  readonly clusterName: string;
  readonly principalArn: string;
  readonly policyArn: string;
  readonly accessScope: ScopeInput;
  /** Checked by who reads them; `asBefore` keeps those of an association that is there. */
  readonly terms: AssociationTerms | 'asBefore';
  answer(association: AssociatedPolicyRecord): Output;
}

interface ScopeInput {
  readonly type?: string | undefined;
  readonly namespaces?: readonly string[] | undefined;
}

/** Associates an access policy, AWS's or one of the cluster's account, with an entry; again replaces the scope (C5). */
export async function associatePolicy<Output>(
  { storage, partition }: Pick<EksDeps, 'storage' | 'partition'>,
  context: OperationContext,
  { clusterName, principalArn, policyArn, accessScope, terms, answer }: AssociationWish<Output>,
): Promise<Output> {
  refuseMalformedPolicyArn(policyArn);
  const scope = readScope(accessScope);
  return await atomically(async () => {
    const { cluster, entry } = await findAccessEntry(storage, context, clusterName, principalArn);
    refuseEntryWithoutPolicies(entry.record);
    const { clusterId, accountId } = cluster.record;
    const use = isStock(policyArn, partition)
      ? undefined
      : associating(
          (await findCustomPolicy(storage, { partition, accountId }, policyArn)) ?? unknownPolicy(),
          clusterId,
          principalArn,
        );
    const before = associationOf(entry.record, policyArn);
    const { expiresAt, reason } = (terms === 'asBefore' ? before : terms) ?? {};
    const association: AssociatedPolicyRecord = {
      policyArn,
      accessScope: scope,
      // C5: associating again is how a scope is changed; it stays the same association.
      associatedAt: before?.associatedAt ?? context.now,
      modifiedAt: context.now,
      ...(expiresAt !== undefined && { expiresAt }),
      ...(reason !== undefined && { reason }),
    };
    const associatedPolicies = [
      ...entry.record.associatedPolicies.filter((policy) => policy.policyArn !== policyArn),
      association,
    ];
    const batch: Batch = {
      expect: [cluster.unchanged, entry.unchanged, ...(use?.expect ?? [])],
      changes: [putEntry(clusterId, { ...entry.record, associatedPolicies }), ...(use?.changes ?? [])],
    };
    return context.commit(batch, answer(association));
  });
}

export function associationOf(
  entry: AccessEntryRecord | undefined,
  policyArn: string,
): AssociatedPolicyRecord | undefined {
  return entry?.associatedPolicies.find((policy) => policy.policyArn === policyArn);
}

/** F16, F17; a type that is neither is refused. What namespaces exist or how they are spelled is not checked (C6). */
function readScope(input: ScopeInput): AccessScope {
  const namespaces = input.namespaces ?? [];
  if (input.type !== 'cluster' && input.type !== 'namespace') {
    throw invalidParameter('The accessScope type must be one of [cluster, namespace]');
  }
  if (input.type === 'namespace' && namespaces.length === 0) {
    throw invalidParameter('At least 1 namespace must be provided if the type is set as namespace');
  }
  if (input.type === 'cluster' && namespaces.length > 0) {
    throw invalidParameter('accessScope should not include namespaces if the type is not set as namespace');
  }
  if (namespaces.length > MAX_NAMESPACES) {
    throw invalidParameter(`accessScope can include at most ${MAX_NAMESPACES} namespaces`);
  }
  if (namespaces.some((name) => name === '' || name.length > MAX_NAMESPACE_LENGTH)) {
    throw invalidParameter(`A namespace of an accessScope has 1 to ${MAX_NAMESPACE_LENGTH} characters`);
  }
  return { type: input.type, namespaces: [...namespaces] };
}

/** F12. COMPAT: the Auto Mode guide tells users to associate a policy with an entry of type EC2, so that one may (B5). */
function refuseEntryWithoutPolicies(entry: AccessEntryRecord): void {
  if (entry.type === 'STANDARD' || entry.type === 'EC2') return;
  throw invalidParameter(
    'This operation can only be performed on Access Entries with a type of "STANDARD".',
    entry.clusterName,
  );
}

/** Whether it is a policy of AWS; throws F15 for those that AWS keeps to itself. */
function isStock(policyArn: string, partition: string): boolean {
  const policy = findAccessPolicy(policyArn, partition);
  if (policy?.intendedFor === 'serviceLinkedRoles') {
    throw invalidParameter('The specified policyArn can only be associated with service-linked roles');
  }
  return policy !== undefined;
}

/** F14, C15: also for another partition's ARN, and for a policy of another account. */
function unknownPolicy(): never {
  throw new AwsError(
    'ResourceNotFoundException',
    "The specified policyArn could not be found. You can view your available access policies with 'list-access-policies'.",
  );
}
