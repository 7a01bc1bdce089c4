import { expect, test } from 'vitest';
import type { JsonObject, JsonValue } from './json.ts';
import { builtInResources } from './resources.ts';
import {
  checkObject,
  decodingMessage,
  strictDecodingError,
  unknownFields,
  unknownFieldTexts,
  withoutNulls,
  withoutUnknownFields,
} from './unknownfields.ts';

const base = { apiVersion: 'v1', kind: 'X', metadata: { name: 'x' } };

test.each<[string, JsonValue, readonly string[]]>([
  ['rbac.v1.Role', { ...base, rules: [{ verbs: ['get'], apiGroup: [''] }] }, ['rules[0].apiGroup']],
  ['rbac.v1.Role', { ...base, spec: {} }, ['spec']],
  ['rbac.v1.Role', { ...base, Rules: [] }, ['Rules']],
  [
    'core.v1.Pod',
    { ...base, spec: { containers: [{ name: 'c' }, { name: 'd', foo: 1 }] } },
    ['spec.containers[1].foo'],
  ],
  [
    'core.v1.Pod',
    { ...base, spec: { volumes: [{ name: 'v', emptyDir: {}, volumeSource: {} }] } },
    ['spec.volumes[0].volumeSource'],
  ],
  ['core.v1.ConfigMap', { ...base, data: { anything: 'goes' } }, []],
  ['core.v1.ConfigMap', { ...base, metadata: { labels: { any: 'x' }, foo: 1 } }, ['metadata.foo']],
  [
    'core.v1.Pod',
    JSON.parse('{"__proto__": 1, "constructor": 2}') as JsonValue,
    ['__proto__', 'constructor'],
  ],
  ['authorization.v1.SubjectAccessReview', { ...base, spec: { extra: { k: ['v'] }, groups: ['g'] } }, []],
  ['apps.v1.ControllerRevision', { ...base, data: { free: { form: 1 } }, revision: 1 }, []],
])('%s: unknown fields of %j are %j (D2.7)', (type, object, expected) => {
  expect(unknownFields(type, object)).toEqual(expected);
});

test.each<[string, JsonValue, readonly string[]]>([
  ['rbac.v1.Role', { ...base, rules: 'all' }, ['rules: expected array, got string']],
  ['rbac.v1.Role', { ...base, rules: ['all'] }, ['rules[0]: expected object, got string']],
  ['rbac.v1.Role', { ...base, rules: [{ verbs: '*' }] }, ['rules[0].verbs: expected array, got string']],
  ['rbac.v1.Role', { ...base, rules: [{ verbs: [1] }] }, ['rules[0].verbs[0]: expected string, got number']],
  ['rbac.v1.Role', { ...base, rules: null }, []],
  ['rbac.v1.RoleBinding', { ...base, roleRef: [] }, ['roleRef: expected object, got array']],
  ['core.v1.Pod', { ...base, metadata: 'x' }, ['metadata: expected object, got string']],
  [
    'core.v1.Pod',
    { ...base, metadata: { creationTimestamp: 5 } },
    ['metadata.creationTimestamp: expected string, got number'],
  ],
  ['core.v1.Pod', { ...base, metadata: { creationTimestamp: null } }, []],
  ['core.v1.ConfigMap', { ...base, data: { a: 1 } }, ['data.a: expected string, got number']],
  [
    'apps.v1.Deployment',
    { ...base, spec: { replicas: 1.5 } },
    ['spec.replicas: expected integer, got number'],
  ],
  [
    'core.v1.Service',
    { ...base, spec: { ports: [{ port: 80, targetPort: true }] } },
    ['spec.ports[0].targetPort: expected string or number, got boolean'],
  ],
  ['core.v1.Pod', 'x', [': expected object, got string']],
])('%s: wrong types of %j are %j', (type, object, expected) => {
  expect(checkObject(type, object).wrongTypes).toEqual(expected);
});

const definition = (schema: JsonValue): JsonValue => ({ ...base, spec: { versions: [{ schema }] } });

test.each<[JsonValue, readonly string[], readonly string[]]>([
  [{ openAPIV3Schema: { properties: { a: { additionalProperties: true, default: [1] } } } }, [], []],
  [{ openAPIV3Schema: { items: [{ type: 'string' }, { maximum: 1.5 }], enum: ['a', 1, null] } }, [], []],
  [{ openAPIV3Schema: { dependencies: { a: ['b'], c: { type: 'string' } } } }, [], []],
  [
    { openAPIV3Schema: { properties: { a: { additionalProperties: { typo: 1 } } } } },
    ['openAPIV3Schema.properties.a.additionalProperties.typo'],
    [],
  ],
  [{ openAPIV3Schema: { items: [{ typo: 1 }] } }, ['openAPIV3Schema.items[0].typo'], []],
  [
    { openAPIV3Schema: { 'x-kubernetes-int-or-strings': true } },
    ['openAPIV3Schema.x-kubernetes-int-or-strings'],
    [],
  ],
  [
    { openAPIV3Schema: { additionalProperties: 'yes' } },
    [],
    ['openAPIV3Schema.additionalProperties: expected object, got string'],
  ],
  [{ openAPIV3Schema: { maximum: '1' } }, [], ['openAPIV3Schema.maximum: expected number, got string']],
])('the JSON schema of a definition: %j', (schema, unknown, wrong) => {
  const at = (paths: readonly string[]): string[] => paths.map((path) => `spec.versions[0].schema.${path}`);
  expect(checkObject('apiextensions.v1.CustomResourceDefinition', definition(schema))).toEqual({
    unknownFields: at(unknown),
    wrongTypes: at(wrong),
  });
});

test('a kind without types has no findings', () => {
  expect(checkObject(undefined, { anything: 1 })).toEqual({ unknownFields: [], wrongTypes: [] });
});

test('findings end at a hundred', () => {
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`f${index}`, 1]));
  expect(unknownFields('core.v1.Pod', many)).toHaveLength(100);
});

test('messages read as in D2.7', () => {
  expect(decodingMessage('Role', 'v1', strictDecodingError(unknownFieldTexts(['spec.foo'])))).toBe(
    'Role in version "v1" cannot be handled as a Role: strict decoding error: unknown field "spec.foo"',
  );
});

test('what a kind does not have is left out, and nothing else', () => {
  const pod = {
    ...base,
    nope: 1,
    metadata: { name: 'x', labels: { nope: 'y' }, nope: 1 },
    spec: { containers: [{ name: 'c', nope: 1, resources: { limits: { cpu: 1 } } }] },
  };
  expect(withoutUnknownFields('core.v1.Pod', pod)).toEqual({
    ...base,
    metadata: { name: 'x', labels: { nope: 'y' } },
    spec: { containers: [{ name: 'c', resources: { limits: { cpu: 1 } } }] },
  });
  expect(withoutUnknownFields(undefined, pod)).toBe(pod);
  const parsed = JSON.parse('{"data":{"__proto__":"a"},"__proto__":{"b":1}}') as JsonObject;
  expect(JSON.stringify(withoutUnknownFields('core.v1.ConfigMap', parsed))).toBe(
    '{"data":{"__proto__":"a"}}',
  );
});

test.each<[string, JsonObject, JsonObject]>([
  [
    'apps.v1.Deployment',
    { spec: { replicas: null, template: { spec: { containers: [null, { name: 'c', ports: null }] } } } },
    { spec: { template: { spec: { containers: [{}, { name: 'c' }] } } } },
  ],
  ['core.v1.ConfigMap', { data: { a: null, b: 'c' }, binaryData: null }, { data: { a: '', b: 'c' } }],
  [
    'authorization.v1.SubjectAccessReview',
    { spec: { groups: [null], extra: { a: null } } },
    { spec: { groups: [''], extra: { a: null } } },
  ],
  ['apps.v1.ControllerRevision', { data: { a: null } }, { data: { a: null } }],
])('null in a %s is what Go reads it as', (type, object, expected) => {
  expect(withoutNulls(type, { ...base, ...object })).toEqual({ ...base, ...expected });
  expect(checkObject(type, { ...base, ...object }).wrongTypes).toEqual([]);
  const plain = { ...base, unknown: 1 };
  expect(withoutNulls(type, plain)).toBe(plain);
  expect(withoutNulls(undefined, object)).toBe(object);
});

test('what a JSON schema does not have is left out wherever a schema may stand', () => {
  const written = definition({
    openAPIV3Schema: {
      nope: 1,
      items: [{ nope: 1, type: 'string' }],
      additionalProperties: { nope: 1 },
      default: { nope: 1 },
    },
  });
  expect(withoutUnknownFields('apiextensions.v1.CustomResourceDefinition', written as JsonObject)).toEqual(
    definition({
      openAPIV3Schema: { items: [{ type: 'string' }], additionalProperties: {}, default: { nope: 1 } },
    }),
  );
});

test('nothing is unknown in what is left', () => {
  for (const one of builtInResources.definitions) {
    const object = {
      ...base,
      spec: { nope: 1, template: { nope: [] } },
      status: { conditions: [{ nope: 1 }] },
    };
    const { wrongTypes } = checkObject(one.messageType, object);
    if (wrongTypes.length > 0) continue;
    const left = withoutUnknownFields(one.messageType, object);
    expect(checkObject(one.messageType, left), one.kind).toEqual({ unknownFields: [], wrongTypes: [] });
  }
});
