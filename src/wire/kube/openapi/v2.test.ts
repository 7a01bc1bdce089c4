import { expect, test } from 'vitest';
import { widgets } from '../../../../test/cases/kube/customresource.ts';
import { at, type JsonObject } from '../json.ts';
import { builtInResources, createResourceTable } from '../resources.ts';
import { WireReader } from '../wirereader.ts';
import { openApiV2 } from './v2.ts';
import { encodeDocument } from './v2protobuf.ts';

/** Nobody is waiting. */
const now = (): undefined => undefined;
const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';

/** The fields of a message: those of length-delimited ones as bytes, by number, in order. */
function fieldsOf(bytes: Uint8Array): ReadonlyMap<number, readonly Uint8Array[]> {
  const fields = new Map<number, Uint8Array[]>();
  const reader = new WireReader(bytes);
  while (!reader.done) {
    const { number, wireType } = reader.tag();
    if (wireType !== 2) {
      reader.skip(wireType);
      continue;
    }
    const known = fields.get(number) ?? [];
    known.push(reader.bytes());
    fields.set(number, known);
  }
  return fields;
}

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('utf8');

/** The field at a path of field numbers, the first of each. */
function fieldAt(bytes: Uint8Array, ...path: readonly number[]): Uint8Array {
  let here = bytes;
  for (const number of path) here = fieldsOf(here).get(number)?.[0] ?? new Uint8Array();
  return here;
}

/** A map of the document: names are field 1, values field 2. */
function named(bytes: Uint8Array, field: number): ReadonlyMap<string, Uint8Array> {
  return new Map(
    (fieldsOf(bytes).get(field) ?? []).map((entry) => [text(fieldAt(entry, 1)), fieldAt(entry, 2)]),
  );
}

test('protobuf for those who ask for it, in the media type kubectl reads (D2.4)', async () => {
  const { contentType, body, hash } = await openApiV2(builtInResources, 'v1.36.0', accept, now);
  expect(contentType).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
  expect(body).toBeInstanceOf(Uint8Array);
  const bytes = body as Uint8Array;
  expect(text(fieldAt(bytes, 1))).toBe('2.0');
  expect(text(fieldAt(bytes, 2, 2))).toBe('v1.36.0');
  expect(hash).not.toBe((await openApiV2(builtInResources, 'v1.36.0', undefined, now)).hash);
  expect((await openApiV2(builtInResources, 'v1.36.0', accept, now)).body).toBe(body);
});

test('both forms have the same definitions and paths', async () => {
  const json = JSON.parse(
    String((await openApiV2(builtInResources, 'v1.36.0', undefined, now)).body),
  ) as unknown;
  const bytes = (await openApiV2(builtInResources, 'v1.36.0', accept, now)).body as Uint8Array;
  const definitions = named(fieldAt(bytes, 9), 1);
  expect([...definitions.keys()]).toEqual(Object.keys(at(json, 'definitions') as object));
  expect([...named(fieldAt(bytes, 8), 2).keys()]).toEqual(Object.keys(at(json, 'paths') as object));
  const container = definitions.get('io.k8s.api.core.v1.Container') ?? new Uint8Array();
  expect(text(fieldAt(container, 19))).toBe('name');
  expect(text(fieldAt(container, 22, 1))).toBe('object');
  const ports = named(fieldAt(container, 25), 1).get('ports') ?? new Uint8Array();
  expect(text(fieldAt(ports, 23, 1, 1))).toBe('#/definitions/io.k8s.api.core.v1.ContainerPort');
  const extensions = named(ports, 31);
  expect(
    JSON.parse(text(fieldAt(extensions.get('x-kubernetes-list-map-keys') ?? new Uint8Array(), 2))),
  ).toEqual(['containerPort', 'protocol']);
});

test('v2 tells no defaults', async () => {
  const { body } = await openApiV2(builtInResources, 'v1.36.0', undefined, now);
  const port = at(JSON.parse(String(body)) as unknown, 'definitions', 'io.k8s.api.core.v1.ContainerPort');
  expect(at(port, 'properties', 'protocol', 'type')).toBe('string');
  expect(at(port, 'properties', 'protocol', 'default')).toBeUndefined();
});

test('every reference leads to a definition', async () => {
  const body = String((await openApiV2(builtInResources, 'v1.36.0', undefined, now)).body);
  const definitions = at(JSON.parse(body) as unknown, 'definitions') as object;
  const wanted = new Set([...body.matchAll(/#\/definitions\/([^"]+)/g)].map((match) => match[1] ?? ''));
  expect([...wanted].filter((name) => !Object.hasOwn(definitions, name))).toEqual([]);
});

test('texts of any length and alphabet, and numbers, arrive', async () => {
  const long = 'ü'.repeat(100_000);
  const bytes = encodeDocument({
    swagger: '2.0',
    info: { title: 'x', version: 'y' },
    paths: {},
    definitions: { A: { description: long, maximum: 1.5, maxLength: 300, default: { a: 1 } } },
  });
  const schema = named(fieldAt(bytes, 9), 1).get('A') ?? new Uint8Array();
  expect(text(fieldAt(schema, 4))).toBe(long);
  expect(text(fieldAt(schema, 5, 2))).toBe('{"a":1}');
  const reader = new WireReader(schema);
  const read: unknown[] = [];
  while (!reader.done) {
    const { number, wireType } = reader.tag();
    if (number === 7) read.push(reader.double());
    else if (number === 11) read.push(reader.integer(32));
    else reader.skip(wireType);
  }
  expect(read).toEqual([1.5, 300]);
});

async function customDefinition(schema: JsonObject): Promise<unknown> {
  const table = createResourceTable([widgets(schema)]);
  const document = JSON.parse(String((await openApiV2(table, 'v1.36.0', undefined, now)).body)) as unknown;
  return at(document, 'definitions', 'com.example.v1.Widget');
}

test('a custom resource says in v2 what v2 can say', async () => {
  const definition = await customDefinition({
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        required: ['size'],
        properties: {
          size: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
          open: {
            type: 'object',
            'x-kubernetes-preserve-unknown-fields': true,
            properties: { a: { type: 'string' } },
          },
          maybe: { type: 'string', nullable: true },
          list: { type: 'array', items: { type: 'string', default: 'x' } },
        },
      },
    },
  });
  expect(at(definition, 'properties', 'spec')).toEqual({
    type: 'object',
    required: ['size'],
    properties: {
      size: { 'x-kubernetes-int-or-string': true },
      open: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      maybe: {},
      list: { type: 'array', items: { type: 'string' } },
    },
  });
  expect(at(definition, 'x-kubernetes-group-version-kind')).toEqual([
    { group: 'example.com', version: 'v1', kind: 'Widget' },
  ]);
});

test('a custom resource of anything has no fields in v2', async () => {
  expect(await customDefinition({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true })).toEqual({
    type: 'object',
    'x-kubernetes-group-version-kind': [{ group: 'example.com', version: 'v1', kind: 'Widget' }],
  });
});
