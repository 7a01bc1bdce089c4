import { readFileSync } from 'node:fs';
import { createKubernetesClient } from '../src/clients/kubernetes.ts';
import type { SigningCredentials } from '../src/wire/sigv4/sign.ts';
import { createToken } from '../src/wire/token/create.ts';
import { httpBytes, inTurn, type LoadResult, type LoadTarget, runLoad } from './load.ts';
import { median, seededRandom } from './measure.ts';
import { startBareServer } from './peers/bare.ts';
import { duration, type Report, times, whole } from './report.ts';
import type { BenchOptions } from './section.ts';
import { clusterName, clustersOf, createDirectory, fillDirectory, seedEntries, seedUsers } from './seed.ts';
import { type ServerProcess, startServerProcess } from './serverprocess.ts';

const users = 64;
const entries = 2_900;
const concurrency = 16;
const requestsPerRound = 1_500;
const rounds = 3;
/** A token is valid for 15 minutes from its date; whole seconds make it another token. */
const dates = 600;

/** Prints how many requests of kubectl's kind the server authenticates, authorizes and answers, over HTTPS. */
export async function benchRequests(report: Report, { seed, directory }: BenchOptions): Promise<void> {
  await createDirectory(directory, 1);
  const credentials = await fillDirectory(directory, async (storage, secretBox) => {
    const [cluster] = await clustersOf(storage);
    if (cluster === undefined) throw new Error('no cluster was made');
    await seedEntries(storage, entries);
    return seedUsers(storage, secretBox, cluster, users);
  });
  const server = await startServerProcess(directory);
  const bare = await startBareServer();
  try {
    const { cases, target } = await casesOf(server, credentials, seed);
    const floor = { name: 'node:http2 alone: reads, answers 450 bytes', status: 200, request: bareRequest };
    const all = [{ ...floor, target: bare.target }, ...cases.map((each) => ({ ...each, target }))];
    const results = new Map<string, LoadResult[]>(all.map(({ name }) => [name, []]));
    for (let round = 0; round <= rounds; round++) {
      for (const { name, status, request, target: to } of all) {
        const requests = Array.from({ length: requestsPerRound }, (_, at) => request(at));
        const result = await runLoad(to, { concurrency, status, next: inTurn(requests) });
        // The first round warms up.
        if (round > 0) results.get(name)?.push(result);
      }
    }
    report.note(
      `${whole(entries + users)} access entries, ${users} users; HTTP/1.1 over TLS, ${concurrency} connections; median of ${rounds} rounds of ${whole(requestsPerRound)} requests. Client and server share this machine.`,
    );
    const middle = (name: string, of: (result: LoadResult) => number): number =>
      median((results.get(name) ?? []).map(of));
    report.table([
      ['request', 'rate', 'median', 'p99', 'of the floor'],
      ...all.map(({ name }) => [
        name,
        `${whole(middle(name, (result) => result.perSecond))}/s`,
        duration(middle(name, (result) => result.median)),
        duration(middle(name, (result) => result.p99)),
        times(
          middle(name, (result) => result.perSecond),
          middle(floor.name, (result) => result.perSecond),
        ),
      ]),
    ]);
  } finally {
    await server.stop();
    await bare.stop();
  }
}

interface Case {
  readonly name: string;
  readonly status: number;
  request(at: number): Buffer;
}

async function casesOf(
  server: ServerProcess,
  credentials: readonly SigningCredentials[],
  seed: number,
): Promise<{ readonly cases: readonly Case[]; readonly target: LoadTarget }> {
  const { connection, aws } = server;
  const name = clusterName(0);
  const { cluster } = await aws.call<{ readonly cluster: { readonly endpoint: string } }>(
    'eks',
    'DescribeCluster',
    { name },
  );
  const base = new URL(cluster.endpoint);
  const ca = readFileSync(connection.caFile, 'utf8');
  const now = Date.now();
  const random = seededRandom(seed);
  const credentialOf = (at: number): SigningCredentials => credentials[at % users] as SigningCredentials;
  const tokenOf = (at: number, secondsAgo: number): string =>
    createToken({
      credentials: credentialOf(at),
      region: connection.region,
      clusterName: name,
      now: now - secondsAgo * 1000,
    });
  const repeated = credentials.map((_, at) => tokenOf(at, 0));
  const again = (at: number): string => repeated[at % users] as string;
  // Never the same twice in `users` × `dates` tokens: each user goes through the seconds, from a random one on.
  const offset = Math.floor(random() * dates);
  let fresh = 0;
  const anew = (): string => {
    const at = fresh++;
    return tokenOf(at, 30 + ((offset + Math.floor(at / users)) % dates));
  };
  const forged = (at: number): string => {
    const { accessKeyId } = credentialOf(at);
    const credentials = { accessKeyId, secretAccessKey: 'not the secret of this access key at all' };
    return createToken({ credentials, region: connection.region, clusterName: name, now });
  };
  const send = (method: string, path: string, token: string, body?: unknown): Buffer =>
    httpBytes({
      method,
      target: base.pathname.replace(/\/$/, '') + path,
      headers: {
        host: base.host,
        accept: 'application/json',
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: Buffer.from(JSON.stringify(body)) }),
    });

  const configMaps = '/api/v1/namespaces/default/configmaps';
  await createConfigMap(cluster.endpoint, ca, again(0), configMaps);
  const review = { kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1' };
  const reviews = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  const cases: Case[] = [
    { name: 'who am I, a new token each', status: 201, request: () => send('POST', reviews, anew(), review) },
    {
      name: 'who am I, the same tokens again',
      status: 201,
      request: (at) => send('POST', reviews, again(at), review),
    },
    {
      name: 'get an object, a new token each',
      status: 200,
      request: () => send('GET', `${configMaps}/note`, anew()),
    },
    {
      name: 'get an object, the same tokens again',
      status: 200,
      request: (at) => send('GET', `${configMaps}/note`, again(at)),
    },
    {
      name: 'refused (403), the same tokens again',
      status: 403,
      request: (at) => send('GET', '/api/v1/namespaces/kube-system/secrets/s', again(at)),
    },
    {
      name: 'forged token (401)',
      status: 401,
      request: (at) => send('GET', `${configMaps}/note`, forged(at)),
    },
  ];
  return { cases, target: { host: base.hostname, port: Number(base.port), ca } };
}

async function createConfigMap(endpoint: string, ca: string, token: string, path: string): Promise<void> {
  const client = createKubernetesClient(endpoint, ca);
  try {
    const body = {
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { name: 'note' },
      data: { note: 'x'.repeat(200) },
    };
    const answer = await client.send({ token, method: 'POST', path, body });
    if (answer.status !== 201) throw new Error(`the ConfigMap: ${JSON.stringify(answer.body)}`);
  } finally {
    client.close();
  }
}

function bareRequest(): Buffer {
  return httpBytes({
    method: 'GET',
    target: '/',
    headers: { host: '127.0.0.1', accept: 'application/json' },
  });
}
