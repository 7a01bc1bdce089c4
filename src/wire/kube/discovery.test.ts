import { expect, test } from 'vitest';
import {
  aggregatedDiscovery,
  apiGroup,
  apiGroupList,
  apiResourceList,
  apiVersions,
  versionInfo,
} from './discovery.ts';
import { at } from './json.ts';
import { messageNamed, messageNames } from './messages.ts';
import { builtInResources, findResource, findSubresource, resourceDefinitions } from './resources.ts';

test('pods are what discovery says they are', () => {
  expect(findResource('', 'v1', 'pods')).toMatchObject({
    kind: 'Pod',
    singular: 'pod',
    namespaced: true,
    shortNames: ['po'],
    categories: ['all'],
    messageType: 'core.v1.Pod',
  });
});

test.each([
  ['', 'v1', 'widgets'],
  ['apps', 'v1beta1', 'deployments'],
  ['apps', 'v1', 'pods'],
  ['', 'v1', 'pods/log'],
  ['', 'v1', 'Pods'],
  ['', 'v1', 'po'],
])('%s/%s/%s is not served', (group, version, resource) => {
  expect(findResource(group, version, resource)).toBeUndefined();
});

test('a subresource has its own kind and group', () => {
  const deployments = findResource('apps', 'v1', 'deployments');
  expect(deployments && findSubresource(deployments, 'scale')).toMatchObject({
    kind: 'Scale',
    group: 'autoscaling',
    version: 'v1',
    verbs: ['get', 'patch', 'update'],
  });
});

test('the first version of a group is preferred (D1.2)', () => {
  const { groupVersions } = builtInResources;
  expect(groupVersions.find(({ group }) => group === 'autoscaling')?.versions[0]).toBe('v2');
  expect(groupVersions[0]).toEqual({ group: '', versions: ['v1'] });
});

test('every resource can be found again by its kind', () => {
  for (const one of resourceDefinitions)
    expect(builtInResources.findKind(one.group, one.version, one.kind)).toBe(one);
});

test('no resource is listed twice', () => {
  const keys = resourceDefinitions.map((one) => `${one.group}/${one.version}/${one.resource}`);
  expect(new Set(keys).size).toBe(keys.length);
});

test('every resource has the types of its kind', () => {
  expect(resourceDefinitions.filter((one) => one.messageType === undefined)).toEqual([]);
});

test('every message of the data reads, and every type it names is there', () => {
  const scalars = ['string', 'bool', 'int32', 'int64', 'double', 'bytes'];
  const missing = messageNames().flatMap((name) =>
    (messageNamed(name)?.fields ?? [])
      .map((field) => field.type)
      .filter((type) => !scalars.includes(type) && messageNamed(type) === undefined),
  );
  expect(missing).toEqual([]);
  expect(messageNames()).toHaveLength(648);
});

test('inlined fields are fields of the parent', () => {
  expect(messageNamed('core.v1.Volume')?.byJsonName.get('emptyDir')?.type).toBe(
    'core.v1.EmptyDirVolumeSource',
  );
  expect(messageNamed('core.v1.Volume')?.byJsonName.has('volumeSource')).toBe(false);
});

test('/api has one item without a name, /apis one per group (D1.2)', () => {
  const core = aggregatedDiscovery(builtInResources, 'core');
  expect(core).toMatchObject({
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
  });
  expect(core.items).toHaveLength(1);
  expect(at(core.items, '0')).toBeUndefined();
  const [only] = core.items as readonly unknown[];
  expect(at(only, 'metadata')).toEqual({});
  const groups = aggregatedDiscovery(builtInResources, 'groups').items as readonly unknown[];
  expect(groups).toHaveLength(builtInResources.groupVersions.length - 1);
  expect(groups.map((one) => at(one, 'metadata', 'name'))).toContain('rbac.authorization.k8s.io');
});

test('a resource of aggregated discovery has the members clients read (D1.2)', () => {
  const [core] = aggregatedDiscovery(builtInResources, 'core').items as readonly unknown[];
  const [version] = at(core, 'versions') as readonly unknown[];
  expect(at(version, 'freshness')).toBe('Current');
  const pods = (at(version, 'resources') as readonly unknown[]).find((one) => at(one, 'resource') === 'pods');
  expect(pods).toMatchObject({
    responseKind: { group: '', version: 'v1', kind: 'Pod' },
    scope: 'Namespaced',
    singularResource: 'pod',
    shortNames: ['po'],
    categories: ['all'],
  });
  expect(at(pods, 'subresources')).toContainEqual({
    subresource: 'eviction',
    responseKind: { group: 'policy', version: 'v1', kind: 'Eviction' },
    verbs: ['create'],
  });
});

test('the plain documents are there for older clients (D1.3)', () => {
  expect(apiVersions('127.0.0.1:6443')).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
  const groups = apiGroupList(builtInResources).groups as readonly unknown[];
  expect(groups).toContainEqual({
    name: 'autoscaling',
    versions: [
      { groupVersion: 'autoscaling/v2', version: 'v2' },
      { groupVersion: 'autoscaling/v1', version: 'v1' },
    ],
    preferredVersion: { groupVersion: 'autoscaling/v2', version: 'v2' },
  });
  expect(apiGroup(builtInResources, 'apps')).toMatchObject({ kind: 'APIGroup', name: 'apps' });
  expect(apiGroup(builtInResources, '')).toBeUndefined();
  expect(apiGroup(builtInResources, 'none')).toBeUndefined();
});

test('subresources are rows of an APIResourceList (D1.4)', () => {
  expect(apiResourceList(builtInResources, 'apps', 'v1')?.groupVersion).toBe('apps/v1');
  const rows = apiResourceList(builtInResources, '', 'v1')?.resources as readonly unknown[];
  expect(rows).toContainEqual({
    name: 'pods/log',
    singularName: '',
    namespaced: true,
    kind: 'Pod',
    verbs: ['get'],
  });
  expect(rows).toContainEqual({
    name: 'pods/eviction',
    singularName: '',
    namespaced: true,
    kind: 'Eviction',
    verbs: ['create'],
    group: 'policy',
    version: 'v1',
  });
  expect(apiResourceList(builtInResources, 'apps', 'v2')).toBeUndefined();
});

test('the version document has the members kubectl prints (D1.6)', () => {
  expect(versionInfo('1.33')).toMatchObject({ major: '1', minor: '33', gitVersion: 'v1.33.0-entryway' });
});
