import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CallOptions, startTestApi, type TestAnswer, type TestApi } from './fixture.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

interface DefinitionOptions {
  readonly group?: string;
  readonly kind?: string;
  readonly plural?: string;
  readonly scope?: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests write definitions of every kind, broken ones too
  readonly versions?: readonly any[];
  // biome-ignore lint/suspicious/noExplicitAny: the same
  readonly names?: any;
  // biome-ignore lint/suspicious/noExplicitAny: the same
  readonly spec?: any;
  readonly metadata?: object;
}

const schemaOf = (properties: object, rest: object = {}) => ({
  openAPIV3Schema: { type: 'object', properties, ...rest },
});

const version = (name: string, rest: object = {}) => ({
  name,
  served: true,
  storage: name === 'v1',
  schema: schemaOf({ spec: { type: 'object', properties: { size: { type: 'integer' } } } }),
  ...rest,
});

function definition({
  group = 'example.com',
  kind = 'Widget',
  plural = 'widgets',
  scope = 'Namespaced',
  versions = [version('v1')],
  names = {},
  spec = {},
  metadata = {},
}: DefinitionOptions = {}) {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, ...metadata },
    spec: { group, scope, names: { plural, kind, ...names }, versions, ...spec },
  };
}

const warnings = (answer: TestAnswer): string => String(answer.headers.warning ?? '');
const post = (path: string, body: unknown, options: CallOptions = {}) =>
  api.call('POST', path, { body, ...options });
const patch = (path: string, body: unknown, type = 'merge-patch+json') =>
  api.call('PATCH', path, { body, headers: { 'content-type': `application/${type}` } });

async function install(options: DefinitionOptions): Promise<TestAnswer> {
  const answer = await post(definitions, definition(options));
  expect(answer.status, answer.text).toBe(201);
  return answer;
}

describe('the life of a definition', () => {
  test('it is established and served the moment its create is answered', async () => {
    const created = await install({
      plural: 'lives',
      kind: 'Life',
      names: { shortNames: ['lf'], categories: ['all'] },
    });
    const { status, spec, metadata } = created.body;
    expect(
      status.conditions.map((one: { type: string; status: string; reason: string }) => [
        one.type,
        one.status,
        one.reason,
      ]),
    ).toEqual([
      ['NamesAccepted', 'True', 'NoConflicts'],
      ['Established', 'True', 'InitialNamesAccepted'],
    ]);
    expect(status.acceptedNames).toEqual({
      plural: 'lives',
      singular: 'life',
      kind: 'Life',
      listKind: 'LifeList',
      shortNames: ['lf'],
      categories: ['all'],
    });
    expect(status.storedVersions).toEqual(['v1']);
    expect(spec.conversion).toEqual({ strategy: 'None' });
    expect(metadata.generation).toBe(1);

    const path = '/apis/example.com/v1/namespaces/default/lives';
    const made = await post(path, {
      apiVersion: 'example.com/v1',
      kind: 'Life',
      metadata: { name: 'a' },
      spec: { size: 1 },
    });
    expect(made.status, made.text).toBe(201);
    expect(made.body.metadata.generation).toBe(1);
    const discovered = await api.call('GET', '/apis/example.com/v1');
    expect(discovered.body.resources).toEqual([
      {
        name: 'lives',
        singularName: 'life',
        namespaced: true,
        kind: 'Life',
        verbs: ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'],
        shortNames: ['lf'],
        categories: ['all'],
      },
    ]);
    const listed = await api.call('GET', path);
    expect([listed.body.kind, listed.body.items.length]).toEqual(['LifeList', 1]);

    const deleted = await api.call('DELETE', `${definitions}/lives.example.com`);
    expect(deleted.body.metadata.finalizers).toEqual(['customresourcecleanup.apiextensions.k8s.io']);
    await api.api.idle();
    expect((await api.call('GET', `${definitions}/lives.example.com`)).status).toBe(404);
    expect((await api.call('GET', path)).status).toBe(404);
    expect(await api.storage.count('object/c1/example.com/lives/')).toBe(0);
  });

  test('finalizers of its objects hold it, and nothing new comes in meanwhile', async () => {
    await install({ plural: 'helds', kind: 'Held' });
    const path = '/apis/example.com/v1/namespaces/default/helds';
    await post(path, { metadata: { name: 'a', finalizers: ['example.com/hold'] } });
    await post(path, { metadata: { name: 'b' } });
    await api.call('DELETE', `${definitions}/helds.example.com`);
    await api.api.idle();
    const held = await api.call('GET', `${definitions}/helds.example.com`);
    expect(held.body.status.conditions.at(-1)).toMatchObject({
      type: 'Terminating',
      status: 'True',
      reason: 'InstanceDeletionInProgress',
    });
    expect(
      (await api.call('GET', path)).body.items.map(
        (one: { metadata: { name: string } }) => one.metadata.name,
      ),
    ).toEqual(['a']);
    const refused = await post(path, { metadata: { name: 'c' } });
    expect([refused.status, refused.body.message]).toEqual([
      403,
      'helds.example.com "c" is forbidden: create not allowed while custom resource definition is terminating',
    ]);
    await patch(`${path}/a`, { metadata: { finalizers: null } });
    await api.api.idle();
    expect((await api.call('GET', `${definitions}/helds.example.com`)).status).toBe(404);
  });

  test('an object that cannot be read keeps it, and none of the others', async () => {
    await install({ plural: 'torns', kind: 'Torn' });
    await post('/apis/example.com/v1/namespaces/default/torns', { metadata: { name: 'b' } });
    const torn = 'object/c1/example.com/torns/default/a';
    await api.storage.commit({ changes: [{ type: 'put', key: torn, value: '{' }] });
    await api.call('DELETE', `${definitions}/torns.example.com`);
    await api.api.idle();
    expect((await api.call('GET', `${definitions}/torns.example.com`)).status).toBe(200);
    const { entries } = await api.storage.list({ prefix: 'object/c1/example.com/torns/' });
    expect(entries.map(({ key }) => key)).toEqual([torn]);
    await api.storage.commit({ changes: [{ type: 'delete', key: torn }] });
    await api.api.idle();
    expect((await api.call('GET', `${definitions}/torns.example.com`)).status).toBe(404);
  });

  test('a name that is taken keeps it from being served until the name is free', async () => {
    await install({ plural: 'firsts', kind: 'Shared' });
    const second = await post(
      definitions,
      definition({ plural: 'seconds', kind: 'Shared', names: { singular: 'second' } }),
    );
    const [names, established] = second.body.status.conditions;
    expect(names).toMatchObject({
      status: 'False',
      reason: 'ListKindConflict',
      message: '"SharedList" is already in use',
    });
    expect(established).toMatchObject({
      type: 'Established',
      status: 'False',
      reason: 'NotAccepted',
      message: 'not all names are accepted',
    });
    expect((await api.call('GET', '/apis/example.com/v1/seconds')).status).toBe(404);
    await api.call('DELETE', `${definitions}/firsts.example.com`);
    await api.api.idle();
    const served = await api.call('GET', '/apis/example.com/v1/seconds');
    expect([served.status, served.body.kind]).toEqual([200, 'SharedList']);
    await api.call('DELETE', `${definitions}/seconds.example.com`);
  });

  test('whoever writes its status cannot have the objects of another one served or deleted', async () => {
    await install({ plural: 'victims', kind: 'Victim', names: { shortNames: ['thieves'] } });
    const path = '/apis/example.com/v1/namespaces/default/victims';
    await post(path, { metadata: { name: 'a' }, spec: {} });
    const { body: thief } = await post(definitions, definition({ plural: 'thieves', kind: 'Thief' }));
    const status = {
      ...thief.status,
      acceptedNames: { plural: 'victims', kind: 'Victim', listKind: 'VictimList', singular: 'victim' },
      conditions: [{ ...thief.status.conditions[1], status: 'True' }],
    };
    const url = `${definitions}/thieves.example.com`;
    expect((await api.call('PUT', `${url}/status`, { body: { ...thief, status } })).status).toBe(200);
    expect((await api.call('GET', `${path}/a`)).body.kind).toBe('Victim');
    await api.call('DELETE', url);
    await api.api.idle();
    expect((await api.call('GET', url)).status).toBe(404);
    expect((await api.call('GET', `${path}/a`)).status).toBe(200);
    await api.call('DELETE', `${definitions}/victims.example.com`);
    await api.api.idle();
  });

  test('one that was stored before anybody knew what it is comes to life, if it is valid', async () => {
    const put = (plural: string, body: object) => ({
      type: 'put' as const,
      key: `object/c1/apiextensions.k8s.io/customresourcedefinitions//${plural}.example.com`,
      value: JSON.stringify(body),
    });
    const old = definition({ plural: 'olds', kind: 'Old' });
    const broken = definition({
      plural: 'brokens',
      kind: 'Broken',
      versions: [version('v1', { schema: { openAPIV3Schema: {} } })],
    });
    await api.storage.commit({ changes: [put('olds', old), put('brokens', broken)] });
    await api.api.idle();
    expect((await api.call('GET', '/apis/example.com/v1/olds')).status).toBe(200);
    expect((await api.call('GET', '/apis/example.com/v1/brokens')).status).toBe(404);
  });

  test('objects of the whole cluster have no namespace', async () => {
    await install({ group: 'all.example', plural: 'wides', kind: 'Wide', scope: 'Cluster' });
    expect((await post('/apis/all.example/v1/wides', { metadata: { name: 'a' } })).status).toBe(201);
    expect((await api.call('GET', '/apis/all.example/v1/wides/a')).body.metadata.namespace).toBeUndefined();
    expect((await api.call('GET', '/apis/all.example/v1/namespaces/default/wides')).status).toBe(404);
  });

  test("a definition named like one of Kubernetes' own resources neither hides it nor takes its objects along", async () => {
    const group = 'rbac.authorization.k8s.io';
    const annotations = { 'api-approved.kubernetes.io': 'unapproved, a test' };
    const made = await post(
      definitions,
      definition({
        group,
        plural: 'clusterroles',
        kind: 'Mine',
        scope: 'Cluster',
        metadata: { annotations },
      }),
    );
    expect(
      made.body.status.conditions.map((one: { type: string; status: string }) => [one.type, one.status]),
    ).toEqual([
      ['KubernetesAPIApprovalPolicyConformant', 'False'],
      ['NamesAccepted', 'False'],
      ['Established', 'False'],
    ]);
    await api.call('DELETE', `${definitions}/clusterroles.${group}`);
    await api.api.idle();
    expect((await api.call('GET', `${definitions}/clusterroles.${group}`)).status).toBe(404);
    const roles = await api.call('GET', `/apis/${group}/v1/clusterroles/cluster-admin`);
    expect(roles.status).toBe(200);
  });
});

describe('versions', () => {
  const versions = [
    version('v1beta1', {
      deprecated: true,
      schema: schemaOf({
        spec: {
          type: 'object',
          properties: { size: { type: 'integer', default: 1 }, old: { type: 'string' } },
        },
      }),
    }),
    version('v1'),
    version('v1alpha1', { served: false }),
    version('v2', { deprecated: true, deprecationWarning: 'v2 was a mistake' }),
  ];

  test('each shows the same objects by its own schema, the preferred one first, those not served to nobody', async () => {
    await install({ group: 'versions.example', plural: 'gears', kind: 'Gear', versions });
    const group = await api.call('GET', '/apis/versions.example');
    expect(group.body.versions.map((one: { version: string }) => one.version)).toEqual([
      'v2',
      'v1',
      'v1beta1',
    ]);
    const groups = await api.call('GET', '/apis');
    expect(groups.body.groups.at(-1).name).toBe('versions.example');

    const path = (name: string) => `/apis/versions.example/${name}/namespaces/default/gears`;
    const made = await post(path('v1beta1'), { metadata: { name: 'a' }, spec: { old: 'x' } });
    expect([made.body.apiVersion, made.body.spec]).toEqual(['versions.example/v1beta1', { size: 1 }]);
    expect(warnings(made)).toBe(
      '299 - "versions.example/v1beta1 Gear is deprecated; use versions.example/v1 Gear"',
    );
    const [entry] = (await api.storage.list({ prefix: 'object/c1/versions.example/gears/' })).entries;
    expect(JSON.parse(entry?.value ?? '').apiVersion).toBe('versions.example/v1');
    const seen = await api.call('GET', `${path('v2')}/a`);
    expect([seen.body.apiVersion, seen.body.spec]).toEqual(['versions.example/v2', { size: 1 }]);
    expect(warnings(seen)).toBe('299 - "v2 was a mistake"');
    expect((await api.call('GET', `${path('v1alpha1')}/a`)).status).toBe(404);
  });

  test('one that is not served is no way around authorization', async () => {
    const refused = await api.call('GET', '/apis/versions.example/v1alpha1/namespaces/default/gears', {
      token: 'bob',
    });
    expect([refused.status, refused.body.message]).toEqual([
      403,
      'gears.versions.example is forbidden: User "bob" cannot list resource "gears" in API group "versions.example" in the namespace "default"',
    ]);
  });

  test('the version that is stored is remembered, and one that was cannot be taken away', async () => {
    const found = await api.call('GET', `${definitions}/gears.versions.example`);
    const changed = structuredClone(found.body);
    for (const one of changed.spec.versions) one.storage = one.name === 'v2';
    const stored = await api.call('PUT', `${definitions}/gears.versions.example`, { body: changed });
    expect(stored.body.status.storedVersions).toEqual(['v1', 'v2']);
    expect(stored.body.metadata.generation).toBe(2);
    const without = {
      ...stored.body,
      spec: {
        ...stored.body.spec,
        versions: stored.body.spec.versions.filter((one: { name: string }) => one.name !== 'v1'),
      },
    };
    const refused = await api.call('PUT', `${definitions}/gears.versions.example`, { body: without });
    expect([refused.status, refused.body.details.causes[0].field]).toEqual([422, 'status.storedVersions[0]']);
  });

  test('applying what the stored version does not know is no change each time', async () => {
    const versions = [
      version('v1'),
      version('v2', {
        schema: schemaOf({
          spec: { type: 'object', properties: { more: { type: 'string' } }, required: ['more'] },
        }),
      }),
    ];
    await install({ group: 'again.example', plural: 'agains', kind: 'Again', versions });
    const config = {
      apiVersion: 'again.example/v2',
      kind: 'Again',
      metadata: { name: 'a' },
      spec: { more: 'x' },
    };
    const path = '/apis/again.example/v2/namespaces/default/agains/a?fieldManager=m';
    const apply = () => patch(path, config, 'apply-patch+yaml');
    const answers = [await apply(), await apply()];
    expect(answers.map(({ status, body }) => [status, body.metadata.generation, body.spec])).toEqual([
      [201, 1, {}],
      [200, 1, {}],
    ]);
    expect(answers[1]?.body.metadata.resourceVersion).toBe(answers[0]?.body.metadata.resourceVersion);
  });

  test('an object loses nothing when another version is stored from now on', async () => {
    const specced = (name: string, properties: object, storage: boolean) => ({
      ...version(name, { storage }),
      schema: schemaOf({ spec: { type: 'object', properties } }),
    });
    const [first, second] = [{ a: { type: 'string' } }, { b: { type: 'string', default: 'x' } }];
    await install({
      group: 'moved.example',
      plural: 'movers',
      kind: 'Mover',
      versions: [specced('v1', first, true)],
    });
    const path = (name: string) => `/apis/moved.example/${name}/namespaces/default/movers`;
    await post(path('v1'), { metadata: { name: 'm' }, spec: { a: 'kept' } });
    const changed = await patch(`${definitions}/movers.moved.example`, {
      spec: { versions: [specced('v1', first, false), specced('v2', second, true)] },
    });
    expect(changed.status, changed.text).toBe(200);
    expect((await api.call('GET', `${path('v2')}/m`)).body.spec).toEqual({ b: 'x' });
    expect((await api.call('GET', `${path('v1')}/m`)).body.spec).toEqual({ a: 'kept' });
  });
});

describe('objects', () => {
  const path = '/apis/objects.example/v1/namespaces/default/shapes';
  beforeAll(async () => {
    const spec = {
      type: 'object',
      required: ['size'],
      properties: {
        size: { type: 'integer', minimum: 1 },
        color: { type: 'string', enum: ['red', 'blue'], default: 'red' },
        replicas: { type: 'integer' },
        ports: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: {
            type: 'object',
            required: ['name'],
            properties: {
              name: { type: 'string' },
              port: { type: 'integer' },
              protocol: { type: 'string', default: 'TCP' },
            },
          },
        },
        tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        template: {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          'x-kubernetes-preserve-unknown-fields': true,
        },
      },
    };
    const status = {
      type: 'object',
      properties: { phase: { type: 'string' }, replicas: { type: 'integer' }, selector: { type: 'string' } },
    };
    await install({
      group: 'objects.example',
      plural: 'shapes',
      kind: 'Shape',
      versions: [
        version('v1', {
          schema: schemaOf({ spec, status }),
          subresources: {
            status: {},
            scale: {
              specReplicasPath: '.spec.replicas',
              statusReplicasPath: '.status.replicas',
              labelSelectorPath: '.status.selector',
            },
          },
          selectableFields: [{ jsonPath: '.spec.color' }],
          additionalPrinterColumns: [
            { name: 'Color', type: 'string', jsonPath: '.spec.color' },
            {
              name: 'Web',
              type: 'integer',
              jsonPath: '.spec.ports[?(@.name=="web")].port',
              priority: 1,
              description: 'The port named web.',
            },
            { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
          ],
        }),
      ],
    });
  });
  const make = (name: string, spec: object, query = '') =>
    post(path + query, { apiVersion: 'objects.example/v1', kind: 'Shape', metadata: { name }, spec });

  test('are refused where their schema does not allow them, in the words of the API server', async () => {
    const answer = await make('bad', {
      size: '1',
      color: 'green',
      tags: ['a', 'a'],
      template: { kind: 'A' },
    });
    expect(answer.status).toBe(422);
    expect(answer.body.message).toBe(
      'Shape.objects.example "bad" is invalid: [spec.size: Invalid value: "string": spec.size in body must be of type integer: "string", ' +
        'spec.color: Unsupported value: "green": supported values: "red", "blue", ' +
        'spec.template.apiVersion: Required value, spec.tags[1]: Duplicate value: "a"]',
    );
    const missing = await make('bad', {});
    expect(missing.body.message).toBe('Shape.objects.example "bad" is invalid: spec.size: Required value');
  });

  test('unknown fields are refused, pruned with a warning, or pruned, as asked', async () => {
    const unknown = {
      size: 1,
      other: 1,
      free: { any: 1 },
      template: { apiVersion: 'v1', kind: 'A', metadata: { nme: 'x' } },
    };
    const strict = await make('u', unknown, '?fieldValidation=Strict');
    expect([strict.status, strict.body.message]).toEqual([
      400,
      'Shape in version "v1" cannot be handled as a Shape: strict decoding error: unknown field "spec.other", unknown field "spec.template.metadata.nme"',
    ]);
    const warned = await make('u', unknown);
    expect(warned.status).toBe(201);
    expect(warnings(warned)).toBe(
      '299 - "unknown field \\"spec.other\\"", 299 - "unknown field \\"spec.template.metadata.nme\\""',
    );
    expect(warned.body.spec).toEqual({
      size: 1,
      color: 'red',
      free: { any: 1 },
      template: { apiVersion: 'v1', kind: 'A', metadata: {} },
    });
    const ignored = await make('u2', unknown, '?fieldValidation=Ignore');
    expect([ignored.status, warnings(ignored)]).toEqual([201, '']);
    const patched = await patch(`${path}/u?fieldValidation=Strict`, { spec: { nope: 1 } });
    expect([
      patched.status,
      patched.body.message.endsWith('strict decoding error: unknown field "spec.nope"'),
    ]).toEqual([422, true]);
  });

  test('defaults are there on reading what was stored before they were', async () => {
    await make('before', { size: 1 });
    const found = await api.call('GET', `${definitions}/shapes.objects.example`);
    const changed = structuredClone(found.body);
    changed.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.shade = {
      type: 'string',
      default: 'dark',
    };
    expect((await api.call('PUT', `${definitions}/shapes.objects.example`, { body: changed })).status).toBe(
      200,
    );
    const read = await api.call('GET', `${path}/before`);
    expect(read.body.spec.shade).toBe('dark');
    // Nothing was asked to change, so nothing is written.
    const same = await patch(`${path}/before`, { spec: { size: 1 } });
    expect(same.body.metadata.resourceVersion).toBe(read.body.metadata.resourceVersion);
    expect(same.body.metadata.generation).toBe(1);
  });

  test('what was invalid before does not keep the rest from being changed', async () => {
    await make('loose', { size: 1, color: 'blue' });
    const found = await api.call('GET', `${definitions}/shapes.objects.example`);
    const changed = structuredClone(found.body);
    changed.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.color.enum = ['red'];
    await api.call('PUT', `${definitions}/shapes.objects.example`, { body: changed });
    expect((await patch(`${path}/loose`, { spec: { size: 2 } })).status).toBe(200);
    expect((await patch(`${path}/loose`, { spec: { color: 'green' } })).status).toBe(422);
    await api.call('PUT', `${definitions}/shapes.objects.example`, {
      body: {
        ...found.body,
        metadata: {
          ...found.body.metadata,
          resourceVersion: (await api.call('GET', `${definitions}/shapes.objects.example`)).body.metadata
            .resourceVersion,
        },
      },
    });
  });

  test('status and spec are written apart, and only the spec counts', async () => {
    const made = await post(path, { metadata: { name: 's' }, spec: { size: 1 }, status: { phase: 'Early' } });
    expect(made.body.status).toBeUndefined();
    const told = await patch(`${path}/s/status`, { spec: { size: 9 }, status: { phase: 'Ready' } });
    expect([told.body.spec.size, told.body.status, told.body.metadata.generation]).toEqual([
      1,
      { phase: 'Ready' },
      1,
    ]);
    const grown = await patch(`${path}/s`, { spec: { size: 2 }, status: { phase: 'Late' } });
    expect([grown.body.spec.size, grown.body.status, grown.body.metadata.generation]).toEqual([
      2,
      { phase: 'Ready' },
      2,
    ]);
    const wrong = await patch(`${path}/s/status`, { status: { phase: 5 } });
    expect(wrong.body.message).toBe(
      'Shape.objects.example "s" is invalid: status.phase: Invalid value: "integer": phase in body must be of type string: "integer"',
    );
  });

  test('scale reads and writes the paths the definition names', async () => {
    await make('scaled', { size: 1 });
    const none = await api.call('GET', `${path}/scaled/scale`);
    expect([none.status, none.body.message]).toEqual([
      500,
      'Internal error occurred: the spec replicas field ".spec.replicas" does not exist',
    ]);
    await patch(`${path}/scaled`, { spec: { replicas: 2 } });
    await patch(`${path}/scaled/status`, { status: { replicas: 1, selector: 'a=b' } });
    const scale = await api.call('GET', `${path}/scaled/scale`);
    expect([scale.body.kind, scale.body.spec, scale.body.status]).toEqual([
      'Scale',
      { replicas: 2 },
      { replicas: 1, selector: 'a=b' },
    ]);
    const more = await patch(`${path}/scaled/scale`, { spec: { replicas: 5 } });
    expect(more.body.spec).toEqual({ replicas: 5 });
    expect((await api.call('GET', `${path}/scaled`)).body.spec.replicas).toBe(5);
  });

  test('are updated conditionally and not patched strategically (kubernetes-facts E2, E11)', async () => {
    await make('c', { size: 1 });
    const put = await api.call('PUT', `${path}/c`, { body: { metadata: { name: 'c' }, spec: { size: 2 } } });
    expect([put.status, put.body.details.causes[0].message]).toEqual([
      422,
      'Invalid value: "": must be specified for an update',
    ]);
    expect((await patch(`${path}/c`, {}, 'strategic-merge-patch+json')).status).toBe(415);
    expect(
      (await patch(`${path}/c`, [{ op: 'replace', path: '/spec/size', value: 3 }], 'json-patch+json')).body
        .spec.size,
    ).toBe(3);
  });

  test('are applied with owners by the keys of their lists', async () => {
    const apply = (manager: string, ports: unknown) =>
      patch(
        `${path}/applied?fieldManager=${manager}`,
        {
          apiVersion: 'objects.example/v1',
          kind: 'Shape',
          metadata: { name: 'applied' },
          spec: { ...(manager === 'one' && { size: 1 }), ports },
        },
        'apply-patch+yaml',
      );
    expect((await apply('one', [{ name: 'web', port: 80 }])).status).toBe(201);
    const both = await apply('two', [{ name: 'dns', port: 53 }]);
    expect(both.body.spec.ports.map((one: { name: string }) => one.name).sort()).toEqual(['dns', 'web']);
    const clash = await apply('two', [{ name: 'web', port: 81 }]);
    expect([clash.status, clash.body.message]).toEqual([
      409,
      'Apply failed with 1 conflict: conflict with "one": .spec.ports[name="web"].port',
    ]);
    const undeclared = await apply('two', [{ name: 'web', prt: 81 }]);
    expect(undeclared.body.message).toContain('.spec.ports[name="web"].prt: field not declared in schema');
  });

  test('are shown in the columns of their definition and selected by its fields', async () => {
    await make('t', {
      size: 1,
      color: 'blue',
      ports: [
        { name: 'dns', port: 53 },
        { name: 'web', port: 80 },
      ],
    });
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
    const table = await api.call('GET', `${path}?fieldSelector=spec.color=blue,metadata.name=t`, {
      headers: { accept },
    });
    expect(
      table.body.columnDefinitions.map((one: { name: string; type: string; priority: number }) => [
        one.name,
        one.type,
        one.priority,
      ]),
    ).toEqual([
      ['Name', 'string', 0],
      ['Color', 'string', 0],
      ['Web', 'integer', 1],
      ['Age', 'date', 0],
    ]);
    expect(table.body.rows.map((one: { cells: unknown[] }) => one.cells)).toEqual([
      ['t', 'blue', 80, expect.stringMatching(/^\d+s$/)],
    ]);
    const other = await api.call('GET', `${path}?fieldSelector=spec.size=1`);
    expect([other.status, other.body.message]).toEqual([
      400,
      expect.stringContaining('field label not supported: spec.size'),
    ]);
  });

  test('are watched', async () => {
    const { lines, response } = await api.open(`${path}?watch=1&fieldSelector=metadata.name=w`);
    await make('w', { size: 1 });
    expect(await lines.next()).toMatchObject({
      type: 'ADDED',
      object: { kind: 'Shape', spec: { color: 'red' } },
    });
    await api.call('DELETE', `${path}?fieldSelector=metadata.name=w`);
    expect(await lines.next()).toMatchObject({ type: 'DELETED' });
    response.destroy();
  });

  test('are watched until their definition says something else, and no longer than it is there', async () => {
    await install({ group: 'ends.example', plural: 'ends', kind: 'End' });
    const ends = '/apis/ends.example/v1/namespaces/default/ends';
    await post(ends, { metadata: { name: 'a' } });
    const first = await api.open(`${ends}?watch=1`);
    expect(await first.lines.next()).toMatchObject({ type: 'ADDED' });
    await patch(`${definitions}/ends.ends.example`, { metadata: { labels: { a: 'b' } } });
    await patch(`${ends}/a`, { spec: { size: 1 } });
    expect(await first.lines.next()).toMatchObject({ type: 'MODIFIED' });
    await patch(`${definitions}/ends.ends.example`, { spec: { names: { shortNames: ['e'] } } });
    expect(await first.lines.next()).toBeUndefined();
    const second = await api.open(`${ends}?watch=1`);
    expect(await second.lines.next()).toMatchObject({ type: 'ADDED' });
    await api.call('DELETE', `${definitions}/ends.ends.example`);
    expect(await second.lines.next()).toMatchObject({ type: 'DELETED' });
    expect(await second.lines.next()).toBeUndefined();
  });

  test('go with their namespace', async () => {
    await post('/api/v1/namespaces', { metadata: { name: 'going' } });
    await post('/apis/objects.example/v1/namespaces/going/shapes', {
      metadata: { name: 'a' },
      spec: { size: 1 },
    });
    await api.call('DELETE', '/api/v1/namespaces/going');
    await api.api.idle();
    expect(await api.storage.count('object/c1/objects.example/shapes/going/')).toBe(0);
    expect((await api.call('GET', '/api/v1/namespaces/going')).status).toBe(404);
  });
});

describe('hostile definitions', () => {
  const nested = (depth: number): object =>
    depth === 0 ? { type: 'string' } : { type: 'object', properties: { a: nested(depth - 1) } };

  test.each([
    [
      'a schema of a hundred thousand parts',
      schemaOf({
        spec: {
          type: 'object',
          properties: Object.fromEntries(
            Array.from({ length: 60_000 }, (_, i) => [`p${i}`, { type: 'string' }]),
          ),
        },
      }),
      422,
    ],
    [
      'a pattern that makes other engines hang',
      schemaOf({ spec: { type: 'string', pattern: '^(a+)+$' } }),
      201,
    ],
    ['a pattern that does not compile', schemaOf({ spec: { type: 'string', pattern: '(?=a)' } }), 422],
    [
      'a pattern that would be a million instructions',
      schemaOf({ spec: { type: 'string', pattern: '((a{1000}){1000}){1000}' } }),
      422,
    ],
    ['a schema deeper than anything', { openAPIV3Schema: nested(80) }, 400],
    ['a schema as deep as bodies may be', { openAPIV3Schema: nested(55) }, 201],
  ])('%s is answered', async (_, schema, status) => {
    const plural = `h${Math.random().toString(36).slice(2, 8)}s`;
    const answer = await post(
      definitions,
      definition({
        group: 'hostile.example',
        plural,
        kind: `K${plural}`,
        versions: [version('v1', { schema })],
      }),
    );
    expect(answer.status, answer.text.slice(0, 500)).toBe(status);
    if (status === 201) await api.call('DELETE', `${definitions}/${plural}.hostile.example`);
  });

  test('what is wrong in many places of long names is told in an answer of bearable length', async () => {
    const properties = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`p${index}`, {}]));
    let schema: object = { type: 'object', properties };
    for (let level = 0; level < 20; level += 1) {
      schema = { type: 'object', properties: { [`${'n'.repeat(20_000)}${level}`]: schema } };
    }
    const answer = await post(
      definitions,
      definition({ versions: [version('v1', { schema: { openAPIV3Schema: schema } })] }),
    );
    expect(answer.status).toBe(422);
    expect(answer.text.length).toBeLessThan(3_000_000);
  });

  test('alternatives and enumerations multiplied by elements end, and are refused', async () => {
    const enumeration = Array.from({ length: 20_000 }, (_, index) => `value-${index}`);
    const items = { type: 'string', anyOf: [{ enum: enumeration }, { enum: enumeration }] };
    await install({
      group: 'slow.example',
      plural: 'slows',
      kind: 'Slow',
      versions: [version('v1', { schema: schemaOf({ spec: { type: 'array', items } }) })],
    });
    const begun = performance.now();
    const answer = await post('/apis/slow.example/v1/namespaces/default/slows', {
      metadata: { name: 'a' },
      spec: Array.from({ length: 20_000 }, () => 'none'),
    });
    expect(answer.status).toBe(413);
    expect(performance.now() - begun).toBeLessThan(3_000);
  });

  test('a definition that is none of the kind is refused before it is looked at', async () => {
    const answer = await post(definitions, definition({ spec: { versions: 'v1' } }));
    expect([answer.status, answer.body.message]).toEqual([
      400,
      'CustomResourceDefinition in version "v1" cannot be handled as a CustomResourceDefinition: json: cannot decode spec.versions: expected array, got string',
    ]);
  });

  test('a conversion webhook is refused with the reason, and rules nobody evaluates are told', async () => {
    const webhook = {
      strategy: 'Webhook',
      webhook: { conversionReviewVersions: ['v1'], clientConfig: { url: 'https://x.example' } },
    };
    const refused = await post(definitions, definition({ spec: { conversion: webhook } }));
    expect(refused.body.details.causes[0].field).toBe('spec.conversion.strategy');
    const rules = { 'x-kubernetes-validations': [{ rule: 'self.size > 0' }] };
    const made = await install({
      plural: 'ruled',
      kind: 'Ruled',
      versions: [version('v1', { schema: schemaOf({}, rules) })],
    });
    expect(warnings(made)).toContain('x-kubernetes-validations are not evaluated');
  });
});
