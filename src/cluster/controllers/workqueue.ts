import { RevisionConflictError } from '../../storage/storage.ts';
import { createTurns } from '../turns.ts';

/** Keys of work to be done, each at most once in the queue and never twice at the same time. */
export interface WorkQueue {
  add(key: string): void;
  /** Begins to work; until then keys only gather. */
  begin(): void;
  /** Nothing is waiting or being worked on now. A key that is due later, or tried again later, does not count. */
  readonly isIdle: boolean;
  /** Forgets what waits. What is being worked on ends by itself. */
  close(): void;
}

/** How often a lost race is run again at once; after that it waits like any other failure. */
const racesAtOnce = 20;
const firstDelay = 10;
const longestDelay = 60_000;

/**
 * Workers on one queue: several share what a commit costs, since the store writes what comes together together. `work`
 * answers in how many milliseconds the key is due again, undefined when a change must ask for it. A lost race
 * (RevisionConflictError) is run again at once, a failure after a delay that doubles.
 */
export function createWorkQueue(options: {
  readonly workers: number;
  readonly work: (key: string) => Promise<number | undefined>;
  /** Told of a failure, with how many there have been of this key in a row. */
  readonly failed: (key: string, error: unknown, attempt: number) => void;
  /** Called whenever the queue has become idle. */
  readonly settled: () => void;
}): WorkQueue {
  const waiting = new Set<string>();
  const later = new Map<string, NodeJS.Timeout>();
  const attempts = new Map<string, number>();
  const running = new Set<string>();
  const turns = createTurns();
  let workers = 0;
  let isHeld = true;
  let isClosed = false;

  const add = (key: string): void => {
    if (isClosed) return;
    clearTimeout(later.get(key));
    later.delete(key);
    waiting.add(key);
    hire();
  };
  const hire = (): void => {
    if (isHeld || workers >= Math.min(options.workers, waiting.size)) return;
    workers += 1;
    void workOn();
  };
  const addAfter = (key: string, delay: number): void => {
    if (isClosed || waiting.has(key)) return;
    clearTimeout(later.get(key));
    // A process must not stay alive for work that is due some day.
    later.set(key, setTimeout(() => add(key), Math.min(delay, 2 ** 31 - 1)).unref());
  };
  const runOne = async (key: string): Promise<void> => {
    try {
      const again = await options.work(key);
      attempts.delete(key);
      if (again !== undefined) addAfter(key, again);
    } catch (error) {
      if (isClosed) return;
      const attempt = (attempts.get(key) ?? 0) + 1;
      attempts.set(key, attempt);
      if (error instanceof RevisionConflictError && attempt <= racesAtOnce) {
        add(key);
        return;
      }
      options.failed(key, error, attempt);
      addAfter(key, Math.min(longestDelay, firstDelay * 2 ** Math.min(attempt, 20)));
    }
  };
  /** The next key that nobody works on at the moment; such a one runs again when it is done. */
  const next = (): string | undefined => {
    for (const key of waiting) if (!running.has(key)) return key;
    return undefined;
  };
  const workOn = async (): Promise<void> => {
    // Never inside the commit that asks for it, and after the answer to who made that commit.
    await turns.next();
    for (let key = next(); key !== undefined && !isClosed; key = next()) {
      waiting.delete(key);
      running.add(key);
      await runOne(key);
      running.delete(key);
      if (turns.isOver()) await turns.next();
    }
    workers -= 1;
    // What waits for a key that is being worked on is taken up by whoever works on it.
    if (next() !== undefined) hire();
    options.settled();
  };

  return {
    add,
    begin() {
      isHeld = false;
      for (let count = 0; count < options.workers; count += 1) hire();
    },
    get isIdle() {
      return waiting.size === 0 && workers === 0;
    },
    close() {
      isClosed = true;
      waiting.clear();
      for (const timer of later.values()) clearTimeout(timer);
      later.clear();
      attempts.clear();
    },
  };
}
