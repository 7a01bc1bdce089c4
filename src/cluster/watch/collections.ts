import type { Storage } from '../../storage/storage.ts';
import { createFollower, type Follower } from './follower.ts';

/** The resources that somebody follows or lists whole, each followed once. */
export interface Collections {
  /** The follower of a resource, by its prefix. It may be used in this turn; to use it longer, hold it. */
  follow(prefix: string): Follower;
  /** The follower if there is one: reading a few objects is no reason to begin. */
  present(prefix: string): Follower | undefined;
  /** Keeps a follower alive until the function returned is called. */
  hold(prefix: string): () => void;
  close(): void;
}

/** Milliseconds a resource is followed after its last use: clients that lost their watch list, and then watch again. */
const lingering = 30_000;

/**
 * Bounded: all followers together hold at most `snapshotCharacters` of objects. Beyond, those that nobody watches are
 * given up, the least recently used first; what does not fit even then is read from the store each time.
 */
export function createCollections(
  storage: Storage,
  limits: { readonly snapshotCharacters: number; readonly listItems: number },
  now: () => number = () => performance.now(),
): Collections {
  const entries = new Map<string, { readonly follower: Follower; holders: number; usedAt: number }>();
  let sweeping: NodeJS.Timeout | undefined;
  let closed = false;

  const total = (): number => {
    let sum = 0;
    for (const { follower } of entries.values()) sum += follower.characters;
    return sum;
  };
  const mayHold = (own: string): boolean => {
    if (total() <= limits.snapshotCharacters) return true;
    const idle = [...entries].filter(([prefix, { holders }]) => holders === 0 && prefix !== own);
    for (const [, { follower }] of idle.toSorted(([, a], [, b]) => a.usedAt - b.usedAt)) {
      follower.forget();
      if (total() <= limits.snapshotCharacters) return true;
    }
    return false;
  };
  const sweep = (): void => {
    for (const [prefix, { follower, holders, usedAt }] of entries) {
      if (holders > 0 || now() - usedAt < lingering) continue;
      follower.close();
      entries.delete(prefix);
    }
    if (entries.size > 0) return;
    clearInterval(sweeping);
    sweeping = undefined;
  };
  const entryOf = (prefix: string) => {
    const known = entries.get(prefix);
    if (known !== undefined) {
      known.usedAt = now();
      return known;
    }
    const follower = createFollower({
      storage,
      prefix,
      maximumEntries: limits.listItems,
      mayHold: () => mayHold(prefix),
    });
    const made = { follower, holders: 0, usedAt: now() };
    entries.set(prefix, made);
    if (!closed) sweeping ??= setInterval(sweep, lingering / 3).unref();
    return made;
  };

  return {
    follow: (prefix) => entryOf(prefix).follower,
    present: (prefix) => (entries.has(prefix) ? entryOf(prefix).follower : undefined),
    hold(prefix) {
      const entry = entryOf(prefix);
      entry.holders += 1;
      let isHeld = true;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        entry.holders -= 1;
        entry.usedAt = now();
      };
    },
    close() {
      closed = true;
      clearInterval(sweeping);
      for (const { follower } of entries.values()) follower.close();
      entries.clear();
    },
  };
}
