import { expect, test } from 'vitest';
import { builtInResourcesOf, deprecationWarning } from './builtin.ts';
import { builtInResources, findSubresource } from './resources.ts';

test.each([
  ['networking.k8s.io', 'ipaddresses', 33],
  ['networking.k8s.io', 'servicecidrs', 33],
  ['storage.k8s.io', 'volumeattributesclasses', 34],
  ['resource.k8s.io', 'resourceclaims', 34],
  ['admissionregistration.k8s.io', 'mutatingadmissionpolicies', 36],
  ['admissionregistration.k8s.io', 'validatingadmissionpolicies', 32],
  ['apps', 'deployments', 32],
])('%s %s is served since 1.%i', (group, resource, since) => {
  for (const minor of [32, 33, 34, 35, 36]) {
    const found = builtInResourcesOf(minor).find(group, 'v1', resource);
    expect(found !== undefined, `1.${minor}`).toBe(minor >= since);
  }
});

test('a group without resources is not listed', () => {
  const groups = builtInResourcesOf(33).groupVersions.map(({ group }) => group);
  expect(groups).not.toContain('resource.k8s.io');
});

test('pods can be resized since 1.33', () => {
  const resize = (minor: number): unknown => {
    const pods = builtInResourcesOf(minor).find('', 'v1', 'pods');
    return pods && findSubresource(pods, 'resize');
  };
  expect(resize(32)).toBeUndefined();
  expect(resize(33)).toBeDefined();
});

test('tables share what they have in common', () => {
  expect(builtInResourcesOf(36)).toBe(builtInResources);
  expect(builtInResourcesOf(40)).toBe(builtInResources);
  expect(builtInResourcesOf(32)).toBe(builtInResourcesOf(32));
  expect(builtInResourcesOf(32).find('apps', 'v1', 'deployments')).toBe(
    builtInResources.find('apps', 'v1', 'deployments'),
  );
});

test.each([
  ['', 'endpoints', 32, undefined],
  ['', 'endpoints', 33, 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice'],
  ['', 'componentstatuses', 32, 'v1 ComponentStatus is deprecated in v1.19+'],
  ['', 'pods', 36, undefined],
  ['discovery.k8s.io', 'endpointslices', 36, undefined],
])('%s %s in 1.%i: %s', (group, resource, minor, expected) => {
  const definition = builtInResources.find(group, 'v1', resource);
  expect(definition && deprecationWarning(definition, minor)).toBe(expected);
});
