import { describe, expect, test } from 'vitest';
import { decodeInput } from './decode.ts';
import { entrywayExamples } from './entrywayexamples.ts';
import { openApiOf } from './openapi.ts';
import { routeRequest } from './route.ts';
import { services } from './services.ts';

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | false;
}
interface Content {
  readonly content?: {
    readonly 'application/json': { readonly schema: Schema; readonly example?: unknown };
  };
}
interface Post {
  readonly operationId: string;
  readonly requestBody?: Content & { readonly required: boolean };
  readonly responses: Readonly<Record<string, Content & { readonly description: string }>>;
}
interface Described {
  readonly openapi: string;
  readonly info: Readonly<Record<string, string>>;
  readonly paths: Readonly<Record<string, { readonly post: Post }>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly securitySchemes: Readonly<Record<string, unknown>>;
  };
  readonly security: readonly Readonly<Record<string, unknown>>[];
}

// As it is sent.
const text = JSON.stringify(openApiOf(services.entryway, { title: 'x', version: '1' }, entrywayExamples));
const described = JSON.parse(text) as Described;
const { schemas } = described.components;
const posts = Object.entries(described.paths).map(
  ([path, { post }]) => [post.operationId, path, post] as const,
);

test('every operation of ours is described, each at its own path', () => {
  expect(posts.map(([name]) => name).toSorted()).toEqual(services.entryway.operationNames.toSorted());
});

test('the document is what OpenAPI 3.1 demands', () => {
  expect(described.openapi).toMatch(/^3\.1\.\d+$/);
  expect(described.info).toMatchObject({ title: 'x', version: '1' });
  const known = ['openapi', 'info', 'paths', 'components', 'security'];
  expect(Object.keys(described).filter((name) => !known.includes(name))).toEqual([]);
  for (const path of Object.keys(described.paths)) expect(path).toMatch(/^\/entryway\/v1\/[a-z/-]+$/);
  for (const name of Object.keys(schemas)) expect(name).toMatch(/^[a-zA-Z0-9._-]+$/);
  for (const requirement of described.security) {
    for (const name of Object.keys(requirement))
      expect(described.components.securitySchemes).toHaveProperty(name);
  }
  for (const [, , { responses }] of posts) {
    expect(Object.keys(responses).toSorted()).toEqual(['200', '400', '403', '404', '409', '500', '503']);
    for (const { description } of Object.values(responses)) expect(description).not.toBe('');
  }
});

/** What JSON Schema 2020-12 says of the words that are used here. */
function faultsOf(schema: Schema, where: string): readonly string[] {
  const words = ['$ref', 'type', 'required', 'properties', 'items', 'additionalProperties'];
  const notes = ['description', 'contentEncoding'];
  const { $ref, type, required = [], properties = {}, items, additionalProperties } = schema;
  const types = [undefined, 'string', 'number', 'boolean', 'array', 'object'];
  const inner = typeof additionalProperties === 'object' ? additionalProperties : undefined;
  return [
    ...Object.keys(schema)
      .filter((word) => ![...words, ...notes].includes(word))
      .map((word) => `${where}: ${word} is no word`),
    ...(types.includes(type) ? [] : [`${where}: ${type} is no type`]),
    ...($ref === undefined || Object.hasOwn(schemas, $ref.replace('#/components/schemas/', ''))
      ? []
      : [`${where}: ${$ref} is not there`]),
    ...required
      .filter((name) => !Object.hasOwn(properties, name))
      .map((name) => `${where}: ${name} is required and not described`),
    ...Object.entries(properties).flatMap(([name, one]) => faultsOf(one, `${where}.${name}`)),
    ...(items === undefined ? [] : faultsOf(items, `${where}[]`)),
    ...(inner === undefined ? [] : faultsOf(inner, `${where}{}`)),
  ];
}

test('every schema is one, and names schemas that are there', () => {
  const all = Object.entries(schemas).flatMap(([name, schema]) => faultsOf(schema, name));
  const used = posts.flatMap(([name, , { requestBody, responses }]) =>
    [requestBody, ...Object.values(responses)].flatMap((body) => {
      const schema = body?.content?.['application/json'].schema;
      return schema === undefined ? [] : faultsOf(schema, name);
    }),
  );
  expect([...all, ...used]).toEqual([]);
  expect(Object.keys(schemas).length).toBeGreaterThan(40);
});

test('inputs are closed, answers may grow', () => {
  expect(schemas.WhoCanRequest).toMatchObject({
    required: ['clusterName', 'verb', 'resource'],
    properties: { anyNamespace: { type: 'boolean' } },
    additionalProperties: false,
  });
  expect(schemas.AnalysisResponse).not.toHaveProperty('additionalProperties');
});

/** Whether a value is as the schema says; undefined where it is, else where it is not. */
function misfit(value: unknown, schema: Schema, where = ''): string | undefined {
  const { $ref, type, required = [], properties = {}, items, additionalProperties } = schema;
  if ($ref !== undefined)
    return misfit(value, schemas[$ref.replace('#/components/schemas/', '')] ?? { type: 'none' }, where);
  if (type === undefined) return undefined;
  if ((Array.isArray(value) ? 'array' : typeof value) !== type) return `${where} is no ${type}`;
  if (Array.isArray(value))
    return value.map((one) => items && misfit(one, items, `${where}[]`)).find(Boolean);
  if (type !== 'object') return undefined;
  const members = Object.entries(value as object);
  const missing = required.find((name) => !members.some(([member]) => member === name));
  if (missing !== undefined) return `${where}.${missing} is missing`;
  return members
    .map(([name, member]) => {
      const known = properties[name] ?? additionalProperties;
      if (known === false || known === undefined) return `${where}.${name} is not described`;
      return misfit(member, known, `${where}.${name}`);
    })
    .find(Boolean);
}

describe('the example of', () => {
  test.each(posts)('%s is as described, and is read', (name, path, { requestBody }) => {
    const media = requestBody?.content?.['application/json'];
    expect(media?.example).toEqual(entrywayExamples[name]);
    expect(media && misfit(media.example, media.schema)).toBeUndefined();
    const body = Buffer.from(JSON.stringify(media?.example));
    const request = { method: 'POST', path, query: '', headers: [], body };
    const route = routeRequest(request);
    if (route.kind === 'unknown') throw route.error;
    expect(route.operation).toBe(name);
    expect(Object.keys(decodeInput(route, request) as object).toSorted()).toEqual(
      Object.keys(entrywayExamples[name] ?? {}).toSorted(),
    );
  });
});
