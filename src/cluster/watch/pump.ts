/** Where the lines of one watch go: a node http or http2 response. */
export interface LineSink {
  /** False when the line was taken but the peer is slower than we are. */
  write(line: string): boolean;
  end(): void;
  /** Breaks the connection off: the peer sees an error, not a clean end. */
  destroy(): void;
}

export interface LinePump {
  push(line: string): void;
  /** Ends the stream after everything pushed so far. */
  finish(): void;
  /** Tells the pump that the sink takes lines again. */
  drained(): void;
}

/**
 * Writes lines in order without ever holding more than `bufferBytes` of later ones for a peer that does not read.
 * `initial` is pulled only as fast as the peer reads and does not count: it is the list the watch begins with.
 */
export function createLinePump(
  sink: LineSink,
  options: { readonly initial: Iterator<string>; readonly bufferBytes: number },
): LinePump {
  let initial: Iterator<string> | undefined = options.initial;
  let waiting: string[] = [];
  let waitingBytes = 0;
  let ready = true;
  let finishing = false;
  let over = false;

  const flow = (): void => {
    while (ready && !over) {
      if (initial !== undefined) {
        const next = initial.next();
        if (next.done) initial = undefined;
        else ready = sink.write(next.value);
        continue;
      }
      if (waiting.length > 0) {
        // One write for all: what gathered while the peer was slow.
        const lines = waiting.join('');
        waiting = [];
        waitingBytes = 0;
        ready = sink.write(lines);
        continue;
      }
      if (finishing) {
        over = true;
        sink.end();
      }
      return;
    }
  };

  return {
    push(line) {
      if (over || finishing) return;
      waiting.push(line);
      waitingBytes += line.length;
      flow();
      if (waitingBytes > options.bufferBytes) {
        over = true;
        waiting = [];
        sink.destroy();
      }
    },
    finish() {
      finishing = true;
      flow();
    },
    drained() {
      ready = true;
      flow();
    },
  };
}
