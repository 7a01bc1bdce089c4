/** What the writer writes and the checker expects. */
export const kept = 30;

export const counterKey = (worker: number): string => `counter/${worker}`;

export const keysOfBatch = (worker: number, n: number): readonly string[] =>
  [0, 1, 2].map((part) => `batch/${worker}/${String(n).padStart(9, '0')}/${part}`);
