/** How STS is reached: through proxies, by few connections, and who waits for whom. */
import { createServer } from 'node:http';
import { type AddressInfo, connect as connectTo } from 'node:net';
import type { Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { AwsConnectionsOptions } from '../../src/access/aws/connections.ts';
import type { RemoteVerdict } from '../../src/access/remotecallers.ts';
import { until } from '../compat/process.ts';
import type { StsStandInOptions } from './stsstandin.ts';
import { codeOf, open, opened } from './stsworld.ts';

describe('a proxy of the environment', () => {
  /** Answers CONNECT as told, and remembers for what it was asked. */
  async function openProxy(onConnect: (socket: Duplex) => void) {
    const asked: string[] = [];
    const sockets = new Set<Duplex>();
    const proxy = createServer();
    proxy.on('connect', (request, socket) => {
      asked.push(request.url ?? '');
      sockets.add(socket.on('error', () => socket.destroy()));
      onConnect(socket);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    opened.push(() => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    });
    return { asked, url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
  }
  const through = (port: number) => (socket: Duplex) => {
    const onward = connectTo(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => socket.destroy());
    socket.on('close', () => onward.destroy());
  };
  const openThrough = (url: string, standIn: StsStandInOptions = {}, rest: AwsConnectionsOptions = {}) =>
    open(standIn, { connect: undefined as never, proxyEnv: { HTTPS_PROXY: url }, ...rest });

  test('is used, and sees the name and nothing else', async () => {
    let port = 0;
    const proxy = await openProxy((socket) => through(port)(socket));
    const { ask, sts } = await openThrough(proxy.url);
    port = sts.port;
    for (let at = 0; at < 3; at++) expect(codeOf(await ask('AKIAUSER000000000001'))).toBe('known');
    expect(proxy.asked).toEqual(['sts.us-east-1.amazonaws.com:443']);
  });

  test('that leads to somebody else is told nothing', async () => {
    let port = 0;
    const proxy = await openProxy((socket) => through(port)(socket));
    const { ask, sts } = await openThrough(proxy.url, { hosts: ['sts.eu-west-1.amazonaws.com'] });
    port = sts.port;
    expect(await ask()).toMatchObject({
      outcome: 'unavailable',
      message: expect.stringContaining('certificate is not trusted'),
    });
    expect(sts.calls()).toBe(0);
  });

  test.each<[string, string | undefined, string]>([
    ['wants to know who asks', 'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n', 'it cannot be reached'],
    ['refuses', 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n', 'it cannot be reached'],
    ['does not speak HTTP', 'SSH-2.0-x\r\n\r\n', 'it cannot be reached'],
    ['says nothing', undefined, 'no connection within 0.15 s'],
  ])('that %s makes no refusal', async (_name, answer, message) => {
    const proxy = await openProxy((socket) => {
      if (answer !== undefined) socket.end(answer);
    });
    const { ask } = await openThrough(proxy.url, {}, answer === undefined ? { connectDeadline: 150 } : {});
    expect(await ask()).toMatchObject({
      outcome: 'unavailable',
      message: expect.stringContaining(message),
    });
  });

  test('is not used where the operator says where to go', async () => {
    const proxy = await openProxy((socket) => socket.destroy());
    const { ask } = await open({}, { proxyEnv: { HTTPS_PROXY: proxy.url } });
    expect(codeOf(await ask())).toBe('known');
    expect(proxy.asked).toEqual([]);
  });
});

describe('calls and connections', () => {
  test('equal tokens in flight are one call; the next one is another', async () => {
    const { sts, ask, callers } = await open();
    sts.hold();
    const now = Date.now();
    const asked = Array.from({ length: 20 }, () => ask('ASIAROLE000000000001', { now }));
    await until(() => sts.calls() === 1, 'the call has come');
    expect(callers.figures()).toMatchObject({ inFlight: 1, joined: 19 });
    sts.release();
    for (const verdict of await Promise.all(asked)) expect(codeOf(verdict)).toBe('known');
    expect(sts.calls()).toBe(1);
    expect(codeOf(await ask('ASIAROLE000000000001', { now }))).toBe('known');
    expect(sts.calls()).toBe(2);
  });

  test('the same token for two clusters is judged for each', async () => {
    const { sts, ask } = await open();
    sts.hold();
    const now = Date.now();
    const asked = [
      ask('AKIAUSER000000000001', { now }),
      ask('AKIAUSER000000000001', { now, cluster: 'other' }),
    ];
    await until(() => sts.calls() === 2, 'both have come');
    sts.release();
    expect((await Promise.all(asked)).map(codeOf)).toEqual(['known', 'refused badSignature']);
  });

  test('connections are kept: fifty calls one after the other use one', async () => {
    const { sts, ask, callers } = await open();
    for (let at = 0; at < 50; at++) await ask('AKIAUSER000000000001');
    expect(sts.calls()).toBe(50);
    expect(sts.connections()).toBe(1);
    expect(callers.figures().connectionsMade).toBe(1);
  });

  test('go to a name, too', async () => {
    const { sts } = await open();
    const { ask } = await open({}, { connect: { host: 'localhost', port: sts.port }, ca: sts.caPem });
    const now = Date.now();
    const asked = [0, 1, 2].map((at) => ask('AKIAUSER000000000001', { now: now - at * 1000 }));
    expect((await Promise.all(asked)).map(codeOf)).toEqual(['known', 'known', 'known']);
  });

  test('no more are made than may run at once', async () => {
    const { sts, ask } = await open(
      { delayMs: 2 },
      {},
      { bounds: { running: 4, waiting: 100, patience: 5_000 } },
    );
    const now = Date.now();
    const asked = Array.from({ length: 60 }, (_, at) =>
      ask('AKIAUSER000000000001', { now: now - at * 1000 }),
    );
    for (const verdict of await Promise.all(asked)) expect(codeOf(verdict)).toBe('known');
    expect(sts.connections()).toBeLessThanOrEqual(4);
  });

  test('a kept connection that the other end gave up is no failure', async () => {
    const { sts, ask } = await open();
    expect(codeOf(await ask())).toBe('known');
    sts.dropConnections();
    expect(codeOf(await ask())).toBe('known');
    expect(sts.connections()).toBe(2);
  });

  test('who finds the queue full is told to come back, and those before are served', async () => {
    const { sts, ask, callers } = await open({}, {}, { bounds: { running: 1, waiting: 1, patience: 5_000 } });
    sts.hold();
    const now = Date.now();
    const asked = [0, 1, 2].map((at) => ask('AKIAUSER000000000001', { now: now - at * 1000 }));
    expect(await asked[2]).toMatchObject({ outcome: 'unavailable', code: 'stsBusy', throttled: true });
    await until(() => sts.calls() === 1, 'the first has come');
    sts.release();
    expect((await Promise.all(asked.slice(0, 2))).map(codeOf)).toEqual(['known', 'known']);
    expect(callers.figures()).toMatchObject({ queueRefusals: 1, inFlight: 0, waiting: 0 });
  });

  test('who waits too long is told to come back', async () => {
    const { sts, ask } = await open({}, {}, { bounds: { running: 1, waiting: 9, patience: 50 } });
    sts.hold();
    const now = Date.now();
    const asked = [0, 1].map((at) => ask('AKIAUSER000000000001', { now: now - at * 1000 }));
    expect(await asked[1]).toMatchObject({ code: 'stsBusy' });
    sts.release();
    expect(codeOf((await asked[0]) as RemoteVerdict)).toBe('known');
  });
});

describe('who waits for STS', () => {
  test('of one region does not keep those of another waiting', async () => {
    const { sts, ask, callers } = await open({}, {}, { bounds: { running: 1, waiting: 0, patience: 5_000 } });
    sts.hold();
    const asked = [ask(), ask('AKIAUSER000000000001', { host: 'sts.amazonaws.com' })];
    await until(() => sts.calls() === 2, 'both have come');
    expect(callers.figures()).toMatchObject({ inFlight: 2, waiting: 0 });
    expect(codeOf(await ask('AKIAUSER000000000001'))).toBe('unavailable stsBusy');
    sts.release();
    expect((await Promise.all(asked)).map(codeOf)).toEqual(['known', 'known']);
  });

  test('with a key that was known lately finds a place and goes before a flood of made-up keys', async () => {
    const { sts, ask, callers } = await open({}, {}, { bounds: { running: 1, waiting: 3, patience: 5_000 } });
    expect(codeOf(await ask('AKIAUSER000000000001'))).toBe('known');
    sts.hold();
    const order: string[] = [];
    const come = async (keyId: string): Promise<void> => {
      const verdict = await ask(keyId);
      order.push(`${keyId}: ${codeOf(verdict)}`);
    };
    const madeUp = (at: number): string => `AKIAMADEUP000000000${at}`;
    const asked = [0, 1, 2, 3].map((at) => come(madeUp(at)));
    await come(madeUp(4));
    await come('ASIAROLE000000000001');
    asked.push(come('AKIAUSER000000000001'));
    await until(() => sts.calls() === 2, 'the first has come');
    expect(callers.figures()).toMatchObject({ inFlight: 1, waiting: 4, queueRefusals: 2 });
    sts.release();
    await Promise.all(asked);
    expect(order).toEqual([
      `${madeUp(4)}: unavailable stsBusy`,
      'ASIAROLE000000000001: unavailable stsBusy',
      `${madeUp(0)}: refused unknownKey`,
      'AKIAUSER000000000001: known',
      ...[1, 2, 3].map((at) => `${madeUp(at)}: refused unknownKey`),
    ]);
  });
});
