/** Lets a bounded number of tasks run, and a bounded number wait for a bounded time. */
export interface Gate {
  /** The task's outcome; rejects with GateClosed when too many wait already, or it has waited too long. */
  pass<T>(task: () => Promise<T>, options?: { readonly goesAhead: boolean }): Promise<T>;
  /** Now. */
  running(): number;
  waiting(): number;
  /** Tasks that were not let in, since the start. */
  refused(): number;
}

/** There was no room for the task; it has not begun. */
export class GateClosed extends Error {
  constructor() {
    super('too many wait already');
    this.name = 'GateClosed';
  }
}

export interface GateOptions {
  readonly running: number;
  /** Of those that go ahead, and of the others: neither can take the other's places. */
  readonly waiting: number;
  /** Milliseconds that a task waits at most. */
  readonly patience: number;
}

export function createGate(bounds: GateOptions): Gate {
  /** First come, first served; Sets, so that one whose patience ends leaves without a search. */
  const ahead = new Set<() => void>();
  const behind = new Set<() => void>();
  let running = 0;
  let refused = 0;

  const enter = (queue: Set<() => void>): Promise<void> | undefined => {
    if (running < bounds.running) {
      running++;
      return undefined;
    }
    if (queue.size >= bounds.waiting) {
      refused++;
      throw new GateClosed();
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        queue.delete(admit);
        refused++;
        reject(new GateClosed());
      }, bounds.patience);
      const admit = (): void => {
        clearTimeout(timer);
        resolve();
      };
      queue.add(admit);
    });
  };
  const leave = (): void => {
    // The place passes on as it is: `running` counts it all the while.
    const queue = ahead.size > 0 ? ahead : behind;
    const [next] = queue;
    if (next === undefined) running--;
    else {
      queue.delete(next);
      next();
    }
  };

  return {
    async pass(task, { goesAhead } = { goesAhead: false }) {
      await enter(goesAhead ? ahead : behind);
      try {
        return await task();
      } finally {
        leave();
      }
    },
    running: () => running,
    waiting: () => ahead.size + behind.size,
    refused: () => refused,
  };
}
