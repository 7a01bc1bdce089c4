import type { SubjectIdentity } from '../../world/cluster.ts';
import type { Candidate, Wanted } from './candidate.ts';
import { canHaveEntry, createEntryEdit, entryLike, isUsableGroup, isUsableUsername } from './entries.ts';
import { policyCandidates } from './policies.ts';
import { roleCandidates } from './roles.ts';

/** What may let somebody who is known in the cluster do what was refused. */
export function decisionCandidates(wanted: Wanted, identity: SubjectIdentity): readonly Candidate[] {
  return [...byPolicies(wanted, identity), ...roleCandidates(wanted, identity)];
}

function byPolicies(wanted: Wanted, { mapped }: SubjectIdentity): readonly Candidate[] {
  const { cluster, subject } = wanted;
  const { authenticationMode, awsAuth } = cluster.cluster;
  if (mapped === undefined || subject.kind !== 'iam' || authenticationMode === 'CONFIG_MAP') return [];
  if (mapped.mappedBy.source === 'accessEntry') {
    const entry = cluster.entry(mapped.mappedBy.arn);
    return entry === undefined ? [] : policyCandidates(wanted, entry);
  }
  // Who comes by aws-auth: an entry goes before it, and must not take away what the mapping gives.
  const { arn } = mapped.mappedBy;
  const item = [...(awsAuth?.roles ?? []), ...(awsAuth?.users ?? [])].findLast(
    (one) => ('userarn' in one ? one.userarn : one.rolearn) === arn,
  );
  const isUsable =
    item !== undefined &&
    canHaveEntry(subject) &&
    isUsableUsername(item.username, subject) &&
    item.groups.every((group) => isUsableGroup(group, subject));
  if (!isUsable) return [];
  const entry = createEntryEdit(subject.arn, item);
  return policyCandidates(wanted, entryLike(entry)).map(({ kind, summary, edits }) => ({
    kind,
    summary: `create an access entry like its item in aws-auth, and ${summary}`,
    edits: [entry, ...edits],
  }));
}
