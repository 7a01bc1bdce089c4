import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { KubernetesAuditEvent } from '../../src/audit/kubernetes/event.ts';
import { freshPrefix, objectKey } from '../../src/storage/records/keys.ts';
import type { Change } from '../../src/storage/storage.ts';
import { clusterId, startTestApi, type TestApi } from './fixture.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api?.close());

/** The position the trail had reached: what comes after it belongs to the test. */
let since: string | undefined;
beforeEach(async () => {
  since = (await api.trail.read({ limit: 1 })).items[0]?.position;
});

async function events(): Promise<readonly KubernetesAuditEvent[]> {
  const { items } = await api.trail.read({
    limit: 1000,
    order: 'oldest',
    ...(since !== undefined && { after: since }),
  });
  return items.flatMap((item) => (item.kind === 'kubernetes' ? [item.event] : []));
}

const configMaps = '/api/v1/namespaces/default/configmaps';

describe('what may never be recorded', () => {
  test('neither the data of a Secret, nor its token, nor the credential of the request', async () => {
    const marker = 'c2VjcmV0LW1hcmtlci1vZi10aGUtdGVzdA==';
    await api.call('POST', '/api/v1/namespaces/default/secrets', {
      body: { metadata: { name: 'hidden' }, data: { password: marker } },
    });
    await api.call('GET', '/api/v1/namespaces/default/secrets/hidden');
    await api.call('PUT', '/api/v1/namespaces/default/secrets/hidden', {
      body: { metadata: { name: 'hidden' }, stringData: { password: 'marker-of-the-test' } },
    });
    await api.call('GET', configMaps, { token: 'k8s-aws-v1.bWFya2VyLW9mLXRoZS10ZXN0' });
    const issued = await api.call('POST', '/api/v1/namespaces/default/serviceaccounts/default/token', {
      body: { spec: {} },
    });
    expect(issued.status).toBe(201);
    const refused = await api.call('POST', '/api/v1/namespaces/default/secrets', {
      body: { metadata: { name: 'NOT marker-in-a-name' }, stringData: { password: 'p' } },
    });
    expect(refused.body.message).toContain('marker-in-a-name');
    const text = JSON.stringify(await events());
    expect(await events()).toHaveLength(6);
    for (const secret of [
      marker,
      'marker-of-the-test',
      'marker-in-a-name',
      'bWFya2VyLW9mLXRoZS10ZXN0',
      issued.body.status.token,
    ]) {
      expect(text).not.toContain(secret);
    }
  });
});

test('what a create made is named, also at cluster scope and when the server chose the name', async () => {
  await api.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'named' } } });
  await api.call('POST', configMaps, { body: { metadata: { generateName: 'chosen-' } } });
  const names = (await events()).map(({ objectRef }) => objectRef?.name);
  expect(names).toEqual(['named', expect.stringMatching(/^chosen-\w+$/)]);
});

test('a change and its record are one commit', async () => {
  const commits: (readonly Change[])[] = [];
  const watch = api.storage.watch({ prefix: 'trail/' }, (changes) => commits.push(changes));
  const created = await api.call('POST', configMaps, { body: { metadata: { name: 'one' } } });
  watch.close();
  const stored = await api.storage.get(objectKey(clusterId, '', 'configmaps', 'default', 'one'));
  expect(commits).toHaveLength(1);
  expect(commits[0]).toMatchObject([{ revision: stored?.revision }]);
  expect(commits[0]?.[0]?.key).toContain(freshPrefix);
  expect(await events()).toMatchObject([
    {
      auditID: created.headers['audit-id'],
      stage: 'ResponseComplete',
      level: 'Metadata',
      verb: 'create',
      requestURI: configMaps,
      user: { username: 'admin' },
      objectRef: { resource: 'configmaps', namespace: 'default', name: 'one', apiVersion: 'v1' },
      responseStatus: { code: 201 },
      annotations: { 'authorization.k8s.io/decision': 'allow' },
    },
  ]);
});

test.each([
  ['an update', 'PUT', `${configMaps}/two`, { metadata: { name: 'two' }, data: { a: 'b' } }, 200],
  ['a deletion', 'DELETE', `${configMaps}/two`, undefined, 200],
  ['a read', 'GET', configMaps, undefined, 200],
  ['something that is not there', 'GET', `${configMaps}/missing`, undefined, 404],
  ['a change that is refused', 'POST', configMaps, { metadata: { name: 'NOT A NAME' } }, 422],
])('%s is recorded once', async (_name, method, path, body, status) => {
  if (method === 'PUT') await api.call('POST', configMaps, { body: { metadata: { name: 'two' } } });
  since = (await api.trail.read({ limit: 1 })).items[0]?.position;
  const answer = await api.call(method, path, body === undefined ? {} : { body });
  expect(answer.status).toBe(status);
  expect(await events()).toMatchObject([
    { auditID: answer.headers['audit-id'], requestURI: path, responseStatus: { code: status } },
  ]);
});

test('a binding and an eviction are recorded with the code they are answered with', async () => {
  const pods = '/api/v1/namespaces/default/pods';
  const containers = [{ name: 'c', image: 'i' }];
  await api.call('POST', pods, { body: { metadata: { name: 'p' }, spec: { containers } } });
  since = (await api.trail.read({ limit: 1 })).items[0]?.position;
  const target = { kind: 'Node', name: 'n' };
  const metadata = { name: 'p' };
  await api.call('POST', `${pods}/p/binding`, { body: { kind: 'Binding', metadata, target } });
  await api.call('POST', `${pods}/p/eviction`, { body: { kind: 'Eviction', metadata } });
  await api.call('POST', pods, { body: { metadata: { name: 'q' }, spec: { containers } } });
  const bindings = '/api/v1/namespaces/default/bindings';
  await api.call('POST', bindings, { body: { kind: 'Binding', metadata: { name: 'q' }, target } });
  const of = (subresource: string) => ({
    objectRef: { resource: 'pods', namespace: 'default', name: 'p', apiVersion: 'v1', subresource },
    responseStatus: { code: 201 },
  });
  expect(await events()).toMatchObject([
    of('binding'),
    of('eviction'),
    { objectRef: { resource: 'pods', name: 'q' } },
    { objectRef: { resource: 'bindings', name: 'q' }, responseStatus: { code: 201 } },
  ]);
});

test('a collection deleted in many commits is one event', async () => {
  for (const name of ['a', 'b', 'c']) {
    await api.call('POST', configMaps, { body: { metadata: { name, labels: { gone: 'soon' } } } });
  }
  since = (await api.trail.read({ limit: 1 })).items[0]?.position;
  await api.call('DELETE', `${configMaps}?labelSelector=gone%3Dsoon`);
  expect(await events()).toMatchObject([
    { verb: 'deletecollection', requestURI: `${configMaps}?labelSelector=gone%3Dsoon` },
  ]);
});

test('a refused token is recorded with its reason, and nobody as its user', async () => {
  const answer = await api.call('GET', configMaps, { token: 'nobody' });
  expect(answer.status).toBe(401);
  const [event] = await events();
  expect(event).toMatchObject({
    user: {},
    responseStatus: { code: 401, status: 'Failure', reason: 'Unauthorized' },
  });
  expect(event?.annotations['entryway/authentication']).toMatch(/^[A-Za-z]+$/);
});

test('who is impersonated stands beside who asks', async () => {
  await api.call('GET', configMaps, { headers: { 'impersonate-user': 'somebody' } });
  expect(await events()).toMatchObject([
    {
      user: { username: 'admin' },
      impersonatedUser: { username: 'somebody' },
      responseStatus: { code: 403 },
    },
  ]);
});

test('a refusal is told as Kubernetes tells it, beside what decided (kubernetes-facts B28)', async () => {
  await api.call('GET', `${configMaps}/c`, { token: 'bob' });
  const message =
    'configmaps "c" is forbidden: User "bob" cannot get resource "configmaps" in API group "" in the namespace "default"';
  expect(await events()).toMatchObject([
    {
      user: { username: 'bob' },
      objectRef: { resource: 'configmaps', namespace: 'default', name: 'c', apiVersion: 'v1' },
      responseStatus: { metadata: {}, status: 'Failure', reason: 'Forbidden', message, code: 403 },
      annotations: { 'authorization.k8s.io/decision': 'forbid', 'authorization.k8s.io/reason': '' },
    },
  ]);
});

test('a refused impersonation is the request that was made, by who made it', async () => {
  await api.call('GET', configMaps, { token: 'bob', headers: { 'impersonate-user': 'admin' } });
  const [event] = await events();
  expect(event).toMatchObject({
    verb: 'list',
    user: { username: 'bob' },
    objectRef: { resource: 'configmaps', namespace: 'default' },
    responseStatus: { code: 403, message: expect.stringContaining('users "admin" is forbidden') },
    annotations: { 'authorization.k8s.io/decision': 'forbid' },
  });
  expect(event).not.toHaveProperty('impersonatedUser');
});

test('a watch is recorded when it begins', async () => {
  const { response } = await api.open(`${configMaps}?watch=true`);
  response.destroy();
  expect(await events()).toMatchObject([
    { verb: 'watch', stage: 'ResponseStarted', responseStatus: { code: 200 } },
  ]);
});

test('a request to no cluster of ours belongs to nobody', async () => {
  await api.call('GET', '!/clusters/111122223333/eu-central-1/unknown/api');
  expect(await events()).toEqual([]);
});
