import { expect, test } from 'vitest';
import { at } from './json.ts';
import { openApiDocument, openApiHash, openApiIndex } from './openapi.ts';
import { apiVersionOf, builtInResources, resourceDefinitions } from './resources.ts';

test('the index points to one document per group version (D2.1)', () => {
  const index = openApiIndex(builtInResources);
  expect(at(index, 'paths', 'apis/apps/v1', 'serverRelativeURL')).toBe(
    `/openapi/v3/apis/apps/v1?hash=${openApiHash()}`,
  );
  expect(at(index, 'paths', 'api/v1', 'serverRelativeURL')).toMatch(
    /^\/openapi\/v3\/api\/v1\?hash=[0-9A-F]{32}$/,
  );
});

function documentOf(group: string, version: string): unknown {
  return openApiDocument(builtInResources, group, version);
}

test('every patchable kind has a PATCH with its kind and the parameters kubectl looks for (D2.2, D2.3)', () => {
  for (const one of resourceDefinitions.filter((definition) => definition.verbs.includes('patch'))) {
    const paths = at(documentOf(one.group, one.version), 'paths') as Record<string, unknown>;
    const patches = Object.values(paths).map((path) => at(path, 'patch'));
    const own = patches.find((patch) => at(patch, 'x-kubernetes-group-version-kind', 'kind') === one.kind);
    expect(at(own, 'x-kubernetes-group-version-kind'), apiVersionOf(one)).toEqual({
      group: one.group,
      version: one.version,
      kind: one.kind,
    });
    const names = (at(own, 'parameters') as readonly unknown[]).map((parameter) => at(parameter, 'name'));
    expect(names).toEqual(['dryRun', 'fieldManager', 'fieldValidation']);
  }
});

test('no operation offers a request body (D2.5)', () => {
  for (const { group, versions } of builtInResources.groupVersions) {
    for (const version of versions)
      expect(JSON.stringify(openApiDocument(builtInResources, group, version))).not.toContain('requestBody');
  }
});

test('every reference in a document leads to a schema of that document (D2.6)', () => {
  for (const { group, versions } of builtInResources.groupVersions) {
    for (const version of versions) {
      const text = JSON.stringify(openApiDocument(builtInResources, group, version));
      const schemas = at(JSON.parse(text), 'components', 'schemas') as object;
      const wanted = new Set([...text.matchAll(/#\/components\/schemas\/([^"]+)/g)].map((match) => match[1]));
      expect([...wanted].filter((name) => name === undefined || !Object.hasOwn(schemas, name))).toEqual([]);
    }
  }
});

test('a kind schema names its kind and its fields (D2.6)', () => {
  const document = documentOf('rbac.authorization.k8s.io', 'v1');
  const role = at(document, 'components', 'schemas', 'io.k8s.api.rbac.v1.Role');
  expect(role).toMatchObject({
    type: 'object',
    'x-kubernetes-group-version-kind': [{ group: 'rbac.authorization.k8s.io', version: 'v1', kind: 'Role' }],
    properties: {
      kind: { type: 'string' },
      metadata: { allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }] },
      rules: { type: 'array', 'x-kubernetes-list-type': 'atomic' },
    },
  });
});

test('an unknown group version has no document', () => {
  expect(openApiDocument(builtInResources, 'apps', 'v2')).toBeUndefined();
  expect(openApiDocument(builtInResources, 'constructor', 'v1')).toBeUndefined();
});
