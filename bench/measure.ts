import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Times in nanoseconds unless the name says otherwise. */

const roundNs = 60e6;
const rounds = 5;

/** Median cost of one call: warmed up, then `rounds` rounds of about 60 ms each. `call` is given 0, 1, 2, … */
export function perCall(call: (at: number) => void): number {
  let at = 0;
  const run = (count: number): number => {
    const started = performance.now();
    for (const end = at + count; at < end; at++) call(at);
    return (performance.now() - started) * 1e6;
  };
  let count = 1;
  for (let spent = run(1); spent < roundNs; ) {
    count = Math.ceil(count * Math.min(10, Math.max(1.2, roundNs / Math.max(spent, 1))));
    spent = run(count);
  }
  return median(Array.from({ length: rounds }, () => run(count) / count));
}

/** The same for calls that answer with a promise; each is awaited before the next. */
export async function perAwaitedCall(call: (at: number) => Promise<unknown>): Promise<number> {
  let at = 0;
  const run = async (count: number): Promise<number> => {
    const started = performance.now();
    for (const end = at + count; at < end; at++) await call(at);
    return (performance.now() - started) * 1e6;
  };
  let count = 1;
  for (let spent = await run(1); spent < roundNs; ) {
    count = Math.ceil(count * Math.min(10, Math.max(1.2, roundNs / Math.max(spent, 1))));
    spent = await run(count);
  }
  const costs: number[] = [];
  for (let round = 0; round < rounds; round++) costs.push((await run(count)) / count);
  return median(costs);
}

/** Every single call timed, in order, each awaited before the next. */
export async function eachAwaitedCall(
  count: number,
  call: (at: number) => Promise<unknown>,
): Promise<number[]> {
  const times: number[] = [];
  for (let at = 0; at < count; at++) {
    const started = performance.now();
    await call(at);
    times.push((performance.now() - started) * 1e6);
  }
  return times;
}

/** Every single call timed, in order. For calls that take microseconds at least. */
export function eachCall(count: number, call: (at: number) => void): number[] {
  const times: number[] = [];
  for (let at = 0; at < count; at++) {
    const started = performance.now();
    call(at);
    times.push((performance.now() - started) * 1e6);
  }
  return times;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value that a share of `q` of the values does not exceed. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

/** Numbers in [0, 1) that depend on the seed alone (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** What the heap holds after everything unreachable is gone, in bytes. */
export function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
  return process.memoryUsage().heapUsed;
}
