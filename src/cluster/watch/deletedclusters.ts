import { asText, parseObject } from '../../access/json.ts';
import { allClustersPrefix } from '../../storage/records/keys.ts';
import type { Storage } from '../../storage/storage.ts';
import type { WatchSlots } from './slots.ts';

/**
 * Ends the watches of clusters that are deleted, until what it answers is called. Their clients would otherwise take an
 * empty cluster for the real one until their watch is over, and hold one whose name may have been given to another.
 */
export function endWatchesOfDeleted(
  storage: Pick<Storage, 'watch'>,
  watches: Pick<WatchSlots, 'stopThose'>,
): () => void {
  const watch = storage.watch({ prefix: allClustersPrefix }, (changes) => {
    for (const { value, previous } of changes) {
      const clusterId = clusterIdOf(previous?.value);
      if (clusterId === undefined || clusterId === clusterIdOf(value)) continue;
      watches.stopThose((_, of) => of === clusterId);
    }
  });
  return () => watch.close();
}

function clusterIdOf(record: string | undefined): string | undefined {
  return asText(parseObject(record ?? '')?.clusterId);
}
