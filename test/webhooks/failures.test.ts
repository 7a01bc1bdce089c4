import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import { clusterKey } from '../../src/storage/records/keys.ts';
import type { WebhookLimits } from '../../src/webhooks/limits.ts';
import { type ApiServer, type ApiServerOptions, createApiServer } from './apiserver.ts';
import type { Flood, FloodResult } from './flood.ts';
import { account, type ClientCertificate, connected, openWorld, region, type World } from './world.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function opened(
  options: { readonly limits?: Partial<WebhookLimits>; readonly sessionEnds?: number } = {},
) {
  const world = await openWorld(options);
  open.push(world);
  const certificate = await world.issue(connected());
  return { world, certificate, server: serverOf(world, certificate) };
}

function serverOf(
  world: World,
  certificate: ClientCertificate,
  options: Partial<ApiServerOptions> = {},
  cluster = connected(),
): ApiServer {
  const server = createApiServer({
    authentication: world.kubeconfig(cluster, 'authenticate', certificate),
    authorization: world.kubeconfig(cluster, 'authorize', certificate),
    retryDelay: 1,
    cacheTtl: 0,
    ...options,
  });
  open.push(server);
  return server;
}

/** Another cluster with an API server of its own. */
async function anotherCluster(world: World): Promise<ApiServer> {
  const cluster = connected({ name: 'other' });
  await world.put(clusterKey(account, region, 'other'), cluster);
  return serverOf(world, await world.issue(cluster), {}, cluster);
}

/** One question, as `STATUS OUTCOME`. */
async function ask(server: ApiServer, token: string): Promise<string> {
  const { status, text } = await server.post('authenticate', server.tokenReview(token));
  return status === 200
    ? `200 ${JSON.parse(text).status.authenticated ? 'authenticated' : JSON.parse(text).status.error}`
    : `${status} ${text.trim()}`;
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

describe('certificates', () => {
  test('one that expires while its connection is open is refused from that moment, and again accepted when the clock goes back', async () => {
    const { world, server } = await opened();
    expect(await ask(server, world.token())).toBe('200 authenticated');
    world.clock.offset = 30 * day;
    expect(await ask(server, world.token())).toMatch(/^401 .*has expired/);
    world.clock.offset = 0;
    expect(await ask(server, world.token())).toBe('200 authenticated');
  });

  test.each(['h2', 'http/1.1'] as const)(
    'one that is revoked while its %s connection is open is refused at the next request; the new one is not',
    async (protocol) => {
      const { world, certificate } = await opened();
      const old = serverOf(world, certificate, { protocol });
      const renewed = serverOf(world, await world.issue(connected()), { protocol });
      expect(await ask(old, world.token())).toBe('200 authenticated');
      await world.revoke(connected(), certificate);
      expect(await ask(old, world.token())).toMatch(/^401 .*was revoked/);
      expect(await ask(old, world.token())).toMatch(/^401 .*was revoked/);
      expect(await ask(renewed, world.token())).toBe('200 authenticated');
    },
  );

  test('that of the listener is made anew before it ends, and connections that are open stay', async () => {
    const { world, certificate, server } = await opened();
    await ask(server, world.token());
    const shown = () =>
      new Promise<string>((resolve, reject) => {
        const { hostname, port } = new URL(world.listener.endpoint);
        const socket = connectTls(
          { host: hostname, port: Number(port), rejectUnauthorized: false, ...certificate },
          () => {
            resolve(socket.getPeerCertificate().valid_to);
            socket.destroy();
          },
        );
        socket.on('error', reject);
      });
    const before = await shown();
    await world.listener.renewal.look();
    expect(await shown()).toBe(before);
    world.clock.offset = 380 * day;
    await world.listener.renewal.look();
    const after = await shown();
    expect(Date.parse(after)).toBeGreaterThan(Date.parse(before) + 300 * day);
    world.clock.offset = 0;
    expect(await ask(server, world.token())).toBe('200 authenticated');
  });
});

describe('connections of strangers', () => {
  interface Peer {
    readonly socket: TLSSocket;
    /** To resume with; the last one the server gave. */
    readonly session: () => Promise<Buffer>;
    /** Sends a question over HTTP/1.1; resolves with what came until the end. */
    ask(path?: string): Promise<string>;
    isClosed(): boolean;
  }

  async function peerOf(world: World, tls: object): Promise<Peer> {
    const { hostname, port } = new URL(world.listener.endpoint);
    const socket = connectTls({ host: hostname, port: Number(port), ca: world.ca, ...tls });
    open.push({ close: () => socket.destroy() });
    let ticket: Buffer | undefined;
    let closed = false;
    let text = '';
    socket.on('session', (session: Buffer) => {
      ticket = session;
    });
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      closed = true;
    });
    await new Promise((resolve) => socket.once('secureConnect', resolve).once('close', resolve));
    return {
      socket,
      async session() {
        await until(() => ticket !== undefined, 'there is a session');
        return ticket ?? Buffer.alloc(0);
      },
      async ask(path = new URL(world.listener.door.urlsOf(connected()).authenticateUrl).pathname) {
        const body = JSON.stringify({
          kind: 'TokenReview',
          apiVersion: 'authentication.k8s.io/v1',
          spec: { token: world.token() },
        });
        const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`;
        socket.write(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
        await until(() => closed || text.includes('\r\n\r\n'), 'there is an answer');
        const answered = text;
        text = '';
        return answered;
      },
      isClosed: () => closed,
    };
  }

  const versions = (['TLSv1.2', 'TLSv1.3'] as const).map((version) => ({
    version,
    tls: { minVersion: version, maxVersion: version },
  }));

  test.each(versions)('a resumed session of $version is judged like a new one', async ({ tls }) => {
    const { world, certificate } = await opened();
    const own = { ...tls, cert: certificate.cert, key: certificate.key };
    const first = await peerOf(world, own);
    expect(await first.ask()).toMatch(/^HTTP\/1.1 200 /);
    const session = await first.session();
    const resumed = await peerOf(world, { ...own, session });
    expect(resumed.socket.isSessionReused()).toBe(true);
    expect(await resumed.ask()).toMatch(/^HTTP\/1.1 200 /);
    await world.revoke(connected(), certificate);
    for (const credentials of [own, tls]) {
      const late = await peerOf(world, { ...credentials, session });
      expect([late.socket.isSessionReused(), await late.ask()]).toEqual([
        true,
        expect.stringContaining('the client certificate was revoked'),
      ]);
    }
    const nobody = await peerOf(world, tls);
    const again = await peerOf(world, { ...tls, session: await nobody.session() });
    expect([again.socket.isSessionReused(), await again.ask()]).toEqual([
      true,
      expect.stringContaining('a client certificate is needed'),
    ]);
  });

  test.each(versions)(
    'are dropped over $version after their time, resumed or not, and those of API servers stay',
    async ({ tls }) => {
      const world = await openWorld({ strangersLimits: { patience: 200 } });
      open.push(world);
      const certificate = await world.issue(connected());
      const known = await peerOf(world, { ...tls, cert: certificate.cert, key: certificate.key });
      const unknown = await world.certify(connected());
      const nobody = await peerOf(world, tls);
      const strangers = [
        nobody,
        await peerOf(world, { ...tls, session: await nobody.session() }),
        await peerOf(world, { ...tls, cert: unknown.cert, key: unknown.key }),
      ];
      await until(() => strangers.every((one) => one.isClosed()), 'all strangers are dropped');
      expect(known.isClosed()).toBe(false);
      expect(await known.ask()).toMatch(/^HTTP\/1.1 200 /);
    },
  );

  test('get one answer each', async () => {
    const { world } = await opened();
    for (const path of [undefined, '/healthz', '/nothing']) {
      const stranger = await peerOf(world, {});
      expect(await stranger.ask(path)).toMatch(/\r\nconnection: close\r\n/i);
      await until(() => stranger.isClosed(), 'the connection is closed');
    }
  });

  test('take no places of API servers: the oldest goes, also before its handshake', async () => {
    const world = await openWorld({ strangersLimits: { most: 2 } });
    open.push(world);
    const certificate = await world.issue(connected());
    const own = { cert: certificate.cert, key: certificate.key };
    const known = [await peerOf(world, own), await peerOf(world, own)];
    const { hostname, port } = new URL(world.listener.endpoint);
    const silent = connectTcp(Number(port), hostname);
    let isSilentClosed = false;
    silent
      .on('error', () => undefined)
      .on('close', () => {
        isSilentClosed = true;
      });
    open.push({ close: () => silent.destroy() });
    await new Promise((resolve) => silent.once('connect', resolve));
    const second = await peerOf(world, {});
    const third = await peerOf(world, {});
    await until(() => isSilentClosed, 'the oldest is dropped');
    const late = await peerOf(world, own);
    await until(() => second.isClosed(), 'the next one is dropped for whoever comes');
    expect(third.isClosed()).toBe(false);
    for (const one of [...known, late]) expect(await one.ask()).toMatch(/^HTTP\/1.1 200 /);
  });
});

describe('the clock steps', () => {
  test('a verdict that is remembered ends with the token, and with the session', async () => {
    const { world, server } = await opened({ limits: { verdictLifetime: 60 * minute } });
    const token = world.token();
    expect(await ask(server, token)).toBe('200 authenticated');
    world.clock.offset = 14 * minute;
    expect(await ask(server, token)).toBe('200 authenticated');
    world.clock.offset = 15 * minute + 1_000;
    expect(await ask(server, token)).toMatch(/^200 .*15 minutes ago/);

    const ending = await opened({
      limits: { verdictLifetime: 60 * minute },
      sessionEnds: Date.now() + minute,
    });
    const last = ending.world.token();
    expect(await ask(ending.server, last)).toBe('200 authenticated');
    ending.world.clock.offset = minute + 1_000;
    expect(await ask(ending.server, last)).toMatch(/^200 .*session/);
  });

  test('back: nothing that was remembered counts, and a token of later is refused', async () => {
    const { world, server } = await opened({ limits: { verdictLifetime: 60 * minute } });
    const token = world.token();
    expect(await ask(server, token)).toBe('200 authenticated');
    const { count } = world.lookups;
    world.clock.offset = -1_000;
    expect(await ask(server, token)).toBe('200 authenticated');
    expect(world.lookups.count).toBe(count + 1);
    world.clock.offset = -60 * minute;
    expect(await ask(server, token)).not.toContain('authenticated');
  });
});

describe('no verdict', () => {
  test('keys that cannot be looked up are 503, which is not remembered', async () => {
    const { world, server } = await opened();
    const token = world.token();
    world.lookups.fails = true;
    expect(await ask(server, token)).toMatch(/^503 no verdict/);
    world.lookups.fails = false;
    expect(await ask(server, token)).toBe('200 authenticated');
  });

  test('more tokens at once than are judged are 429 with Retry-After, which the API server heeds; another cluster is served', async () => {
    const { world, server } = await opened({ limits: { judgedAtOncePerCluster: 2, judgedAtOnce: 3 } });
    const other = await anotherCluster(world);
    let release = (): void => undefined;
    world.lookups.gate = new Promise((resolve) => {
      release = resolve;
    });
    // A second later each, so that no two are equal.
    const tokens = [0, 1, 2].map((seconds) => world.token({ at: world.clock.now() - seconds * 1_000 }));
    const [first = '', second = '', third = ''] = tokens;
    const waiting = [ask(server, first), ask(server, second), ask(server, first)];
    await until(() => world.lookups.count === 2, 'two are judged');
    const refused = await server.post('authenticate', server.tokenReview(third));
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1']);
    // One place is left in all, and one of another cluster takes it.
    const foreign = ask(other, world.token({ clusterName: 'other' }));
    await until(() => world.lookups.count === 3, 'the other cluster’s is judged');
    // What needs no judging is answered all the same.
    expect(await ask(server, 'x')).toMatch(/^200 token is none/);
    const retried = serverOf(world, await world.issue(connected()), { retryDelay: 50 }).authenticate(third);
    await until(() => world.outcomes.some(({ status }) => status === 429), 'it was told to come again');
    release();
    expect(await Promise.all(waiting)).toEqual(Array(3).fill('200 authenticated'));
    expect(await foreign).toMatch(/^200 /);
    expect(await retried).toMatchObject({ outcome: 'user' });
  });

  test('connections that are cut while a token is judged harm nobody, and the next ones are served', async () => {
    const { world, server } = await opened({ limits: { judgedAtOncePerCluster: 1 } });
    let release = (): void => undefined;
    world.lookups.gate = new Promise((resolve) => {
      release = resolve;
    });
    const cut = ask(server, world.token()).catch(() => 'cut');
    await until(() => world.lookups.count === 1, 'it is judged');
    server.cut();
    expect(await cut).toBe('cut');
    release();
    world.lookups.gate = undefined;
    await until(() => world.outcomes.length === 1, 'the cut one has ended');
    expect(await ask(server, world.token({ at: world.clock.now() - 1_000 }))).toBe('200 authenticated');
  });
});

test.each(['h2', 'http/1.1'] as const)(
  'a server that stops answers over %s what is under way, and nothing after it',
  async (protocol) => {
    const { world, certificate } = await opened();
    const server = serverOf(world, certificate, { protocol });
    let release = (): void => undefined;
    world.lookups.gate = new Promise((resolve) => {
      release = resolve;
    });
    const underWay = ask(server, world.token());
    await until(() => world.lookups.count === 1, 'it is judged');
    const stopped = world.listener.close();
    release();
    expect(await underWay).toBe('200 authenticated');
    await stopped;
    await expect(ask(serverOf(world, certificate, { protocol }), world.token())).rejects.toThrow();
  },
);

describe('bodies that do not arrive', () => {
  /** Sends half a body and holds the rest back. */
  function half(world: World, { cert, key }: ClientCertificate, body: string): () => Promise<number> {
    const { origin, pathname } = new URL(world.listener.door.urlsOf(connected()).authenticateUrl);
    const session = connectHttp2(origin, { ca: world.ca, cert, key });
    open.push({ close: () => session.destroy() });
    const stream = session.request({
      ':method': 'POST',
      ':path': pathname,
      'content-type': 'application/json',
    });
    stream.write(body);
    // The answer and the end of the stream: one that stays half open keeps its place.
    return () =>
      new Promise<number>((resolve, reject) => {
        let status = 0;
        stream.on('response', (headers) => {
          status = Number(headers[':status']);
        });
        stream.on('close', () => resolve(status));
        stream.on('error', reject).resume();
      });
  }

  test('are given up', async () => {
    const { world, certificate } = await opened({ limits: { bodyTimeout: 20 } });
    expect(await half(world, certificate, '{')()).toBe(400);
  });

  test('take the places of their own cluster alone', async () => {
    const { world, certificate, server } = await opened({
      limits: { bodyBytesAtOnce: 10_000, bodyTimeout: 500 },
    });
    const other = await anotherCluster(world);
    const slow = half(world, certificate, 'x'.repeat(9_900))();
    await expect
      .poll(() => ask(server, world.token()), { timeout: 5_000, interval: 5 })
      .toMatch(/^429 too many bodies/);
    expect(await ask(other, world.token({ clusterName: 'other' }))).toMatch(/^200 /);
    expect(await slow).toBe(400);
    expect(await ask(server, world.token())).toBe('200 authenticated');
  });
});

describe('equal tokens', () => {
  test('that come together are verified once, and again only after the verdict is forgotten', async () => {
    const { world, server } = await opened();
    const token = world.token();
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(server, token)));
    expect(new Set(answers)).toEqual(new Set(['200 authenticated']));
    expect(world.lookups.count).toBe(1);
    world.clock.offset = 6_000;
    await ask(server, token);
    expect(world.lookups.count).toBe(2);
  });

  test('are recorded once in five minutes', async () => {
    const { world, server } = await opened();
    const token = world.token();
    for (const offset of [0, 1, 4, 6].map((minutes) => minutes * minute)) {
      world.clock.offset = offset;
      await ask(server, token);
    }
    await ask(server, 'garbage');
    expect(world.recorded.map(({ authentication, status }) => `${authentication.code} ${status}`)).toEqual([
      'accessEntry 201',
      'accessEntry 201',
    ]);
  });
});

test('garbage of one caller, as much as it can send, does not starve another one', async () => {
  const { world, certificate } = await opened();
  const cluster = connected({ name: 'other' });
  await world.put(clusterKey(account, region, 'other'), cluster);
  const other = serverOf(world, await world.issue(cluster), {}, cluster);
  const review = (token: string): string => other.tokenReview(token);
  const flood: Flood = {
    url: world.listener.door.urlsOf(connected()).authenticateUrl,
    tls: { ca: world.ca, cert: certificate.cert, key: certificate.key },
    bodies: Array.from({ length: 200 }, (_, at) => [
      review(`garbage-${at}`),
      review(`k8s-aws-v1.garbage${at}`),
      review(world.token({ key: `AKIA${String(at).padStart(16, 'X')}` })),
    ]).flat(),
    connections: 4,
    outstanding: 32,
    milliseconds: 1_500,
  };
  const worker = new Worker(new URL('./flood.ts', import.meta.url), { workerData: flood });
  const messages: unknown[] = [];
  worker.on('message', (message) => messages.push(message));
  const failed = new Promise<never>((_, reject) => worker.on('error', reject));
  failed.catch(() => undefined);
  await Promise.race([until(() => messages.length > 0, 'the flood begins'), failed]);
  const waits: number[] = [];
  const statuses = new Set<string>();
  while (messages.length < 2) {
    const began = performance.now();
    statuses.add((await ask(other, world.token({ clusterName: 'other' }))).slice(0, 3));
    waits.push(performance.now() - began);
  }
  const { perSecond, statuses: flooded } = messages[1] as FloodResult;
  waits.sort((a, b) => a - b);
  const median = waits[Math.floor(waits.length / 2)] ?? Number.POSITIVE_INFINITY;
  const oneOfAll = (1_000 * flood.connections * flood.outstanding) / perSecond;
  console.info(
    `flood ${perSecond}/s; the other: ${waits.length} answers, median ${median.toFixed(0)} ms, worst ${waits.at(-1)?.toFixed(0)} ms`,
  );
  expect(Object.keys(flooded)).toEqual(['200']);
  expect(statuses).toEqual(new Set(['200']));
  // A place in the queue like everybody's, however slow the machine: no longer than twice what is under way takes.
  expect(median).toBeLessThan(2 * oneOfAll);
  await worker.terminate();
});
