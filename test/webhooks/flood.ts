/** Run in a worker: asks about tokens of others as fast as it can, over a few connections, until told to stop. */
import { once } from 'node:events';
import { connect } from 'node:http2';
import { parentPort, workerData } from 'node:worker_threads';

export interface Flood {
  readonly url: string;
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
  readonly bodies: readonly string[];
  readonly connections: number;
  /** Requests under way on each connection. */
  readonly outstanding: number;
  readonly milliseconds: number;
}

export interface FloodResult {
  readonly perSecond: number;
  /** How many got each status. */
  readonly statuses: Readonly<Record<string, number>>;
}

const { url, tls, bodies, connections, outstanding, milliseconds } = workerData as Flood;
const { origin, pathname } = new URL(url);
const statuses: Record<string, number> = {};
const started = performance.now();
let sent = 0;

const sessions = Array.from({ length: connections }, () => connect(origin, tls));
await Promise.all(sessions.map((session) => once(session, 'connect')));
parentPort?.postMessage('started');
await Promise.all(
  sessions.flatMap((session) =>
    Array.from({ length: outstanding }, async () => {
      while (performance.now() - started < milliseconds) {
        const stream = session.request({
          ':method': 'POST',
          ':path': pathname,
          'content-type': 'application/json',
        });
        stream.end(bodies[sent++ % bodies.length]);
        const [headers] = (await once(stream, 'response')) as [{ readonly ':status': number }];
        const status = String(headers[':status']);
        statuses[status] = (statuses[status] ?? 0) + 1;
        stream.resume();
        await once(stream, 'end');
      }
    }),
  ),
);
for (const session of sessions) session.close();
const result: FloodResult = {
  perSecond: Math.round((sent * 1000) / (performance.now() - started)),
  statuses,
};
parentPort?.postMessage(result);
