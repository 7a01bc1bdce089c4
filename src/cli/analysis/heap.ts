import { setFlagsFromString } from 'node:v8';

/**
 * For a process that holds one large snapshot and then ends: V8 lets its heap grow to twice of what lives before it looks for
 * what does not. A third more is enough, costs a tenth of the time, and keeps the largest organization measured below 1 GiB.
 */
export function growHeapSlowly(): void {
  setFlagsFromString('--heap-growing-percent=30');
}
