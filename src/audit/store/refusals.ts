/**
 * Bounds how many records strangers can cause.
 *
 * SECURITY: whoever can connect can make calls that are refused before anybody knows whose they are. Recorded one by
 * one they could push the history of real calls out of the trail's retention; beyond the bound they are counted. What one of
 * them may hold is bounded where it is made (`isStranger`).
 */
export interface Refusals {
  /** May this one be recorded by itself? Otherwise it has been counted. */
  admit(at: number): boolean;
  /** Those counted so far, once; undefined when there are none. */
  takeCount(): { readonly count: number; readonly from: number; readonly to: number } | undefined;
}

export interface RefusalLimits {
  readonly perSecond: number;
  /** Records at once, after a quiet time. */
  readonly burst: number;
}

/** In the 90 days of the retention less than a tenth of what the trail holds, at the usual size of such a record. */
const defaults: RefusalLimits = { perSecond: 0.1, burst: 1000 };

export function createRefusals(limits: Partial<RefusalLimits> = {}): Refusals {
  const { perSecond, burst } = { ...defaults, ...limits };
  let left = burst;
  let filledAt: number | undefined;
  let counted: { count: number; from: number; to: number } | undefined;
  return {
    admit(at) {
      // A clock that goes back fills nothing.
      const passed = Math.max(0, at - (filledAt ?? at));
      left = Math.min(burst, left + (passed / 1000) * perSecond);
      filledAt = at;
      if (left >= 1) {
        left -= 1;
        return true;
      }
      counted = { count: (counted?.count ?? 0) + 1, from: counted?.from ?? at, to: at };
      return false;
    },
    takeCount() {
      const taken = counted;
      counted = undefined;
      return taken;
    },
  };
}
