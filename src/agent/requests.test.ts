import { once } from 'node:events';
import net from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import {
  type AgentWorld,
  type FakeAnswer,
  type GetOptions,
  openAgentWorld,
  podToken,
  send,
  start,
} from './testworld.ts';

/** Other programs may be running here. */
const patiently = { interval: 1, timeout: 10_000 };

let world: AgentWorld;
beforeAll(async () => {
  world = await openAgentWorld();
});
afterAll(() => world.close());
afterEach(() => {
  world.answers({});
  world.time = start;
});

const claims = 'Service account token failed basic claim validations:';
const unparsed = 'Service account token cannot be parsed:';

test.each<readonly [what: string, request: GetOptions, status: number, text: string]>([
  ['without a token', {}, 400, 'Service account token cannot be empty'],
  ['with an expired token', { token: podToken({ lasts: 0 }) }, 400, `${claims} token is expired`],
  [
    'with a token that is not valid yet',
    { token: podToken({ nbf: 1000 }) },
    400,
    `${claims} token is not valid yet`,
  ],
  [
    'with a token that never ends',
    { token: podToken({ exp: undefined }) },
    400,
    `${claims} token is missing required claim: exp claim is required`,
  ],
  [
    'with a token for STS',
    { token: podToken({ aud: ['sts.amazonaws.com'] }) },
    400,
    `${claims} invalid audience: expected pods.eks.amazonaws.com`,
  ],
  [
    'with a token for a longer name',
    { token: podToken({ aud: 'pods.eks.amazonaws.com.example.com' }) },
    400,
    `${claims} invalid audience: expected pods.eks.amazonaws.com`,
  ],
  [
    'with a token for nobody',
    {
      token: podToken({ aud: undefined as never }).replace(
        /\.\w+\./,
        `.${Buffer.from(`{"exp":${start}}`).toString('base64url')}.`,
      ),
    },
    400,
    `${claims} invalid audience: expected pods.eks.amazonaws.com`,
  ],
  [
    'with something else',
    { token: 'opaque' },
    400,
    `${unparsed} token is malformed: token contains an invalid number of segments`,
  ],
  [
    'with a scheme before the token',
    { token: `Bearer ${podToken()}` },
    400,
    `${unparsed} token is malformed: could not base64 decode header`,
  ],
  [
    'with next to nothing',
    { token: 'x.y.z' },
    400,
    `${unparsed} token is malformed: could not JSON decode header`,
  ],
  [
    'with claims that are no object',
    { token: podToken().replace(/\.\w+\./, '.W10.') },
    400,
    `${unparsed} token is malformed: could not JSON decode claim`,
  ],
  [
    'with a text as expiry',
    { token: podToken({ exp: '9999999999' }) },
    400,
    `${unparsed} token is malformed: could not JSON decode claim: exp is no date`,
  ],
  ['of another path', { path: '/', token: podToken() }, 404, '404 page not found'],
  ['of a longer path', { path: '/v1/credentials/x', token: podToken() }, 404, '404 page not found'],
  ['with another method', { method: 'POST', token: podToken() }, 404, '404 page not found'],
  ...['rebound.example.com', '169.254.170.23', 'localhost', '127.0.0.1.example.com:80', '[127.0.0.1'].map(
    (host) =>
      [
        `by the name \`${host}\``,
        { host, token: podToken() },
        403,
        `Access Denied. Called agent through invalid address, please use either [127.0.0.1] address not ${host.replace(/:80$/, '')}`,
      ] as const,
  ),
])('a request %s is refused, and EKS Auth is not asked', async (_, request, status, text) => {
  const before = world.asked.length;
  const answer = await world.get(request);
  expect([answer.status, answer.text]).toEqual([status, `${text}\n`]);
  expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
  expect(world.asked.length).toBe(before);
});

test('a good token gets credentials in the form that SDKs read, and EKS Auth a signed call', async () => {
  const token = podToken({ name: 'good' });
  const answer = await world.get({ token, path: '/v1/credentials?x=1' });
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toBe('application/json');
  expect(JSON.parse(answer.text)).toEqual({
    AccessKeyId: `ASIA${world.asked.length}`,
    SecretAccessKey: 'secret-of-the-pod',
    Token: 'session-of-the-pod',
    AccountId: '444455556666',
    Expiration: '2026-01-15T18:00:00Z',
  });
  expect(world.asked.at(-1)).toBe(token);
  const { path, headers } = world.calls.at(-1) ?? {};
  expect(path).toBe('/clusters/demo/assume-role-for-pod-identity');
  expect(headers?.authorization).toMatch(/Credential=AKIANODE\/\d{8}\/us-east-1\/eks-auth\/aws4_request/);
});

test.each<readonly [code: string, upstream: number, fault: string]>([
  ['AccessDeniedException', 400, 'client'],
  ['ExpiredTokenException', 400, 'client'],
  ['InvalidTokenException', 400, 'client'],
  ['ResourceNotFoundException', 404, 'client'],
  ['UnrecognizedClientException', 403, 'unknown'],
])('%s of EKS Auth goes through, and is not asked again', async (code, status, fault) => {
  const before = world.asked.length;
  world.answers({ status, error: [code, 'it is so'] });
  const answer = await world.get({ token: podToken({ name: code }) });
  expect([answer.status, answer.text]).toEqual([
    status,
    `[request-1]: (${code}): it is so, fault: ${fault}\n`,
  ]);
  expect(world.asked.length).toBe(before + 1);
});

const trouble: FakeAnswer = { status: 503, error: ['ServiceUnavailableException', 'a moment'] };

test.each<readonly [what: string, answers: readonly FakeAnswer[], status: number, text: string]>([
  [
    'that fails three times',
    [trouble],
    503,
    '[request-1]: (ServiceUnavailableException): a moment, fault: server\n',
  ],
  [
    'that throttles',
    [{ status: 429, error: ['ThrottlingException', 'slowly'] }],
    429,
    '[request-1]: (ThrottlingException): slowly, fault: client\n',
  ],
  ['that breaks off', [{ breaks: true }], 500, 'unable to fetch credentials from EKS Auth: socket hang up\n'],
])('EKS Auth %s was asked three times', async (what, answers, status, text) => {
  const before = world.asked.length;
  world.answers(...answers);
  const answer = await world.get({ token: podToken({ name: what }) });
  expect([answer.status, answer.text]).toEqual([status, text]);
  expect(world.asked.length).toBe(before + 3);
});

test('a redirection does not become one of the pod', async () => {
  world.answers({ status: 301, body: '{}' });
  const { status, text } = await world.get({ token: podToken({ name: 'redirected' }) });
  expect([status, text]).toEqual([
    500,
    '[request-1]: (Http301): the service answered with status 301, fault: unknown\n',
  ]);
});

test.each<readonly [what: string, answer: FakeAnswer, text: string]>([
  ['nothing', { body: '{}' }, 'its answer has no credentials'],
  ['too much', { body: ' '.repeat(70_000) }, 'its answer is longer than 65536 bytes'],
  ['a page', { body: '<html>' }, 'the request body is not valid JSON'],
  [
    'credentials of the past',
    { life: 0 },
    'fetched credentials are expired or will expire within 15 seconds',
  ],
])('an answer with %s is no answer', async (what, answer, text) => {
  world.answers(answer);
  const got = await world.get({ token: podToken({ name: what }) });
  expect([got.status, got.text]).toEqual([500, `unable to fetch credentials from EKS Auth: ${text}\n`]);
});

test('EKS Auth may fail once or twice', async () => {
  world.answers({ breaks: true }, trouble, {});
  expect((await world.get({ token: podToken({ name: 'twice' }) })).status).toBe(200);
});

test('more than 1,000 requests a second are too many, and half as many at once', async () => {
  const one = await openAgentWorld({ requestsPerSecond: 4 });
  try {
    const token = podToken();
    const statuses = async (count: number): Promise<readonly number[]> => {
      const got: number[] = [];
      for (let at = 0; at < count; at++) got.push((await one.get({ token })).status);
      return got;
    };
    expect(await statuses(3)).toEqual([200, 200, 429]);
    one.time += 250;
    expect(await statuses(2)).toEqual([200, 429]);
    expect((await one.get({ token })).text).toBe('Too Many Requests\n');
    // Another path costs nothing.
    expect((await one.get({ path: '/' })).status).toBe(404);
  } finally {
    await one.close();
  }
});

test('a header that is too long, and a client that is too slow, are cut off', async () => {
  const one = await openAgentWorld({ doorBounds: { headersTimeout: 50, checkInterval: 20 } });
  try {
    expect((await one.get({ token: 'a'.repeat(17_000) })).status).toBe(431);
    const text = await new Promise<string>((resolve) => {
      let received = '';
      const socket = net.connect(one.port, '127.0.0.1', () =>
        socket.write('GET /v1/credentials HTTP/1.1\r\n'),
      );
      socket.on('data', (part) => {
        received += part.toString();
      });
      socket.on('close', () => resolve(received));
    });
    expect(text).toMatch(/^HTTP\/1.1 408/);
  } finally {
    await one.close();
  }
});

test('whoever opens connections and says nothing keeps nobody else out', async () => {
  const one = await openAgentWorld({ doorBounds: { connections: 3 } });
  const silent = Array.from({ length: 3 }, () => net.connect(one.port, '127.0.0.1'));
  try {
    await Promise.all(silent.map((socket) => once(socket, 'connect')));
    const first = once(silent[0] as net.Socket, 'close');
    let go = (): void => {};
    one.answers({ after: new Promise((resolve) => (go = resolve)) });
    const waiting = one.get({ token: podToken() });
    await vi.waitFor(() => expect(one.asked.length).toBe(1), patiently);
    await first;
    // Not even while it waits itself does a pod lose its place to more of them.
    silent.push(...Array.from({ length: 3 }, () => net.connect(one.port, '127.0.0.1')));
    await Promise.all(silent.slice(1, 4).map((socket) => once(socket, 'close')));
    go();
    expect((await waiting).status).toBe(200);
  } finally {
    for (const socket of silent) socket.destroy();
    await one.close();
  }
});

test('a body is not waited for', async () => {
  await world.get({ token: podToken({ name: 'body' }) });
  const text = await new Promise<string>((resolve) => {
    const socket = net.connect(world.port, '127.0.0.1', () =>
      socket.write(
        `GET /v1/credentials HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${podToken({ name: 'body' })}\r\nContent-Length: 99999999\r\n\r\n`,
      ),
    );
    socket.once('data', (part) => {
      resolve(part.toString());
      socket.destroy();
    });
  });
  expect(text).toMatch(/^HTTP\/1.1 200/);
});

test('no log line and no metric has a token or a secret', async () => {
  const token = podToken({ name: 'secret' });
  await world.get({ token });
  world.answers({ error: ['InvalidTokenException', 'no'] });
  await world.get({ token: podToken({ name: 'other' }) });
  const server = world.agent.metricsServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  const [metrics, ready, health] = await Promise.all(
    ['/metrics', '/readyz', '/healthz'].map((path) => send(port, { method: 'GET', path })),
  );
  expect([ready?.text, health?.status]).toEqual(['ok\n', 200]);
  expect(metrics?.text).toMatch(/^pod_identity_cache_state\{state="miss"\} \d+$/m);
  expect(metrics?.text).toMatch(/^pod_identity_http_response\{code="200"\} \d+$/m);
  expect(metrics?.text).toMatch(/^entryway_agent_cached_credentials \d+$/m);
  const everything = [...world.logged, metrics?.text].join('\n');
  expect(everything).toContain('a-0123456789abcdefg');
  for (const secret of [token.split('.')[1] ?? '', 'secret-of', 'session-of', 'ASIA', 'AKIA']) {
    expect(everything).not.toContain(secret);
  }
});

test('a pod that is refused again and again does not fill the log', async () => {
  const one = await openAgentWorld();
  try {
    one.answers({ error: ['InvalidTokenException', 'no'] });
    await Promise.all(
      Array.from({ length: 60 }, (_, at) => one.get({ token: podToken({ name: `pod-${at}` }) })),
    );
    expect([one.logged.length, one.warned.length]).toEqual([60, 50]);
  } finally {
    await one.close();
  }
});

test('a wildcard answers to the address that was called', async () => {
  const server = world.agent.podServer('0.0.0.0');
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  const { port } = server.address() as net.AddressInfo;
  const ask = (host: string) =>
    send(port, { method: 'GET', path: '/v1/credentials', headers: { host, authorization: podToken() } });
  expect((await ask('127.0.0.1')).status).toBe(200);
  expect((await ask('rebound.example.com')).status).toBe(403);
});

test('readiness ends before the doors close', async () => {
  const one = await openAgentWorld();
  const probes = one.agent.probeServer();
  await new Promise<void>((resolve) => probes.listen(0, '127.0.0.1', resolve));
  const { port } = probes.address() as net.AddressInfo;
  expect((await send(port, { method: 'GET', path: '/readyz' })).status).toBe(200);
  let go = (): void => {};
  one.answers({ after: new Promise((resolve) => (go = resolve)) });
  const late = one.get({ token: podToken() });
  await vi.waitFor(() => expect(one.asked.length).toBe(1), patiently);
  const closed = one.agent.close(5_000);
  await expect(one.get({ token: podToken() })).rejects.toThrow(/ECONNREFUSED/);
  go();
  expect((await late).status).toBe(200);
  await closed;
  await one.close();
});
