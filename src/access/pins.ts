import type { Principal } from '../engine/iam/principal.ts';

/** Ties an access entry that waits for its principal to the first one that comes (`pinnedBy: 'firstUse'`). */
export interface Pins {
  /**
   * Stores the principal's id in the entry, unless somebody was first. Resolves with whether the entry is now this
   * principal's. `now` is epoch milliseconds. Rejects when the store fails.
   */
  pin(clusterId: string, principalArn: string, principal: Principal, now: number): Promise<boolean>;
}
