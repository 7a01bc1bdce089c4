import { expect, test } from 'vitest';
import {
  discoveryTransforms,
  listTransforms,
  negotiateResponse,
  objectTransforms,
  patchFormat,
  requestFormat,
} from './negotiation.ts';

const table =
  'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json';
const discovery =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json';

test.each([
  [undefined, 'json'],
  ['', 'json'],
  ['*/*', 'json'],
  ['application/*', 'json'],
  ['application/json, */*', 'json'],
  ['application/json;charset=utf-8', 'json'],
  ['APPLICATION/JSON', 'json'],
  ['application/json;stream=watch', 'json'],
  ['application/vnd.kubernetes.protobuf,application/json', 'json'],
  ['application/vnd.kubernetes.protobuf, */*', 'json'],
  ['application/yaml', 'yaml'],
  ['application/json;q=0.5, application/yaml', 'yaml'],
  ['application/yaml;q=0, application/json', 'json'],
  ['text/html, application/xhtml+xml, */*;q=0.8', 'json'],
  [table, 'json'],
])('Accept `%s` is answered in %s (E19, D0.2)', (accept, format) => {
  expect(negotiateResponse(accept)).toMatchObject({ format, as: undefined });
});

test.each([
  'text/html',
  'application/vnd.kubernetes.protobuf',
  'application/json;q=0',
  'application/json;q=2',
  'application/json;as=Table;v=v1;g=meta.k8s.io',
  'application/json;as=Table;v=v9;g=meta.k8s.io',
  `application/json,${'x'.repeat(9_000)}`,
  '"',
])('Accept `%s` is refused with 406', (accept) => {
  expect(() => negotiateResponse(accept)).toThrow(
    expect.objectContaining({ status: expect.objectContaining({ code: 406, reason: 'NotAcceptable' }) }),
  );
});

test('kubectl get asks for a table and gets one (D3.1)', () => {
  expect(negotiateResponse(table, listTransforms)).toEqual({
    format: 'json',
    as: { kind: 'Table', group: 'meta.k8s.io', version: 'v1' },
    contentType: 'application/json',
  });
  const older = 'application/json;as=Table;v=v1beta1;g=meta.k8s.io';
  expect(negotiateResponse(older, objectTransforms).as?.version).toBe('v1beta1');
});

test('metadata of one object and of a list have their own names', () => {
  const accept = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
  expect(negotiateResponse(accept, listTransforms).as?.kind).toBe('PartialObjectMetadataList');
  expect(() => negotiateResponse(accept, objectTransforms)).toThrow('only the following media types');
});

test('aggregated discovery is answered with exactly its content type (D1.1, D1.2)', () => {
  expect(negotiateResponse(discovery, discoveryTransforms).contentType).toBe(
    'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  );
  expect(negotiateResponse('application/json', discoveryTransforms).as).toBeUndefined();
});

test.each([
  [undefined, 'json'],
  ['application/json', 'json'],
  ['application/json; charset=utf-8', 'json'],
  ['application/yaml', 'yaml'],
  ['application/vnd.kubernetes.protobuf', 'protobuf'],
])('Content-Type `%s` is read as %s', (contentType, format) => {
  expect(requestFormat(contentType)).toBe(format);
});

const unsupported = expect.objectContaining({ status: expect.objectContaining({ code: 415 }) });

test.each(['text/plain', 'application/cbor', 'application/merge-patch+json', 'constructor', ';'])(
  'Content-Type `%s` is refused with 415',
  (contentType) => {
    expect(() => requestFormat(contentType)).toThrow(unsupported);
  },
);

test.each([
  ['application/json-patch+json', 'jsonPatch'],
  ['application/merge-patch+json; charset=utf-8', 'mergePatch'],
  ['application/strategic-merge-patch+json', 'strategicMergePatch'],
  ['application/apply-patch+yaml', 'applyPatch'],
])('a patch of type `%s` is a %s', (contentType, format) => {
  expect(patchFormat(contentType)).toBe(format);
});

test.each([undefined, '', 'application/json', 'toString'])(
  'a patch of type `%s` is refused with 415',
  (contentType) => {
    expect(() => patchFormat(contentType)).toThrow(unsupported);
  },
);

test('a resource without strategic merge does not offer it (E11)', () => {
  expect(() => patchFormat('application/strategic-merge-patch+json', { strategic: false })).toThrow(
    'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
  );
});
