import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { HttpRequest, HttpResponse } from '../wire/protocols/http.ts';
import { type AwsListenerOptions, type AwsServer, createAwsServer } from './awslistener.ts';

interface Listener {
  readonly port: number;
  readonly aws: AwsServer;
  /** Requests that reached the gateway. */
  readonly seen: HttpRequest[];
  readonly extensionSeen: HttpRequest[];
  readonly logged: string[];
}

const open: AwsServer[] = [];
afterEach(async () => {
  for (const aws of open.splice(0)) await aws.close(0);
});

async function listen(
  options: Partial<AwsListenerOptions> & {
    readonly answer?: (signal: AbortSignal) => Promise<HttpResponse>;
  } = {},
): Promise<Listener> {
  const [seen, extensionSeen, logged]: [HttpRequest[], HttpRequest[], string[]] = [[], [], []];
  const text = (status: number, body: string): HttpResponse => ({ status, headers: {}, body });
  const note = (_: unknown, message: string): void => void logged.push(message);
  const aws = createAwsServer({
    gateway: {
      async answer(request, _peer, signal) {
        seen.push(request);
        return options.answer === undefined ? text(200, 'answered') : options.answer(signal);
      },
      tooLarge: () => text(413, 'too large'),
    },
    extension: async (request) => {
      extensionSeen.push(request);
      return text(200, 'extended');
    },
    issuerDocuments: async (method, path) =>
      path === '/id/A/keys' && method !== 'POST' ? text(200, 'keys') : undefined,
    metrics: {
      awsRequest: () => undefined,
      kubernetesRequest: () => undefined,
      alerts: () => undefined,
      webhookRequest: () => undefined,
      connectedClusters: () => undefined,
      sts: () => undefined,
      render: async () => ({ contentType: 'text/plain', body: 'numbers 1\n' }),
    },
    isReady: () => true,
    log: { debug: note, info: note, warn: note, error: note },
    ...options,
  });
  open.push(aws);
  await new Promise<void>((resolve) => aws.server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  return { port: (aws.server.address() as AddressInfo).port, aws, seen, extensionSeen, logged };
}

/** What comes back for these bytes until the connection ends. */
function talk(port: number, ...pieces: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: '127.0.0.1', port });
    let received = '';
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
    for (const piece of pieces) socket.write(piece);
  });
}

function connected(port: number): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: '127.0.0.1', port }, () => resolve(socket));
    socket.on('error', reject);
  });
}

function ended(socket: net.Socket): Promise<void> {
  socket.resume();
  return new Promise((resolve) => socket.on('close', () => resolve()));
}

const get = (target: string, ...headers: readonly string[]): string =>
  [`GET ${target} HTTP/1.1`, 'Host: x', 'Connection: close', ...headers, '', ''].join('\r\n');

describe('a request reaches the gateway as it was sent', () => {
  test('path and query raw, header lines in order, repeated ones repeated', async () => {
    const { port, seen } = await listen();
    expect(await talk(port, get('/a%2Fb/../c?x=%31&&y', 'X-Amz-Date: 1', 'x-amz-date:  2 '))).toMatch(
      /answered$/,
    );
    expect(seen).toMatchObject([
      { method: 'GET', path: '/a%2Fb/../c', query: 'x=%31&&y', body: Buffer.alloc(0) },
    ]);
    expect(seen[0]?.headers.filter(([name]) => name === 'x-amz-date')).toEqual([
      ['x-amz-date', '1'],
      ['x-amz-date', '2'],
    ]);
  });

  test('with its body, whether it says how long it is or not', async () => {
    const { port, seen } = await listen();
    const post = 'POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n';
    await talk(port, `${post}Content-Length: 3\r\n\r\na`, 'bc');
    await talk(port, `${post}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n`, '2\r\nbc\r\n0\r\n\r\n');
    expect(seen.map(({ body }) => Buffer.from(body).toString())).toEqual(['abc', 'abc']);
  });

  test('unless its target is not a path', async () => {
    const { port, seen } = await listen();
    for (const target of ['http://sts.amazonaws.com/', '*'])
      expect(await talk(port, get(target))).toMatch(/^HTTP\/1\.1 400 /);
    expect(seen).toEqual([]);
  });

  test('unless it is ours', async () => {
    const { port, seen, extensionSeen } = await listen();
    expect(await talk(port, get('/entryway/v1/accounts'))).toMatch(/extended$/);
    expect(extensionSeen).toHaveLength(1);
    for (const path of ['/entryway/v1', '/Entryway/v1/x', '/entryway/v2/x', '//entryway/v1/x'])
      await talk(port, get(path));
    expect(seen).toHaveLength(4);
  });
});

test('documents of issuers are read by anybody, with and without their text', async () => {
  const { port, seen } = await listen();
  expect(await talk(port, get('/id/A/keys?x'))).toMatch(/^HTTP\/1\.1 200 [\s\S]*keys$/);
  const head = await talk(port, get('/id/A/keys').replace('GET', 'HEAD'));
  expect(head).toMatch(/^HTTP\/1\.1 200 [\s\S]*content-length: 4[\s\S]*\r\n\r\n$/);
  expect(seen).toEqual([]);
  await talk(port, get('/id/A/keys').replace('GET', 'POST'));
  await talk(port, get('/id/B/keys'));
  expect(seen).toHaveLength(2);
});

describe('health and metrics', () => {
  test('are answered without a signature, and only to GET', async () => {
    const { port, seen } = await listen();
    expect(await talk(port, get('/healthz'))).toMatch(/^HTTP\/1\.1 200 [\s\S]*ok\n$/);
    expect(await talk(port, get('/readyz?x'))).toMatch(/^HTTP\/1\.1 200 /);
    expect(await talk(port, get('/metrics'))).toMatch(/numbers 1\n$/);
    expect(seen).toEqual([]);
    await talk(port, get('/healthz').replace('GET', 'DELETE'));
    await talk(port, get('/healthz/'));
    expect(seen).toHaveLength(2);
  });

  test('tell when the server is not ready', async () => {
    const { port } = await listen({ isReady: () => false });
    expect(await talk(port, get('/readyz'))).toMatch(/^HTTP\/1\.1 503 [\s\S]*not ready\n$/);
    expect(await talk(port, get('/healthz'))).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('limits', () => {
  const post = (length: number): string =>
    `POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n`;

  test('a body of exactly the limit is read, one byte more is not', async () => {
    const { port, seen } = await listen({ limits: { bodyBytes: 1000 } });
    expect(await talk(port, post(1000), 'a'.repeat(1000))).toMatch(/answered$/);
    expect(await talk(port, post(1001), 'a'.repeat(1001))).toMatch(/^HTTP\/1\.1 413 [\s\S]*too large$/);
    expect(seen).toHaveLength(1);
  });

  test('a client that is still writing gets the answer, and the connection serves on', async () => {
    const { port } = await listen({ limits: { bodyBytes: 1000 } });
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const sockets = new Set<unknown>();
    const ask = (body: Buffer): Promise<number> =>
      new Promise((resolve, reject) => {
        const outgoing = http.request({ agent, port, host: '127.0.0.1', method: 'POST' }, (incoming) => {
          incoming.resume();
          incoming.on('end', () => resolve(incoming.statusCode ?? 0));
        });
        outgoing.on('socket', (socket) => sockets.add(socket));
        outgoing.on('error', reject);
        outgoing.end(body);
      });
    expect(await ask(Buffer.alloc(8 * 1024 * 1024))).toBe(413);
    expect(await ask(Buffer.alloc(10))).toBe(200);
    expect(sockets.size).toBe(1);
    agent.destroy();
    // One that will close the connection is served as well.
    for (let i = 0; i < 5; i += 1) {
      expect(await talk(port, post(4_000_000), 'a'.repeat(4_000_000))).toMatch(/^HTTP\/1\.1 413 /);
    }
  });

  test('headers over the limit are refused', async () => {
    const { port, seen } = await listen({ limits: { headerBytes: 2000 } });
    expect(await talk(port, get('/', `X: ${'a'.repeat(2000)}`))).toMatch(/^HTTP\/1\.1 431 /);
    expect(await talk(port, get(`/${'a'.repeat(3000)}`))).toMatch(/^HTTP\/1\.1 431 /);
    expect(seen).toEqual([]);
  });

  const hasty = { headersTimeout: 100, requestTimeout: 100, checkInterval: 20 };

  test.each([
    ['half of its headers', 'GET / HTTP/1.1\r\nHost: x\r\nX-A'],
    ['headers and half of its body', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc'],
    [
      'headers and half of its chunks',
      'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc',
    ],
    [
      'too much, and never ends',
      `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n${'a'.repeat(200)}`,
    ],
  ])('a client that sends %s is cut off', async (_, bytes) => {
    const { port, seen } = await listen({ limits: { ...hasty, bodyBytes: 100 } });
    expect(await talk(port, bytes)).toMatch(/^(HTTP\/1\.1 (408|413) |$)/);
    expect(seen).toEqual([]);
  });

  test('a client that says nothing is cut off', async () => {
    const { port } = await listen({ limits: hasty });
    expect(await talk(port)).toMatch(/^(HTTP\/1\.1 408 |$)/);
  });

  test('a connection may wait for its next request, longer than a first one may take, but not for ever', async () => {
    const { port } = await listen({ limits: { ...hasty, keepAliveTimeout: 500 } });
    const asked = performance.now();
    expect(await talk(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/answered$/);
    expect(performance.now() - asked).toBeGreaterThan(3 * hasty.headersTimeout);
  });

  test('connections beyond the limit are closed, and one that ends makes room', async () => {
    const { port } = await listen({ limits: { connections: 2 } });
    const [first, second] = [await connected(port), await connected(port)];
    await ended(await connected(port));
    const gone = ended(first);
    first.destroy();
    await gone;
    await expect.poll(() => talk(port, get('/')).catch(() => '')).toMatch(/answered$/);
    second.destroy();
  });
});

describe('close', () => {
  test('lets a request under way be answered, then ends its connection', async () => {
    const started = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<HttpResponse>();
    const { port, aws } = await listen({
      answer: () => {
        started.resolve();
        return finish.promise;
      },
    });
    const answer = talk(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await started.promise;
    const closed = aws.close();
    await expect(connected(port)).rejects.toThrow('ECONNREFUSED');
    finish.resolve({ status: 200, headers: {}, body: 'late' });
    expect(await answer).toMatch(/late$/);
    await closed;
  });

  test('does not wait for connections that say nothing, half a request or no more', async () => {
    const { port, aws } = await listen();
    const silent = await connected(port);
    const half = await connected(port);
    half.write('GET / HTTP/1.1\r\nHost');
    const idle = await connected(port);
    idle.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await new Promise((resolve) => idle.once('data', resolve));
    const all = Promise.all([silent, half, idle].map(ended));
    // Far below any grace: nothing here is waited for.
    const before = performance.now();
    await aws.close();
    await all;
    expect(performance.now() - before).toBeLessThan(2_000);
  });

  test('cuts a request that does not end within the grace', async () => {
    const { port, aws } = await listen({ answer: () => new Promise(() => {}) });
    const answer = talk(port, get('/'));
    await expect
      .poll(() => new Promise((resolve) => aws.server.getConnections((_, count) => resolve(count))))
      .toBe(1);
    await aws.close(20);
    expect(await answer).toBe('');
  });
});

test('a fault behind the gateway is a 500 without its text, and the next request is answered', async () => {
  let failing = true;
  const { port, logged } = await listen({
    answer: async () => {
      if (failing) throw new Error('the secret is hush');
      return { status: 200, headers: {}, body: 'fine' };
    },
  });
  const answer = await talk(port, get('/'));
  expect(answer).toMatch(/^HTTP\/1\.1 500 /);
  expect(answer).not.toContain('hush');
  expect(logged).toEqual(['an AWS request could not be answered']);
  failing = false;
  expect(await talk(port, get('/'))).toMatch(/fine$/);
});

test('whoever answers is told when the client is gone, and not before', async () => {
  const begun = Promise.withResolvers<AbortSignal>();
  const { port } = await listen({
    answer(signal) {
      begun.resolve(signal);
      return new Promise((resolve) =>
        signal.addEventListener('abort', () => resolve({ status: 503, headers: {}, body: '' })),
      );
    },
  });
  const socket = await connected(port);
  socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n');
  const signal = await begun.promise;
  expect(signal.aborted).toBe(false);
  const left = new Promise((resolve) => signal.addEventListener('abort', resolve));
  socket.destroy();
  await left;
});
