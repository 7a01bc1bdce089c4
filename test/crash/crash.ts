/**
 * Kills a writing process again and again and looks whether what it had acknowledged is there, whole.
 *
 *   node test/crash/crash.ts [SECONDS] [SEED]
 *
 * A kill leaves the page cache alone, so this shows that no acknowledged write waits in the process and that batches
 * are atomic; that the disk has it too rests on `synchronous=FULL`.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { openSqliteStorage } from '../../src/storage/sqlite/sqlite.ts';
import { counterKey, kept, keysOfBatch } from './model.ts';

export interface CrashReport {
  readonly rounds: number;
  /** Batches the killed processes had printed as acknowledged. */
  readonly acknowledged: number;
  /** Whatever was missing, half there or out of place; empty when all is well. */
  readonly problems: readonly string[];
}

const workers = 8;

/** Runs rounds of write, kill, reopen and check on one directory. Stops at the first round with problems. */
export async function crashRounds(options: {
  readonly directory: string;
  readonly seed: number;
  readonly rounds?: number;
  readonly seconds?: number;
}): Promise<CrashReport> {
  const random = mulberry32(options.seed);
  const end = options.seconds === undefined ? Number.POSITIVE_INFINITY : Date.now() + options.seconds * 1000;
  let rounds = 0;
  let acknowledged = 0;
  while (rounds < (options.rounds ?? Number.POSITIVE_INFINITY) && Date.now() < end) {
    const seen = await writeAndKill(options.directory, 20 + Math.floor(random() * 250));
    rounds++;
    for (const { count } of seen.values()) acknowledged += count;
    const problems = await check(options.directory, seen);
    if (problems.length > 0) return { rounds, acknowledged, problems };
  }
  return { rounds, acknowledged, problems: [] };
}

interface Acknowledged {
  readonly n: number;
  readonly revision: number;
  readonly count: number;
}

export function spawnWriter(directory: string): ChildProcessByStdio<null, Readable, Readable> {
  const script = join(import.meta.dirname, 'writer.ts');
  return spawn(process.execPath, [script, directory, String(workers)], { stdio: ['ignore', 'pipe', 'pipe'] });
}

async function writeAndKill(
  directory: string,
  milliseconds: number,
): Promise<ReadonlyMap<number, Acknowledged>> {
  const child = spawnWriter(directory);
  const seen = new Map<number, Acknowledged>();
  const errors: string[] = [];
  child.stderr.on('data', (data: Buffer) => errors.push(data.toString()));
  const lines = createInterface({ input: child.stdout });
  const exited = once(child, 'close');
  const ready = once(lines, 'line');
  lines.on('line', (line) => {
    // A kill in the middle of a line leaves a torn one; only whole ones were said.
    const match = /^(\d+) (\d+) (\d+)$/.exec(line);
    if (match === null) return;
    const [worker, n, revision] = match.slice(1).map(Number) as [number, number, number];
    seen.set(worker, { n, revision, count: (seen.get(worker)?.count ?? 0) + 1 });
  });
  await Promise.race([ready, exited]);
  await Promise.race([delay(milliseconds), exited]);
  if (child.exitCode !== null) throw new Error(`the writer ended by itself: ${errors.join('')}`);
  child.kill('SIGKILL');
  await exited;
  return seen;
}

async function check(directory: string, seen: ReadonlyMap<number, Acknowledged>): Promise<readonly string[]> {
  const problems: string[] = [];
  const store = openSqliteStorage({ directory });
  try {
    for (let worker = 0; worker < workers; worker++) {
      const last = Number((await store.get(counterKey(worker)))?.value ?? 0);
      const said = seen.get(worker);
      if (said !== undefined && (last < said.n || store.revision() < said.revision)) {
        problems.push(`worker ${worker}: batch ${said.n} was acknowledged, the last one stored is ${last}`);
      }
      const expected: string[] = [];
      for (let n = Math.max(1, last - kept + 1); n <= last; n++) expected.push(...keysOfBatch(worker, n));
      const { entries } = await store.list({ prefix: `batch/${worker}/` });
      if (JSON.stringify(entries.map(({ key }) => key)) !== JSON.stringify(expected)) {
        problems.push(
          `worker ${worker}: the batches up to ${last} are not whole, or more than them is there`,
        );
      }
      for (const { key, value } of entries) {
        if (Number(key.split('/')[2]) !== Number(value))
          problems.push(`${key} holds the value of another batch`);
      }
    }
  } finally {
    await store.close();
  }
  return problems;
}

function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

if (import.meta.main) {
  const seconds = Number(process.argv[2] ?? 10);
  const seed = Number(process.argv[3] ?? randomInt(2 ** 31));
  const directory = mkdtempSync(join(tmpdir(), 'entryway-crash-'));
  try {
    const { rounds, acknowledged, problems } = await crashRounds({ directory, seed, seconds });
    console.log(
      `seed ${seed}: ${rounds} kills, ${acknowledged} acknowledged batches, ${problems.length} problems`,
    );
    for (const problem of problems) console.error(problem);
    process.exitCode = problems.length > 0 ? 1 : 0;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
