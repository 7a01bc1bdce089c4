import { settledKey } from '../../storage/records/keys.ts';
import type { Storage } from '../../storage/storage.ts';

/** Up to where the trail is complete: what an export that goes on there later relies on. */
export interface Settlement {
  /** Epoch milliseconds. Records that are made from now on must stand at this time or later. */
  readonly floor: number;
  /**
   * Epoch milliseconds: every record that stands before is stored, and none ever comes there, also after a restart or
   * with a clock that is set back. Rejects when the store does.
   */
  settle(): Promise<number>;
}

export interface SettlementOptions {
  readonly storage: Pick<Storage, 'get' | 'commit'>;
  readonly now: () => number;
  /** The time of the oldest record that is made and not yet stored; undefined when there is none. */
  readonly oldestWaiting: () => number | undefined;
  readonly onUnreadable: (key: string) => void;
}

/** Left open, so that a clock that is put right by moments does not pile records up at one time. */
const settlingMs = 5_000;

export async function openSettlement(options: SettlementOptions): Promise<Settlement> {
  const { storage, now, oldestWaiting } = options;
  const stored = await storage.get(settledKey);
  let settled = stored === undefined ? 0 : Number(stored.value);
  if (!Number.isSafeInteger(settled) || settled < 0) {
    options.onUnreadable(settledKey);
    settled = 0;
  }
  let floor = settled;
  return {
    get floor() {
      return floor;
    },
    async settle() {
      const until = Math.min(now() - settlingMs, oldestWaiting() ?? Number.POSITIVE_INFINITY);
      if (until <= settled) return settled;
      // INVARIANT: the floor first. The store keeps the order of its batches, so what was on its way before is there
      // once this one is, and what is made from here on stands later.
      floor = Math.max(floor, until);
      await storage.commit({ changes: [{ type: 'put', key: settledKey, value: String(floor) }] });
      settled = Math.max(settled, until);
      return settled;
    },
  };
}
