/** What may be spent at once, and what comes back with each second. */
export interface AllowanceTimes {
  readonly most: number;
  readonly perSecond: number;
}

export interface Allowance {
  /** Spends the cost whole, also beyond what is left; false, and nothing is spent, while nothing is left. */
  take(cost: number): boolean;
}

/** `clock` is in milliseconds and never goes back. */
export function createAllowance({ most, perSecond }: AllowanceTimes, clock: () => number): Allowance {
  let left = most;
  let since = clock();
  return {
    take(cost) {
      const now = clock();
      left = Math.min(most, left + ((now - since) / 1000) * perSecond);
      since = now;
      if (left <= 0) return false;
      left -= cost;
      return true;
    },
  };
}
