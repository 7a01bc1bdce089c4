import type { TrailLine } from './lines.ts';
import { timeOf } from './position.ts';

/** Records of what wrote nothing, on their way to the store. */
export interface Queue {
  /** Never throws and never waits. */
  push(line: TrailLine): void;
  /** Counts a record that could not even be made. */
  lost(): void;
  /** There is something to be stored along, although nothing was pushed. */
  wake(): void;
  /** The time of the oldest record that is not stored yet, epoch milliseconds; undefined when all are. */
  oldest(): number | undefined;
  /** Resolves once everything pushed so far is stored, or could not be stored at the first try. */
  flush(): Promise<void>;
  /** Tries once more, then gives up what is left. */
  close(): Promise<void>;
}

export interface QueueOptions {
  /** Is there anything to be stored along with records? */
  readonly hasMore: () => boolean;
  /** Finds out how to store these records, with whatever else is to be stored along. */
  readonly prepare: (lines: readonly TrailLine[]) => Promise<Store>;
  readonly now: () => number;
  /** Told when records begin to be lost. */
  readonly onLoss: (loss: Loss) => void;
  /** The record that says how many were lost, stored as soon as anything can be stored again. */
  readonly lossRecord: (loss: Loss) => TrailLine;
  readonly onFailure: (error: unknown) => void;
  readonly limits?: Partial<QueueLimits>;
}

/** Records that could not be kept: times in epoch milliseconds. */
export interface Loss {
  readonly count: number;
  readonly from: number;
  readonly to: number;
}

/** Stores what was prepared; when it rejects it is called again, and must then not store anything twice. */
export type Store = () => Promise<unknown>;

interface Prepared {
  readonly store: Store;
  readonly lines: readonly TrailLine[];
}

export interface QueueLimits {
  /** Milliseconds after which a record that waits is stored. */
  readonly delay: number;
  /** Records that are stored at once, without waiting longer. */
  readonly batch: number;
  /** Characters of records, likewise: so many are stored together, give or take a record. */
  readonly batchCharacters: number;
  /** Records, and their characters, that may wait while the store fails. */
  readonly waiting: number;
  readonly waitingCharacters: number;
  /** Milliseconds until a failed batch is tried again. */
  readonly retryDelay: number;
}

const defaults: QueueLimits = {
  delay: 100,
  batch: 512,
  batchCharacters: 2 ** 20,
  waiting: 50_000,
  waitingCharacters: 64 * 2 ** 20,
  retryDelay: 1000,
};

export function createQueue(options: QueueOptions): Queue {
  const { prepare, now, onLoss, onFailure } = options;
  const limits = { ...defaults, ...options.limits };
  let waiting: TrailLine[] = [];
  let characters = 0;
  let loss: Loss | undefined;
  /** Records that ever waited, and those of them that are stored, in the same order. */
  let pushed = 0;
  let stored = 0;
  /** On its way; tried again as it is when the store fails. */
  let prepared: Prepared | undefined;
  /** Records that are neither waiting nor prepared for the moment. */
  let preparing: readonly TrailLine[] = [];
  /** The batch that is being stored: true once it is, false when it could not be. */
  let running: Promise<boolean> | undefined;
  let failing = false;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const lose = (): void => {
    const at = now();
    loss = { count: (loss?.count ?? 0) + 1, from: loss?.from ?? at, to: at };
    if (loss.count === 1) onLoss(loss);
  };

  const isFull = (): boolean => waiting.length >= limits.batch || characters >= limits.batchCharacters;

  /** The next batch. What cannot be prepared goes back to where it waited. */
  const prepareNext = async (): Promise<Prepared> => {
    // Larger where many wait, so that storing catches up; a chunk of that size takes longer to be opened.
    const most = waiting.length >= 8 * limits.batch ? 4 * limits.batch : limits.batch;
    let taken = 0;
    let takenCharacters = 0;
    while (taken < most && takenCharacters < limits.batchCharacters && taken < waiting.length) {
      takenCharacters += waiting[taken++]?.line.length ?? 0;
    }
    const lines = waiting.splice(0, taken);
    characters -= takenCharacters;
    if (loss !== undefined) {
      lines.push(options.lossRecord(loss));
      pushed++;
    }
    loss = undefined;
    preparing = lines;
    try {
      return { store: await prepare(lines), lines };
    } catch (error) {
      waiting = [...lines, ...waiting];
      for (const { line } of lines) characters += line.length;
      preparing = [];
      throw error;
    }
  };

  const isIdle = (): boolean =>
    prepared === undefined && waiting.length === 0 && loss === undefined && !options.hasMore();

  const storeBatch = async (): Promise<boolean> => {
    try {
      prepared ??= await prepareNext();
      preparing = [];
      await prepared.store();
      stored += prepared.lines.length;
      prepared = undefined;
      failing = false;
    } catch (error) {
      onFailure(error);
      failing = true;
    }
    // INVARIANT: in the same turn as the look at what waits, or a record pushed in between would be forgotten.
    running = undefined;
    if (failing) schedule(limits.retryDelay);
    else if (isFull()) void storeNext();
    else if (!isIdle()) schedule(limits.delay);
    return !failing;
  };

  const storeNext = (): Promise<boolean> => {
    running ??= Promise.resolve().then(storeBatch);
    return running;
  };

  /** Waits for what was pushed before, never for what others go on to push. */
  const flush = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const goal = pushed;
    // The batch under way may have been made before there was what the caller is about.
    if (running !== undefined && !(await running)) return;
    // A batch that is being prepared waits nowhere, so that it is looked for by itself.
    while (running !== undefined || !isIdle()) {
      if (!(await storeNext()) || stored >= goal) return;
    }
  };

  const schedule = (delay: number): void => {
    if (timer !== undefined || closed) return;
    timer = setTimeout(() => {
      timer = undefined;
      void storeNext();
    }, delay);
    // The process may end: `close` stores what waits.
    timer.unref();
  };

  return {
    lost() {
      lose();
      schedule(limits.delay);
    },
    wake() {
      if (running === undefined) schedule(limits.delay);
    },
    push(line) {
      const full =
        waiting.length >= limits.waiting || characters + line.line.length > limits.waitingCharacters;
      if (closed || full) {
        lose();
        return;
      }
      waiting.push(line);
      pushed++;
      characters += line.line.length;
      if (running !== undefined) return;
      if (isFull() && !failing) void storeNext();
      else schedule(limits.delay);
    },
    oldest() {
      let oldest: number | undefined;
      for (const lines of [prepared?.lines ?? [], preparing, waiting]) {
        for (const { item } of lines)
          oldest = Math.min(oldest ?? Number.POSITIVE_INFINITY, timeOf(item.position));
      }
      return oldest;
    },
    flush,
    async close() {
      await flush();
      closed = true;
      clearTimeout(timer);
      await running;
      const left = waiting.length + (prepared?.lines.length ?? 0) + (loss?.count ?? 0);
      if (left > 0) onLoss({ count: left, from: now(), to: now() });
      waiting = [];
    },
  };
}
