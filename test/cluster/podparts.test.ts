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

  test.each([
    [
      'an earlier pod of that name',
      { uid: 'gone' },
      {},
      409,
      'Precondition failed: UID in precondition: gone',
    ],
    ['an older version of the pod', { resourceVersion: '1' }, {}, 409, 'the object has been modified'],
    ['another pod than the address', { name: 'other' }, {}, 400, 'does not match name in Binding object'],
    ['what is no node', {}, { kind: 'Pod' }, 422, 'target.kind: Unsupported value: "Pod"'],
  ])('a binding that is about %s binds nothing', async (_, metadata, target, status, message) => {
    const answer = await api.call('POST', `${pods}/${name}/binding`, {
      body: {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name, ...metadata },
        target: { kind: 'Node', name: 'n1', ...target },
      },
    });
    expect([answer.status, answer.body.message]).toEqual([status, expect.stringContaining(message)]);
    expect((await api.call('GET', `${pods}/${name}`)).body).not.toHaveProperty('spec.nodeName');
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
  test.each([
    ['binding', { nodeName: 'n1' }],
    ['ephemeralcontainers', { ephemeralContainers: [{ name: 'debug', image: 'tools' }] }],
    ['resize', { containers: [{ name: 'web', resources: { limits: { cpu: '2' } } }] }],
    ['its making', { serviceAccountName: 'admin' }],
    ['its making', { hostNetwork: true }],
    ['its making', { containers: [{ name: 'more', image: 'tools' }] }],
    ['its making', { schedulingGates: [{ name: 'wait' }] }],
  ])('an update of a pod does not do what %s is for: %j', async (_, spec) => {
    const headers = { 'content-type': 'application/strategic-merge-patch+json' };
    const before = (await api.call('GET', `${pods}/${name}`)).body;
    const answer = await api.call('PATCH', `${pods}/${name}`, { body: { spec }, headers });
    expect([answer.status, answer.body.details.causes[0].reason]).toEqual([422, 'FieldValueForbidden']);
    expect((await api.call('GET', `${pods}/${name}`)).body).toEqual(before);
  });

  test('images, tolerations and labels of a pod change, by PATCH and by PUT', async () => {
    const headers = { 'content-type': 'application/strategic-merge-patch+json' };
    const spec = { containers: [{ name: 'web', image: 'i:2' }], tolerations: [{ key: 'a' }] };
    const body = { metadata: { labels: { more: '1' } }, spec };
    const patched = await api.call('PATCH', `${pods}/${name}`, { body, headers });
    expect(patched.status, patched.text).toBe(200);
    const { serviceAccount: _, ...bare } = patched.body.spec;
    const put = { ...patched.body, spec: { ...bare, nodeSelector: {}, activeDeadlineSeconds: 9 } };
    expect(await api.call('PUT', `${pods}/${name}`, { body: put })).toMatchObject({
      status: 200,
      body: { spec: { activeDeadlineSeconds: 9, containers: [{ image: 'i:2' }] } },
    });
  });

  test('a pod is not made with what only a running one gets', async () => {
    const containers = [{ name: 'web', image: 'i' }];
    const make = (spec: object) =>
      api.call('POST', pods, { body: { metadata: { name: 'early' }, spec: { containers, ...spec } } });
    expect((await make({ ephemeralContainers: [{ name: 'e', image: 'i' }] })).body.message).toBe(
      'Pod "early" is invalid: spec.ephemeralContainers: Forbidden: cannot be set on create',
    );
    expect((await make({ nodeName: 'n1', schedulingGates: [{ name: 'g' }] })).status).toBe(422);
  });

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
        message: `Pod "${name}" is invalid: spec.ephemeralContainers: Forbidden: existing ephemeral containers "debug" may not be changed\n`,
      },
    });
    const twice = await api.call('PATCH', `${pods}/${name}/ephemeralcontainers`, {
      body: { spec: { ephemeralContainers: [{ name: 'debug', image: 'other' }, added] } },
      headers: { 'content-type': 'application/merge-patch+json' },
    });
    expect(twice.body.message).toContain('spec.ephemeralContainers[1].name: Duplicate value: "debug"');
    expect((await api.call('GET', `${pods}/${name}`)).body.spec.ephemeralContainers).toEqual([added]);
  });

  test('a resize changes resources, and nothing else', async () => {
    const container = { name: 'web', image: 'evil', resources: { limits: { cpu: '2' } } };
    expect(await patchPart('resize', { containers: [container], nodeName: 'n9' })).toMatchObject({
      status: 200,
      body: { spec: { containers: [{ image: 'i:1', resources: { limits: { cpu: '2' } } }] } },
    });
    expect((await api.call('GET', `${pods}/${name}`)).body).not.toHaveProperty('spec.nodeName');
    const other = { name: 'wed', resources: { limits: { cpu: '3' } } };
    expect((await patchPart('resize', { containers: [other] })).body.message).toBe(
      `Pod "${name}" is invalid: spec.containers: Forbidden: containers may not be added or removed on resize`,
    );
  });
});

describe('eviction', () => {
  const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
  const evict = (query = '', members: object = {}) =>
    api.call('POST', `${pods}/${name}/eviction${query}`, {
      body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name }, ...members },
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

  test.each([{ uid: 'gone' }, { resourceVersion: '1' }])(
    'an eviction of another pod than this, %j, spends no disruption',
    async (preconditions) => {
      await setStatus({ phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] });
      const allowing = { observedGeneration: 1, disruptionsAllowed: 1, desiredHealthy: 1, currentHealthy: 2 };
      await makeBudget(allowing);
      expect((await evict('', { deleteOptions: { preconditions } })).status).toBe(409);
      expect((await api.call('GET', `${budgets}/budget-${name}`)).body.status).toEqual(allowing);
      expect(await isThere()).toBe(true);
      expect((await evict('', { apiVersion: 'policy/v1beta1' })).status).toBe(201);
    },
  );

  test('a budget without a selector is about no pod, two budgets of one pod hold it', async () => {
    await setStatus({ phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] });
    const spec = { selector: { matchLabels: { app: name } } };
    const make = (budget: string, members: object) =>
      api.call('POST', budgets, { body: { metadata: { name: `${budget}-${name}` }, spec: members } });
    expect((await make('none', {})).status).toBe(201);
    expect((await evict('?dryRun=All')).status).toBe(201);
    for (const budget of ['one', 'two']) expect((await make(budget, spec)).status).toBe(201);
    expect(await evict()).toMatchObject({
      status: 500,
      body: { message: expect.stringMatching(/^This pod has more than one PodDisruptionBudget/) },
    });
    expect((await evict('', { metadata: {} })).status).toBe(400);
    expect(await isThere()).toBe(true);
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
