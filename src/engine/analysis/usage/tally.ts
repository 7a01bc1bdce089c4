import type { AccessUse } from './use.ts';

/** Equal uses, counted. */
export interface TalliedUse {
  readonly did: AccessUse['did'];
  readonly allowed: boolean;
  readonly count: number;
  /** Epoch milliseconds. */
  readonly firstAt: number;
  readonly lastAt: number;
}

/** Counts uses as they come; its size depends on how many different things are done, and has a bound. */
export interface UsageTally {
  add(use: AccessUse): void;
  /** In the order they first came. */
  uses(): readonly TalliedUse[];
  /** Uses that were not counted, because too many different ones came before. */
  readonly uncounted: number;
}

/** Names of objects are the part that has no end; 100,000 different requests are no role anybody can shrink. */
const maximumDifferent = 100_000;

export function createUsageTally(): UsageTally {
  const found = new Map<
    string,
    { did: AccessUse['did']; allowed: boolean; count: number; firstAt: number; lastAt: number }
  >();
  let uncounted = 0;
  return {
    add({ did, allowed, at }) {
      const key = JSON.stringify([allowed, did]);
      const known = found.get(key);
      if (known !== undefined) {
        known.count++;
        known.firstAt = Math.min(known.firstAt, at);
        known.lastAt = Math.max(known.lastAt, at);
      } else if (found.size >= maximumDifferent) uncounted++;
      else found.set(key, { did, allowed, count: 1, firstAt: at, lastAt: at });
    },
    uses: () => [...found.values()],
    get uncounted() {
      return uncounted;
    },
  };
}
