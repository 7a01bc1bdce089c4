import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { megabytes, type Report, whole } from './report.ts';
import type { BenchOptions } from './section.ts';
import { createDirectory, entriesPerCluster, fillDirectory, seedEntries } from './seed.ts';
import { startServerProcess } from './serverprocess.ts';

const entries = 100_000;
const clusters = Math.ceil(entries / entriesPerCluster);
const settleMs = 250;

/** Prints the resident memory of servers that have nothing to do. */
export async function benchMemory(report: Report, { directory }: BenchOptions): Promise<void> {
  const empty = join(directory, 'empty');
  const full = join(directory, 'full');
  mkdirSync(empty);
  mkdirSync(full);
  await createDirectory(full, clusters);
  const nothing = await settledBytes(empty);
  const onlyClusters = await settledBytes(full);
  await fillDirectory(full, (storage) => seedEntries(storage, entries));
  const everything = await settledBytes(full);
  report.note('Resident memory after a start, once it no longer changes.');
  report.table([
    ['stored', 'resident', 'each'],
    ['nothing', megabytes(nothing), ''],
    [`${clusters} clusters`, megabytes(onlyClusters), perPiece(onlyClusters - nothing, clusters, 'cluster')],
    [
      `${clusters} clusters, ${whole(entries)} access entries`,
      megabytes(everything),
      perPiece(everything - onlyClusters, entries, 'entry'),
    ],
  ]);
}

function perPiece(bytes: number, count: number, what: string): string {
  return `${(bytes / count / 1024).toFixed(1)} KiB per ${what}`;
}

/** Memory is given back in steps: waits until five readings in a row agree within 1 %. */
async function settledBytes(directory: string): Promise<number> {
  const server = await startServerProcess(directory);
  try {
    const readings: number[] = [];
    for (let reading = 0; reading < 40; reading++) {
      await new Promise((next) => setTimeout(next, settleMs));
      readings.push(await server.residentBytes());
      const last = readings.slice(-5);
      if (last.length === 5 && Math.max(...last) < 1.01 * Math.min(...last)) break;
    }
    return readings.at(-1) as number;
  } finally {
    await server.stop();
  }
}
