import { collectionPath, configMap, objectName, startBenchCluster } from './cluster.ts';
import { httpBytes, type LoadTarget, runLoad } from './load.ts';
import { quantile } from './measure.ts';
import { startBareServer } from './peers/bare.ts';
import { duration, megabytes, type Report, times, whole } from './report.ts';
import type { BenchOptions } from './section.ts';
import {
  type OpenWatchers,
  openHttp1Watchers,
  openHttp2Watchers,
  type Received,
  stamp,
  type WatchRequest,
} from './watchers.ts';

const watchers = 2_000;
/** Changed in turn, so that writers do not wait for each other. */
const objects = 100;
/** Written one after the other with a pause, to see how long an event takes. */
const pacedWrites = 15;
const pauseMs = 100;
/** Written as fast as they are answered, to see how many events can be delivered. */
const busyWrites = 250;
const busyWriters = 16;
const slowWatchers = 50;
const largeWrites = 120;
const deadlineMs = 20_000;
const mergePatch = 'application/merge-patch+json';

/** Prints what 2,000 watchers of one collection cost, and what becomes of those that do not read. */
export async function benchWatches(report: Report, { directory }: BenchOptions): Promise<void> {
  const cluster = await startBenchCluster(directory, objects);
  const bare = await startBareServer();
  try {
    const request = async (): Promise<WatchRequest> => {
      const list = await cluster.get(`${collectionPath}?limit=1`);
      const { resourceVersion } = (JSON.parse(list) as List).metadata;
      return {
        path: cluster.path(`${collectionPath}?watch=1&resourceVersion=${resourceVersion}`),
        headers: cluster.headers,
      };
    };
    let written = 0;
    const write = (text = ''): Buffer =>
      cluster.request(
        'PATCH',
        `${collectionPath}/${objectName(written++ % objects)}`,
        { data: { sent: stamp(), ...(text && { text }) } },
        mergePatch,
      );
    await send(cluster.target, 1, 20, () => write());
    const rows: string[][] = [];
    const floors = new Map<string, number>();
    const line = `${JSON.stringify({ type: 'MODIFIED', object: configMap(0, { sent: '#'.repeat(16) }) })}\n`;
    for (const [protocol, open] of [
      ['HTTP/1.1', openHttp1Watchers],
      ['HTTP/2', openHttp2Watchers],
    ] as const) {
      const floor = await measure({
        open: (received) =>
          open(bare.target, { path: '/watch', headers: { host: 'bare' } }, watchers, received),
        target: bare.target,
        write: () =>
          httpBytes({
            method: 'POST',
            target: '/tell',
            headers: { host: 'bare' },
            body: Buffer.from(line.replace('#'.repeat(16), stamp())),
          }),
        resident: undefined,
      });
      floors.set(protocol, floor.perSecond);
      rows.push(row(`node alone writing the same line, ${protocol}`, floor, floor.perSecond));
      const found = await measure({
        open: async (received) => open(cluster.target, await request(), watchers, received),
        target: cluster.target,
        write: () => write(),
        resident: cluster.server.residentBytes,
      });
      rows.push(row(`a built-in cluster, ${protocol}`, found, floor.perSecond));
    }
    report.note(
      `${whole(watchers)} watchers of one collection by one user, over TLS; an event of ${whole(line.length)} bytes. Latency from sending the write to the last byte of its event, ${whole(pacedWrites)} writes ${pauseMs} ms apart; delivered per second under ${whole(busyWrites)} writes from ${busyWriters} connections. Memory is resident and includes the connection. Client and server share this machine.`,
    );
    report.table([
      ['served by', 'median', 'p99', 'delivered', 'of the floor', 'lost', 'memory each'],
      ...rows,
    ]);
    await slow(report, cluster, await request(), write);
  } finally {
    await cluster.server.stop();
    await bare.stop();
  }
}

interface List {
  readonly metadata: { readonly resourceVersion: string };
}

interface Found {
  readonly median: number;
  readonly p99: number;
  readonly perSecond: number;
  readonly lost: number;
  readonly bytesEach: number | undefined;
}

function row(name: string, found: Found, floor: number): string[] {
  return [
    name,
    duration(found.median),
    duration(found.p99),
    `${whole(found.perSecond)}/s`,
    times(found.perSecond, floor),
    whole(found.lost),
    found.bytesEach === undefined ? '' : `${(found.bytesEach / 1024).toFixed(0)} KiB`,
  ];
}

async function measure(options: {
  readonly open: (received: Received) => Promise<OpenWatchers>;
  readonly target: LoadTarget;
  readonly write: () => Buffer;
  readonly resident: (() => Promise<number>) | undefined;
}): Promise<Found> {
  const received: Received = { events: 0, latencies: [] };
  const before = await options.resident?.();
  const open = await options.open(received);
  const after = await options.resident?.();
  try {
    for (let at = 0; at < pacedWrites; at++) {
      await send(options.target, 1, 1, options.write);
      await new Promise((next) => setTimeout(next, pauseMs));
    }
    await arrived(received, pacedWrites * watchers);
    const latencies = received.latencies.splice(0);
    const paced = received.events;
    const started = performance.now();
    await send(options.target, busyWriters, busyWrites, options.write);
    await arrived(received, paced + busyWrites * watchers);
    const seconds = (performance.now() - started) / 1000;
    return {
      median: quantile(latencies, 0.5),
      p99: quantile(latencies, 0.99),
      perSecond: (received.events - paced) / seconds,
      lost: (pacedWrites + busyWrites) * watchers - received.events,
      bytesEach: before === undefined || after === undefined ? undefined : (after - before) / watchers,
    };
  } finally {
    open.close();
  }
}

/** Some that stop reading, while large objects change: they are cut off, the others miss nothing. */
async function slow(
  report: Report,
  cluster: Awaited<ReturnType<typeof startBenchCluster>>,
  request: WatchRequest,
  write: (text?: string) => Buffer,
): Promise<void> {
  const good: Received = { events: 0, latencies: [] };
  const bad: Received = { events: 0, latencies: [] };
  const reading = await openHttp1Watchers(cluster.target, request, slowWatchers, good);
  const stalled = await openHttp1Watchers(cluster.target, request, slowWatchers, bad);
  try {
    const before = await cluster.server.residentBytes();
    stalled.stall(slowWatchers);
    const text = 'z'.repeat(200_000);
    await send(cluster.target, 2, largeWrites, () => write(text));
    await arrived(good, largeWrites * slowWatchers);
    const after = await cluster.server.residentBytes();
    stalled.resume();
    for (const deadline = performance.now() + deadlineMs; performance.now() < deadline; ) {
      if (stalled.ended === slowWatchers) break;
      await new Promise((next) => setTimeout(next, 20));
    }
    report.note(
      `${slowWatchers} of ${2 * slowWatchers} watchers stop reading while ${largeWrites} changes of 200 KB are written: ` +
        `${stalled.ended} were cut off, the others missed ${whole(largeWrites * slowWatchers - good.events)} events; ` +
        `the server grew by ${megabytes(after - before)}, unread were ${megabytes(largeWrites * slowWatchers * 200_000)}.`,
    );
  } finally {
    reading.close();
    stalled.close();
  }
}

async function send(
  target: LoadTarget,
  concurrency: number,
  count: number,
  write: () => Buffer,
): Promise<void> {
  let left = count;
  await runLoad(target, { concurrency, status: 200, next: () => (left-- > 0 ? write() : undefined) });
}

/** Waits until so many events have come, or none has for long. */
async function arrived(received: Received, count: number): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (received.events < count && performance.now() < deadline) {
    await new Promise((next) => setTimeout(next, 1));
  }
}
