import type { TrailPosition } from '../item.ts';

/** Digits of epoch milliseconds that last until the year 5138. */
const timeDigits = 14;
const counterDigits = 6;
const counterEnd = 36 ** counterDigits;

/**
 * Makes positions: time, then a counter, so that records of one millisecond keep their order, then the start of a
 * unique id.
 *
 * INVARIANT: positions are keys; two records must never have one, or the later would replace the earlier. The id
 * keeps them apart when a clock goes back over a restart and the counter begins anew.
 *
 * No position is before the floor (epoch milliseconds), whatever the clock says.
 */
export function createPositions(floor: () => number): (at: number, uniqueId: string) => TrailPosition {
  let counter = 0;
  return (at, uniqueId) => {
    counter = (counter + 1) % counterEnd;
    const order = counter.toString(36).padStart(counterDigits, '0');
    return `${timeText(Math.max(at, floor()))}-${order}-${uniqueId.slice(0, 8)}`;
  };
}

/** Epoch milliseconds of a position. */
export function timeOf(position: TrailPosition): number {
  return Number(position.slice(0, timeDigits));
}

/** Every position at or after the time is greater, every one before it less. */
export function earliestAt(at: number): TrailPosition {
  return timeText(at);
}

function timeText(at: number): string {
  const last = 10 ** timeDigits - 1;
  return String(Math.min(Math.max(Math.floor(at), 0), last)).padStart(timeDigits, '0');
}
