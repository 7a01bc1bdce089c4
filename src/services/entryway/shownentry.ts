import { isMatcherArn } from '../../engine/identity/entries.ts';
import type { AccessEntryRecord } from '../../storage/records/eks.ts';
import { type ShownAssociation, shownAssociation } from './associations.ts';

/** A role that a matcher means or has let in. `iam`: a role of this server now; `seen`: known by its login alone. */
export interface ShownRole {
  readonly principalArn: string;
  readonly principalId: string;
  readonly source: 'iam' | 'seen';
  readonly seenAt?: Date;
}

/**
 * What an entry is tied to: the id of somebody of this server (`local`), the id AWS's IAM told (`awsIam`) or the one that
 * came first (`firstUse`), nobody yet (`waiting`), or whoever a matcher means.
 */
export type Pinning = 'local' | 'awsIam' | 'firstUse' | 'waiting' | 'matcher';

/** An access entry with what EKS does not show of it. */
export interface ShownEntry {
  readonly clusterName: string;
  readonly principalArn: string;
  readonly principalId: string;
  readonly pinnedBy: Pinning;
  readonly pinnedAt?: Date;
  readonly matchedRoles?: readonly ShownRole[];
  readonly type: string;
  readonly username: string;
  readonly kubernetesGroups: readonly string[];
  readonly accessPolicies: readonly ShownAssociation[];
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAt: Date;
  readonly modifiedAt: Date;
}

/** `now` is epoch milliseconds. Roles are shown where they were looked up. */
export function shownEntry(
  record: AccessEntryRecord,
  now: number,
  matchedRoles?: readonly ShownRole[],
): ShownEntry {
  const { clusterName, principalArn, principalId, pinnedAt, type, username } = record;
  return {
    clusterName,
    principalArn,
    principalId,
    pinnedBy: pinningOf(record),
    ...(pinnedAt !== undefined && { pinnedAt: new Date(pinnedAt) }),
    ...(matchedRoles !== undefined && { matchedRoles }),
    type,
    username,
    kubernetesGroups: [...record.kubernetesGroups],
    accessPolicies: record.associatedPolicies.map((association) => shownAssociation(association, now)),
    tags: { ...record.tags },
    createdAt: new Date(record.createdAt),
    modifiedAt: new Date(record.modifiedAt),
  };
}

function pinningOf({ principalArn, principalId, pinnedBy }: AccessEntryRecord): Pinning {
  if (isMatcherArn(principalArn)) return 'matcher';
  if (principalId === '') return 'waiting';
  return pinnedBy ?? 'local';
}
