import type { OwnerIndex } from './ownerindex.ts';

/** How far a circle is followed; who is in a longer one goes on waiting. */
const maximumSteps = 20_000;

/** The objects that are deleted in the foreground and wait for their dependents, by their uid. */
export interface Waiting {
  add(uid: string, key: string): void;
  delete(uid: string): void;
  keyOf(uid: string): string | undefined;
  /** Whether it has to go on waiting: a dependent that blocks it is left which does not, in turn, wait for it. */
  isBlocked(uid: string, key: string): boolean;
  readonly isEmpty: boolean;
}

export function createWaiting(index: OwnerIndex): Waiting {
  const keys = new Map<string, string>();
  const uids = new Map<string, string>();

  /**
   * COMPAT: upstream's collector leaves objects that wait for each other in a circle where they are when somebody deleted
   * each of them in the foreground; here the one that closes the circle is let go.
   */
  const isInCircle = (uid: string): boolean => {
    const seen = new Set([uid]);
    const stack = [uid];
    let steps = maximumSteps;
    for (let one = stack.pop(); one !== undefined; one = stack.pop()) {
      for (const key of index.blocking(one)) {
        steps -= 1;
        if (steps < 0) return false;
        const next = uids.get(key);
        if (next === undefined) continue;
        if (next === uid && one !== uid) return true;
        if (seen.has(next)) continue;
        seen.add(next);
        stack.push(next);
      }
    }
    return false;
  };

  return {
    add(uid, key) {
      keys.set(uid, key);
      uids.set(key, uid);
    },
    delete(uid) {
      const key = keys.get(uid);
      if (key === undefined) return;
      keys.delete(uid);
      if (uids.get(key) === uid) uids.delete(key);
    },
    keyOf: (uid) => keys.get(uid),
    isBlocked: (uid, key) => index.isBlocked(uid, key) && !isInCircle(uid),
    get isEmpty() {
      return keys.size === 0;
    },
  };
}
