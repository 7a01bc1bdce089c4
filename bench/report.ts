import { renderTable } from '../src/cli/render/table.ts';

/** Where sections write what they found. */
export interface Report {
  title(text: string): void;
  note(text: string): void;
  /** The first row is the head. */
  table(rows: readonly (readonly string[])[]): void;
}

export function createReport(write: (text: string) => void): Report {
  return {
    title: (text) => write(`\n== ${text}\n\n`),
    note: (text) => write(`${text}\n`),
    table([head = [], ...rows]) {
      write(
        `${renderTable(
          head.map((title) => ({ title })),
          rows,
        )}\n`,
      );
    },
  };
}

/** `12,345/s` from the cost of one. */
export function rate(ns: number): string {
  return `${whole(1e9 / ns)}/s`;
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}

export function duration(ns: number): string {
  if (ns < 1e3) return `${ns.toFixed(0)} ns`;
  if (ns < 1e6) return `${(ns / 1e3).toPrecision(3)} µs`;
  if (ns < 1e9) return `${(ns / 1e6).toPrecision(3)} ms`;
  return `${(ns / 1e9).toFixed(2)} s`;
}

export function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}

/** How many times one value is the other: `3.2×`. */
export function times(value: number, other: number): string {
  const ratio = value / other;
  return `${ratio >= 100 ? whole(ratio) : ratio.toPrecision(2)}×`;
}
