import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Call } from '../src/audit/calls.ts';
import { openTrail, type Trail, type TrailQuery } from '../src/audit/trail.ts';
import type { Principal } from '../src/engine/iam/principal.ts';
import { openSqliteStorage } from '../src/storage/sqlite/sqlite.ts';
import type { Put, Storage } from '../src/storage/storage.ts';
import { median, perCall, quantile, seededRandom } from './measure.ts';
import { duration, megabytes, type Report, rate, whole } from './report.ts';
import type { BenchOptions } from './section.ts';

const accountId = '111122223333';
const total = 1_000_000;
/** Calls between two turns of the event loop: about what a busy server answers in one. */
const burst = 200;
const writes = 900;
const users = 500;
const clusters = 200;
const start = Date.UTC(2026, 0, 1);
/** Simulated time between two calls: a million of them make eleven days. */
const stepMs = 1_000;

/** Prints what a record costs, and what a look-up costs among a million of them. */
export async function benchTrail(report: Report, { directory, seed }: BenchOptions): Promise<void> {
  await benchRecords(report, directory);
  await benchLookups(report, directory, seed);
}

/** One call recorded: made and queued, and made and stored along with a change. */
async function benchRecords(report: Report, directory: string): Promise<void> {
  const storage = openStorage(directory, 'records');
  const trail = await openBenchTrail(storage, () => Date.now());
  const call = callAt(0, () => 0.5);
  const made = perCall(() => void trail.calls.recordOf(call));
  // In turns: a shared disk changes its mind within seconds.
  const alone: number[] = [];
  const recorded: number[] = [];
  for (let at = 0; at < writes; at++) {
    alone.push(await durableWrite(storage, at, []));
    recorded.push(await durableWrite(storage, at, trail.calls.recordOf(call)));
  }
  await trail.close();
  await storage.close();
  report.table([
    ['one call', 'median', 'p99'],
    ['its record, made', duration(made), ''],
    ['a durable write without its record', duration(median(alone)), duration(quantile(alone, 0.99))],
    ['a durable write with its record', duration(median(recorded)), duration(quantile(recorded, 0.99))],
  ]);
}

async function benchLookups(report: Report, directory: string, seed: number): Promise<void> {
  const storage = openStorage(directory, 'lookups');
  let now = start;
  const trail = await openBenchTrail(storage, () => now);
  const random = seededRandom(seed);
  const cpu = process.cpuUsage();
  const began = performance.now();
  for (let at = 0; at < total; at++) {
    now = start + at * stepMs;
    trail.calls.record(callAt(at, random));
    // The queue is given its turn, as between the requests of a server; without it nothing could be stored.
    if (at % burst === burst - 1) await new Promise((next) => setImmediate(next));
    if (at % 20_000 === 19_999) await trail.flush();
  }
  await trail.close();
  const wall = (performance.now() - began) * 1e6;
  const { user, system } = process.cpuUsage(cpu);
  const characters = await storedCharacters(storage);
  await storage.close();

  const reopened = openStorage(directory, 'lookups');
  const opening = performance.now();
  const again = await openBenchTrail(reopened, () => now);
  const openMs = performance.now() - opening;
  report.note(
    `\n${whole(total)} calls of ${users} users recorded in ${duration(wall)}: ${rate(wall / total)}, ${duration(((user + system) * 1e3) / total)} ` +
      `of processor time each, ${(characters / total).toFixed(0)} bytes each in the store (${megabytes(characters)}). Opened again in ${duration(openMs * 1e6)}.`,
  );
  const day = 86_400_000;
  const queries: readonly [string, TrailQuery][] = [
    ['the latest 50', { accountId, limit: 50 }],
    [
      'one resource among all',
      { accountId, limit: 50, attribute: { key: 'ResourceName', value: `rare-${total / 2}` } },
    ],
    ['a name that never was', { accountId, limit: 50, attribute: { key: 'Username', value: 'nobody' } }],
    [
      'a user with one call in 500',
      { accountId, limit: 50, attribute: { key: 'Username', value: 'user-7' } },
    ],
    [
      'an event name with one call in 20,000',
      { accountId, limit: 50, attribute: { key: 'EventName', value: 'DeleteCluster' } },
    ],
    [
      'a frequent event name',
      { accountId, limit: 50, attribute: { key: 'EventName', value: 'DescribeCluster' } },
    ],
    ['an hour, eight days ago', { accountId, limit: 50, from: now - 8 * day, to: now - 8 * day + 3_600_000 }],
    [
      'a user in that hour',
      {
        accountId,
        limit: 50,
        from: now - 8 * day,
        to: now - 8 * day + 3_600_000,
        attribute: { key: 'Username', value: 'user-7' },
      },
    ],
  ];
  const rows: string[][] = [];
  for (const [name, query] of queries) rows.push([name, ...(await lookUp(again, query))]);
  report.table([['LookupEvents, a page of 50', 'found', 'first', 'again', 'next pages'], ...rows]);
  await again.close();
  await reopened.close();
}

/** The first page of a fresh question, the same once more, and the median of the pages that follow. */
async function lookUp(trail: Trail, query: TrailQuery): Promise<readonly string[]> {
  const timed = async (after?: string) => {
    const began = performance.now();
    const page = await trail.read({ ...query, ...(after !== undefined && { after }) });
    return { page, ns: (performance.now() - began) * 1e6 };
  };
  const first = await timed();
  const again = await timed();
  const following: number[] = [];
  for (let after = first.page.next; after !== undefined && following.length < 20; ) {
    const { page, ns } = await timed(after);
    following.push(ns);
    after = page.next;
  }
  return [
    `${first.page.items.length}${first.page.next === undefined ? '' : '+'}`,
    duration(first.ns),
    duration(again.ns),
    following.length === 0 ? '' : duration(median(following)),
  ];
}

/** Nanoseconds until a row of usual size is on the disk, with other changes along. */
async function durableWrite(storage: Storage, at: number, along: readonly Put[]): Promise<number> {
  const row = { type: 'put', key: `k/${at}`, value: 'x'.repeat(500) } as const;
  const began = performance.now();
  await storage.commit({ changes: [row, ...along] });
  return (performance.now() - began) * 1e6;
}

function openStorage(directory: string, name: string): Storage {
  mkdirSync(join(directory, name), { recursive: true });
  return openSqliteStorage({ directory: join(directory, name) });
}

function openBenchTrail(storage: Storage, now: () => number): Promise<Trail> {
  return openTrail({
    storage,
    now,
    newId: randomUUID,
    operatorAccountId: accountId,
    region: 'us-east-1',
    log: {
      error(fields, message) {
        throw new Error(`${message}: ${JSON.stringify(fields)}`);
      },
    },
  });
}

async function storedCharacters(storage: Storage): Promise<number> {
  let characters = 0;
  for (let after: string | undefined; ; ) {
    const page = await storage.list({ prefix: 'trail/', limit: 500, ...(after !== undefined && { after }) });
    for (const { key, value } of page.entries) characters += key.length + value.length;
    after = page.entries.at(-1)?.key;
    if (!page.more) return characters;
  }
}

/** A call as a server sees them: mostly reads, by users and roles, some denied. */
function callAt(at: number, random: () => number): Call {
  const cluster = `cluster-${Math.floor(random() * clusters)}`;
  const isRare = at % 20_000 === 0;
  const operation = isRare ? 'DeleteCluster' : random() < 0.8 ? 'DescribeCluster' : 'ListAccessEntries';
  const member = operation === 'ListAccessEntries' ? 'clusterName' : 'name';
  const caller = callerOf(Math.floor(random() * users));
  const denied = random() < 0.05;
  return {
    requestId: randomUUID(),
    service: 'eks',
    operation,
    code: denied ? 'AccessDeniedException' : 'OK',
    ...(denied && { message: `User: ${caller.arn} is not authorized to perform: eks:${operation}` }),
    caller,
    accessKeyId: caller.accessKeyId,
    source: {
      sourceIp: `192.0.2.${Math.floor(random() * 250)}`,
      secureTransport: false,
      userAgent: 'aws-cli/2.31.0 Python/3.13',
    },
    region: 'us-east-1',
    at: start,
    input: { [member]: isRare ? `rare-${at}` : cluster },
    output: {},
    action: `eks:${operation}`,
    resources: [`arn:aws:eks:us-east-1:${accountId}:cluster/${isRare ? `rare-${at}` : cluster}`],
    seconds: 0.001,
  };
}

function callerOf(at: number): Principal {
  const arn = `arn:aws:iam::${accountId}:user/user-${at}`;
  const id = String(at).padStart(4, '0');
  return {
    kind: 'user',
    accountId,
    partition: 'aws',
    arn,
    principalArn: arn,
    userId: `AIDAEXAMPLEEXAMPLE${id}`,
    principalId: `AIDAEXAMPLEEXAMPLE${id}`,
    userName: `user-${at}`,
    accessKeyId: `AKIAEXAMPLEEXAMP${id}`,
  };
}
