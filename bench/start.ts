import { execFile, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startCluster } from '../src/embedded/cluster.ts';
import { median, quantile } from './measure.ts';
import type { Report } from './report.ts';
import type { BenchOptions } from './section.ts';
import { createDirectory, entriesPerCluster, fillDirectory, seedEntries } from './seed.ts';
import { startServerProcess } from './serverprocess.ts';

const runs = 9;
const storedEntries = 10_000;
const storedClusters = Math.ceil(storedEntries / entriesPerCluster);

/** Prints how long a start takes: of the server, from spawn to its ready file, and of a cluster in a process. */
export async function benchStart(report: Report, { directory }: BenchOptions): Promise<void> {
  const full = join(directory, 'entries');
  mkdirSync(full);
  await createDirectory(full, storedClusters);
  await fillDirectory(full, (storage) => seedEntries(storage, storedEntries));

  const bare: number[] = [];
  const empty: number[] = [];
  const filled: number[] = [];
  for (let run = 0; run <= runs; run++) {
    const fresh = join(directory, `empty-${run}`);
    mkdirSync(fresh);
    const times = [await timeOfBareNode(), await timeOfStart(fresh), await timeOfStart(full)] as const;
    // The first round fills caches.
    if (run === 0) continue;
    bare.push(times[0]);
    empty.push(times[1]);
    filled.push(times[2]);
  }
  report.note(`From spawn to the ready file; ${runs} starts of each in turn. The first line is the floor.`);
  report.table([
    ['start', 'fastest', 'median', 'slowest', 'limit', ''],
    [
      'node runs an empty program and ends',
      ms(Math.min(...bare)),
      ms(median(bare)),
      ms(quantile(bare, 1)),
      '',
      '',
    ],
    line('empty data directory', empty, 1_000),
    line(`${storedEntries.toLocaleString('en')} access entries in ${storedClusters} clusters`, filled, 2_000),
  ]);
  const first: number[] = [];
  const further: number[] = [];
  for (let run = 0; run <= runs; run++) {
    const times = [await timeOfFirstCluster(join(directory, 'compiled')), await timeOfCluster()] as const;
    if (run === 0) continue;
    first.push(times[0]);
    further.push(times[1]);
  }
  report.note(
    'From the call of `startCluster()` of `entryway/cluster` to the cluster; the first one of a process reads code.',
  );
  report.table([
    ['start', 'fastest', 'median', 'slowest', 'limit', ''],
    line('the first cluster of a process', first, 1_000),
    line('a further one', further, 200),
  ]);
}

function line(name: string, times: readonly number[], limitMs: number): readonly string[] {
  const middle = median(times);
  return [
    name,
    ms(Math.min(...times)),
    ms(middle),
    ms(quantile(times, 1)),
    ms(limitMs),
    middle < limitMs ? 'kept' : 'MISSED',
  ];
}

async function timeOfStart(directory: string): Promise<number> {
  const server = await startServerProcess(directory);
  await server.stop();
  return server.startMs;
}

async function timeOfCluster(): Promise<number> {
  const started = performance.now();
  const cluster = await startCluster();
  const time = performance.now() - started;
  await cluster.close();
  return time;
}

/** `cache` is where the code is found compiled, as that of a package is read without being translated first. */
async function timeOfFirstCluster(cache: string): Promise<number> {
  const program = `
    import { startCluster } from '${new URL('../src/embedded/cluster.ts', import.meta.url)}';
    const started = performance.now();
    const cluster = await startCluster();
    console.log(performance.now() - started);
    await cluster.close();
  `;
  const run = promisify(execFile);
  const env = { ...process.env, NODE_COMPILE_CACHE: cache };
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], { env });
  return Number(stdout);
}

async function timeOfBareNode(): Promise<number> {
  const started = performance.now();
  await new Promise((ended) => spawn(process.execPath, ['-e', '0']).on('exit', ended));
  return performance.now() - started;
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`;
}
