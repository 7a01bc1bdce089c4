import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openClusterClient } from '../src/cli/cluster/client.ts';
import { requestCredential } from '../src/cli/cluster/credentials.ts';
import type { SigningCredentials } from '../src/wire/sigv4/sign.ts';
import { createToken } from '../src/wire/token/create.ts';
import { inTurn, type LoadResult, type LoadTarget, openHttp2, runHttp2Load } from './load.ts';
import { median } from './measure.ts';
import { startBareServer } from './peers/bare.ts';
import type { StsOrder, StsReport } from './peers/stsserver.ts';
import { duration, type Report, times, whole } from './report.ts';
import type { BenchOptions } from './section.ts';
import {
  clustersOf,
  createDirectory,
  fillDirectory,
  seedEntries,
  seedUsers,
  seedUsersOfAws,
  type UserOfAws,
} from './seed.ts';
import { processorTime, readyFileIn, startServerProcess } from './serverprocess.ts';

const clusterName = 'connected';
const entries = 2_400;
const users = 256;
const accountOfAws = '444455556666';
const rounds = 3;
/** Requests of one round by how many are under way: alone they wait for one another. */
const requestsAt: ReadonlyMap<number, number> = new Map([
  [1, 500],
  [16, 3_000],
  [64, 6_000],
]);
/** Where each is a call to STS, which costs this machine more than the webhook does. */
const stsRequestsAt: ReadonlyMap<number, number> = new Map([
  [1, 300],
  [16, 1_000],
  [64, 2_000],
]);
/** Where each waits 20 ms. */
const slowRequestsAt: ReadonlyMap<number, number> = new Map([
  [1, 40],
  [16, 480],
  [64, 1_920],
]);
/** A token is valid for 15 minutes from its date; whole seconds make it another token. */
const dates = 780;
const json = { 'content-type': 'application/json' };

/** Prints what API servers get from both webhooks, for keys that are held here and for keys that STS is asked about. */
export async function benchWebhooks(report: Report, { directory }: BenchOptions): Promise<void> {
  const { local, remote } = await prepare(directory);
  report.note(
    `${whole(entries + 2 * users)} access entries, ${users} users; one HTTP/2 connection with a client certificate, as an API server has it, with so many requests under way. Median of ${rounds} rounds. Load generator, server and stand-in share this machine.`,
  );
  const floors = await benchFloor(report);
  await benchLocal(report, directory, local, floors);
  await benchSts(report, directory, remote);
}

async function prepare(
  directory: string,
): Promise<{ readonly local: readonly SigningCredentials[]; readonly remote: readonly UserOfAws[] }> {
  await createDirectory(directory, 0);
  const server = await startServerProcess(directory);
  const roleArn = `arn:aws:iam::${server.connection.accountId}:role/cluster`;
  const connectorConfig = { roleArn, provider: 'OTHER' };
  await server.aws.call('eks', 'RegisterCluster', { name: clusterName, connectorConfig });
  await server.stop();
  return fillDirectory(directory, async (storage, secretBox) => {
    const [cluster] = await clustersOf(storage);
    if (cluster === undefined) throw new Error('no cluster was registered');
    await seedEntries(storage, entries);
    return {
      local: await seedUsers(storage, secretBox, cluster, users),
      remote: await seedUsersOfAws(storage, cluster, accountOfAws, users),
    };
  });
}

/** Rates by how many requests are under way. */
type Floors = ReadonlyMap<number, number>;

async function benchFloor(report: Report): Promise<Floors> {
  const bare = await startBareServer();
  try {
    const results: (readonly [number, LoadResult])[] = [];
    for (const [concurrency, count] of requestsAt) {
      const body = tokenReview('x'.repeat(600));
      const load = { concurrency, status: 200, path: '/', headers: json };
      const next = () => inTurn(Array.from({ length: count }, () => body));
      results.push([concurrency, await middle(() => runHttp2Load(bare.target, { ...load, next: next() }))]);
    }
    report.table([
      ['the floor', 'callers', 'rate', 'median', 'p99'],
      ...results.map(([concurrency, result]) => [
        'node:http2 alone: reads, answers 450 bytes',
        String(concurrency),
        ...figures(result),
      ]),
    ]);
    return new Map(results.map(([concurrency, { perSecond }]) => [concurrency, perSecond]));
  } finally {
    await bare.stop();
  }
}

async function benchLocal(
  report: Report,
  directory: string,
  local: readonly SigningCredentials[],
  floors: Floors,
): Promise<void> {
  const server = await startServerProcess(directory, ['--webhook-listen', '127.0.0.1:0']);
  try {
    const caller = await openCaller(directory);
    const fresh = freshTokens(local);
    const again = local.slice(0, 64).map(() => tokenReview(fresh()));
    const known = await identities(caller, again);
    const inNamespace = (namespace: string) => known.map((user) => accessReview(user, namespace));
    const [allowed, silent] = [inNamespace('default'), inNamespace('kube-system')];
    const of = (bodies: readonly Buffer[]) => (at: number) => bodies[at % bodies.length] as Buffer;
    const questions: readonly (readonly [string, Webhook, (at: number) => Buffer])[] = [
      ['TokenReview, a new token each', 'authenticate', () => tokenReview(fresh())],
      ['TokenReview, the same 64 tokens', 'authenticate', of(again)],
      ['TokenReview, garbage', 'authenticate', of([tokenReview('eyJhbGciOi'.repeat(60))])],
      ['SubjectAccessReview, allowed', 'authorize', of(allowed)],
      ['SubjectAccessReview, no opinion', 'authorize', of(silent)],
    ];
    const rows: string[][] = [];
    for (const [name, webhook, body] of questions) {
      for (const [concurrency, count] of requestsAt) {
        const before = processorTime(server.pid);
        let asked = 0;
        const result = await middle(() => {
          asked += count;
          return caller.ask(
            webhook,
            concurrency,
            Array.from({ length: count }, (_, at) => body(at)),
          );
        });
        const spent = processorTime(server.pid) - before;
        const floor = times(result.perSecond, floors.get(concurrency) ?? Number.NaN);
        rows.push([name, String(concurrency), ...figures(result), floor, duration((spent * 1e9) / asked)]);
      }
    }
    report.table([
      ['keys held here', 'callers', 'rate', 'median', 'p99', 'of the floor', 'server’s processor time'],
      ...rows,
    ]);
  } finally {
    await server.stop();
  }
}

async function benchSts(report: Report, directory: string, remote: readonly UserOfAws[]): Promise<void> {
  const rows: string[][] = [];
  const fresh = freshTokens(remote);
  for (const [delayMs, counts] of [
    [0, stsRequestsAt],
    [20, slowRequestsAt],
  ] as const) {
    const sts = await startSts({
      delayMs,
      keys: Object.fromEntries(remote.map((user) => [user.accessKeyId, user])),
    });
    const caFile = join(directory, 'sts-ca.pem');
    writeFileSync(caFile, sts.caPem);
    const server = await startServerProcess(directory, [
      ...['--webhook-listen', '127.0.0.1:0', '--sts', 'aws', '--sts-accounts', accountOfAws],
      ...['--sts-connect', `127.0.0.1:${sts.port}`, '--sts-ca', caFile],
    ]);
    try {
      const caller = await openCaller(directory);
      const again = remote.slice(0, 64).map(() => tokenReview(fresh()));
      const questions: readonly (readonly [string, (at: number) => Buffer])[] = [
        ['a new token each', () => tokenReview(fresh())],
        ['the same 64 tokens', (at) => again[at % again.length] as Buffer],
      ];
      for (const [name, body] of questions) {
        for (const [concurrency, count] of counts) {
          const before = await sts.counters();
          let asked = 0;
          const result = await middle(() => {
            asked += count;
            return caller.ask(
              'authenticate',
              concurrency,
              Array.from({ length: count }, (_, at) => body(at)),
            );
          });
          const after = await sts.counters();
          rows.push([
            `STS takes ${delayMs} ms: ${name}`,
            String(concurrency),
            ...figures(result),
            `${whole(after.calls - before.calls)} for ${whole(asked)}`,
            whole(after.connections - before.connections),
          ]);
        }
      }
    } finally {
      await server.stop();
      sts.stop();
    }
  }
  report.table([
    ['keys of AWS: TokenReview', 'callers', 'rate', 'median', 'p99', 'STS calls', 'new connections'],
    ...rows,
  ]);
}

type Webhook = 'authenticate' | 'authorize';

interface Caller {
  /** Every answer must be 200. */
  ask(webhook: Webhook, concurrency: number, bodies: readonly Buffer[]): Promise<LoadResult>;
  /** The text of the answer to one. */
  askOnce(webhook: Webhook, body: Buffer): Promise<string>;
}

/** An API server with a client certificate of its own. */
async function openCaller(directory: string): Promise<Caller> {
  const client = openClusterClient({ readyFile: readyFileIn(directory) });
  const issued = await requestCredential(client, clusterName, { days: '1' });
  const url = new URL(issued.authenticateUrl);
  const target: LoadTarget = {
    host: url.hostname,
    port: Number(url.port),
    ca: issued.certificateAuthority,
    client: { cert: issued.certificate, key: issued.privateKey },
  };
  const pathOf = (webhook: Webhook): string =>
    new URL(webhook === 'authenticate' ? issued.authenticateUrl : issued.authorizeUrl).pathname;
  return {
    ask: (webhook, concurrency, bodies) =>
      runHttp2Load(target, {
        concurrency,
        status: 200,
        path: pathOf(webhook),
        headers: json,
        next: inTurn(bodies),
      }),
    async askOnce(webhook, body) {
      const exchange = await openHttp2(target, { path: pathOf(webhook), headers: json });
      try {
        return (await exchange.send(body)).text;
      } finally {
        exchange.close();
      }
    },
  };
}

interface User {
  readonly username: string;
  readonly uid: string;
  readonly groups?: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** Who the tokens are, as the webhook itself says: what an API server asks about next. */
async function identities(caller: Caller, bodies: readonly Buffer[]): Promise<readonly User[]> {
  const found: User[] = [];
  for (const body of bodies) {
    const { status } = JSON.parse(await caller.askOnce('authenticate', body)) as {
      readonly status: { readonly authenticated: boolean; readonly user: User };
    };
    if (!status.authenticated) throw new Error('a good token was refused');
    found.push(status.user);
  }
  return found;
}

function tokenReview(token: string): Buffer {
  return Buffer.from(
    JSON.stringify({
      kind: 'TokenReview',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: {},
      spec: { token },
    }),
  );
}

function accessReview({ username, ...user }: User, namespace: string): Buffer {
  const resourceAttributes = { namespace, verb: 'get', version: 'v1', resource: 'pods', name: 'shop-0' };
  const spec = { ...user, user: username, resourceAttributes };
  const apiVersion = 'authorization.k8s.io/v1';
  return Buffer.from(JSON.stringify({ kind: 'SubjectAccessReview', apiVersion, metadata: {}, spec }));
}

/** Tokens that are never the same twice, as long as there are users and seconds: each user goes through the seconds. */
function freshTokens(credentials: readonly SigningCredentials[]): () => string {
  const now = Date.now();
  let made = 0;
  return () => {
    const at = made++;
    const secondsAgo = Math.floor(at / credentials.length) % dates;
    return createToken({
      credentials: credentials[at % credentials.length] as SigningCredentials,
      region: 'us-east-1',
      clusterName,
      now: now - secondsAgo * 1000,
    });
  };
}

interface Sts {
  readonly port: number;
  readonly caPem: string;
  counters(): Promise<{ readonly calls: number; readonly connections: number }>;
  stop(): void;
}

async function startSts(order: StsOrder): Promise<Sts> {
  const child = fork(resolve(import.meta.dirname, 'peers/stsserver.ts'));
  const told = async <Told extends StsReport>(message: unknown): Promise<Told> => {
    const answer = once(child, 'message');
    child.send(message as object);
    return (await answer)[0] as Told;
  };
  const place = await told<Extract<StsReport, { port: number }>>(order);
  return {
    ...place,
    counters: () => told<Extract<StsReport, { calls: number }>>({}),
    stop: () => child.disconnect(),
  };
}

/** The middle of some rounds, after one that warms up. */
async function middle(run: () => Promise<LoadResult>): Promise<LoadResult> {
  await run();
  const results: LoadResult[] = [];
  for (let round = 0; round < rounds; round++) results.push(await run());
  const of = (figure: keyof LoadResult): number => median(results.map((result) => result[figure]));
  return { perSecond: of('perSecond'), median: of('median'), p99: of('p99') };
}

function figures({ perSecond, median: half, p99 }: LoadResult): readonly string[] {
  return [`${whole(perSecond)}/s`, duration(half), duration(p99)];
}
