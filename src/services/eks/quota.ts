import type { Storage } from '../../storage/storage.ts';

/** Keeps the number of keys under a prefix at or below a limit while creations run side by side. */
export interface Quota {
  /**
   * Runs `create`, which adds one key under `prefix`, if that key still has room; throws `exceeded()` otherwise.
   * Exact within one process; several processes together may overshoot by what they create at the same moment.
   */
  within<T>(prefix: string, create: () => Promise<T>): Promise<T>;
}

/**
 * Creations far from the limit run in parallel, so that group commit can batch them. Those that might not fit queue
 * up and are judged one at a time, so that nobody is refused because of a neighbour that fails or is counted twice.
 */
export function createQuota(storage: Storage, limit: number, exceeded: () => Error): Quota {
  const held = new Map<string, Set<Promise<unknown>>>();
  const queues = new Map<string, Promise<unknown>>();

  /** `fits` is decided with the places held before the count: a neighbour may finish while we count. */
  const attempt = async <T>(prefix: string, create: () => Promise<T>): Promise<{ value: T } | Neighbours> => {
    const holders = held.get(prefix) ?? new Set();
    held.set(prefix, holders);
    const neighbours = [...holders];
    const { promise, resolve } = Promise.withResolvers<void>();
    holders.add(promise);
    try {
      const room = limit - (await storage.count(prefix));
      return neighbours.length < room ? { value: await create() } : { neighbours };
    } finally {
      holders.delete(promise);
      if (holders.size === 0) held.delete(prefix);
      resolve();
    }
  };

  const queued = async <T>(prefix: string, create: () => Promise<T>): Promise<T> => {
    for (;;) {
      const outcome = await attempt(prefix, create);
      if ('value' in outcome) return outcome.value;
      if (outcome.neighbours.length === 0) throw exceeded();
      await Promise.all(outcome.neighbours);
    }
  };

  return {
    async within(prefix, create) {
      const outcome = await attempt(prefix, create);
      if ('value' in outcome) return outcome.value;
      const before = queues.get(prefix) ?? Promise.resolve();
      const turn = before.then(() => queued(prefix, create));
      const settled = turn.catch(() => undefined);
      queues.set(prefix, settled);
      try {
        return await turn;
      } finally {
        if (queues.get(prefix) === settled) queues.delete(prefix);
      }
    },
  };
}

interface Neighbours {
  readonly neighbours: readonly Promise<unknown>[];
}
