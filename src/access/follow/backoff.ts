/** Milliseconds between attempts. */
export interface BackoffTimes {
  readonly first: number;
  readonly longest: number;
}

export const defaultBackoff: BackoffTimes = { first: 1_000, longest: 60_000 };

/**
 * How long to wait after the given number of failures in a row, the first being 1: twice as long each time up to the
 * longest, and of that a random half, so that those who lost the same API do not come back at the same moment.
 */
export function backoffAfter(
  failures: number,
  { first, longest }: BackoffTimes,
  random: () => number,
): number {
  const whole = Math.min(longest, first * 2 ** Math.min(failures - 1, 30));
  return whole / 2 + (whole / 2) * random();
}

/** Resolves after the time, or at once when the signal is aborted. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', over);
      resolve();
    };
    const timer = setTimeout(over, milliseconds);
    if (signal.aborted) over();
    else signal.addEventListener('abort', over, { once: true });
  });
}
