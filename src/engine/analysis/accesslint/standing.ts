import { isMatcherArn } from '../../identity/entries.ts';
import type { SnapshotAccessEntry } from '../snapshot/snapshot.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import { pinsOf } from '../world/pins.ts';
import type { KnownPrincipal, Principals } from '../world/principals.ts';
import { subjectNamed } from './mappings.ts';
import { isServiceLinked } from './names.ts';

/** Whether the principal of an entry is who was meant (eks-access-facts B15 to B17). */
export type Standing =
  | { readonly is: 'current' | 'deleted' }
  | { readonly is: 'recreated' | 'otherPath' | 'renamed'; readonly now: KnownPrincipal };

/** The standing of each entry of a cluster. */
export function standingsOf(
  { cluster }: ClusterWorld,
  principals: Principals,
): ReadonlyMap<SnapshotAccessEntry, Standing> {
  const pins = pinsOf(cluster, principals);
  return new Map(
    cluster.accessEntries.map((entry) => [
      entry,
      standingOf(entry.principalArn, pins.get(entry.principalArn) ?? '', principals),
    ]),
  );
}

function standingOf(principalArn: string, pinned: string, principals: Principals): Standing {
  if (isMatcherArn(principalArn) || isServiceLinked(principalArn)) return { is: 'current' };
  const ofId = principals.ofId(pinned);
  if (ofId !== undefined) {
    return ofId.record.arn === principalArn ? { is: 'current' } : { is: 'renamed', now: ofId };
  }
  const subject = subjectNamed(principalArn, principals);
  const isThere = subject?.type === 'root' || subject?.standing === 'unlisted';
  if (subject === undefined || isThere) return { is: 'current' };
  const now = principals.named(principalArn);
  if (now === undefined) return { is: 'deleted' };
  return { is: now.record.arn === principalArn ? 'recreated' : 'otherPath', now };
}
