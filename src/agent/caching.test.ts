import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type AgentWorld, openAgentWorld, podToken } from './testworld.ts';

/** Other programs may be running here. */
const patiently = { interval: 1, timeout: 10_000 };

const minute = 60_000;
const hour = 60 * minute;

let world: AgentWorld;
beforeEach(async () => {
  world = await openAgentWorld();
});
afterEach(() => world.close());

async function keyFor(token: string): Promise<string> {
  const { status, text } = await world.get({ token });
  return status === 200
    ? (JSON.parse(text) as { AccessKeyId: string }).AccessKeyId
    : `${status}: ${text.trim()}`;
}

/** Sweeps once a second of the world's clock, so often. */
async function sweeps(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    world.time += 1000;
    world.agent.sweep();
    await new Promise(setImmediate);
  }
}

/** Waits for so many calls since the start, and for what the log says of them. */
async function until(calls: number, lines = calls): Promise<void> {
  await vi.waitFor(() => expect(world.asked.length).toBe(calls), patiently);
  await vi.waitFor(() => expect(world.logged.length).toBeGreaterThanOrEqual(lines), patiently);
}

test('a second request with the same token is answered from the cache', async () => {
  const token = podToken();
  expect([await keyFor(token), await keyFor(token)]).toEqual(['ASIA1', 'ASIA1']);
  expect(world.asked).toEqual([token]);
});

test('a token that differs in one letter is another token', async () => {
  const token = podToken();
  await keyFor(token);
  // The signature alone differs: whoever forges one must not get what was fetched with the genuine one.
  const forged = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`;
  world.answers({ error: ['InvalidTokenException', 'no'] });
  expect(await keyFor(forged)).toMatch(/^400: .*InvalidTokenException/);
  expect(world.asked.length).toBe(2);
  expect(await keyFor(token)).toBe('ASIA1');
});

test('a refusal is not kept', async () => {
  world.answers({ status: 404, error: ['ResourceNotFoundException', 'no association'] }, {});
  const token = podToken();
  expect(await keyFor(token)).toMatch(/^404/);
  expect(await keyFor(token)).toBe('ASIA2');
});

test('a token that has expired is not answered, though its credentials live on', async () => {
  const token = podToken({ lasts: hour });
  expect(await keyFor(token)).toBe('ASIA1');
  world.time += hour - 1;
  expect(await keyFor(token)).toBe('ASIA1');
  world.time += 1;
  expect(await keyFor(token)).toMatch(/^400: .*token is expired/);
  expect(world.asked.length).toBe(1);
});

test('credentials are not answered in their last 15 seconds', async () => {
  world.answers({ life: 600 });
  const token = podToken();
  expect(await keyFor(token)).toBe('ASIA1');
  world.time += 10 * minute - 15_001;
  expect(await keyFor(token)).toBe('ASIA1');
  world.time += 1;
  expect(await keyFor(token)).toBe('ASIA2');
});

test('many requests with one token wait for one call', async () => {
  let go = (): void => {};
  world.answers({ after: new Promise((resolve) => (go = resolve)) });
  const token = podToken();
  const waiting = Array.from({ length: 20 }, () => keyFor(token));
  await vi.waitFor(() => expect(world.asked.length).toBe(1), patiently);
  go();
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(['ASIA1']));
  expect(world.asked.length).toBe(1);
});

test('whoever leaves takes nothing from those who wait, and nothing from when they ask again', async () => {
  let go = (): void => {};
  world.answers({ after: new Promise((resolve) => (go = resolve)) });
  const token = podToken();
  const { request } = await import('node:http');
  const impatient = request({
    ...{ host: '127.0.0.1', port: world.port, path: '/v1/credentials', agent: false },
    headers: { authorization: token },
  });
  impatient.on('error', () => {}).end();
  await vi.waitFor(() => expect(world.asked.length).toBe(1), patiently);
  impatient.destroy();
  const patient = keyFor(token);
  go();
  expect([await patient, await keyFor(token)]).toEqual(['ASIA1', 'ASIA1']);
  expect(world.asked.length).toBe(1);
});

test('credentials are renewed after three hours, without anybody asking', async () => {
  const token = podToken();
  await keyFor(token);
  world.time += 3 * hour - 1;
  world.agent.sweep();
  await new Promise(setImmediate);
  expect(world.asked.length).toBe(1);
  world.time += 1;
  world.agent.sweep();
  await until(2);
  expect(await keyFor(token)).toBe('ASIA2');
  expect(world.asked).toEqual([token, token]);
});

test('credentials of an hour are renewed in its middle', async () => {
  world.answers({ life: 3600 });
  const token = podToken();
  await keyFor(token);
  world.time += 30 * minute;
  world.agent.sweep();
  await until(2);
  expect(await keyFor(token)).toBe('ASIA2');
});

test('while EKS Auth is in trouble the cached ones are answered, and renewed a minute later', async () => {
  const token = podToken();
  await keyFor(token);
  world.time += 3 * hour;
  world.answers({ status: 500, error: ['InternalServerException', 'trouble'] });
  world.agent.sweep();
  await until(4, 2);
  expect(world.logged.at(-1)).toMatch(/were not renewed; it is tried again .*InternalServerException/);
  expect(await keyFor(token)).toBe('ASIA1');
  world.answers({});
  await sweeps(59);
  expect(world.asked.length).toBe(4);
  await sweeps(1);
  await until(5, 3);
  expect(await keyFor(token)).toBe('ASIA5');
});

test('trouble that lasts longer than the credentials ends them', async () => {
  const token = podToken();
  await keyFor(token);
  world.answers({ status: 500, error: ['InternalServerException', 'trouble'] });
  world.time += 6 * hour - 15_000;
  expect(await keyFor(token)).toMatch(/^500/);
  world.agent.sweep();
  expect(world.logged.join()).not.toContain('renewed');
});

test.each<readonly [code: string, status: number]>([
  ['ResourceNotFoundException', 404],
  ['AccessDeniedException', 400],
  ['InvalidTokenException', 400],
  ['ExpiredTokenException', 400],
])('%s of a renewal takes the credentials away at once', async (code, status) => {
  const token = podToken();
  await keyFor(token);
  world.time += 3 * hour;
  world.answers({ status, error: [code, 'gone'] });
  world.agent.sweep();
  await until(2);
  expect(world.logged.at(-1)).toMatch(/were taken away/);
  expect(await keyFor(token)).toContain(code);
});

test('when the session of the node has ended, the pods keep their credentials', async () => {
  const token = podToken();
  await keyFor(token);
  world.time += 3 * hour;
  // The code that EKS Auth also has for a pod's token; the status is that of refused signatures.
  world.answers({ status: 403, error: ['ExpiredTokenException', 'The security token is expired'] });
  world.agent.sweep();
  await until(2);
  expect(world.logged.at(-1)).toMatch(/were not renewed; it is tried again/);
  expect(await keyFor(token)).toBe('ASIA1');
});

test('no more than three renewals begin in a second, those that end first before the others', async () => {
  const tokens = Array.from({ length: 8 }, (_, at) => podToken({ name: `pod-${at}` }));
  for (const [at, token] of tokens.entries()) {
    world.answers({ life: 6 * 3600 - at });
    await keyFor(token);
  }
  world.answers({});
  world.time += 3 * hour;
  world.agent.sweep();
  world.agent.sweep();
  await until(11);
  expect(new Set(world.asked.slice(8))).toEqual(new Set(tokens.slice(5)));
  await sweeps(1);
  await until(14);
  expect(new Set(world.asked.slice(11))).toEqual(new Set(tokens.slice(2, 5)));
});

test('what has no room goes, the longest unasked first, and a renewal is no asking', async () => {
  await world.close();
  world = await openAgentWorld({ bounds: { entries: 2 } });
  const [one, two, three] = ['one', 'two', 'three'].map((name) => podToken({ name }));
  await keyFor(one ?? '');
  await keyFor(two ?? '');
  world.time += 3 * hour;
  world.agent.sweep();
  await until(4);
  await keyFor(one ?? '');
  await keyFor(three ?? '');
  const before = world.asked.length;
  await keyFor(one ?? '');
  await keyFor(three ?? '');
  expect(world.asked.length).toBe(before);
  await keyFor(two ?? '');
  expect(world.asked.length).toBe(before + 1);
});

test('tokens that nobody has asked about before wait for a bounded number of calls', async () => {
  await world.close();
  world = await openAgentWorld({ bounds: { flights: 2 } });
  let go = (): void => {};
  world.answers({ after: new Promise((resolve) => (go = resolve)) });
  const waiting = ['one', 'two'].map((name) => keyFor(podToken({ name })));
  await vi.waitFor(() => expect(world.asked.length).toBe(2), patiently);
  expect(await keyFor(podToken({ name: 'three' }))).toBe('429: Too Many Requests');
  go();
  expect((await Promise.all(waiting)).every((key) => key.startsWith('ASIA'))).toBe(true);
});

test('the node’s own credentials are asked for before each call', async () => {
  await world.close();
  let count = 0;
  world = await openAgentWorld({
    credentials: async () => {
      count++;
      if (count === 2) throw new Error('profile `node` of `/etc/node` has no keys');
      return { accessKeyId: `AKIANODE${count}`, secretAccessKey: 's', sessionToken: 'session-of-the-node' };
    },
  });
  await keyFor(podToken({ name: 'one' }));
  expect(await keyFor(podToken({ name: 'two' }))).toBe(
    '500: unable to fetch credentials from EKS Auth: the node has no credentials',
  );
  // Where the node keeps them is for its operator.
  expect(world.logged.at(-1)).toContain('has no credentials: profile `node` of `/etc/node` has no keys');
  await keyFor(podToken({ name: 'two' }));
  expect(world.calls.map(({ headers }) => headers.authorization?.match(/AKIANODE\d/)?.[0])).toEqual([
    'AKIANODE1',
    'AKIANODE3',
  ]);
  expect(world.calls[0]?.headers['x-amz-security-token']).toBe('session-of-the-node');
});
