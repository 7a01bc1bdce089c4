import { expect, test } from 'vitest';
import { widgets } from '../../../../test/cases/kube/customresource.ts';
import { at, type JsonObject } from '../json.ts';
import { apiVersionOf, builtInResources, createResourceTable } from '../resources.ts';
import { openApiHash, openApiIndex, openApiText } from './v3.ts';

const documents = new Map<string, unknown>();

function documentOf(group: string, version: string): unknown {
  const key = `${group}/${version}`;
  const known = documents.get(key) ?? JSON.parse(openApiText(builtInResources, group, version) ?? 'null');
  documents.set(key, known);
  return known;
}

test('the index points to one document per group version, by its hash (D2.1)', () => {
  const index = openApiIndex(builtInResources);
  const apps = openApiHash(builtInResources, 'apps', 'v1') ?? '';
  expect(apps).toMatch(/^[0-9A-F]{32}$/);
  expect(at(index, 'paths', 'apis/apps/v1', 'serverRelativeURL')).toBe(
    `/openapi/v3/apis/apps/v1?hash=${apps}`,
  );
  expect(at(index, 'paths', 'api/v1', 'serverRelativeURL')).not.toContain(apps);
});

test('every patchable kind has a PATCH with its kind and the parameters kubectl looks for (D2.2, D2.3)', () => {
  for (const one of builtInResources.definitions.filter(({ verbs }) => verbs.includes('patch'))) {
    const paths = at(documentOf(one.group, one.version), 'paths') as Record<string, unknown>;
    const patches = Object.values(paths).map((path) => at(path, 'patch'));
    const own = patches.find((patch) => at(patch, 'x-kubernetes-group-version-kind', 'kind') === one.kind);
    expect(at(own, 'x-kubernetes-group-version-kind'), apiVersionOf(one)).toEqual({
      group: one.group,
      version: one.version,
      kind: one.kind,
    });
    const names = (at(own, 'parameters') as readonly unknown[]).map((parameter) => at(parameter, 'name'));
    expect(names).toEqual(['dryRun', 'fieldManager', 'fieldValidation', 'force']);
    expect(Object.keys(at(own, 'requestBody', 'content') as object)).toEqual([
      'application/apply-patch+yaml',
      'application/json-patch+json',
      'application/merge-patch+json',
      'application/strategic-merge-patch+json',
    ]);
  }
});

test('every reference in a document leads to a schema of that document (D2.6)', () => {
  for (const { group, versions } of builtInResources.groupVersions) {
    for (const version of versions) {
      const text = openApiText(builtInResources, group, version) ?? '';
      const schemas = at(documentOf(group, version), 'components', 'schemas') as object;
      const wanted = new Set([...text.matchAll(/#\/components\/schemas\/([^"]+)/g)].map((match) => match[1]));
      expect([...wanted].filter((name) => name === undefined || !Object.hasOwn(schemas, name))).toEqual([]);
    }
  }
});

test('an operation has a name of its own in its document', () => {
  for (const { group, versions } of builtInResources.groupVersions) {
    for (const version of versions) {
      const ids = [
        ...(openApiText(builtInResources, group, version) ?? '').matchAll(/"operationId":"(\w+)"/g),
      ].map((match) => match[1]);
      expect(new Set(ids).size).toBe(ids.length);
    }
  }
});

test('each verb of a resource is an operation, and what it answers is named', () => {
  const paths = at(documentOf('apps', 'v1'), 'paths');
  const item = at(paths, '/apis/apps/v1/namespaces/{namespace}/deployments/{name}');
  const collection = at(paths, '/apis/apps/v1/namespaces/{namespace}/deployments');
  const ids = (path: unknown): unknown[] =>
    Object.values(path as object)
      .map((operation) => at(operation, 'operationId'))
      .filter((id) => id !== undefined);
  expect(ids(collection).sort()).toEqual([
    'createAppsV1NamespacedDeployment',
    'deleteAppsV1CollectionNamespacedDeployment',
    'listAppsV1NamespacedDeployment',
  ]);
  expect(ids(item).sort()).toEqual([
    'deleteAppsV1NamespacedDeployment',
    'patchAppsV1NamespacedDeployment',
    'readAppsV1NamespacedDeployment',
    'replaceAppsV1NamespacedDeployment',
  ]);
  expect(ids(at(paths, '/apis/apps/v1/deployments'))).toEqual(['listAppsV1DeploymentForAllNamespaces']);
  const scale = at(paths, '/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale', 'put');
  expect(scale).toMatchObject({
    operationId: 'replaceAppsV1NamespacedDeploymentScale',
    'x-kubernetes-group-version-kind': { group: 'autoscaling', version: 'v1', kind: 'Scale' },
  });
  expect(at(collection, 'get', 'responses', '200', 'content', 'application/json', 'schema')).toEqual({
    $ref: '#/components/schemas/io.k8s.api.apps.v1.DeploymentList',
  });
});

const schemaOf = (group: string, name: string): unknown =>
  at(documentOf(group, 'v1'), 'components', 'schemas', name);

test('a kind schema names its kind and its fields (D2.6)', () => {
  expect(schemaOf('rbac.authorization.k8s.io', 'io.k8s.api.rbac.v1.Role')).toMatchObject({
    type: 'object',
    'x-kubernetes-group-version-kind': [{ group: 'rbac.authorization.k8s.io', version: 'v1', kind: 'Role' }],
    properties: {
      kind: { type: 'string' },
      metadata: { allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }] },
      rules: { type: 'array', 'x-kubernetes-list-type': 'atomic' },
    },
  });
});

test('a field says how patches merge it (D2.5, E11)', () => {
  expect(at(schemaOf('apps', 'io.k8s.api.core.v1.PodSpec'), 'properties', 'volumes')).toMatchObject({
    'x-kubernetes-patch-strategy': 'merge,retainKeys',
    'x-kubernetes-patch-merge-key': 'name',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
  });
  expect(at(schemaOf('apps', 'io.k8s.api.apps.v1.DeploymentSpec'), 'properties', 'strategy')).toMatchObject({
    'x-kubernetes-patch-strategy': 'retainKeys',
  });
});

test('a field that may be left out is not required, whatever Go writes', () => {
  expect(at(schemaOf('apps', 'io.k8s.api.core.v1.Container'), 'required')).toEqual(['name']);
  expect(at(schemaOf('apps', 'io.k8s.api.apps.v1.DeploymentSpec'), 'required')).toEqual([
    'selector',
    'template',
  ]);
  expect(at(schemaOf('rbac.authorization.k8s.io', 'io.k8s.api.rbac.v1.Role'), 'required')).toBeUndefined();
});

test('a map of lists is one, not an object with items', () => {
  expect(
    at(
      schemaOf('authorization.k8s.io', 'io.k8s.api.authorization.v1.SubjectAccessReviewSpec'),
      'properties',
      'extra',
    ),
  ).toMatchObject({ type: 'object', additionalProperties: { type: 'array', items: { type: 'string' } } });
});

test('an unknown group version has no document', () => {
  expect(openApiText(builtInResources, 'apps', 'v2')).toBeUndefined();
  expect(openApiText(builtInResources, 'constructor', 'v1')).toBeUndefined();
});

const withWidgets = (schema: JsonObject) =>
  createResourceTable([...builtInResources.definitions, widgets(schema)]);

test('a custom resource is published with the fields of every object', () => {
  const table = withWidgets({
    type: 'object',
    description: 'A widget.',
    properties: {
      metadata: { type: 'object', properties: { name: { pattern: 'x' } } },
      spec: {
        type: 'object',
        'x-kubernetes-preserve-unknown-fields': true,
        properties: { size: { type: 'integer' } },
      },
      inner: {
        type: 'object',
        'x-kubernetes-embedded-resource': true,
        'x-kubernetes-preserve-unknown-fields': true,
      },
    },
  });
  const document = JSON.parse(openApiText(table, 'example.com', 'v1') ?? '') as unknown;
  const reference = { $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' };
  expect(at(document, 'components', 'schemas', 'com.example.v1.Widget')).toMatchObject({
    description: 'A widget.',
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { allOf: [reference] },
      spec: { 'x-kubernetes-preserve-unknown-fields': true, properties: { size: { type: 'integer' } } },
      inner: { properties: { kind: { type: 'string' }, metadata: { allOf: [reference] } } },
    },
    'x-kubernetes-group-version-kind': [{ group: 'example.com', version: 'v1', kind: 'Widget' }],
  });
  const patch = at(document, 'paths', '/apis/example.com/v1/namespaces/{namespace}/widgets/{name}', 'patch');
  expect(Object.keys(at(patch, 'requestBody', 'content') as object)).not.toContain(
    'application/strategic-merge-patch+json',
  );
  const text = JSON.stringify(document);
  const wanted = new Set(
    [...text.matchAll(/#\/components\/schemas\/([^"]+)/g)].map((match) => match[1] ?? ''),
  );
  const schemas = at(document, 'components', 'schemas') as object;
  expect([...wanted].filter((name) => !Object.hasOwn(schemas, name))).toEqual([]);
});

test('a change of a custom resource changes the hash of its group alone', () => {
  const before = withWidgets({ type: 'object' });
  const after = withWidgets({ type: 'object', properties: { spec: { type: 'object' } } });
  expect(openApiHash(before, 'example.com', 'v1')).not.toBe(openApiHash(after, 'example.com', 'v1'));
  expect(openApiHash(withWidgets({ type: 'object' }), 'example.com', 'v1')).toBe(
    openApiHash(before, 'example.com', 'v1'),
  );
  expect(openApiHash(before, 'apps', 'v1')).toBe(openApiHash(builtInResources, 'apps', 'v1'));
});
