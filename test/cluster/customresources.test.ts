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
