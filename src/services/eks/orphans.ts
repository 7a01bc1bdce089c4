import type { AccessEntryRecord, ClusterRecord } from '../../storage/records/eks.ts';
import {
  accessEntriesPrefix,
  allClustersPrefix,
  clusterChildrenPrefixes,
} from '../../storage/records/keys.ts';
import type { Delete, Storage, StoredEntry } from '../../storage/storage.ts';
import { endedUses } from './customaccesspolicies.ts';

/** Keys per batch: large enough to be quick, small enough not to hold up other writers. */
const CHUNK = 500;

/** Deletes everything that hangs on a cluster whose record is gone. */
export async function deleteChildren(storage: Storage, clusterId: string): Promise<void> {
  for (const parents of clusterChildrenPrefixes) {
    const prefix = `${parents}${clusterId}/`;
    for (;;) {
      const { entries, more } = await storage.list({ prefix, limit: CHUNK });
      if (entries.length > 0) {
        await storage.commit({ changes: entries.flatMap((entry) => deletionsOf(clusterId, entry)) });
      }
      if (!more) break;
    }
  }
}

/** An access policy that an entry has is used no more when the entry goes, or nobody could ever delete it. */
function deletionsOf(clusterId: string, { key, value }: StoredEntry): readonly Delete[] {
  const deletion: Delete = { type: 'delete', key };
  if (!key.startsWith(accessEntriesPrefix(clusterId))) return [deletion];
  try {
    return [deletion, ...endedUses(clusterId, JSON.parse(value) as AccessEntryRecord)];
  } catch {
    // Not readable: it must not keep the rest of the cluster from being swept.
    return [deletion];
  }
}

/**
 * Deletes the children of clusters that no longer exist: what an interrupted DeleteCluster, or a write that raced
 * with one, left behind. Safe at any time: children are looked at before clusters, and a cluster appears together
 * with its first child. Resolves with the cluster ids that were swept.
 */
export async function sweepOrphans({ storage }: { readonly storage: Storage }): Promise<readonly string[]> {
  const parents = new Set<string>();
  for (const prefix of clusterChildrenPrefixes) {
    for (const clusterId of await firstSegments(storage, prefix)) parents.add(clusterId);
  }
  const { entries } = await storage.list({ prefix: allClustersPrefix });
  for (const { value } of entries) parents.delete((JSON.parse(value) as ClusterRecord).clusterId);
  for (const clusterId of parents) await deleteChildren(storage, clusterId);
  return [...parents];
}

/** The distinct segments after the prefix, one read each: it jumps over the keys below a segment. */
async function firstSegments(storage: Storage, prefix: string): Promise<readonly string[]> {
  const segments: string[] = [];
  let after: string | undefined;
  for (;;) {
    const { entries } = await storage.list({ prefix, limit: 1, ...(after !== undefined && { after }) });
    const key = entries[0]?.key;
    if (key === undefined) return segments;
    const segment = key.slice(prefix.length).split('/')[0] ?? '';
    segments.push(segment);
    // `0` is the character after `/`: the first key that does not continue the segment with a slash.
    after = `${prefix}${segment}0`;
  }
}
