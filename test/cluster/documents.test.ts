/** What a cluster says of itself: discovery by version, OpenAPI, warnings, and what bodies say twice. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApi, type TestApi } from './fixture.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const namespaced = '/api/v1/namespaces/default/configmaps';
const protobuf = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';

test('a document is served under its hash for good, and not again to whoever has it (D0.7)', async () => {
  const index = await api.call('GET', '/openapi/v3');
  const url = index.body.paths['apis/apps/v1'].serverRelativeURL as string;
  const first = await api.call('GET', url);
  expect(first.status).toBe(200);
  expect(first.headers['cache-control']).toBe('public, immutable');
  const etag = String(first.headers.etag);
  expect(url).toContain(etag.replaceAll('"', ''));
  const again = await api.call('GET', url, { headers: { 'if-none-match': `"other", W/${etag}` } });
  expect(again).toMatchObject({ status: 304, text: '' });
});

test('a document under an old hash is what it is now, and not for good', async () => {
  const { headers, body } = await api.call('GET', '/openapi/v3/apis/apps/v1?hash=OLD');
  expect(headers['cache-control']).toBe('no-cache, private');
  expect(body.openapi).toBe('3.0.0');
});

test.each([
  '/openapi/v3/apis/apps',
  '/openapi/v3/apis/none/v1',
  '/openapi/v3/api',
  '/openapi/v4',
  '/openapi',
])('%s is not found', async (path) => {
  expect((await api.call('GET', path)).status).toBe(404);
});

test('OpenAPI v2 comes as JSON and as protobuf, each with its own ETag', async () => {
  const json = await api.call('GET', '/openapi/v2');
  expect(json.body.swagger).toBe('2.0');
  expect(json.body.definitions['io.k8s.api.core.v1.Pod']['x-kubernetes-group-version-kind']).toEqual([
    { group: '', kind: 'Pod', version: 'v1' },
  ]);
  const binary = await api.call('GET', '/openapi/v2', { headers: { accept: protobuf } });
  expect(binary.headers['content-type']).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
  expect(Number(binary.headers['content-length'])).toBeGreaterThan(500_000);
  expect(binary.headers.etag).not.toBe(json.headers.etag);
  const again = await api.call('GET', '/openapi/v2', {
    headers: { accept: protobuf, 'if-none-match': String(binary.headers.etag) },
  });
  expect(again.status).toBe(304);
});

test('a kind that is advised against says so, to those who may use it', async () => {
  const { headers } = await api.call('GET', '/api/v1/namespaces/default/endpoints');
  expect(headers.warning).toBe(
    '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"',
  );
  const watch = await api.open('/api/v1/namespaces/default/endpoints?watch=true');
  expect(watch.response.headers.warning).toContain('v1 Endpoints is deprecated in v1.33+');
  watch.response.destroy();
  const refused = await api.call('GET', '/api/v1/namespaces/default/endpoints', { token: 'bob' });
  expect(refused.status).toBe(403);
  expect(refused.headers.warning).toBeUndefined();
});

const create = (query: string, raw: string, type = 'application/json') =>
  api.call('POST', `${namespaced}?dryRun=All&${query}`, { raw, headers: { 'content-type': type } });

const twice =
  '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":{"a":"1","a":"2"},"datta":1}';

test('a field that is written twice is an error with Strict', async () => {
  const { status, body } = await create('fieldValidation=Strict', twice);
  expect(status).toBe(400);
  expect(body.message).toBe(
    'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field "data.a", unknown field "datta"',
  );
});

test('a field that is written twice is a warning with Warn, and the last one counts', async () => {
  const { status, body, headers } = await create('fieldValidation=Warn', twice);
  expect(status).toBe(201);
  expect(body.data).toEqual({ a: '2' });
  expect(headers.warning).toBe('299 - "duplicate field \\"data.a\\"", 299 - "unknown field \\"datta\\""');
});

test('a field that is written twice is nothing with Ignore', async () => {
  const { status, headers } = await create('fieldValidation=Ignore', twice);
  expect(status).toBe(201);
  expect(headers.warning).toBeUndefined();
});

test('YAML that repeats a key is told by its line', async () => {
  const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  a: "1"\n  a: "2"\n';
  const strict = await create('fieldValidation=Strict', yaml, 'application/yaml');
  expect(strict.body.message).toContain(
    'strict decoding error: yaml: unmarshal errors:\n  line 6: key "a" already set in map',
  );
  const warned = await create('', yaml, 'application/yaml');
  expect(warned.status).toBe(201);
  expect(warned.headers.warning).toBe(
    '299 - "yaml: unmarshal errors: line 6: key \\"a\\" already set in map"',
  );
});

test('a definition is checked against its type', async () => {
  const { status, body } = await api.call(
    'POST',
    '/apis/apiregistration.k8s.io/v1/apiservices?fieldValidation=Strict&dryRun=All',
    {
      body: {
        ...{
          apiVersion: 'apiregistration.k8s.io/v1',
          kind: 'APIService',
          metadata: { name: 'v1.example.com' },
        },
        spec: { group: 'example.com', version: 'v1', groupPriorityMinimum: 1, versionPriority: 1, typo: 1 },
      },
    },
  );
  expect(status).toBe(400);
  expect(body.message).toContain('unknown field "spec.typo"');
});

test.each([
  ['application/merge-patch+json', '{"data":{"b":"1","b":"2"}}', 'duplicate field "data.b"'],
  ['application/strategic-merge-patch+json', '{"data":{"b":"1","b":"2"}}', 'duplicate field "data.b"'],
  [
    'application/json-patch+json',
    '[{"op":"add","op":"add","path":"/immutable","value":false}]',
    'json patch duplicate field "[0].op"',
  ],
])('a patch of type %s that says something twice', async (type, raw, text) => {
  const patch = (fieldValidation: string) =>
    api.call('PATCH', `${namespaced}/kube-root-ca.crt?dryRun=All&fieldValidation=${fieldValidation}`, {
      raw,
      headers: { 'content-type': type },
    });
  const strict = await patch('Strict');
  expect(strict.status).toBe(422);
  expect(strict.body.message).toContain(`strict decoding error: ${text}`);
  const warned = await patch('Warn');
  expect(warned.status).toBe(200);
  expect(warned.headers.warning).toBe(`299 - "${text.replaceAll('"', '\\"')}"`);
});

test('what a built-in kind does not have is not stored', async () => {
  const { body } = await create('fieldValidation=Ignore', twice);
  expect(body).not.toHaveProperty('datta');
});

const crd = (properties: object) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    names: { plural: 'widgets', kind: 'Widget' },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', properties } },
      },
    ],
  },
});

test('a definition is published, and its change changes the hash of its group alone', async () => {
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const paths = async () => (await api.call('GET', '/openapi/v3')).body.paths;
  const before = await paths();
  expect(before).not.toHaveProperty('apis/example.com/v1');
  expect((await api.call('POST', definitions, { body: crd({}) })).status).toBe(201);
  const first = await paths();
  const changed = await api.call('PATCH', `${definitions}/widgets.example.com`, {
    raw: JSON.stringify(crd({ spec: { type: 'object', properties: { size: { type: 'integer' } } } })),
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  expect(changed.status).toBe(200);
  const second = await paths();
  const url = second['apis/example.com/v1'].serverRelativeURL as string;
  expect(url).not.toBe(first['apis/example.com/v1'].serverRelativeURL);
  expect({ ...second, 'apis/example.com/v1': undefined }).toEqual({
    ...before,
    'apis/example.com/v1': undefined,
  });
  const { body } = await api.call('GET', url);
  expect(body.components.schemas['com.example.v1.Widget'].properties.spec.properties).toEqual({
    size: { type: 'integer' },
  });
  const swagger = await api.call('GET', '/openapi/v2');
  expect(swagger.body.definitions).toHaveProperty(['com.example.v1.WidgetList']);
});
