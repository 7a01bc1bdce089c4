import type { AccessUse } from './use.ts';

/** Equal uses, counted. */
export interface TalliedUse extends Pick<AccessUse, 'did' | 'allowed'> {
  readonly count: number;
  /** Epoch milliseconds. */
  readonly firstAt: number;
  readonly lastAt: number;
}

/** The same with whose they are: plain data, which can be handed from thread to thread. */
export interface LedgerEntry extends TalliedUse, Pick<AccessUse, 'who'> {}

/** Counts uses as they come; its size depends on how many different things are done, and has a bound. */
export interface UsageTally<Use extends TalliedUse> {
  add(use: Use): void;
  /** In the order they first came. */
  uses(): readonly Use[];
  /** Uses that were not counted, because too many different ones came before. */
  readonly uncounted: number;
}

/** Names of objects are the part that has no end; 100,000 different requests are no role anybody can shrink. */
const maximumDifferent = 100_000;
/** SECURITY: characters of all that is kept; names and paths in a log are as long as whoever wrote it wanted. */
const maximumText = 32 * 1024 * 1024;

/** `keyOf`: equal for uses that count as one. */
export function createUsageTally<Use extends TalliedUse>(keyOf: (use: Use) => unknown): UsageTally<Use> {
  const found = new Map<string, Use>();
  let text = 0;
  let uncounted = 0;
  return {
    add(use) {
      const key = JSON.stringify(keyOf(use));
      const known = found.get(key);
      if (known !== undefined) {
        found.set(key, {
          ...known,
          count: known.count + use.count,
          firstAt: Math.min(known.firstAt, use.firstAt),
          lastAt: Math.max(known.lastAt, use.lastAt),
        });
      } else if (found.size >= maximumDifferent || text + key.length > maximumText) uncounted += use.count;
      else {
        found.set(key, use);
        text += key.length;
      }
    },
    uses: () => [...found.values()],
    get uncounted() {
      return uncounted;
    },
  };
}

/** One use, as something to be counted. */
export function countedOnce({ who, did, allowed, at }: AccessUse): LedgerEntry {
  return { who, did, allowed, count: 1, firstAt: at, lastAt: at };
}
