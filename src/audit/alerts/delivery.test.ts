import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createMemoryStorage } from '../../storage/memory/memory.ts';
import type { Storage } from '../../storage/storage.ts';
import type { CloudTrailRecord } from '../cloudtrail/record.ts';
import type { TrailItem } from '../item.ts';
import type { TrailQuery } from '../trail.ts';
import { type AlertDelivery, type AlertDeliveryLimits, startAlertDelivery } from './delivery.ts';
import type { Alert } from './engine.ts';
import { call } from './fixture.ts';
import { createWebhookSender, type Delivery, type SendAlert, webhookProblem } from './webhook.ts';

const start = Date.parse('2026-01-15T12:00:00Z');

/** A trail in memory; records are stored in the order they are added, whatever their time. */
function fakeTrail() {
  const items: TrailItem[] = [];
  const listeners = new Set<(items: readonly TrailItem[]) => void>();
  return {
    add(name: string, time: number, fields: object = {}) {
      const eventTime = new Date(time).toISOString().replace(/\.\d+/, '');
      const { record } = call(name, { eventTime, ...fields });
      const item: TrailItem = {
        kind: 'aws',
        position: `${eventTime} ${items.length}`,
        accountId: '111122223333',
        record: record as CloudTrailRecord,
      };
      items.push(item);
      for (const listener of listeners) listener([item]);
    },
    async read({ from = 0, to = Number.POSITIVE_INFINITY, after = '', limit }: TrailQuery) {
      const found = items
        .filter(({ position }) => position > after)
        .filter(({ position }) => {
          const time = Date.parse(position.split(' ')[0] as string);
          return time >= from && time <= to;
        })
        .sort((a, b) => (a.position < b.position ? -1 : 1));
      const page = found.slice(0, limit);
      return { items: page, next: found.length > limit ? page.at(-1)?.position : undefined };
    },
    subscribe(listener: (items: readonly TrailItem[]) => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

type FakeTrail = ReturnType<typeof fakeTrail>;

/** A receiver that answers as told, and what it was sent. */
function receiver(answers: readonly Delivery[] = []) {
  const got: Alert[] = [];
  const queue = [...answers];
  const waiting: { count: number; resolve: () => void }[] = [];
  const send: SendAlert = async (alert) => {
    const answer = queue.shift() ?? { outcome: 'delivered' };
    got.push(alert);
    for (const wish of waiting) if (got.length >= wish.count) wish.resolve();
    return answer;
  };
  return {
    got,
    send,
    /** Resolves when so many alerts have come. */
    until: (count: number) =>
      new Promise<void>((resolve) => {
        if (got.length >= count) resolve();
        else waiting.push({ count, resolve });
      }),
  };
}

const failed = (retry: boolean): Delivery => ({ outcome: 'failed', reason: 'answered 500', retry });

const running: AlertDelivery[] = [];
afterEach(async () => {
  for (const delivery of running.splice(0)) await delivery.stop();
});

/** `now` moves on with every pause. */
function deliver(
  trail: FakeTrail,
  storage: Storage,
  send: SendAlert,
  wish: { readonly now?: number; readonly limits?: Partial<AlertDeliveryLimits> } = {},
) {
  let now = wish.now ?? start;
  const logged: string[] = [];
  const pauses: number[] = [];
  const note = (fields: object, message: string): void => {
    logged.push(`${message} ${JSON.stringify(fields)}`);
  };
  const delivery = startAlertDelivery({
    trail,
    storage,
    send,
    now: () => now,
    log: { warn: note, error: note },
    async wait(ms) {
      pauses.push(ms);
      now += ms;
    },
    ...(wish.limits && { limits: wish.limits }),
  });
  running.push(delivery);
  return { delivery, logged, pauses };
}

async function settled(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !condition(); i += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(condition()).toBe(true);
}

const subjects = (alerts: readonly Alert[]) => alerts.map(({ event }) => event.name);

test('nothing of the past is sent at the first start', async () => {
  const trail = fakeTrail();
  trail.add('cloudtrail:DeleteTrail', start - 1000);
  const storage = createMemoryStorage();
  const { got, send, until } = receiver();
  deliver(trail, storage, send);
  await settled(() => storage.revision() > 0);
  trail.add('cloudtrail:StopLogging', start + 1000);
  await until(1);
  expect(subjects(got)).toEqual(['StopLogging']);
});

test('a failed attempt is repeated with growing pauses until it goes well', async () => {
  const trail = fakeTrail();
  const { got, send, until } = receiver(Array.from({ length: 8 }, () => failed(true)));
  const { delivery, pauses } = deliver(trail, createMemoryStorage(), send);
  await settled(() => true);
  trail.add('cloudtrail:StopLogging', start);
  await until(9);
  await settled(() => delivery.delivered === 1);
  expect(new Set(got.map(({ id }) => id)).size).toBe(1);
  expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  expect(delivery.lost).toBe(0);
});

test.each<readonly [string, readonly Delivery[], Partial<AlertDeliveryLimits>]>([
  ['the receiver refuses it', [failed(false)], {}],
  ['patience ends', Array.from({ length: 5 }, () => failed(true)), { patience: 5000 }],
])('an alert is lost, counted and logged when %s, and the next one is sent', async (_, answers, limits) => {
  const trail = fakeTrail();
  const { got, send } = receiver(answers);
  const { delivery, logged } = deliver(trail, createMemoryStorage(), send, { limits });
  await settled(() => true);
  trail.add('cloudtrail:StopLogging', start);
  await settled(() => delivery.lost === 1 || got.length >= answers.length);
  trail.add('cloudtrail:DeleteTrail', start);
  await settled(() => delivery.delivered === 1);
  expect(delivery.lost).toBe(1);
  expect(subjects(got).at(-1)).toBe('DeleteTrail');
  expect(logged.filter((line) => line.startsWith('an alert was not delivered'))).toHaveLength(1);
});

test('what waits is bounded; what goes over it is counted', async () => {
  const trail = fakeTrail();
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const { delivery } = deliver(
    trail,
    createMemoryStorage(),
    async () => {
      await held;
      return { outcome: 'delivered' };
    },
    { limits: { waiting: 3 } },
  );
  await settled(() => true);
  for (let i = 0; i < 10; i += 1) trail.add('cloudtrail:StopLogging', start);
  await settled(() => delivery.lost === 7);
  expect(delivery.waiting).toBe(3);
  release();
  await settled(() => delivery.delivered === 3);
});

describe('after a restart', () => {
  test('what was sent is not sent again, and what happened meanwhile is', async () => {
    const trail = fakeTrail();
    const storage = createMemoryStorage();
    const first = receiver();
    const one = deliver(trail, storage, first.send);
    await settled(() => true);
    trail.add('cloudtrail:StopLogging', start + 1000);
    await first.until(1);
    await settled(() => one.delivery.delivered === 1);
    await one.delivery.stop();
    trail.add('cloudtrail:DeleteTrail', start + 2000);
    const second = receiver();
    deliver(trail, storage, second.send, { now: start + 10_000 });
    await second.until(1);
    trail.add('cloudtrail:UpdateTrail', start + 11_000);
    await second.until(2);
    expect(subjects(second.got)).toEqual(['DeleteTrail', 'UpdateTrail']);
  });

  test('what waited is sent, also when the process was killed', async () => {
    const trail = fakeTrail();
    const storage = createMemoryStorage();
    // It never answers, and is never stopped in order.
    const one = deliver(trail, storage, () => new Promise(() => undefined));
    running.splice(running.indexOf(one.delivery), 1);
    await settled(() => storage.revision() > 0);
    trail.add('cloudtrail:StopLogging', start + 1000);
    await settled(() => one.delivery.waiting === 1);
    const second = receiver();
    deliver(trail, storage, second.send, { now: start + 10_000 });
    await second.until(1);
    expect(subjects(second.got)).toEqual(['StopLogging']);
  });

  test('counts go on where they were', async () => {
    const trail = fakeTrail();
    const storage = createMemoryStorage();
    const denied = (i: number) =>
      trail.add('eks:ListClusters', start + i * 1000, { errorCode: 'AccessDeniedException' });
    const first = receiver();
    const one = deliver(trail, storage, first.send);
    await settled(() => storage.revision() > 0);
    for (let i = 1; i <= 19; i += 1) denied(i);
    await one.delivery.stop();
    const second = receiver();
    deliver(trail, storage, second.send, { now: start + 100_000 });
    denied(100);
    await second.until(1);
    expect([...first.got, ...second.got].map(({ ruleId }) => ruleId)).toEqual(['EW-TRAIL-034']);
  });

  test('a record that is stored late is not missed', async () => {
    const trail = fakeTrail();
    const storage = createMemoryStorage();
    const first = receiver();
    const one = deliver(trail, storage, first.send);
    await settled(() => storage.revision() > 0);
    trail.add('cloudtrail:StopLogging', start + 20_000);
    await first.until(1);
    await settled(() => one.delivery.delivered === 1);
    await one.delivery.stop();
    trail.add('cloudtrail:DeleteTrail', start + 5000);
    const second = receiver();
    deliver(trail, storage, second.send, { now: start + 30_000 });
    await second.until(1);
    expect(subjects(second.got)).toEqual(['DeleteTrail']);
  });
});

describe('over HTTP', () => {
  const alert = { id: 'a1', ruleId: 'EW-TRAIL-030' } as Alert;
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  interface Received {
    readonly url: string | undefined;
    readonly headers: Readonly<Record<string, unknown>>;
    readonly body: string;
  }

  async function listening(
    status: number | 'never' | 'cut',
    headers: Record<string, string> = {},
  ): Promise<{ readonly url: URL; readonly received: Received[] }> {
    const received: Received[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += chunk));
      request.on('end', () => {
        received.push({ url: request.url, headers: request.headers, body });
        if (status === 'cut') (request.socket as Socket).destroy();
        else if (status !== 'never') response.writeHead(status, headers).end('thanks');
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?x=1`), received };
  }

  const post = (url: URL, wish: { readonly secret?: string; readonly deadlineMs?: number } = {}) =>
    createWebhookSender(
      { url, ...(wish.secret === undefined ? {} : { secret: wish.secret }) },
      { now: () => start, ...(wish.deadlineMs === undefined ? {} : { deadlineMs: wish.deadlineMs }) },
    )(alert, new AbortController().signal);

  test.each<readonly [number, boolean]>([
    [301, false],
    [307, false],
    [400, false],
    [401, false],
    [404, false],
    [408, true],
    [429, true],
    [500, true],
    [503, true],
  ])('status %i is a failure; tried again: %s', async (status, retry) => {
    const { url } = await listening(status);
    expect(await post(url)).toMatchObject({ outcome: 'failed', retry });
  });

  test('a redirect is not followed', async () => {
    const elsewhere = await listening(200);
    const { url } = await listening(307, { location: elsewhere.url.href });
    expect(await post(url)).toEqual({
      outcome: 'failed',
      reason: 'answered 307: redirects are not followed',
      retry: false,
    });
    expect(elsewhere.received).toEqual([]);
  });

  test('a receiver that does not answer, hangs up or is not there is tried again', async () => {
    const silent = await listening('never');
    expect(await post(silent.url, { deadlineMs: 50 })).toEqual({
      outcome: 'failed',
      reason: 'no answer within 0.05 s',
      retry: true,
    });
    expect(await post((await listening('cut')).url)).toMatchObject({ outcome: 'failed', retry: true });
    const { url } = await listening(200);
    servers.pop()?.close();
    expect(await post(url)).toEqual({ outcome: 'failed', reason: 'ECONNREFUSED', retry: true });
  });

  test('the alert is posted as JSON, signed with the shared secret', async () => {
    const { url, received } = await listening(204);
    expect(await post(url, { secret: 'sixteen or more bytes' })).toEqual({ outcome: 'delivered' });
    const [{ url: path, headers, body } = {} as Received] = received;
    expect(path).toBe('/hook?x=1');
    expect(JSON.parse(body)).toEqual({ type: 'entryway.alert', version: 1, alert });
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'entryway-alert-id': 'a1' });
    const time = start / 1000;
    const mac = createHmac('sha256', 'sixteen or more bytes').update(`${time}.${body}`).digest('hex');
    expect(headers['entryway-signature']).toBe(`t=${time},v1=${mac}`);
  });

  test('without a secret nothing is signed', async () => {
    const { url, received } = await listening(200);
    await post(url);
    expect(received[0]?.headers).not.toHaveProperty('entryway-signature');
  });
});

test.each<readonly [string, string | undefined]>([
  ['https://hooks.example.com/x', undefined],
  ['http://127.0.0.1:9/x', undefined],
  ['http://[::1]:9/', undefined],
  ['http://localhost/', undefined],
  ['http://hooks.example.com/x', 'is not https'],
  ['http://127.0.0.1.example.com/', 'is not https'],
  ['ftp://127.0.0.1/', 'is not https'],
  ['file:///etc/passwd', 'is not https'],
  ['https://user:secret@hooks.example.com/', 'carries credentials'],
  ['https://hooks.example.com/#x', 'has a fragment'],
])('alerts to %s: %s', (url, problem) => {
  expect(webhookProblem(new URL(url))).toBe(problem);
});
