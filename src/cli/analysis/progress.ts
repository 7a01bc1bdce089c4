import { printable } from '../render/printable.ts';

/** One line that tells how far reading is; only on a terminal, so that logs stay clean. */
export interface Progress {
  /** `total` undefined: nobody knows yet of how many. */
  show(what: string, done: number, total: number | undefined): void;
  /** Takes the line away. */
  clear(): void;
}

const width = 24;

export function createProgress(out: Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'write'>): Progress {
  let isShown = false;
  return {
    show(what, done, total) {
      if (!out.isTTY) return;
      isShown = true;
      const filled = total === undefined ? 0 : Math.round((width * done) / Math.max(1, total));
      const bar = total === undefined ? '' : `[${'#'.repeat(filled).padEnd(width)}] `;
      const count = total === undefined ? `${done}` : `${done}/${total}`;
      const line = `reading: ${bar}${count} ${printable(what)}`;
      // A line that wraps could not be taken away again.
      out.write(`\r\u001b[K${line.slice(0, Math.max(20, (out.columns || 80) - 1))}`);
    },
    clear() {
      if (isShown) out.write('\r\u001b[K');
      isShown = false;
    },
  };
}
