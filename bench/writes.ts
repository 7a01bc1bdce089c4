import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { encodeRequest } from '../src/wire/protocols/client.ts';
import { signRequest } from '../src/wire/sigv4/sign.ts';
import { httpBytes, inTurn, type LoadResult, runLoad } from './load.ts';
import { eachCall, quantile } from './measure.ts';
import { duration, type Report, rate, times, whole } from './report.ts';
import type { BenchOptions } from './section.ts';
import { clusterName, createDirectory, fillDirectory, roleName, seedRoles } from './seed.ts';
import { type ServerProcess, startServerProcess } from './serverprocess.ts';

/** Each load has a cluster of its own, where the quota of 3,000 entries leaves it room. */
const loads = [
  { concurrency: 1, requests: 600 },
  { concurrency: 16, requests: 2_500 },
  { concurrency: 64, requests: 2_900 },
] as const;
const warmUp = 300;
const rawInserts = 600;
/** About what a stored access entry has. */
const rowBytes = 520;

/** Prints CreateAccessEntry per second: signed requests over HTTP, each answered once its entry is on the disk. */
export async function benchWrites(report: Report, { directory }: BenchOptions): Promise<void> {
  await createDirectory(directory, loads.length + 1);
  const accountId = '111122223333';
  const roles = Math.max(...loads.map(({ requests }) => requests));
  await fillDirectory(directory, (storage) => seedRoles(storage, accountId, roles));
  // Before and after the rest: a shared disk changes its mind within seconds.
  const sync = syncTimes(directory);
  const raw = rawInsertTimes(join(directory, 'before.db'));
  const server = await startServerProcess(directory);
  const results: LoadResult[] = [];
  try {
    await runCreations(server, clusterName(loads.length), 16, warmUp);
    for (const [at, { concurrency, requests }] of loads.entries()) {
      results.push(await runCreations(server, clusterName(at), concurrency, requests));
    }
  } finally {
    await server.stop();
  }
  sync.push(...syncTimes(directory));
  raw.push(...rawInsertTimes(join(directory, 'after.db')));
  const rawMedian = quantile(raw, 0.5);
  const rawRate = 1e9 / (raw.reduce((sum, each) => sum + each, 0) / raw.length);
  report.note(
    `Durable: SQLite in WAL mode, synchronous=FULL, on the file system of ${directory.slice(0, directory.indexOf('entryway-bench'))}.`,
  );
  report.table([
    ['write', 'rate', 'median', 'p99', 'of raw SQLite'],
    [
      'the disk: write 4 KiB and fdatasync',
      rate(quantile(sync, 0.5)),
      duration(quantile(sync, 0.5)),
      duration(quantile(sync, 0.99)),
      '',
    ],
    [
      'node:sqlite alone: one row a transaction',
      `${whole(rawRate)}/s`,
      duration(rawMedian),
      duration(quantile(raw, 0.99)),
      '1.0×',
    ],
    ...results.map((result, at) => [
      `CreateAccessEntry, ${loads[at]?.concurrency} at a time`,
      `${whole(result.perSecond)}/s`,
      duration(result.median),
      duration(result.p99),
      times(result.perSecond, rawRate),
    ]),
  ]);
}

async function runCreations(
  { connection }: ServerProcess,
  cluster: string,
  concurrency: number,
  count: number,
): Promise<LoadResult> {
  const { host, hostname, port } = new URL(connection.awsEndpoint);
  const { accountId, region, accessKeyId = '', secretAccessKey = '' } = connection;
  const credentials = { accessKeyId, secretAccessKey };
  const requests = Array.from({ length: count }, (_, at) => {
    const encoded = encodeRequest('eks', 'CreateAccessEntry', {
      clusterName: cluster,
      principalArn: `arn:aws:iam::${accountId}:role/${roleName(at)}`,
      kubernetesGroups: ['developers'],
    });
    const headers = signRequest(
      { host, ...encoded },
      { credentials, region, service: 'eks', now: Date.now() },
    );
    const { method, path, body } = encoded;
    return httpBytes({ method, target: path, headers, body });
  });
  return runLoad(
    { host: hostname, port: Number(port) },
    { concurrency, status: 200, next: inTurn(requests) },
  );
}

/** What SQLite asks of its callers without anything of ours: one row, one transaction, one sync. */
function rawInsertTimes(path: string): number[] {
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    database.exec('CREATE TABLE entries (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID');
    const insert = database.prepare('INSERT INTO entries (key, value) VALUES (?, ?)');
    const value = 'x'.repeat(rowBytes);
    return eachCall(rawInserts, (at) => void insert.run(`access-entry/c/${at}`, value));
  } finally {
    database.close();
  }
}

function syncTimes(directory: string): number[] {
  const file = openSync(join(directory, 'sync'), 'w');
  try {
    const block = Buffer.alloc(4096, 1);
    return eachCall(200, () => {
      writeSync(file, block);
      fdatasyncSync(file);
    });
  } finally {
    closeSync(file);
  }
}
