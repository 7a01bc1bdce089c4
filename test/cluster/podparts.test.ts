import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestApi, type TestApi } from './fixture.ts';

let api: TestApi;
let count = 0;
let name = '';
const pods = '/api/v1/namespaces/default/pods';

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  count += 1;
  name = `pod-${count}`;
  const metadata = { name, labels: { app: name } };
  const spec = { containers: [{ name: 'web', image: 'i:1', resources: { limits: { cpu: '1' } } }] };
  expect((await api.call('POST', pods, { body: { metadata, spec } })).status).toBe(201);
});

const setStatus = (status: object) =>
  api.call('PATCH', `${pods}/${name}/status`, {
    body: { status },
    headers: { 'content-type': 'application/merge-patch+json' },
  });

describe('binding', () => {
  const bind = (node: string, options: { path?: string; annotations?: object } = {}) =>
    api.call('POST', options.path ?? `${pods}/${name}/binding`, {
      body: {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name, ...(options.annotations && { annotations: options.annotations }) },
        target: { kind: 'Node', name: node },
      },
    });

  test('a bound pod keeps its node', async () => {
    expect(await bind('n1', { annotations: { why: 'room' } })).toMatchObject({
      status: 201,
      body: { kind: 'Status', status: 'Success', code: 201 },
    });
    expect((await api.call('GET', `${pods}/${name}`)).body).toMatchObject({
      metadata: { annotations: { why: 'room' } },
      spec: { nodeName: 'n1', containers: [{ image: 'i:1' }] },
      status: { conditions: [{ type: 'PodScheduled', status: 'True' }] },
    });
    expect(await bind('n2')).toMatchObject({
      status: 409,
      body: {
        message: `Operation cannot be fulfilled on pods/binding "${name}": pod ${name} is already assigned to node "n1"`,
      },
    });
  });

  test('the old collection of bindings does the same', async () => {
    expect((await bind('n3', { path: '/api/v1/namespaces/default/bindings' })).status).toBe(201);
    expect((await api.call('GET', `${pods}/${name}`)).body).toMatchObject({ spec: { nodeName: 'n3' } });
  });

  test('a binding without a node, or to no pod, is refused', async () => {
    expect(await bind('')).toMatchObject({
      status: 422,
      body: { message: `Binding "${name}" is invalid: target.name: Required value` },
    });
    name = 'nobody';
    expect(await bind('n1')).toMatchObject({ status: 404, body: { message: 'pods "nobody" not found' } });
  });
});

describe('parts of a pod', () => {
  const patchPart = (part: string, spec: object) =>
    api.call('PATCH', `${pods}/${name}/${part}`, {
      body: { metadata: { labels: { sneaked: 'in' } }, spec },
      headers: { 'content-type': 'application/strategic-merge-patch+json' },
    });

  test('ephemeral containers are added, and nothing else changes', async () => {
    const added = { name: 'debug', image: 'tools' };
    const first = await patchPart('ephemeralcontainers', {
      ephemeralContainers: [added],
      containers: [{ name: 'web', image: 'evil' }],
    });
    expect(first).toMatchObject({
      status: 200,
      body: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ image: 'i:1' }], ephemeralContainers: [added] },
      },
    });
    expect(first.body).not.toHaveProperty('metadata.labels.sneaked');
    expect(
      await patchPart('ephemeralcontainers', { ephemeralContainers: [{ name: 'debug', image: 'other' }] }),
    ).toMatchObject({
      status: 422,
      body: {
        message: `Pod "${name}" is invalid: spec.ephemeralContainers: Forbidden: existing ephemeral containers may not be removed or changed`,
      },
    });
  });

  test('a resize changes resources, and nothing else', async () => {
    const container = { name: 'web', image: 'evil', resources: { limits: { cpu: '2' } } };
    expect(await patchPart('resize', { containers: [container], nodeName: 'n9' })).toMatchObject({
      status: 200,
      body: { spec: { containers: [{ image: 'i:1', resources: { limits: { cpu: '2' } } }] } },
    });
    expect((await api.call('GET', `${pods}/${name}`)).body).not.toHaveProperty('spec.nodeName');
  });
});

describe('eviction', () => {
  const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
  const evict = (query = '') =>
    api.call('POST', `${pods}/${name}/eviction${query}`, {
      body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: 'default' } },
    });
  const isThere = async () => (await api.call('GET', `${pods}/${name}`)).status === 200;
  const makeBudget = async (status: object | undefined) => {
    const spec = { minAvailable: 1, selector: { matchLabels: { app: name } } };
    const metadata = { name: `budget-${name}` };
    expect((await api.call('POST', budgets, { body: { metadata, spec } })).status).toBe(201);
    if (status === undefined) return;
    const patched = await api.call('PATCH', `${budgets}/budget-${name}/status`, {
      body: { status },
      headers: { 'content-type': 'application/merge-patch+json' },
    });
    expect(patched.status).toBe(200);
  };

  test('a budget that nobody has judged yet holds the pod', async () => {
    await setStatus({ phase: 'Running' });
    await makeBudget(undefined);
    expect(await evict()).toMatchObject({
      status: 429,
      body: {
        reason: 'TooManyRequests',
        message: "Cannot evict pod as it would violate the pod's disruption budget.",
        details: {
          causes: [
            {
              reason: 'DisruptionBudget',
              message: `The disruption budget budget-${name} is still being processed by the server.`,
            },
          ],
        },
      },
    });
    expect(await isThere()).toBe(true);
  });

  test('a disruption that is allowed is spent once', async () => {
    await setStatus({ phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] });
    const status = { observedGeneration: 1, disruptionsAllowed: 1, desiredHealthy: 1, currentHealthy: 2 };
    await makeBudget(status);
    expect((await evict('?dryRun=All')).status).toBe(201);
    expect(await isThere()).toBe(true);
    expect((await evict()).status).toBe(201);
    expect(await isThere()).toBe(false);
    const spent = (await api.call('GET', `${budgets}/budget-${name}`)).body;
    expect(spent).toMatchObject({
      status: { disruptionsAllowed: 0, disruptedPods: { [name]: expect.stringMatching(/Z$/) } },
    });
  });

  test('a budget without disruptions left holds the pod', async () => {
    await setStatus({ phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] });
    await makeBudget({ observedGeneration: 1, disruptionsAllowed: 0, desiredHealthy: 2, currentHealthy: 2 });
    const { status, body } = await evict();
    expect(status).toBe(429);
    expect(JSON.stringify(body)).toContain(`budget-${name} needs 2 healthy pods and has 2 currently`);
    expect(await isThere()).toBe(true);
  });

  test('pods without a budget, and pods that have not begun, go', async () => {
    expect((await evict()).status).toBe(201);
    expect(await isThere()).toBe(false);
    expect(await evict()).toMatchObject({ status: 404, body: { message: `pods "${name}" not found` } });
  });
});
