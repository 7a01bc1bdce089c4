import { setImmediate as nextTurn } from 'node:timers/promises';

/** Milliseconds that work on many objects may take before everybody else has a turn. */
const turnLength = 5;

/** Work in turns, so that a long list does not keep everybody else waiting. */
export interface Turns {
  /** Whether this turn has taken long enough. */
  isOver(): boolean;
  /** Lets others have theirs. */
  next(): Promise<void>;
}

export function createTurns(): Turns {
  let began = performance.now();
  return {
    isOver: () => performance.now() - began > turnLength,
    async next() {
      await nextTurn();
      began = performance.now();
    },
  };
}
