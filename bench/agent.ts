import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { httpBytes, inTurn, type LoadResult, type LoadTarget, runLoad } from './load.ts';
import { median } from './measure.ts';
import { duration, type Report, times, whole } from './report.ts';
import type { BenchOptions } from './section.ts';
import { readWhenThere, stop } from './serverprocess.ts';

/** A large node has so many pods. */
const pods = 250;
const concurrency = 16;
const requestsPerRound = 5_000;
const rounds = 3;

/** Prints how many requests of pods the node agent answers from its cache, beside node's own server with the same bytes. */
export async function benchAgent(report: Report, { directory }: BenchOptions): Promise<void> {
  const eksAuth = await startEksAuth();
  const agent = await startAgent(directory, (eksAuth.address() as AddressInfo).port);
  const tokens = Array.from({ length: pods }, (_, at) => podToken(at));
  const body = await firstAnswers(agent.target, tokens);
  const bare = await startBare(body);
  try {
    const load = async (target: LoadTarget): Promise<LoadResult> => {
      const host = `${target.host}:${target.port}`;
      const requests = Array.from({ length: requestsPerRound }, (_, at) =>
        requestOf(host, tokens[at % pods] ?? ''),
      );
      return await runLoad(target, { concurrency, status: 200, next: inTurn(requests) });
    };
    const results = { bare: [] as LoadResult[], agent: [] as LoadResult[] };
    for (let round = 0; round <= rounds; round++) {
      const measured = [await load(bare.target), await load(agent.target)] as const;
      // The first round warms up.
      if (round === 0) continue;
      results.bare.push(measured[0]);
      results.agent.push(measured[1]);
    }
    report.note(
      `${pods} pods with a token of ${tokens[0]?.length} bytes each; HTTP/1.1, ${concurrency} connections kept open; median of ${rounds} rounds of ${whole(requestsPerRound)} requests. Client and server share this machine; the agent's limit of 1,000 requests a second is lifted.`,
    );
    const rate = (of: readonly LoadResult[]): number => median(of.map(({ perSecond }) => perSecond));
    const line = (name: string, of: readonly LoadResult[]): readonly string[] => [
      name,
      `${whole(rate(of))}/s`,
      duration(median(of.map((result) => result.median))),
      duration(median(of.map(({ p99 }) => p99))),
      times(rate(of), rate(results.bare)),
    ];
    report.table([
      ['request', 'rate', 'median', 'p99', 'of the floor'],
      line(`node:http alone: answers the same ${body.length} bytes`, results.bare),
      line('credentials of a pod, from the cache', results.agent),
    ]);
  } finally {
    await agent.stop();
    await bare.stop();
    eksAuth.closeAllConnections();
    eksAuth.close();
  }
}

function requestOf(host: string, token: string): Buffer {
  return httpBytes({
    ...{ method: 'GET', target: '/v1/credentials' },
    headers: { host, authorization: token, accept: '*/*' },
  });
}

/** Fills the cache; answers with the body of one answer. */
async function firstAnswers(target: LoadTarget, tokens: readonly string[]): Promise<string> {
  const host = `${target.host}:${target.port}`;
  await runLoad(target, {
    concurrency,
    status: 200,
    next: inTurn(tokens.map((token) => requestOf(host, token))),
  });
  const answer = await fetch(`http://${host}/v1/credentials`, {
    headers: { authorization: tokens[0] ?? '' },
  });
  return await answer.text();
}

/** As long as a projected token is; nobody signed it. */
function podToken(at: number): string {
  const claims = {
    aud: ['pods.eks.amazonaws.com'],
    exp: Math.floor(Date.now() / 1000) + 86_400,
    sub: `system:serviceaccount:shop:app-${at}`,
    filler: 'x'.repeat(400),
  };
  const part = (value: object | string): string =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  return [part({ alg: 'RS256', kid: 'x'.repeat(40) }), part(claims), part('x'.repeat(256))].join('.');
}

interface Process {
  readonly target: LoadTarget;
  stop(): Promise<void>;
}

async function startAgent(directory: string, eksAuthPort: number): Promise<Process> {
  const readyFile = join(directory, 'agent.json');
  const free = '127.0.0.1:0';
  const child = spawn(
    process.execPath,
    [
      ...[resolve(import.meta.dirname, '../bin/entryway.js'), 'agent', '--cluster-name', 'bench'],
      ...['--endpoint', `http://127.0.0.1:${eksAuthPort}`, '--region', 'us-east-1'],
      ...['--listen', free, '--probe-listen', free, '--metrics-listen', free],
      ...['--request-rate', '1000000', '--ready-file', readyFile, '--log-level', 'warn'],
    ],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, AWS_ACCESS_KEY_ID: 'AKIABENCH0123456789', AWS_SECRET_ACCESS_KEY: 'bench' },
    },
  );
  const { urls } = JSON.parse(await readWhenThere(readyFile, child)) as { readonly urls: readonly string[] };
  return {
    target: { host: '127.0.0.1', port: Number(new URL(urls[0] ?? '').port) },
    stop: () => stop(child),
  };
}

/** Node's own server in a process of its own. */
async function startBare(body: string): Promise<Process> {
  const program = `
    const body = Buffer.from(${JSON.stringify(body)});
    const server = require('node:http').createServer((request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
      response.end(body);
    });
    server.listen(0, '127.0.0.1', () => console.log(server.address().port));
  `;
  const child = spawn(process.execPath, ['--eval', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    return { target: { host: '127.0.0.1', port: Number(line) }, stop: () => stop(child) };
  }
  throw new Error('the bare server did not start');
}

/** Gives everybody credentials as long as EKS Auth's. */
async function startEksAuth(): Promise<Server> {
  const answer = JSON.stringify({
    podIdentityAssociation: { associationArn: 'arn', associationId: 'a-0123456789abcdefg' },
    assumedRoleUser: { arn: 'arn:aws:sts::111122223333:assumed-role/app/eks-bench', assumeRoleId: 'AROA:x' },
    credentials: {
      accessKeyId: 'ASIAEXAMPLE012345678',
      secretAccessKey: 'x'.repeat(40),
      sessionToken: 'x'.repeat(900),
      expiration: Math.floor(Date.now() / 1000) + 6 * 3600,
    },
  });
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
