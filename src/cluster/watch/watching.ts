import type { Storage } from '../../storage/storage.ts';
import type { KubernetesApiLimits } from '../limits.ts';
import { type Audiences, createAudiences } from './audiences.ts';
import { createWatchClock, type WatchClock } from './clock.ts';
import { type Collections, createCollections } from './collections.ts';
import { createWatchQueues, type WatchQueues } from './queues.ts';

/** What all watches share, so that the thousandth costs little more than its connection. */
export interface Watching {
  readonly collections: Collections;
  readonly audiences: Audiences;
  readonly queues: WatchQueues;
  readonly clock: WatchClock;
  close(): void;
}

export function createWatching(
  storage: Storage,
  limits: Pick<
    KubernetesApiLimits,
    'listItems' | 'snapshotCharacters' | 'watchBufferBytesAtOnce' | 'bookmarkInterval'
  >,
): Watching {
  const collections = createCollections(storage, limits);
  return {
    collections,
    audiences: createAudiences(),
    queues: createWatchQueues(limits.watchBufferBytesAtOnce),
    clock: createWatchClock(Math.min(1000, limits.bookmarkInterval / 2)),
    close: () => collections.close(),
  };
}
