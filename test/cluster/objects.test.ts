import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApi, type TestApi } from './fixture.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  await api.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'team-a' } } });
});
afterAll(() => api.close());

const configmaps = '/api/v1/namespaces/team-a/configmaps';
const deployments = '/apis/apps/v1/namespaces/team-a/deployments';

async function makeConfigMap(name: string, data: Record<string, string> = {}) {
  const answer = await api.call('POST', configmaps, { body: { metadata: { name }, data } });
  expect(answer.status).toBe(201);
  return answer.body;
}

const pod = { containers: [{ name: 'c', image: 'i' }] };
const deployment = (name: string) => ({
  metadata: { name },
  spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: pod } },
});

/** Which objects change from now on, until they are asked for; the trail, which goes on meanwhile, does not count. */
function changedObjects(): () => readonly string[] {
  const keys: string[] = [];
  const watch = api.storage.watch({ prefix: 'object/' }, (changes) => {
    keys.push(...changes.map(({ key }) => key));
  });
  return () => {
    watch.close();
    return keys;
  };
}

describe('create', () => {
  test.each([
    [
      'an unknown namespace',
      '/api/v1/namespaces/nowhere/configmaps',
      { metadata: { name: 'a' } },
      404,
      'namespaces "nowhere" not found',
    ],
    [
      'no name',
      configmaps,
      { metadata: {} },
      422,
      'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
    ],
    [
      'a name with capitals',
      configmaps,
      { metadata: { name: 'A' } },
      422,
      /^ConfigMap "A" is invalid: metadata.name: Invalid value: "A": a lowercase RFC 1123 subdomain/,
    ],
    ['a name that is a path', configmaps, { metadata: { name: 'a/b' } }, 422, /is invalid/],
    [
      'another namespace in the body',
      configmaps,
      { metadata: { name: 'a', namespace: 'default' } },
      400,
      'the namespace of the provided object does not match the namespace sent on the request',
    ],
    [
      'a resourceVersion',
      configmaps,
      { metadata: { name: 'a', resourceVersion: '1' } },
      400,
      'resourceVersion should not be set on objects to be created',
    ],
    ['another kind', configmaps, { kind: 'Secret', metadata: { name: 'a' } }, 400, /kind/],
    ['another version', configmaps, { apiVersion: 'v2', metadata: { name: 'a' } }, 400, /API version/],
    [
      'labels that are no map of strings',
      configmaps,
      { metadata: { name: 'a', labels: { a: 1 } } },
      400,
      /./,
    ],
    ['a bad label', configmaps, { metadata: { name: 'a', labels: { 'a b': 'c' } } }, 422, /metadata.labels/],
    ['a bad key', configmaps, { metadata: { name: 'a' }, data: { 'a/b': 'c' } }, 422, /data\[a\/b\]/],
    ['data that is no text', configmaps, { metadata: { name: 'a' }, data: { a: 1 } }, 400, /./],
    [
      'a role with a slash',
      '/apis/rbac.authorization.k8s.io/v1/clusterroles',
      { metadata: { name: 'a/b' }, rules: [] },
      422,
      /may not contain '\/'/,
    ],
  ])('%s is refused', async (_, path, body, status, message) => {
    const answer = await api.call('POST', path, { body });
    expect(answer.status).toBe(status);
    expect(answer.body.message).toMatch(message);
    expect((await api.storage.list({ prefix: 'object/c1//configmaps/team-a/a' })).entries).toEqual([]);
  });

  test('the server sets uid, times and version, whatever the client says (kubernetes-facts E1)', async () => {
    const { body } = await api.call('POST', configmaps, {
      body: {
        metadata: {
          name: 'e1',
          uid: 'mine',
          creationTimestamp: '2000-01-01T00:00:00Z',
          generation: 7,
          deletionTimestamp: '2000-01-01T00:00:00Z',
          selfLink: '/x',
        },
        data: { a: 'b' },
      },
    });
    expect(body).toEqual({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: {
        name: 'e1',
        namespace: 'team-a',
        uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
        creationTimestamp: expect.stringMatching(/^20[2-9]\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        resourceVersion: expect.stringMatching(/^\d+$/),
        managedFields: [expect.objectContaining({ operation: 'Update', manager: 'unknown' })],
      },
      data: { a: 'b' },
    });
  });

  test('a taken name is a 409 with its own reason', async () => {
    await makeConfigMap('twice');
    const answer = await api.call('POST', configmaps, { body: { metadata: { name: 'twice' } } });
    expect(answer.body).toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
      message: 'configmaps "twice" already exists',
      details: { name: 'twice', kind: 'configmaps' },
    });
  });

  test('two racing creates give one 201 and one 409', async () => {
    const body = { metadata: { name: 'race' } };
    const answers = await Promise.all([1, 2, 3, 4].map(() => api.call('POST', configmaps, { body })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
  });

  test('generateName adds five letters', async () => {
    const { body } = await api.call('POST', configmaps, { body: { metadata: { generateName: 'gen-' } } });
    expect(body.metadata.name).toMatch(/^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  test('dryRun=All stores nothing, and a dryRun that is not understood refuses', async () => {
    const told = changedObjects();
    const answer = await api.call('POST', `${configmaps}?dryRun=All`, {
      body: { metadata: { name: 'dry' } },
    });
    expect(answer.status).toBe(201);
    const unknown = await api.call('POST', `${configmaps}?dryRun=true`, {
      body: { metadata: { name: 'dry' } },
    });
    expect(unknown.status).toBe(422);
    expect(told()).toEqual([]);
  });

  test('unknown fields are refused, warned about or ignored as asked (kubernetes-facts D2.7)', async () => {
    const body = { ...deployment('fields'), spec: { ...deployment('').spec, foo: 1 } };
    const post = (mode: string) =>
      api.call('POST', `${deployments}?dryRun=All&fieldValidation=${mode}`, { body });
    const strict = await post('Strict');
    expect(strict.status).toBe(400);
    expect(strict.body.message).toBe(
      'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.foo"',
    );
    expect((await post('Warn')).headers.warning).toBe('299 - "unknown field \\"spec.foo\\""');
    expect((await post('Ignore')).headers.warning).toBeUndefined();
  });

  test.each([
    ['strategic-merge-patch', { spec: { foo: 1 } }, 'Invalid value: "map[spec:map[foo:1]]"'],
    ['merge-patch', { spec: { foo: 1 } }, /Invalid value: "\{.*\\"foo\\":1.*\}"/],
    ['json-patch', [{ op: 'add', path: '/spec/foo', value: 1 }], /Invalid value: "\{.*\\"foo\\":1.*\}"/],
  ] as const)(
    'an unknown field that a %s brings is a 422 that shows the patch',
    async (format, patch, shown) => {
      const name = `patched-${format}`;
      await api.call('POST', deployments, { body: deployment(name) });
      const answer = await api.call('PATCH', `${deployments}/${name}?fieldValidation=Strict`, {
        raw: JSON.stringify(patch),
        headers: { 'content-type': `application/${format}+json` },
      });
      expect(answer.status).toBe(422);
      expect(answer.body.message).toMatch(/^ "" is invalid: patch: /);
      expect(answer.body.message).toMatch(shown);
      expect(answer.body.message).toMatch(/: strict decoding error: unknown field "spec\.foo"$/);
    },
  );

  test('a field that says null is a field that is not there, however it is written', async () => {
    const deployments = '/apis/apps/v1/namespaces/default/deployments';
    const body = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'nulls' },
      spec: { replicas: null, template: { spec: { containers: [{ name: 'c', resources: null }] } } },
    };
    const spec = { replicas: 1, template: { spec: { containers: [{ name: 'c' }] } } };
    const path = `${deployments}/nulls`;
    const headers = { 'content-type': 'application/apply-patch+yaml' };
    const answers = [
      await api.call('POST', deployments, { body }),
      await api.call('PUT', path, { body }),
      await api.call('PATCH', `${path}?fieldManager=m&force=true`, { body, headers }),
    ];
    for (const answer of answers) expect(answer.body.spec, answer.text).toEqual(spec);
  });

  test('YAML is read as well as JSON', async () => {
    const answer = await api.call('POST', configmaps, {
      raw: 'metadata:\n  name: from-yaml\ndata:\n  a: "1"\n',
      headers: { 'content-type': 'application/yaml' },
    });
    expect(answer.body.data).toEqual({ a: '1' });
  });

  test.each([
    ['application/cbor', '{}', 415],
    ['application/json', '{', 400],
    ['application/json', '', 400],
    ['application/json', '[]', 400],
    ['application/json', `${'['.repeat(500)}${']'.repeat(500)}`, 400],
    ['application/yaml', 'a: &a [1]\nb: *a\n', 400],
    ['application/vnd.kubernetes.protobuf', 'k8s', 400],
  ])('a body of %s %j is refused', async (type, raw, status) => {
    const answer = await api.call('POST', configmaps, { raw, headers: { 'content-type': type } });
    expect(answer.status).toBe(status);
  });

  test('stringData of a Secret is stored as data and never shown', async () => {
    const { body } = await api.call('POST', '/api/v1/namespaces/team-a/secrets', {
      body: { metadata: { name: 's' }, data: { a: 'YQ==' }, stringData: { b: 'b' } },
    });
    expect(body).toMatchObject({ type: 'Opaque', data: { a: 'YQ==', b: 'Yg==' } });
    expect(body.stringData).toBeUndefined();
  });
});

describe('update and patch', () => {
  test('a stale resourceVersion is a 409, an unconditional update is not (kubernetes-facts E2)', async () => {
    const first = await makeConfigMap('stale', { a: '1' });
    const put = (body: unknown) => api.call('PUT', `${configmaps}/stale`, { body });
    expect((await put({ ...first, data: { a: '2' } })).status).toBe(200);
    const stale = await put({ ...first, data: { a: '3' } });
    expect(stale.body).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message:
        'Operation cannot be fulfilled on configmaps "stale": the object has been modified; please apply your changes to the latest version and try again',
    });
    expect((await put({ metadata: { name: 'stale' }, data: { a: '4' } })).body.data).toEqual({ a: '4' });
    const otherUid = await put({ metadata: { name: 'stale', uid: 'x' }, data: {} });
    expect(otherUid.status).toBe(409);
  });

  test('an update that changes nothing keeps its version and tells nobody (kubernetes-facts E1)', async () => {
    const first = await makeConfigMap('same', { a: '1' });
    const told = changedObjects();
    expect((await api.call('PUT', `${configmaps}/same`, { body: first })).body).toEqual(first);
    const patched = await api.call('PATCH', `${configmaps}/same`, {
      body: { data: { a: '1' } },
      headers: { 'content-type': 'application/merge-patch+json' },
    });
    expect(patched.body.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    expect(told()).toEqual([]);
  });

  test.each([
    [
      'another name',
      { metadata: { name: 'x' } },
      'the name of the object (x) does not match the name on the URL (named)',
    ],
    [
      'another namespace',
      { metadata: { namespace: 'x' } },
      'the namespace of the provided object does not match the namespace sent on the request',
    ],
  ])('%s in the body is a 400', async (_, body, message) => {
    await api.call('POST', configmaps, { body: { metadata: { name: 'named' } } });
    const patch = { body, headers: { 'content-type': 'application/merge-patch+json' } };
    for (const answer of [
      await api.call('PUT', `${configmaps}/named`, { body }),
      await api.call('PATCH', `${configmaps}/named`, patch),
    ]) {
      expect(answer.body).toMatchObject({ code: 400, message });
    }
  });

  test('a Lease takes no update without a resourceVersion', async () => {
    const path = '/apis/coordination.k8s.io/v1/namespaces/team-a/leases';
    const { body } = await api.call('POST', path, { body: { metadata: { name: 'l' }, spec: {} } });
    const refused = await api.call('PUT', `${path}/l`, { body: { metadata: { name: 'l' } } });
    expect(refused.body).toMatchObject({
      code: 422,
      message:
        'Lease.coordination.k8s.io "l" is invalid: metadata.resourceVersion: Invalid value: "": must be specified for an update',
    });
    expect((await api.call('PUT', `${path}/l`, { body })).status).toBe(200);
  });

  test('a missing object is a 404', async () => {
    const answer = await api.call('PUT', `${configmaps}/missing`, {
      body: { metadata: { name: 'missing' } },
    });
    expect(answer.body).toMatchObject({ code: 404, message: 'configmaps "missing" not found' });
  });

  test.each([
    [
      'application/strategic-merge-patch+json',
      { spec: { template: { spec: { containers: [{ name: 'd', image: 'j' }] } } } },
      ['d', 'c'],
    ],
    [
      'application/merge-patch+json',
      { spec: { template: { spec: { containers: [{ name: 'd', image: 'j' }] } } } },
      ['d'],
    ],
    [
      'application/json-patch+json',
      [{ op: 'add', path: '/spec/template/spec/containers/-', value: { name: 'd', image: 'j' } }],
      ['c', 'd'],
    ],
  ])('%s', async (type, body, names) => {
    const name = `patched-${type.slice(12, 15)}`;
    await api.call('POST', deployments, { body: deployment(name) });
    const answer = await api.call('PATCH', `${deployments}/${name}`, {
      body,
      headers: { 'content-type': type },
    });
    expect(answer.status).toBe(200);
    const containers = answer.body.spec.template.spec.containers as { name: string }[];
    expect(containers.map((one) => one.name).sort()).toEqual([...names].sort());
    expect(answer.body.metadata.generation).toBe(2);
  });

  test.each([
    ['application/json', 415],
    ['', 415],
  ])('a patch of type %j is a 415', async (type, status) => {
    await api.call('POST', configmaps, { body: { metadata: { name: 'patchtype' } } });
    const answer = await api.call('PATCH', `${configmaps}/patchtype`, {
      body: {},
      headers: { 'content-type': type },
    });
    expect(answer.status).toBe(status);
  });

  test('concurrent patches all arrive', async () => {
    await makeConfigMap('busy');
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        api.call('PATCH', `${configmaps}/busy`, {
          body: { data: { [`k${index}`]: 'v' } },
          headers: { 'content-type': 'application/merge-patch+json' },
        }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
    const { body } = await api.call('GET', `${configmaps}/busy`);
    expect(Object.keys(body.data).length).toBe(8);
  });

  test('an object and its status are written apart', async () => {
    await api.call('POST', deployments, { body: { ...deployment('parts'), status: { replicas: 9 } } });
    const path = `${deployments}/parts`;
    const merge = { 'content-type': 'application/merge-patch+json' };
    expect((await api.call('GET', path)).body.status).toBeUndefined();
    await api.call('PATCH', `${path}/status`, {
      body: { status: { replicas: 2 }, spec: { replicas: 5 } },
      headers: merge,
    });
    await api.call('PATCH', path, {
      body: { status: { replicas: 7 }, spec: { paused: true } },
      headers: merge,
    });
    const { body } = await api.call('GET', path);
    expect(body.status).toEqual({ replicas: 2 });
    expect(body.spec).toMatchObject({ replicas: 1, paused: true });
  });

  test('scale reads and writes spec.replicas as a Scale', async () => {
    await api.call('POST', deployments, { body: deployment('scaled') });
    const path = `${deployments}/scaled/scale`;
    const merge = { 'content-type': 'application/merge-patch+json' };
    const scaled = await api.call('PATCH', path, { body: { spec: { replicas: 3 } }, headers: merge });
    expect(scaled.body).toMatchObject({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      spec: { replicas: 3 },
      status: { replicas: 0, selector: 'a=b' },
    });
    expect((await api.call('GET', `${deployments}/scaled`)).body.spec.replicas).toBe(3);
    expect((await api.call('PATCH', path, { body: { spec: { replicas: -1 } }, headers: merge })).status).toBe(
      422,
    );
    const stale = { ...scaled.body, metadata: { ...scaled.body.metadata, resourceVersion: '1' } };
    expect((await api.call('PUT', path, { body: stale })).status).toBe(409);
  });

  test('an immutable ConfigMap stays as it is', async () => {
    await api.call('POST', configmaps, {
      body: { metadata: { name: 'fixed' }, data: { a: '1' }, immutable: true },
    });
    const answer = await api.call('PUT', `${configmaps}/fixed`, {
      body: { metadata: { name: 'fixed' }, data: { a: '2' }, immutable: true },
    });
    expect(answer.status).toBe(422);
  });
});

describe('delete (kubernetes-facts E8)', () => {
  test('answers a Status with the uid, and the object is gone', async () => {
    const { metadata } = await makeConfigMap('gone');
    const answer = await api.call('DELETE', `${configmaps}/gone`, {
      body: { propagationPolicy: 'Background' },
    });
    expect(answer.body).toMatchObject({
      kind: 'Status',
      status: 'Success',
      details: { name: 'gone', kind: 'configmaps', uid: metadata.uid },
    });
    expect((await api.call('GET', `${configmaps}/gone`)).status).toBe(404);
  });

  test('preconditions and dryRun, in body and query, hold it back', async () => {
    const { metadata } = await makeConfigMap('kept');
    const remove = (body: unknown, query = '') => api.call('DELETE', `${configmaps}/kept${query}`, { body });
    expect((await remove({ preconditions: { uid: 'other' } })).status).toBe(409);
    expect((await remove({ preconditions: { resourceVersion: '1' } })).status).toBe(409);
    expect((await remove({ dryRun: ['All'] })).status).toBe(200);
    expect((await remove({}, '?dryRun=All')).status).toBe(200);
    expect((await remove({ dryRun: ['all'] })).status).toBe(422);
    expect((await remove({ dryRun: 'All' })).status).toBe(400);
    expect((await api.call('GET', `${configmaps}/kept`)).status).toBe(200);
    expect((await remove({ preconditions: { uid: metadata.uid } })).status).toBe(200);
  });

  test('finalizers hold an object until the last one is taken away', async () => {
    await api.call('POST', configmaps, {
      body: { metadata: { name: 'held', finalizers: ['acme.example/x'] } },
    });
    const deleted = await api.call('DELETE', `${configmaps}/held`);
    expect(deleted.body.metadata).toMatchObject({
      deletionTimestamp: expect.any(String),
      finalizers: ['acme.example/x'],
    });
    const merge = { 'content-type': 'application/merge-patch+json' };
    const added = await api.call('PATCH', `${configmaps}/held`, {
      body: { metadata: { finalizers: ['acme.example/x', 'acme.example/y'] } },
      headers: merge,
    });
    expect(added.status).toBe(422);
    await api.call('PATCH', `${configmaps}/held`, {
      body: { metadata: { finalizers: null } },
      headers: merge,
    });
    expect((await api.call('GET', `${configmaps}/held`)).status).toBe(404);
  });

  test('deletecollection removes what is selected and nothing else', async () => {
    for (const [name, tier] of [
      ['dc1', 'x'],
      ['dc2', 'y'],
    ]) {
      await api.call('POST', configmaps, { body: { metadata: { name, labels: { tier } } } });
    }
    expect((await api.call('DELETE', `${configmaps}?labelSelector=tier%20in`)).status).toBe(400);
    const answer = await api.call('DELETE', `${configmaps}?labelSelector=tier%3Dx`);
    expect(answer.body).toMatchObject({ kind: 'ConfigMapList' });
    expect((await api.call('GET', `${configmaps}/dc1`)).status).toBe(404);
    expect((await api.call('GET', `${configmaps}/dc2`)).status).toBe(200);
  });
});

describe('namespaces (kubernetes-facts E9, E10)', () => {
  test.each(['default', 'kube-system', 'kube-public'])('%s cannot be deleted', async (name) => {
    const answer = await api.call('DELETE', `/api/v1/namespaces/${name}`);
    expect(answer.body).toMatchObject({
      code: 403,
      message: `namespaces "${name}" is forbidden: this namespace may not be deleted`,
    });
  });

  test('a new one has its label, an account and the CA; a deleted one takes everything with it', async () => {
    const created = await api.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'brief' } } });
    expect(created.body).toMatchObject({
      metadata: { labels: { 'kubernetes.io/metadata.name': 'brief' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
    expect((await api.call('GET', '/api/v1/namespaces/brief/serviceaccounts/default')).status).toBe(200);
    const ca = await api.call('GET', '/api/v1/namespaces/brief/configmaps/kube-root-ca.crt');
    expect(ca.body.data['ca.crt']).toBe(api.caPem);
    await api.call('POST', '/apis/apps/v1/namespaces/brief/deployments', { body: deployment('d') });
    const deleted = await api.call('DELETE', '/api/v1/namespaces/brief');
    expect(deleted.body).toMatchObject({
      metadata: { deletionTimestamp: expect.any(String) },
      status: { phase: 'Terminating' },
    });
    await api.api.idle();
    expect((await api.call('GET', '/api/v1/namespaces/brief')).status).toBe(404);
    const left = await api.storage.list({ prefix: 'object/c1/' });
    expect(left.entries.filter(({ key }) => key.includes('/brief/'))).toEqual([]);
  });

  test('a terminating one takes nothing new and goes with the last finalizer in it', async () => {
    const inside = '/api/v1/namespaces/slow/configmaps';
    await api.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'slow' } } });
    await api.call('POST', inside, { body: { metadata: { name: 'held', finalizers: ['acme.example/x'] } } });
    await api.call('DELETE', '/api/v1/namespaces/slow');
    const refused = await api.call('POST', inside, { body: { metadata: { name: 'late' } } });
    expect(refused.body).toMatchObject({
      code: 403,
      message:
        'configmaps "late" is forbidden: unable to create new content in namespace slow because it is being terminated',
      details: { causes: [{ reason: 'NamespaceTerminating' }] },
    });
    await api.call('PATCH', `${inside}/held`, {
      body: { metadata: { finalizers: null } },
      headers: { 'content-type': 'application/merge-patch+json' },
    });
    await api.api.idle();
    expect((await api.call('GET', '/api/v1/namespaces/slow')).status).toBe(404);
  });

  test('creating in it while it is deleted never leaves an object behind', async () => {
    for (let round = 0; round < 5; round += 1) {
      await api.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'racy' } } });
      const inside = '/api/v1/namespaces/racy/configmaps';
      await Promise.all([
        ...Array.from({ length: 6 }, (_, index) =>
          api.call('POST', inside, { body: { metadata: { name: `c${index}` } } }),
        ),
        api.call('DELETE', '/api/v1/namespaces/racy'),
      ]);
      await api.api.idle();
      expect((await api.call('GET', '/api/v1/namespaces/racy')).status).toBe(404);
      expect(await api.storage.count('object/c1//configmaps/racy/')).toBe(0);
    }
  });
});

describe('forms of an answer', () => {
  test('Table, metadata alone and YAML, when the client wants them', async () => {
    await makeConfigMap('forms', { a: '1' });
    const get = (accept: string, path = `${configmaps}/forms`) =>
      api.call('GET', path, { headers: { accept } });
    const table = await get('application/json;as=Table;v=v1;g=meta.k8s.io,application/json');
    expect(table.body.columnDefinitions.map((column: { name: string }) => column.name)).toEqual([
      'Name',
      'Data',
      'Age',
    ]);
    expect(table.body.rows[0].object).toMatchObject({
      kind: 'PartialObjectMetadata',
      metadata: { namespace: 'team-a' },
    });
    const partial = await get('application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io');
    expect(partial.body.data).toBeUndefined();
    const yaml = await get('application/yaml');
    expect(yaml.text).toContain('kind: ConfigMap');
    expect((await get('application/vnd.kubernetes.protobuf')).status).toBe(406);
    const list = await get('application/vnd.kubernetes.protobuf,application/json', configmaps);
    expect(list.body.kind).toBe('ConfigMapList');
  });

  test('a write whose answer nobody accepts is not written', async () => {
    const answer = await api.call('POST', configmaps, {
      body: { metadata: { name: 'unread' } },
      headers: { accept: 'text/html' },
    });
    expect(answer.status).toBe(406);
    expect((await api.call('GET', `${configmaps}/unread`)).status).toBe(404);
  });

  test('HEAD answers without a body', async () => {
    const answer = await api.call('HEAD', '/api/v1/namespaces/default');
    expect([answer.status, answer.text]).toEqual([200, '']);
  });
});

test('an autoscaler is one object in two versions', async () => {
  const path = (version: string) => `/apis/autoscaling/${version}/namespaces/team-a/horizontalpodautoscalers`;
  const scaleTargetRef = { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' };
  const created = await api.call('POST', path('v1'), {
    body: {
      metadata: { name: 'h' },
      spec: { scaleTargetRef, maxReplicas: 5, targetCPUUtilizationPercentage: 70 },
    },
  });
  expect(created.body).toMatchObject({
    apiVersion: 'autoscaling/v1',
    spec: { targetCPUUtilizationPercentage: 70 },
  });
  const newer = await api.call('GET', `${path('v2')}/h`);
  expect(newer.body).toMatchObject({
    apiVersion: 'autoscaling/v2',
    spec: {
      metrics: [{ resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } }],
    },
  });
  const headers = { 'content-type': 'application/merge-patch+json' };
  const patched = await api.call('PATCH', `${path('v1')}/h`, {
    body: { spec: { targetCPUUtilizationPercentage: 50 } },
    headers,
  });
  expect(patched.body.spec.targetCPUUtilizationPercentage).toBe(50);
  expect((await api.call('GET', `${path('v2')}/h`)).body.spec.metrics.length).toBe(1);
});
