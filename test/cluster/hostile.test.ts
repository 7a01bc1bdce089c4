import { connect } from 'node:http2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seededRandom } from '../../bench/measure.ts';
import { garbageRequest, isAnswer } from '../hostile/garbage.ts';
import { clusterPath, startTestApi, type TestApi } from './fixture.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const configmaps = '/api/v1/namespaces/default/configmaps';
const jsonPatch = { 'content-type': 'application/json-patch+json' };
const merge = { 'content-type': 'application/merge-patch+json' };

test('patches cannot make an object grow beyond what one request may hold', async () => {
  const deployments = '/apis/apps/v1/namespaces/default/deployments';
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  const spec = { selector: { matchLabels: { a: 'b' } }, template };
  const made = await api.call('POST', deployments, { body: { metadata: { name: 'grows' }, spec } });
  expect(made.status, made.text).toBe(201);
  const add = (name: string) => ({
    body: [{ op: 'add', path: '/spec/template/spec/containers/-', value: { name, image: 'x'.repeat(2e6) } }],
    headers: jsonPatch,
  });
  expect((await api.call('PATCH', `${deployments}/grows`, add('one'))).status).toBe(200);
  const refused = await api.call('PATCH', `${deployments}/grows`, add('two'));
  expect(refused.body).toMatchObject({ code: 413, reason: 'RequestEntityTooLarge' });
  const stored = await api.call('GET', `${deployments}/grows`);
  expect(stored.body.spec.template.spec.containers).toHaveLength(2);
});

test('a patch that nests without end is refused, and a watch of the collection lives on', async () => {
  const { response, lines } = await api.open(`${configmaps}?watch=1&fieldSelector=metadata.name%3Ddeep`);
  await api.call('POST', configmaps, { body: { metadata: { name: 'deep' } } });
  expect((await lines.next()).type).toBe('ADDED');
  let value: unknown = 0;
  for (let level = 0; level < 100; level += 1) value = { a: value };
  const body = Array.from({ length: 80 }, (_, at) => ({
    op: 'add',
    path: `/metadata/x${'/a'.repeat(100 * at)}`,
    value,
  }));
  expect((await api.call('PATCH', `${configmaps}/deep`, { body, headers: jsonPatch })).status).toBe(413);
  await api.call('PATCH', `${configmaps}/deep`, { body: { data: { still: 'here' } }, headers: merge });
  expect((await lines.next()).object.data).toEqual({ still: 'here' });
  response.destroy();
});

test.each([
  ['a line break', 'a\nb'],
  ['a zero byte', 'a\0b'],
  ['half a character', 'a\ud800'],
  ['more characters than a path may have', 'a'.repeat(5_000)],
])('no binding is made whose name has %s, which nobody could delete by name', async (_, name) => {
  const answer = await api.call('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    body: {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    },
  });
  expect(answer.body).toMatchObject({ code: 422, reason: 'Invalid' });
});

test('an object with thousands of errors is answered with the first hundred', async () => {
  const labels = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`a b${i}`, 'c']));
  const answer = await api.call('POST', configmaps, { body: { metadata: { name: 'wrong', labels } } });
  expect(answer.body.code).toBe(422);
  expect(answer.body.details.causes).toHaveLength(100);
  expect(answer.text.length).toBeLessThan(200_000);
});

test('warnings stay short enough for a header, however long the unknown fields are', async () => {
  const unknown = Object.fromEntries(Array.from({ length: 90 }, (_, i) => [`f${i}${'x'.repeat(5_000)}`, 1]));
  const answer = await api.call('POST', configmaps, { body: { metadata: { name: 'warned' }, ...unknown } });
  expect(answer.status).toBe(201);
  expect(answer.headers.warning?.length).toBeLessThan(5_000);
});

test('a long answer in YAML is JSON, which is YAML', async () => {
  const data = { a: 'x'.repeat(400_000) };
  await api.call('POST', configmaps, { body: { metadata: { name: 'long' }, data } });
  const answer = await api.call('GET', `${configmaps}/long`, { headers: { accept: 'application/yaml' } });
  expect(answer.headers['content-type']).toBe('application/yaml');
  expect(answer.body.data).toEqual(data);
  await api.call('POST', configmaps, { body: { metadata: { name: 'short' } } });
  const short = await api.call('GET', `${configmaps}/short`, { headers: { accept: 'application/yaml' } });
  expect(short.text).toContain('\n  name: short\n');
});

test('bodies that never end are bounded together, and their bytes are given back', async () => {
  const bounded = await startTestApi({ limits: { bodyBytesAtOnce: 100_000 } });
  const session = connect(`https://127.0.0.1:${bounded.port}`, { ca: bounded.caPem });
  const begin = () =>
    session.request({
      ':method': 'POST',
      ':path': `${clusterPath}${configmaps}`,
      authorization: 'Bearer admin',
      'content-type': 'application/json',
    });
  const statusOf = (stream: ReturnType<typeof begin>) =>
    new Promise<unknown>((resolve) => stream.once('response', (headers) => resolve(headers[':status'])));
  // Six bodies of 30,000 bytes that do not end: three fit.
  const streams = Array.from({ length: 6 }, begin);
  const refused = Promise.race(streams.map(statusOf));
  for (const stream of streams) stream.write('x'.repeat(30_000));
  expect(await refused).toBe(429);
  session.destroy();
  await expect
    .poll(async () => {
      const body = { metadata: { name: `n${crypto.randomUUID()}` }, data: { a: 'x'.repeat(90_000) } };
      return (await bounded.call('POST', configmaps, { body })).status;
    })
    .toBe(201);
  await bounded.close();
});

test('whatever is sent is answered, and never with an internal error (seed printed on failure)', async () => {
  const garbled = await startTestApi();
  const seed = Date.now() % 1_000_000;
  const random = seededRandom(seed);
  for (let at = 0; at < Number(process.env.ENTRYWAY_GARBAGE ?? 120); at += 1) {
    const { method, path, headers, body } = garbageRequest(random);
    const answer = await garbled.call(method, path, { headers, ...(body && { raw: body }) });
    const what = `seed ${seed} #${at}: ${method} ${path} ${JSON.stringify(headers)} ${body?.toString('latin1')}`;
    expect(isAnswer(answer.status), `${what}\n${answer.text}`).toBe(true);
  }
  await garbled.close();
}, 600_000);

test.each([
  ['JSON', 'application/json', `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`],
  ['JSON that does not end', 'application/json', '['.repeat(500_000)],
  ['flow YAML', 'application/yaml', '{a: '.repeat(5_000)],
  [
    'block YAML',
    'application/yaml',
    Array.from({ length: 2_000 }, (_, at) => `${' '.repeat(at)}- `).join('\n'),
  ],
])('a body of deep %s is refused', async (_, type, raw) => {
  const answer = await api.call('POST', configmaps, { raw, headers: { 'content-type': type } });
  expect([400, 413, 422]).toContain(answer.status);
});

test('protobuf cut off or changed at any byte is refused or read, never an internal error', async () => {
  const field = (number: number, bytes: Buffer): Buffer =>
    Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes]);
  const metadata = field(
    1,
    Buffer.concat([field(1, Buffer.from('proto')), field(3, Buffer.from('default'))]),
  );
  const type = field(1, Buffer.concat([field(1, Buffer.from('v1')), field(2, Buffer.from('ConfigMap'))]));
  const whole = Buffer.concat([Buffer.from('k8s\0'), type, field(2, metadata)]);
  const headers = { 'content-type': 'application/vnd.kubernetes.protobuf' };
  const bodies = [
    ...Array.from({ length: whole.length }, (_, at) => whole.subarray(0, at)),
    ...Array.from({ length: whole.length - 4 }, (_, at) => {
      const changed = Buffer.from(whole);
      changed[at + 4] = 0xff;
      return changed;
    }),
  ];
  const answers = await Promise.all(bodies.map((raw) => api.call('POST', configmaps, { raw, headers })));
  expect(new Set(answers.map(({ status }) => status)).isSubsetOf(new Set([201, 400, 409, 415, 422]))).toBe(
    true,
  );
  expect((await api.call('POST', configmaps, { raw: whole, headers })).status).toBe(201);
});

test.each([
  ['too many terms', `a=b${',a!=c'.repeat(2_000)}`],
  ['too many values', `a%20in%20(${'b,'.repeat(5_000)}c)`],
  ['a key that is too long', `${'k'.repeat(900)}=v`],
])('a label selector with %s is a 400 that says so', async (_, selector) => {
  const answer = await api.call('GET', `${configmaps}?labelSelector=${selector}`);
  expect(answer.body).toMatchObject({
    code: 400,
    message: expect.stringMatching(/more than \d+|must be no more/),
  });
});
