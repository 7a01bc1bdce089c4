import { connect } from 'node:net';
import { encodeRequest } from '../src/wire/protocols/client.ts';
import { signRequest } from '../src/wire/sigv4/sign.ts';
import { httpBytes, inTurn, type LoadResult, type LoadTarget, runLoad } from './load.ts';
import { median } from './measure.ts';
import { duration, type Report, whole } from './report.ts';
import type { BenchOptions } from './section.ts';
import { clusterName } from './seed.ts';
import { processorTime, type ServerProcess, startServerProcess } from './serverprocess.ts';
import { associations, createWorkloadWorld, pods, type WorkloadWorld } from './workloadworld.ts';

const rounds = 3;
/** Requests of one round by how many are under way: alone they wait for one another. */
const requestsAt: ReadonlyMap<number, number> = new Map([
  [1, 300],
  [16, 2_000],
  [64, 4_000],
]);
/** Connections that the agents of a cluster's nodes keep open. */
const burstConnections = 64;
const restarts = 3;
const acceptDeadlineMs = 30_000;

/** Prints what pods wait for their credentials, one after the other and all at once after a restart. */
export async function benchWorkload(report: Report, { directory }: BenchOptions): Promise<void> {
  const world = await createWorkloadWorld(directory);
  report.note(
    `${whole(associations)} associations of 100 roles, ${whole(pods)} pods, six tags on every session; HTTP/1.1, keep-alive. Median of ${rounds} rounds. Client and server share this machine.`,
  );
  await benchRates(report, directory, world);
  await benchRestart(report, directory, world);
}

interface Place {
  readonly target: LoadTarget;
  readonly host: string;
  readonly region: string;
}

function placeOf({ connection }: ServerProcess): Place {
  const { host, hostname, port } = new URL(connection.awsEndpoint);
  return { host, region: connection.region, target: { host: hostname, port: Number(port) } };
}

async function benchRates(report: Report, directory: string, world: WorkloadWorld): Promise<void> {
  const server = await startServerProcess(directory);
  try {
    const place = placeOf(server);
    const { podTokens, webTokens } = world;
    const cases: readonly (readonly [string, (at: number) => Buffer])[] = [
      [
        'AssumeRoleForPodIdentity',
        (at) => podIdentityRequest(place, world, podTokens[at % podTokens.length] ?? ''),
      ],
      [
        'AssumeRoleWithWebIdentity',
        (at) => webIdentityRequest(place, world, webTokens[at % webTokens.length] ?? ''),
      ],
    ];
    const rows: string[][] = [];
    for (const [concurrency, count] of requestsAt) {
      for (const [name, request] of cases) {
        const before = processorTime(server.pid);
        const result = await middle(place.target, concurrency, count, request);
        const spent = processorTime(server.pid) - before;
        rows.push([
          ...[name, String(concurrency), ...figures(result)],
          duration((spent * 1e9) / (count * (rounds + 1))),
        ]);
      }
    }
    report.table([['call', 'callers', 'rate', 'median', 'p99', 'server’s processor time'], ...rows]);
  } finally {
    await server.stop();
  }
}

/** Every pod asks once, as soon as the port is open again; an answer other than 200 fails the run. */
async function benchRestart(report: Report, directory: string, world: WorkloadWorld): Promise<void> {
  let server = await startServerProcess(directory);
  const place = placeOf(server);
  const fixed = ['--aws-listen', `${place.target.host}:${place.target.port}`];
  const rows: string[][] = [];
  try {
    for (let at = 0; at < restarts; at++) {
      const requests = world.podTokens.map((token) => podIdentityRequest(place, world, token));
      await server.kill();
      const started = performance.now();
      const starting = startServerProcess(directory, fixed);
      await accepts(place.target);
      const accepted = performance.now();
      const result = await runLoad(place.target, {
        ...{ concurrency: burstConnections, status: 200 },
        next: inTurn(requests),
      });
      const done = performance.now();
      server = await starting;
      rows.push([
        String(at + 1),
        duration((accepted - started) * 1e6),
        duration((done - accepted) * 1e6),
        duration((done - started) * 1e6),
        ...figures(result),
      ]);
    }
  } finally {
    await server.stop();
  }
  report.note(
    `\n${whole(pods)} pods ask at once after kill -9, over ${burstConnections} connections that are tried until they are accepted:`,
  );
  report.table([
    ['restart', 'start to open port', 'all answered after', 'both', 'rate', 'median', 'p99'],
    ...rows,
  ]);
}

/** As the agent of a node asks. */
function podIdentityRequest({ host, region }: Place, { node }: WorkloadWorld, token: string): Buffer {
  const input = { clusterName: clusterName(0), token };
  const request = { host, ...encodeRequest('eks-auth', 'AssumeRoleForPodIdentity', input) };
  const headers = signRequest(request, {
    ...{ credentials: node, region, service: 'eks-auth', now: Date.now() },
  });
  return httpBytes({ method: request.method, target: request.path, headers, body: request.body });
}

/** As a pod's SDK asks: nobody signs. */
function webIdentityRequest({ host }: Place, { webRoleArn }: WorkloadWorld, token: string): Buffer {
  const input = { RoleArn: webRoleArn, RoleSessionName: 'pod', WebIdentityToken: token };
  const { method, path, headers, body } = encodeRequest('sts', 'AssumeRoleWithWebIdentity', input);
  return httpBytes({ method, target: path, headers: { host, ...headers }, body });
}

/** Resolves with the first connection that is accepted. */
async function accepts({ host, port }: LoadTarget): Promise<void> {
  for (const deadline = performance.now() + acceptDeadlineMs; performance.now() < deadline; ) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect({ host, port }, () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (isOpen) return;
    await new Promise((next) => setTimeout(next, 2));
  }
  throw new Error(`no connection was accepted within ${acceptDeadlineMs / 1000} s`);
}

/** The middle of some rounds, after one that warms up. */
async function middle(
  target: LoadTarget,
  concurrency: number,
  count: number,
  request: (at: number) => Buffer,
): Promise<LoadResult> {
  const results: LoadResult[] = [];
  for (let round = 0; round <= rounds; round++) {
    const requests = Array.from({ length: count }, (_, at) => request(round * count + at));
    const result = await runLoad(target, { concurrency, status: 200, next: inTurn(requests) });
    if (round > 0) results.push(result);
  }
  const of = (figure: keyof LoadResult): number => median(results.map((result) => result[figure]));
  return { perSecond: of('perSecond'), median: of('median'), p99: of('p99') };
}

function figures({ perSecond, median: half, p99 }: LoadResult): readonly string[] {
  return [`${whole(perSecond)}/s`, duration(half), duration(p99)];
}
