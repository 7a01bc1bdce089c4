import { expect, test } from 'vitest';
import {
  configDataErrors,
  configKeyFindings,
  dnsLabelFindings,
  dnsSubdomainFindings,
  generateName,
  labelValueFindings,
  metadataErrors,
  nameFindings,
  pathSegmentFindings,
  qualifiedNameFindings,
} from './names.ts';
import { findResource, type ResourceDefinition } from './resources.ts';

function resource(group: string, name: string): ResourceDefinition {
  const found = findResource(group, 'v1', name);
  if (found === undefined) throw new Error(name);
  return found;
}

const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const label =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

test.each<[string, readonly string[]]>([
  ['a', []],
  ['a.b-c.d', []],
  ['a'.repeat(253), []],
  ['a'.repeat(254), ['must be no more than 253 bytes']],
  ['A', [subdomain]],
  ['a_b', [subdomain]],
  ['-a', [subdomain]],
  ['a.', [subdomain]],
  ['a..b', [subdomain]],
  ['', [subdomain]],
  ['a\n', [subdomain]],
  ['ä', [subdomain]],
])('%j as a subdomain (E7)', (value, findings) => {
  expect(dnsSubdomainFindings(value)).toEqual(findings);
});

test.each<[string, readonly string[]]>([
  ['team-a', []],
  ['a.b', ['must not contain dots']],
  ['Team', [label]],
  ['a'.repeat(64), ['must be no more than 63 bytes']],
])('%j as a label (E7)', (value, findings) => {
  expect(dnsLabelFindings(value)).toEqual(findings);
});

test.each<[string, readonly string[]]>([
  ['system:node', []],
  ['Any Thing!', []],
  ['.', ["may not be '.'"]],
  ['..', ["may not be '..'"]],
  ['a/b', ["may not contain '/'"]],
  ['a%b', ["may not contain '%'"]],
  ['a/b%', ["may not contain '/'", "may not contain '%'"]],
])('%j as a path segment (E7, B12)', (value, findings) => {
  expect(pathSegmentFindings(value)).toEqual(findings);
});

test('RBAC objects are named by path segments, namespaces by labels, the rest by subdomains (E7)', () => {
  expect(nameFindings(resource('rbac.authorization.k8s.io', 'clusterroles'), 'system:foo')).toEqual([]);
  expect(nameFindings(resource('', 'namespaces'), 'a.b')).toEqual(['must not contain dots']);
  expect(nameFindings(resource('', 'services'), 'a.b')).toEqual(['must not contain dots']);
  expect(nameFindings(resource('', 'pods'), 'a.b')).toEqual([]);
  expect(nameFindings(resource('', 'pods'), 'system:foo')).toEqual([subdomain]);
});

test.each<[string, number]>([
  ['app', 0],
  ['example.com/App_1.x', 0],
  ['', 1],
  ['a/b/c', 1],
  ['/a', 1],
  ['Example.com/a', 1],
  ['a/', 1],
  ['-a', 1],
  ['a'.repeat(64), 1],
])('label key %j has %i findings', (key, count) => {
  expect(qualifiedNameFindings(key)).toHaveLength(count);
});

test.each<[string, number]>([
  ['', 0],
  ['My_value.1', 0],
  ['-a', 1],
  ['a b', 1],
  ['a'.repeat(64), 1],
])('label value %j has %i findings', (value, count) => {
  expect(labelValueFindings(value)).toHaveLength(count);
});

test.each<[string, number]>([
  ['app.properties', 0],
  ['.dockerconfigjson', 0],
  ['a b', 1],
  ['', 1],
  ['.', 1],
  ['..', 1],
  ['..a', 1],
  ['a/b', 1],
  ['a'.repeat(254), 1],
])('config key %j has %i findings (E7)', (key, count) => {
  expect(configKeyFindings(key)).toHaveLength(count);
});

test('data keys are named in the field', () => {
  expect(configDataErrors({ ok: 'x', 'a b': 'y' }, 'data')).toMatchObject([{ field: 'data[a b]' }]);
  expect(configDataErrors({ ok: 1 }, 'data')).toMatchObject([{ field: 'data.ok' }]);
  expect(configDataErrors([], 'data')).toMatchObject([{ field: 'data' }]);
  expect(configDataErrors(undefined, 'data')).toEqual([]);
});

test('a generated name is the base cut to 58 characters and 5 of 27 letters and digits (E4)', () => {
  let byte = 0;
  const next = (): number => {
    byte += 1;
    return byte % 256;
  };
  const name = generateName('x'.repeat(80), next);
  expect(name).toMatch(/^x{58}[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  expect(generateName('web-', () => 0)).toBe('web-bbbbb');
});

test('bytes that would bias the suffix are drawn again', () => {
  const bytes = [255, 254, 0, 1, 2, 3, 4];
  expect(generateName('', () => bytes.shift() ?? 0)).toBe('bcdfg');
});

const pods = resource('', 'pods');

test.each<[string, unknown, readonly string[]]>([
  ['nothing', undefined, ['metadata.name', 'metadata.namespace']],
  [
    'a good pod',
    { name: 'p', namespace: 'a', labels: { a: 'b' }, annotations: { 'Example.com/X': 'y' } },
    [],
  ],
  ['no name', { namespace: 'a' }, ['metadata.name']],
  ['a bad name', { name: 'P', namespace: 'a' }, ['metadata.name']],
  ['a name that is a number', { name: 1, namespace: 'a' }, ['metadata.name']],
  ['a bad generateName', { name: 'p', generateName: 'P-', namespace: 'a' }, ['metadata.generateName']],
  ['a good generateName', { name: 'p-x', generateName: 'p-', namespace: 'a' }, []],
  ['a bad namespace', { name: 'p', namespace: 'a.b' }, ['metadata.namespace']],
  [
    'bad labels',
    { name: 'p', namespace: 'a', labels: { 'a b': '-' } },
    ['metadata.labels', 'metadata.labels'],
  ],
  ['labels that are a list', { name: 'p', namespace: 'a', labels: [] }, ['metadata.labels']],
  ['a label that is a number', { name: 'p', namespace: 'a', labels: { a: 1 } }, ['metadata.labels.a']],
  [
    'a bad annotation key',
    { name: 'p', namespace: 'a', annotations: { 'a b': 'x' } },
    ['metadata.annotations'],
  ],
  [
    'large annotations',
    { name: 'p', namespace: 'a', annotations: { a: 'x'.repeat(262_144) } },
    ['metadata.annotations'],
  ],
])('metadata with %s', (_, metadata, fields) => {
  expect(metadataErrors(pods, metadata).map((error) => error.field)).toEqual(fields);
});

test('cluster objects have no namespace', () => {
  const errors = metadataErrors(resource('', 'namespaces'), { name: 'a', namespace: 'b' });
  expect(errors).toMatchObject([{ reason: 'FieldValueForbidden', field: 'metadata.namespace' }]);
});

test('a missing name reads as in E4', () => {
  expect(metadataErrors(pods, { namespace: 'a' })[0]?.text).toBe(
    'Required value: name or generateName is required',
  );
});
