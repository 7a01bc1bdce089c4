import { type Chunk, chunkOf, type WaitingQueue, type WatchQueues } from './queues.ts';

/** Where the lines of one watch go: a node http or http2 response. */
export interface LineSink {
  /** False when the bytes were taken but the peer is slower than we are. */
  write(bytes: Buffer | string): boolean;
  end(): void;
  /** Breaks the connection off: the peer sees an error, not a clean end. */
  destroy(): void;
}

export interface LinePump {
  push(chunk: Chunk): void;
  /** Ends the stream after everything pushed so far. */
  finish(): void;
  /** Gives up what waits and ends the stream, with a last line if it can still be told apart. */
  cut(lastLine: string): void;
  /** Tells the pump that the sink takes bytes again. */
  drained(): void;
  /** The peer is gone: nothing is kept for it. */
  close(): void;
  /** Since when the sink has taken nothing; undefined while it takes what there is. */
  readonly blockedSince: number | undefined;
}

/** Bytes handed to the sink at once: what it may hold of a peer that does not read, beside its own mark. */
const writeBytes = 64 * 1024;
/** Milliseconds of initial lines in one go. */
const turnLength = 5;

/**
 * Writes lines in order without holding more than `bufferBytes` of them for a peer that does not read: then
 * `onTooSlow` is called, which is to cut it. `initial` is pulled only as fast as the peer reads and does not count; ''
 * from it means that there is nothing yet.
 *
 * INVARIANT: the sink is given nothing more before it has said that it takes more, so what Node buffers stays small.
 */
export function createLinePump(
  sink: LineSink,
  options: {
    readonly initial: Iterator<string>;
    readonly bufferBytes: number;
    readonly queues: WatchQueues;
    readonly now: () => number;
    readonly onTooSlow: () => void;
    /** `initial` has thrown. */
    readonly onFailure: () => void;
  },
): LinePump {
  const { bufferBytes, queues, now, onTooSlow, onFailure } = options;
  let initial: Iterator<string> | undefined = options.initial;
  /** What is longer than one write, and how much of it was written. */
  let current: { readonly chunk: Chunk; readonly written: number } | undefined;
  let waiting: Chunk[] = [];
  /** Of `waiting` and `current`. */
  let waitingBytes = 0;
  let blockedSince: number | undefined;
  let isPaused = false;
  let isFinishing = false;
  let isOver = false;

  const queue: WaitingQueue = {
    get waitingBytes() {
      return waitingBytes;
    },
    cut: onTooSlow,
  };
  const hold = (chunk: Chunk): void => {
    waitingBytes += chunk.bytes.length;
    queues.hold(queue, chunk);
  };
  const drop = (chunk: Chunk): void => {
    waitingBytes -= chunk.bytes.length;
    queues.drop(chunk);
    if (waitingBytes === 0) queues.leave(queue);
  };
  const discard = (): void => {
    initial = undefined;
    if (current !== undefined) drop(current.chunk);
    current = undefined;
    for (const chunk of waiting) drop(chunk);
    waiting = [];
  };
  const write = (bytes: Buffer): void => {
    if (!sink.write(bytes)) blockedSince = now();
  };
  const writeCurrent = ({ chunk, written }: NonNullable<typeof current>): void => {
    const end = written + writeBytes;
    const part = chunk.bytes.subarray(written, end);
    if (end < chunk.bytes.length) current = { chunk, written: end };
    else {
      current = undefined;
      drop(chunk);
    }
    write(part);
  };
  const nextOf = (source: Iterator<string>): IteratorResult<string> | undefined => {
    try {
      return source.next();
    } catch {
      onFailure();
      return undefined;
    }
  };
  /** The next initial lines, together. */
  const writeInitial = (source: Iterator<string>): void => {
    const until = now() + turnLength;
    let lines = '';
    while (lines.length < writeBytes / 2) {
      const next = nextOf(source);
      if (next === undefined) return;
      if (next.done) {
        initial = undefined;
        break;
      }
      lines += next.value;
      if (now() < until) continue;
      isPaused = true;
      setImmediate(() => {
        isPaused = false;
        flow();
      });
      break;
    }
    if (lines === '') return;
    const chunk = chunkOf(lines);
    if (chunk.bytes.length <= writeBytes) {
      write(chunk.bytes);
      return;
    }
    current = { chunk, written: 0 };
    hold(chunk);
  };
  /** What waits, as much as one write takes: most of the time one chunk, which is written as it is. */
  const writeWaiting = (first: Chunk): void => {
    if (first.bytes.length > writeBytes) {
      waiting.shift();
      current = { chunk: first, written: 0 };
      return;
    }
    let count = 1;
    let bytes = first.bytes.length;
    for (; count < waiting.length; count += 1) {
      bytes += waiting[count]?.bytes.length ?? 0;
      if (bytes > writeBytes) break;
    }
    const taken = waiting.splice(0, count);
    for (const chunk of taken) drop(chunk);
    write(count === 1 ? first.bytes : Buffer.concat(taken.map((chunk) => chunk.bytes)));
  };
  const flow = (): void => {
    while (blockedSince === undefined && !isPaused && !isOver) {
      const [first] = waiting;
      if (current !== undefined) writeCurrent(current);
      else if (initial !== undefined) writeInitial(initial);
      else if (first !== undefined) writeWaiting(first);
      else {
        if (isFinishing) {
          isOver = true;
          sink.end();
        }
        return;
      }
    }
  };

  return {
    push(chunk) {
      if (isOver || isFinishing) return;
      waiting.push(chunk);
      hold(chunk);
      flow();
      // What is being written does not count: an event may be longer than the bound.
      if (!isOver && waitingBytes - (current?.chunk.bytes.length ?? 0) > bufferBytes) onTooSlow();
    },
    finish() {
      isFinishing = true;
      flow();
    },
    cut(lastLine) {
      if (isOver) return;
      isOver = true;
      const isWithinLine = (current?.written ?? 0) > 0;
      discard();
      if (isWithinLine) {
        sink.destroy();
        return;
      }
      if (lastLine !== '') sink.write(lastLine);
      sink.end();
    },
    drained() {
      blockedSince = undefined;
      flow();
    },
    close() {
      isOver = true;
      discard();
    },
    get blockedSince() {
      return blockedSince;
    },
  };
}
