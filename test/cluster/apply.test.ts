import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CallOptions, startTestApi, type TestAnswer, type TestApi } from './fixture.ts';

let api: TestApi;
const configmaps = '/api/v1/namespaces/team-a/configmaps';
const deployments = '/apis/apps/v1/namespaces/team-a/deployments';
const roles = '/apis/rbac.authorization.k8s.io/v1/namespaces/team-a/roles';
const bindings = '/apis/rbac.authorization.k8s.io/v1/namespaces/team-a/rolebindings';
const applyType = { 'content-type': 'application/apply-patch+yaml' };
const mergeType = { 'content-type': 'application/merge-patch+json' };

beforeAll(async () => {
  api = await startTestApi();
  await api.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'team-a' } } });
  // bob may patch and read config maps and RBAC objects, but create none; alice may do both with config maps.
  await grant('patcher', 'bob', ['get', 'patch'], ['', 'rbac.authorization.k8s.io', 'apps'], '*');
  await grant('maker', 'alice', ['get', 'patch', 'create'], [''], 'configmaps');
});
afterAll(() => api.close());

async function grant(name: string, user: string, verbs: string[], apiGroups: string[], resource: string) {
  const rules = [{ apiGroups, resources: [resource], verbs }];
  expect((await api.call('POST', roles, { body: { metadata: { name }, rules } })).status).toBe(201);
  const body = {
    metadata: { name },
    roleRef: { kind: 'Role', name },
    subjects: [{ kind: 'User', name: user }],
  };
  expect((await api.call('POST', bindings, { body })).status).toBe(201);
}

interface ApplyOptions extends CallOptions {
  readonly query?: string;
  readonly manager?: string;
}

/** Applies `body` at `path`, which begins at the collection. */
function apply(path: string, body: unknown, options: ApplyOptions = {}): Promise<TestAnswer> {
  const { query = '', manager = 'tester', ...rest } = options;
  const who = manager === '' ? '' : `fieldManager=${encodeURIComponent(manager)}`;
  return api.call('PATCH', `${path}?${who}${query}`, { body, headers: applyType, ...rest });
}

const configMap = (name: string, data: unknown, others: Record<string, unknown> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...others },
  data,
});
const settings = (name: string, data: unknown, options?: ApplyOptions): Promise<TestAnswer> =>
  apply(`${configmaps}/${name}`, configMap(name, data), options);
const read = (name: string) => api.call('GET', `${configmaps}/${name}`);

describe('an apply', () => {
  test('creates what is absent with 201, and changes what is there with 200 (kubernetes-facts D4.6)', async () => {
    const created = await settings('one', { a: '1' });
    expect([created.status, created.body.data]).toEqual([201, { a: '1' }]);
    const changed = await settings('one', { a: '2' });
    expect([changed.status, changed.body.data]).toEqual([200, { a: '2' }]);
    expect(changed.body.metadata.managedFields).toEqual([
      {
        manager: 'tester',
        operation: 'Apply',
        apiVersion: 'v1',
        time: expect.stringMatching(/^20.*Z$/),
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': { 'f:a': {} } },
      },
    ]);
  });

  test('that changes nothing keeps the resourceVersion (kubernetes-facts E1, E13)', async () => {
    const first = await settings('same', { a: '1' });
    const second = await settings('same', { a: '1' });
    expect(second.body).toEqual(first.body);
  });

  test('that only co-owns a field is a write', async () => {
    const first = await settings('shared', { a: '1' });
    const second = await settings('shared', { a: '1' }, { manager: 'other' });
    expect(second.body.metadata.resourceVersion).not.toBe(first.body.metadata.resourceVersion);
    expect(second.body.metadata.managedFields.map((one: { manager: string }) => one.manager)).toEqual([
      'other',
      'tester',
    ]);
  });

  test('takes YAML', async () => {
    const raw = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yaml}\ndata:\n  a: "1"\n';
    expect((await apply(`${configmaps}/yaml`, undefined, { raw })).body.data).toEqual({ a: '1' });
  });

  test('with dryRun=All stores nothing, on create and on change', async () => {
    const created = await settings('dry', { a: '1' }, { query: '&dryRun=All' });
    expect([created.status, created.body.data]).toEqual([201, { a: '1' }]);
    expect((await read('dry')).status).toBe(404);
    await settings('dry', { a: '1' });
    const before = await read('dry');
    expect((await settings('dry', { a: '2' }, { query: '&dryRun=All' })).body.data).toEqual({ a: '2' });
    expect((await read('dry')).body).toEqual(before.body);
  });

  test('of what another manager owns is a 409, unless forced (kubernetes-facts E14)', async () => {
    await settings('contested', { a: '1', b: '1' });
    const refused = await settings('contested', { a: '2' }, { manager: 'other' });
    expect(refused.body).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "tester": .data.a',
      details: {
        causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "tester"', field: '.data.a' }],
      },
    });
    expect((await read('contested')).body.data).toEqual({ a: '1', b: '1' });
    const forced = await settings('contested', { a: '2' }, { manager: 'other', query: '&force=true' });
    expect(forced.body.data).toEqual({ a: '2', b: '1' });
  });

  test('by two at once loses neither', async () => {
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        settings('race', { [`k${index}`]: 'v' }, { manager: `m${index}` }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 201]);
    expect(Object.keys((await read('race')).body.data)).toHaveLength(6);
  });
});

describe('an apply is refused', () => {
  test.each<[string, Record<string, unknown> | string, ApplyOptions, number, string | RegExp]>([
    [
      'without a field manager',
      configMap('no', {}),
      { manager: '' },
      422,
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    ],
    [
      'with a long one',
      configMap('no', {}),
      { manager: 'é'.repeat(65) },
      422,
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Too long: may not be more than 128 bytes',
    ],
    [
      'with an unprintable one',
      configMap('no', {}),
      { manager: 'a\u0007' },
      422,
      /invalid character U\+0007/,
    ],
    [
      'with managedFields',
      configMap('no', {}, { managedFields: [] }),
      {},
      400,
      'metadata.managedFields must be nil',
    ],
    [
      'with another kind',
      { ...configMap('no', {}), kind: 'Secret' },
      {},
      400,
      'invalid object type: /v1, Kind=Secret',
    ],
    [
      'with another version',
      { ...configMap('no', {}), apiVersion: 'apps/v1' },
      {},
      400,
      'invalid object type: apps/v1, Kind=ConfigMap',
    ],
    ['without a kind', { metadata: { name: 'no' } }, {}, 400, 'invalid object type: /, Kind='],
    [
      'with another name',
      configMap('yes', {}),
      {},
      400,
      'the name of the object (yes) does not match the name on the URL (no)',
    ],
    [
      'without a name',
      { apiVersion: 'v1', kind: 'ConfigMap' },
      {},
      400,
      'the name of the object (no based on URL) was undeterminable: name must be provided',
    ],
    [
      'with another namespace',
      configMap('no', {}, { namespace: 'kube-system' }),
      {},
      400,
      'the namespace of the provided object does not match the namespace sent on the request',
    ],
    [
      'with a uid that cannot be',
      configMap('no', {}, { uid: 'u' }),
      {},
      409,
      /uid mismatch: the provided object specified uid u/,
    ],
    [
      'with a version that cannot be',
      configMap('no', {}, { resourceVersion: '1' }),
      {},
      400,
      /resourceVersion should not be set/,
    ],
    [
      'with an undeclared field, whatever fieldValidation says',
      { ...configMap('no', {}), datas: {} },
      { query: '&fieldValidation=Ignore' },
      400,
      'failed to create typed patch object (/no; /v1, Kind=ConfigMap): .datas: field not declared in schema',
    ],
    [
      'with a value of the wrong type',
      configMap('no', { a: 1 }),
      {},
      400,
      /data\.a: expected string, got number/,
    ],
    ['with a key that is not valid', configMap('no', { 'a b': '1' }), {}, 422, /data\[a b\]/],
    [
      'with a fieldValidation that is none',
      configMap('no', {}),
      { query: '&fieldValidation=Maybe' },
      422,
      /fieldValidation/,
    ],
    ['with a dryRun that is none', configMap('no', {}), { query: '&dryRun=Some' }, 422, /dryRun/],
    ['with a force that is none', configMap('no', {}), { query: '&force=perhaps' }, 400, /force/],
    ['with a body that is no object', 'a: [', {}, 400, /error converting YAML/],
    ['with a list', '- a', {}, 400, /not an object/],
    ['with aliases', 'a: &x [1]\nb: *x\n', {}, 400, /aliases/],
    [
      'nested without end',
      `{"apiVersion":"v1","kind":"ConfigMap","data":${'{"a":'.repeat(500)}1${'}'.repeat(501)}`,
      {},
      400,
      /nested too deeply/,
    ],
  ])('%s', async (_, body, options, status, message) => {
    const given = typeof body === 'string' ? { raw: body } : { body };
    const answer = await apply(`${configmaps}/no`, undefined, { ...given, ...options });
    expect(answer.status, answer.text).toBe(status);
    if (typeof message === 'string') expect(answer.body.message).toBe(message);
    else expect(answer.body.message).toMatch(message);
    expect((await read('no')).status).toBe(404);
  });

  test('in a namespace that is not there', async () => {
    const answer = await apply('/api/v1/namespaces/nowhere/configmaps/x', configMap('x', {}));
    expect([answer.status, answer.body.message]).toEqual([404, 'namespaces "nowhere" not found']);
  });

  test('of a status whose object is not there', async () => {
    const body = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'gone' },
      status: { replicas: 1 },
    };
    expect((await apply(`${deployments}/gone/status`, body)).status).toBe(404);
  });

  test('when it would change what is immutable', async () => {
    await api.call('POST', configmaps, { body: { ...configMap('fixed', { a: '1' }), immutable: true } });
    const answer = await settings('fixed', { a: '2' }, { query: '&force=true' });
    expect([answer.status, answer.body.reason]).toEqual([422, 'Invalid']);
  });

  test('when the version it was made from is not the one that is there', async () => {
    await settings('stale', { a: '1' });
    const answer = await apply(
      `${configmaps}/stale`,
      configMap('stale', { a: '2' }, { resourceVersion: '1' }),
    );
    expect([answer.status, answer.body.reason]).toEqual([409, 'Conflict']);
  });

  test('a patch of another type must not say force', async () => {
    await settings('unforced', { a: '1' });
    const answer = await api.call('PATCH', `${configmaps}/unforced?force=true`, {
      body: {},
      headers: mergeType,
    });
    expect([answer.status, answer.body.message]).toEqual([
      422,
      'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
    ]);
  });
});

describe('who may apply', () => {
  test('patch alone does not let anybody create', async () => {
    const answer = await settings('bobs', { a: '1' }, { token: 'bob' });
    expect([answer.status, answer.body.message]).toEqual([
      403,
      'configmaps "bobs" is forbidden: User "bob" cannot create resource "configmaps" in API group "" in the namespace "team-a"',
    ]);
    // What is recorded is the decision that refused, not the one on `patch` before it.
    expect(api.outcomes.at(-1)).toMatchObject({
      status: 403,
      attributes: { verb: 'create', resource: 'configmaps', name: 'bobs' },
      decision: { decision: 'noOpinion' },
    });
    expect((await settings('bobs', { a: '1' }, { token: 'bob', query: '&dryRun=All' })).status).toBe(403);
    expect((await read('bobs')).status).toBe(404);
    expect((await settings('alices', { a: '1' }, { token: 'alice' })).status).toBe(201);
    expect((await settings('alices', { a: '2' }, { token: 'bob' })).status).toBe(200);
  });

  test.each([
    ['roles', { rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['delete'] }] }],
    [
      'rolebindings',
      { roleRef: { kind: 'ClusterRole', name: 'cluster-admin' }, subjects: [{ kind: 'User', name: 'bob' }] },
    ],
  ])(
    'nobody grants by applying %s what they do not hold, on create or on change',
    async (resource, content) => {
      const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/team-a/${resource}`;
      const kind = resource === 'roles' ? 'Role' : 'RoleBinding';
      const object = (name: string, others: unknown) => ({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind,
        metadata: { name },
        ...(others as object),
      });
      await grant(`may-create-${resource}`, 'bob', ['create'], ['rbac.authorization.k8s.io'], resource);
      const created = await apply(`${path}/grabbed`, object('grabbed', content), { token: 'bob' });
      expect([created.status, created.body.message]).toEqual([
        403,
        expect.stringContaining('attempting to grant'),
      ]);
      expect((await api.call('GET', `${path}/grabbed`)).status).toBe(404);

      const harmless = resource === 'roles' ? { rules: [] } : { ...content, subjects: [] };
      expect((await api.call('POST', path, { body: object('changed', harmless) })).status).toBe(201);
      const changed = await apply(`${path}/changed`, object('changed', content), {
        token: 'bob',
        query: '&force=true',
      });
      expect([changed.status, changed.body.message]).toEqual([
        403,
        expect.stringContaining('attempting to grant'),
      ]);
    },
  );

  test('a namespace is created by its own address, at cluster scope', async () => {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'applied', labels: { a: 'b' } } };
    expect((await apply('/api/v1/namespaces/applied', body, { token: 'bob' })).status).toBe(403);
    const { status } = await apply('/api/v1/namespaces/applied', body);
    expect(status).toBe(201);
    expect((await api.call('GET', '/api/v1/namespaces/applied')).body.metadata.namespace).toBeUndefined();
    expect((await api.call('GET', '/api/v1/namespaces/applied/serviceaccounts/default')).status).toBe(200);
    expect((await apply('/api/v1/namespaces/applied', body)).status).toBe(200);
  });

  test('a name that its kind must not have is refused', async () => {
    const answer = await settings('Not_A_Name', {});
    expect([answer.status, answer.body.reason]).toEqual([422, 'Invalid']);
  });
});

describe('managedFields of other writes (kubernetes-facts E13)', () => {
  const who = async (name: string): Promise<readonly string[]> =>
    ((await read(name)).body.metadata.managedFields ?? []).map(
      (one: { manager: string; operation: string }) => `${one.manager} ${one.operation}`,
    );
  const post = (name: string, options: { query?: string; agent?: string } = {}) =>
    api.call('POST', `${configmaps}${options.query ?? ''}`, {
      body: configMap(name, { a: '1' }),
      ...(options.agent !== undefined && {
        headers: { 'user-agent': options.agent, 'content-type': 'application/json' },
      }),
    });

  test.each<[string, { query?: string; agent?: string }, string]>([
    ['field-manager', { query: '?fieldManager=me', agent: 'tool/1.0' }, 'me'],
    ['user-agent', { agent: 'terraform-provider/2.0 (x; y)' }, 'terraform-provider'],
    ['long-agent', { agent: 'x'.repeat(500) }, 'x'.repeat(128)],
    ['unnamed', { agent: '/1.0' }, 'unknown'],
  ])('a create is recorded under %s', async (name, options, manager) => {
    expect((await post(name, options)).status).toBe(201);
    expect(await who(name)).toEqual([`${manager} Update`]);
  });

  test('a patch owns what it changed; who applied before meets it as a conflict', async () => {
    await settings('patched', { a: '1', b: '1' });
    await api.call('PATCH', `${configmaps}/patched?fieldManager=hand`, {
      body: { data: { a: '2' } },
      headers: mergeType,
    });
    expect(await who('patched')).toEqual(['tester Apply', 'hand Update']);
    expect((await settings('patched', { a: '1', b: '1' })).body.message).toBe(
      'Apply failed with 1 conflict: conflict with "hand" using v1: .data.a',
    );
  });

  test('an update that changes nothing changes no owners and is no write', async () => {
    const { body } = await settings('noop', { a: '1' });
    const answer = await api.call('PUT', `${configmaps}/noop?fieldManager=else`, { body });
    expect(answer.body).toEqual(body);
  });

  test('managedFields: [] clears them, and they stay away until the next apply', async () => {
    await settings('cleared', { a: '1' });
    const patch = (body: unknown) => api.call('PATCH', `${configmaps}/cleared`, { body, headers: mergeType });
    await patch({ metadata: { managedFields: [] } });
    expect(await who('cleared')).toEqual([]);
    await patch({ data: { a: '2' } });
    expect(await who('cleared')).toEqual([]);
    expect((await settings('cleared', { a: '3' })).body.message).toBe(
      'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.a',
    );
    await settings('cleared', { a: '2' });
    expect(await who('cleared')).toEqual(['tester Apply', 'before-first-apply Update']);
  });

  test.each<[string, unknown]>([
    ['unreadable', [{ manager: 'x' }]],
    ['malformed', 'x'],
    [
      'deep',
      [{ manager: 'x', operation: 'Apply', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { bad: {} } }],
    ],
    [
      'many',
      Array.from({ length: 1_000 }, (_, i) => ({
        manager: `m${i}`,
        operation: 'Apply',
        apiVersion: 'v1',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': {} },
      })),
    ],
  ])('%s managedFields are passed over or refused, and what is stored stays', async (name, managedFields) => {
    await settings(name, { a: '1' });
    const answer = await api.call('PATCH', `${configmaps}/${name}`, {
      body: { metadata: { managedFields } },
      headers: mergeType,
    });
    expect([200, 400, 422]).toContain(answer.status);
    expect(await who(name)).toEqual(['tester Apply']);
  });

  test('no more than 128 appliers', async () => {
    await settings('crowd', { a: '1' });
    const entry = (index: number) => ({
      manager: `m${index}`,
      operation: 'Apply',
      apiVersion: 'v1',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:data': { 'f:a': {} } },
    });
    const managedFields = Array.from({ length: 128 }, (_, index) => entry(index));
    await api.call('PATCH', `${configmaps}/crowd`, {
      body: { metadata: { managedFields } },
      headers: mergeType,
    });
    expect(await who('crowd')).toHaveLength(128);
    const answer = await settings('crowd', { a: '1' }, { manager: 'one-more' });
    expect([answer.status, answer.body.message]).toEqual([
      422,
      expect.stringContaining('at most 128 managers'),
    ]);
  });

  test('managedFields do not grow beyond their bound', async () => {
    const data = Object.fromEntries(
      Array.from({ length: 9_000 }, (_, index) => [`key-${index}-${'x'.repeat(60)}`, '']),
    );
    expect((await settings('large', data)).status).toBe(201);
    expect((await settings('large', data, { manager: 'second' })).status).toBe(200);
    expect((await settings('large', data, { manager: 'third' })).status).toBe(413);
  });
});

describe('parts of an object', () => {
  const labels = { app: 'web' };
  const web = (name: string, replicas: number) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  });
  const owners = async (name: string): Promise<readonly string[]> =>
    (await api.call('GET', `${deployments}/${name}`)).body.metadata.managedFields.map(
      (one: { manager: string; subresource?: string; fieldsV1: unknown }) =>
        `${one.manager} ${one.subresource ?? ''} ${JSON.stringify(one.fieldsV1)}`,
    );

  test('an apply of the object leaves the status alone and one of the status all else', async () => {
    await apply(`${deployments}/parts`, { ...web('parts', 2), status: { replicas: 9 } });
    expect((await api.call('GET', `${deployments}/parts`)).body.status).toBeUndefined();
    const status = { ...web('parts', 7), status: { replicas: 2 } };
    const answer = await apply(`${deployments}/parts/status`, status, { manager: 'controller' });
    expect([answer.status, answer.body.spec.replicas, answer.body.status]).toEqual([200, 2, { replicas: 2 }]);
    expect(await owners('parts')).toContain('controller status {"f:status":{"f:replicas":{}}}');
    const other = await apply(`${deployments}/parts/status`, { ...status, status: { replicas: 3 } });
    expect(other.body.message).toBe(
      'Apply failed with 1 conflict: conflict with "controller" with subresource "status": .status.replicas',
    );
  });

  test('a scale is applied like the field it stands for', async () => {
    await apply(`${deployments}/scaled`, web('scaled', 2), { manager: 'gitops' });
    const scale = (replicas: number) => ({
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'scaled' },
      spec: { replicas },
    });
    const path = `${deployments}/scaled/scale`;
    expect((await apply(path, scale(5))).body.message).toBe(
      'Apply failed with 1 conflict: conflict with "gitops": .spec.replicas',
    );
    const forced = await apply(path, scale(5), { query: '&force=true' });
    expect([forced.status, forced.body.kind, forced.body.spec]).toEqual([200, 'Scale', { replicas: 5 }]);
    expect((await owners('scaled')).filter((one) => one.includes('f:replicas'))).toEqual([
      'tester scale {"f:spec":{"f:replicas":{}}}',
    ]);
    expect((await apply(`${deployments}/scaled`, web('scaled', 2), { manager: 'gitops' })).body.message).toBe(
      'Apply failed with 1 conflict: conflict with "tester" with subresource "scale": .spec.replicas',
    );
    expect((await apply(path, scale(-1), { query: '&force=true' })).status).toBe(422);
  });

  test('a change of the spec counts in the generation, one of owners alone does not', async () => {
    expect((await apply(`${deployments}/counted`, web('counted', 1))).body.metadata.generation).toBe(1);
    expect(
      (await apply(`${deployments}/counted`, web('counted', 1), { manager: 'b' })).body.metadata.generation,
    ).toBe(1);
    const next = await apply(`${deployments}/counted`, web('counted', 3), { query: '&force=true' });
    expect(next.body.metadata.generation).toBe(2);
  });
});
