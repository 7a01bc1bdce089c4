/** Lets through so many a second, and as many as `burst` at once after a rest. */
export interface TokenBucket {
  /** Whether this one may pass. */
  take(): boolean;
}

/** `now` is milliseconds. */
export function createTokenBucket({
  perSecond,
  burst,
  now,
}: {
  readonly perSecond: number;
  readonly burst: number;
  readonly now: () => number;
}): TokenBucket {
  let left = burst;
  let filledAt = now();
  return {
    take() {
      const time = now();
      // A clock that was set back must not close the bucket until it has caught up.
      const passed = Math.max(0, time - filledAt);
      filledAt = time;
      left = Math.min(burst, left + (passed * perSecond) / 1000);
      if (left < 1) return false;
      left -= 1;
      return true;
    },
  };
}
