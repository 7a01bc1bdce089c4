/** Lines of one or more events, shared by all the queues they wait in. */
export interface Chunk {
  readonly bytes: Buffer;
  /** How many queues it waits in; kept by `WatchQueues` alone. */
  holders: number;
}

export function chunkOf(lines: string): Chunk {
  return { bytes: Buffer.from(lines, 'utf8'), holders: 0 };
}

/** One that waits for its peer. */
export interface WaitingQueue {
  readonly waitingBytes: number;
  /** Gives up everything that waits. */
  cut(): void;
}

/** What waits for slow watchers, over all of them: a chunk that waits in many queues is in memory once. */
export interface WatchQueues {
  hold(queue: WaitingQueue, chunk: Chunk): void;
  drop(chunk: Chunk): void;
  /** The queue waits no longer. */
  leave(queue: WaitingQueue): void;
  readonly bytes: number;
}

/** While more than `maximumBytes` wait, the queue that is furthest behind is cut. */
export function createWatchQueues(maximumBytes: number): WatchQueues {
  const waiting = new Set<WaitingQueue>();
  let bytes = 0;
  const furthestBehind = (): WaitingQueue | undefined => {
    let longest: WaitingQueue | undefined;
    for (const queue of waiting) {
      if (longest === undefined || queue.waitingBytes > longest.waitingBytes) longest = queue;
    }
    return longest;
  };
  return {
    hold(queue, chunk) {
      waiting.add(queue);
      if (chunk.holders === 0) bytes += chunk.bytes.length;
      chunk.holders += 1;
      while (bytes > maximumBytes) {
        const longest = furthestBehind();
        if (longest === undefined) return;
        waiting.delete(longest);
        longest.cut();
      }
    },
    drop(chunk) {
      chunk.holders -= 1;
      if (chunk.holders === 0) bytes -= chunk.bytes.length;
    },
    leave: (queue) => void waiting.delete(queue),
    get bytes() {
      return bytes;
    },
  };
}
