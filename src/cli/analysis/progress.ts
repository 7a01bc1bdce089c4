/** One line that tells how far reading is; only on a terminal, so that logs stay clean. */
export interface Progress {
  show(what: string, done: number, total: number): void;
  /** Takes the line away. */
  clear(): void;
}

const width = 24;

export function createProgress(out: Pick<NodeJS.WriteStream, 'isTTY' | 'write'>): Progress {
  let isShown = false;
  return {
    show(what, done, total) {
      if (!out.isTTY) return;
      const filled = Math.round((width * done) / Math.max(1, total));
      isShown = true;
      out.write(`\r\u001b[K[${'#'.repeat(filled).padEnd(width)}] ${done}/${total} ${what}`);
    },
    clear() {
      if (isShown) out.write('\r\u001b[K');
      isShown = false;
    },
  };
}
