import type { StorageReader } from '../storage/storage.ts';

/** Keeps the number of keys under a prefix at or below a limit while creations run side by side. */
export interface Quota {
  /**
   * Runs `create`, which adds one key under `prefix`, if there is room for it; throws `exceeded()` otherwise. Exact
   * while this process alone creates there; each further process may overshoot by `PLACES_PER_COUNT`.
   */
  within<T>(prefix: string, create: () => Promise<T>): Promise<T>;
}

/** One count answers for this many creations: counting 3,000 keys for each would cost more than storing the entry. */
const PLACES_PER_COUNT = 256;

/** Prefixes whose places are remembered; a forgotten one is counted again. */
const MAX_PREFIXES = 1024;

interface Places {
  /** Places known to be free and promised to nobody. */
  free: number;
  readonly running: Set<Promise<unknown>>;
  /** A count under way; true when it found room. */
  counting: Promise<boolean> | undefined;
}

export function createQuota(
  storage: Pick<StorageReader, 'count'>,
  limit: number,
  exceeded: () => Error,
): Quota {
  const places = new Map<string, Places>();

  const placesOf = (prefix: string): Places => {
    const known = places.get(prefix);
    if (known !== undefined) return known;
    if (places.size >= MAX_PREFIXES) {
      for (const [idle, { running, counting }] of places) {
        if (running.size > 0 || counting !== undefined) continue;
        places.delete(idle);
        break;
      }
    }
    const fresh: Places = { free: 0, running: new Set(), counting: undefined };
    places.set(prefix, fresh);
    return fresh;
  };

  /** Counts while nothing is being created, so that every place is either taken or free. */
  const count = async (prefix: string, at: Places): Promise<boolean> => {
    await Promise.allSettled(at.running);
    at.free = 0;
    at.free = Math.max(0, Math.min(limit - (await storage.count(prefix)), PLACES_PER_COUNT));
    return at.free > 0;
  };

  const take = async (prefix: string, at: Places): Promise<void> => {
    while (at.free === 0 || at.counting !== undefined) {
      at.counting ??= count(prefix, at).finally(() => {
        at.counting = undefined;
      });
      if (!(await at.counting)) throw exceeded();
    }
    at.free--;
  };

  return {
    async within(prefix, create) {
      const at = placesOf(prefix);
      await take(prefix, at);
      const creation = create();
      at.running.add(creation);
      try {
        return await creation;
      } catch (error) {
        at.free++;
        throw error;
      } finally {
        at.running.delete(creation);
      }
    },
  };
}
