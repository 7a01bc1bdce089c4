import { expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../json.ts';
import { conformResource, resourceErrors } from './resource.ts';
import { compileSchema } from './schema.ts';

interface Outcome {
  readonly errors?: readonly string[];
  readonly unknown?: readonly string[];
  /** What is left of the value; where it is not as given. */
  readonly value?: JsonValue;
}

/**
 * What an API server of 1.34 makes of a value of `a`, described by a schema; the third is what it replaces.
 */
const rows: readonly (readonly [
  schema: JsonObject,
  value: JsonValue | undefined,
  before: JsonValue | undefined,
  Outcome,
])[] = [
  [{ type: 'string' }, null, undefined, { value: null }],
  [{ type: 'integer' }, null, undefined, { value: null }],
  [{ type: 'number' }, null, undefined, { value: null }],
  [{ type: 'boolean' }, null, undefined, { value: null }],
  [
    { type: 'string' },
    1,
    undefined,
    { errors: ['a: Invalid value: "integer": a in body must be of type string: "integer"'] },
  ],
  [{ type: 'integer' }, 1, undefined, {}],
  [{ type: 'number' }, 1, undefined, {}],
  [
    { type: 'boolean' },
    1,
    undefined,
    { errors: ['a: Invalid value: "integer": a in body must be of type boolean: "integer"'] },
  ],
  [
    { type: 'string' },
    1.5,
    undefined,
    { errors: ['a: Invalid value: "number": a in body must be of type string: "number"'] },
  ],
  [
    { type: 'integer' },
    1.5,
    undefined,
    { errors: ['a: Invalid value: "number": a in body must be of type integer: "number"'] },
  ],
  [{ type: 'number' }, 1.5, undefined, {}],
  [
    { type: 'boolean' },
    1.5,
    undefined,
    { errors: ['a: Invalid value: "number": a in body must be of type boolean: "number"'] },
  ],
  [{ type: 'string' }, 'x', undefined, {}],
  [
    { type: 'integer' },
    'x',
    undefined,
    { errors: ['a: Invalid value: "string": a in body must be of type integer: "string"'] },
  ],
  [
    { type: 'number' },
    'x',
    undefined,
    { errors: ['a: Invalid value: "string": a in body must be of type number: "string"'] },
  ],
  [
    { type: 'boolean' },
    'x',
    undefined,
    { errors: ['a: Invalid value: "string": a in body must be of type boolean: "string"'] },
  ],
  [
    { type: 'string' },
    true,
    undefined,
    { errors: ['a: Invalid value: "boolean": a in body must be of type string: "boolean"'] },
  ],
  [
    { type: 'integer' },
    true,
    undefined,
    { errors: ['a: Invalid value: "boolean": a in body must be of type integer: "boolean"'] },
  ],
  [
    { type: 'number' },
    true,
    undefined,
    { errors: ['a: Invalid value: "boolean": a in body must be of type number: "boolean"'] },
  ],
  [{ type: 'boolean' }, true, undefined, {}],
  [
    { type: 'string' },
    [],
    undefined,
    { errors: ['a: Invalid value: "array": a in body must be of type string: "array"'] },
  ],
  [
    { type: 'integer' },
    [],
    undefined,
    { errors: ['a: Invalid value: "array": a in body must be of type integer: "array"'] },
  ],
  [
    { type: 'number' },
    [],
    undefined,
    { errors: ['a: Invalid value: "array": a in body must be of type number: "array"'] },
  ],
  [
    { type: 'boolean' },
    [],
    undefined,
    { errors: ['a: Invalid value: "array": a in body must be of type boolean: "array"'] },
  ],
  [
    { type: 'string' },
    {},
    undefined,
    { errors: ['a: Invalid value: "object": a in body must be of type string: "object"'] },
  ],
  [
    { type: 'integer' },
    {},
    undefined,
    { errors: ['a: Invalid value: "object": a in body must be of type integer: "object"'] },
  ],
  [
    { type: 'number' },
    {},
    undefined,
    { errors: ['a: Invalid value: "object": a in body must be of type number: "object"'] },
  ],
  [
    { type: 'boolean' },
    {},
    undefined,
    { errors: ['a: Invalid value: "object": a in body must be of type boolean: "object"'] },
  ],
  [
    { type: 'array', items: { type: 'string' } },
    ['x', 1, null],
    undefined,
    {
      errors: [
        'a[1]: Invalid value: "integer": a[1] in body must be of type string: "integer"',
        'a[2]: Invalid value: "null": a[2] in body must be of type string: "null"',
      ],
    },
  ],
  [
    { type: 'object', properties: { b: { type: 'string' } } },
    'x',
    undefined,
    { errors: ['a: Invalid value: "string": a in body must be of type object: "string"'] },
  ],
  [
    { type: 'object', required: ['b'], properties: { b: { type: 'string' } } },
    {},
    undefined,
    { errors: ['a.b: Required value'] },
  ],
  [{ type: 'string', nullable: true }, null, undefined, {}],
  [
    { type: 'string', enum: ['x', 'y'] },
    'z',
    undefined,
    { errors: ['a: Unsupported value: "z": supported values: "x", "y"'] },
  ],
  [
    { type: 'integer', enum: [1, 2] },
    3,
    undefined,
    { errors: ['a: Unsupported value: 3: supported values: "1", "2"'] },
  ],
  [
    { type: 'string', enum: ['x'], nullable: true },
    null,
    undefined,
    { errors: ['a: Unsupported value: null: supported values: "x"'] },
  ],
  [
    { type: 'string', minLength: 2 },
    'é',
    undefined,
    { errors: ['a: Invalid value: "é": a in body should be at least 2 chars long'] },
  ],
  [
    { type: 'string', maxLength: 1 },
    'éé',
    undefined,
    { errors: ['a: Too long: may not be more than 1 byte'] },
  ],
  [
    { type: 'string', pattern: '^[a-z]+$' },
    'A',
    undefined,
    { errors: ['a: Invalid value: "A": a in body should match \'^[a-z]+$\''] },
  ],
  [
    { type: 'string', pattern: '^\\d{3}$' },
    '12',
    undefined,
    { errors: ['a: Invalid value: "12": a in body should match \'^\\d{3}$\''] },
  ],
  [
    { type: 'integer', minimum: 2, maximum: 4 },
    1,
    undefined,
    { errors: ['a: Invalid value: 1: a in body should be greater than or equal to 2'] },
  ],
  [
    { type: 'integer', minimum: 2, exclusiveMinimum: true },
    2,
    undefined,
    { errors: ['a: Invalid value: 2: a in body should be greater than 2'] },
  ],
  [
    { type: 'number', maximum: 1.5 },
    2.5,
    undefined,
    { errors: ['a: Invalid value: 2.5: a in body should be less than or equal to 1.5'] },
  ],
  [
    { type: 'number', maximum: 1, exclusiveMaximum: true },
    1,
    undefined,
    { errors: ['a: Invalid value: 1: a in body should be less than 1'] },
  ],
  [
    { type: 'integer', multipleOf: 3 },
    4,
    undefined,
    { errors: ['a: Invalid value: 4: a in body should be a multiple of 3'] },
  ],
  [
    { type: 'number', multipleOf: 0.5 },
    0.75,
    undefined,
    { errors: ['a: Invalid value: 0.75: a in body should be a multiple of 0.5'] },
  ],
  [
    { type: 'array', items: { type: 'integer' }, minItems: 1 },
    [],
    undefined,
    { errors: ['a: Invalid value: 0: a in body should have at least 1 items'] },
  ],
  [
    { type: 'array', items: { type: 'integer' }, maxItems: 1 },
    [1, 2],
    undefined,
    { errors: ['a: Too many: 2: must have at most 1 item'] },
  ],
  [
    { type: 'object', additionalProperties: { type: 'integer' }, minProperties: 1, maxProperties: 2 },
    {},
    undefined,
    { errors: ['a: Invalid value: 0: a in body should have at least 1 properties'] },
  ],
  [
    { type: 'object', additionalProperties: { type: 'integer' }, maxProperties: 1 },
    { x: 1, y: 'z' },
    undefined,
    {
      errors: [
        'a.y: Invalid value: "string": a.y in body must be of type integer: "string"',
        'a: Too many: 2: must have at most 1 item',
      ],
    },
  ],
  [
    { type: 'object', additionalProperties: false },
    { x: 1 },
    undefined,
    { errors: ['a: Invalid value: "x": a.x in body is a forbidden property'] },
  ],
  [
    { type: 'string', oneOf: [{ enum: ['x'] }, { minLength: 1 }] },
    'x',
    undefined,
    {
      errors: [
        '<nil>: Invalid value: "": "a" must validate one and only one schema (oneOf). Found 2 valid alternatives',
      ],
    },
  ],
  [
    { type: 'string', oneOf: [{ enum: ['x'] }, { minLength: 3 }] },
    'y',
    undefined,
    {
      errors: [
        '<nil>: Invalid value: "": "a" must validate one and only one schema (oneOf). Found none valid',
        'a: Unsupported value: "y": supported values: "x"',
      ],
    },
  ],
  [
    { type: 'string', anyOf: [{ minLength: 3 }, { pattern: '^x' }] },
    'y',
    undefined,
    {
      errors: [
        '<nil>: Invalid value: "": "a" must validate at least one schema (anyOf)',
        'a: Invalid value: "y": a in body should be at least 3 chars long',
      ],
    },
  ],
  [
    { type: 'string', allOf: [{ minLength: 3 }, { pattern: '^x' }] },
    'y',
    undefined,
    {
      errors: [
        '<nil>: Invalid value: "": "a" must validate all the schemas (allOf). None validated',
        'a: Invalid value: "y": a in body should be at least 3 chars long',
        'a: Invalid value: "y": a in body should match \'^x\'',
      ],
    },
  ],
  [
    { type: 'string', allOf: [{ minLength: 1 }, { pattern: '^x' }] },
    'y',
    undefined,
    {
      errors: [
        '<nil>: Invalid value: "": "a" must validate all the schemas (allOf)',
        'a: Invalid value: "y": a in body should match \'^x\'',
      ],
    },
  ],
  [
    { type: 'string', not: { enum: ['x'] } },
    'x',
    undefined,
    { errors: ['<nil>: Invalid value: "": "a" must not validate the schema (not)'] },
  ],
  [
    {
      type: 'object',
      properties: { b: { type: 'string' }, c: { type: 'string' } },
      oneOf: [{ required: ['b'] }, { required: ['c'] }],
    },
    { b: '', c: '' },
    undefined,
    {
      errors: [
        '<nil>: Invalid value: "": "a" must validate one and only one schema (oneOf). Found 2 valid alternatives',
      ],
    },
  ],
  [
    {
      type: 'object',
      properties: { b: { type: 'string' }, c: { type: 'string' } },
      anyOf: [{ required: ['b'] }, { required: ['c'] }],
    },
    {},
    undefined,
    {
      errors: [
        '<nil>: Invalid value: "": "a" must validate at least one schema (anyOf)',
        'a.b: Required value',
      ],
    },
  ],
  [{ 'x-kubernetes-int-or-string': true }, '1', undefined, {}],
  [{ 'x-kubernetes-int-or-string': true }, 1, undefined, {}],
  [
    { 'x-kubernetes-int-or-string': true },
    true,
    undefined,
    { errors: ['a: Invalid value: "boolean": a in body must be of type integer,string: "boolean"'] },
  ],
  [
    { 'x-kubernetes-int-or-string': true },
    1.5,
    undefined,
    { errors: ['a: Invalid value: "number": a in body must be of type integer,string: "number"'] },
  ],
  [
    { type: 'string', format: 'date' },
    '2026-02-30',
    undefined,
    { errors: ['a: Invalid value: "2026-02-30": a in body must be of type date: "2026-02-30"'] },
  ],
  [{ type: 'string', format: 'date' }, '2026-02-28', undefined, {}],
  [
    { type: 'string', format: 'date-time' },
    '2026-02-28',
    undefined,
    { errors: ['a: Invalid value: "2026-02-28": a in body must be of type date-time: "2026-02-28"'] },
  ],
  [{ type: 'string', format: 'date-time' }, '2026-02-28T10:00:00Z', undefined, {}],
  [{ type: 'string', format: 'date-time' }, '2026-02-28T10:00:00.123+01:00', undefined, {}],
  [
    { type: 'string', format: 'ipv4' },
    '1.2.3',
    undefined,
    { errors: ['a: Invalid value: "1.2.3": a in body must be of type ipv4: "1.2.3"'] },
  ],
  [{ type: 'string', format: 'ipv4' }, '1.2.3.4', undefined, {}],
  [{ type: 'string', format: 'ipv6' }, '::1', undefined, {}],
  [
    { type: 'string', format: 'ipv6' },
    'x',
    undefined,
    { errors: ['a: Invalid value: "x": a in body must be of type ipv6: "x"'] },
  ],
  [{ type: 'string', format: 'cidr' }, '10.0.0.0/8', undefined, {}],
  [
    { type: 'string', format: 'cidr' },
    '10.0.0.0/33',
    undefined,
    { errors: ['a: Invalid value: "10.0.0.0/33": a in body must be of type cidr: "10.0.0.0/33"'] },
  ],
  [{ type: 'string', format: 'email' }, 'a@b.c', undefined, {}],
  [
    { type: 'string', format: 'email' },
    'a',
    undefined,
    { errors: ['a: Invalid value: "a": a in body must be of type email: "a"'] },
  ],
  [{ type: 'string', format: 'uri' }, 'https://x/y?z', undefined, {}],
  [
    { type: 'string', format: 'uri' },
    'x y',
    undefined,
    { errors: ['a: Invalid value: "x y": a in body must be of type uri: "x y"'] },
  ],
  [{ type: 'string', format: 'hostname' }, 'a.example', undefined, {}],
  [
    { type: 'string', format: 'hostname' },
    '-a',
    undefined,
    { errors: ['a: Invalid value: "-a": a in body must be of type hostname: "-a"'] },
  ],
  [{ type: 'string', format: 'uuid' }, '123e4567-e89b-12d3-a456-426614174000', undefined, {}],
  [
    { type: 'string', format: 'uuid4' },
    '123e4567-e89b-12d3-a456-426614174000',
    undefined,
    {
      errors: [
        'a: Invalid value: "123e4567-e89b-12d3-a456-426614174000": a in body must be of type uuid4: "123e4567-e89b-12d3-a456-426614174000"',
      ],
    },
  ],
  [{ type: 'string', format: 'mac' }, '01:23:45:67:89:ab', undefined, {}],
  [
    { type: 'string', format: 'mac' },
    '01:23',
    undefined,
    { errors: ['a: Invalid value: "01:23": a in body must be of type mac: "01:23"'] },
  ],
  [{ type: 'string', format: 'byte' }, 'YQ==', undefined, {}],
  [
    { type: 'string', format: 'byte' },
    'YQ',
    undefined,
    { errors: ['a: Invalid value: "YQ": a in body must be of type byte: "YQ"'] },
  ],
  [{ type: 'string', format: 'duration' }, '1h30m', undefined, {}],
  [{ type: 'string', format: 'duration' }, '2 days', undefined, {}],
  [
    { type: 'string', format: 'duration' },
    'long',
    undefined,
    { errors: ['a: Invalid value: "long": a in body must be of type duration: "long"'] },
  ],
  [{ type: 'string', format: 'int32' }, 'x', undefined, {}],
  [{ type: 'string', format: 'made-up' }, 'x', undefined, {}],
  [{ type: 'string', format: 'hexcolor' }, '#fff', undefined, {}],
  [
    { type: 'string', format: 'rgbcolor' },
    'rgb(1,2,256)',
    undefined,
    { errors: ['a: Invalid value: "rgb(1,2,256)": a in body must be of type rgbcolor: "rgb(1,2,256)"'] },
  ],
  [{ type: 'string', format: 'isbn10' }, '0321751043', undefined, {}],
  [{ type: 'string', format: 'isbn13' }, '978-0321751041', undefined, {}],
  [{ type: 'string', format: 'creditcard' }, '4111 1111 1111 1111', undefined, {}],
  [
    { type: 'string', format: 'creditcard' },
    '4111',
    undefined,
    { errors: ['a: Invalid value: "4111": a in body must be of type creditcard: "4111"'] },
  ],
  [{ type: 'string', format: 'ssn' }, '123-45-6789', undefined, {}],
  [{ type: 'string', format: 'bsonobjectid' }, '507f1f77bcf86cd799439011', undefined, {}],
  [{ type: 'string', format: 'password' }, '', undefined, {}],
  [
    { type: 'string', format: 'date' },
    5,
    undefined,
    { errors: ['a: Invalid value: "int64": a in body must be of type date: "int64"'] },
  ],
  [{ type: 'string', format: 'date' }, [], undefined, {}],
  [
    { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
    ['x', 'y', 'x', 'x'],
    undefined,
    { errors: ['a[2]: Duplicate value: "x"'] },
  ],
  [
    {
      type: 'array',
      items: {
        type: 'object',
        required: ['n'],
        properties: { n: { type: 'string' }, m: { type: 'integer' } },
      },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['n'],
    },
    [
      { n: 'x', m: 1 },
      { n: 'x', m: 2 },
    ],
    undefined,
    { errors: ['a[1]: Duplicate value: {"n":"x"}'] },
  ],
  [
    {
      type: 'array',
      items: {
        type: 'object',
        required: ['n', 'm'],
        properties: { n: { type: 'string' }, m: { type: 'integer' } },
      },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['n', 'm'],
    },
    [
      { n: 'x', m: 1 },
      { n: 'x', m: 2 },
      { m: 1, n: 'x' },
    ],
    undefined,
    { errors: ['a[2]: Duplicate value: {"m":1,"n":"x"}'] },
  ],
  [
    { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
    { kind: 'x_y', metadata: { name: 'a/b', labels: { '!': 'x' } } },
    undefined,
    {
      errors: [
        'a.apiVersion: Required value',
        "a.kind: Invalid value: \"x_y\": may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
        "a.metadata.labels: Invalid value: \"!\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        'a.metadata.name: Invalid value: "a/b": may not contain \'/\'',
      ],
    },
  ],
  [
    { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
    { apiVersion: 'a/b/c', kind: '' },
    undefined,
    {
      errors: [
        'a.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
        'a.kind: Invalid value: "": must not be empty',
      ],
    },
  ],
  [{ type: 'integer' }, 'x', 'x', {}],
  [
    { type: 'object', properties: { b: { type: 'integer' }, c: { type: 'integer' } } },
    { b: 'x', c: 1 },
    { b: 'x', c: 2 },
    {},
  ],
  [
    { type: 'object', properties: { b: { type: 'integer' } } },
    { b: 'y' },
    { b: 'x' },
    { errors: ['a.b: Invalid value: "string": a.b in body must be of type integer: "string"'] },
  ],
  [
    { type: 'array', items: { type: 'integer' } },
    ['x', 1],
    ['x'],
    { errors: ['a[0]: Invalid value: "string": a[0] in body must be of type integer: "string"'] },
  ],
  [
    {
      type: 'array',
      items: {
        type: 'object',
        required: ['n'],
        properties: { n: { type: 'string' }, m: { type: 'integer' } },
      },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['n'],
    },
    [
      { n: 'b', m: 'x' },
      { n: 'a', m: 'x' },
    ],
    [{ n: 'a', m: 'x' }],
    { errors: ['a[0].m: Invalid value: "string": a[0].m in body must be of type integer: "string"'] },
  ],
  [
    { type: 'object', required: ['b'], properties: { b: { type: 'string' }, c: { type: 'string' } } },
    { c: 'y' },
    { c: 'x' },
    { errors: ['a.b: Required value'] },
  ],
  [{ type: 'string', default: 'd' }, undefined, undefined, { value: 'd' }],
  [{ type: 'string', default: 'd' }, null, undefined, { value: 'd' }],
  [
    { type: 'object', default: {}, properties: { b: { type: 'string', default: 'd' } } },
    undefined,
    undefined,
    { value: { b: 'd' } },
  ],
  [
    { type: 'array', items: { type: 'object', properties: { b: { type: 'string', default: 'd' } } } },
    [{}, { b: null }, { c: 1 }],
    undefined,
    { unknown: ['a[2].c'], value: [{ b: 'd' }, { b: 'd' }, { b: 'd' }] },
  ],
  [
    { type: 'object', properties: { b: { type: 'string' } } },
    { b: null, c: { d: 1 } },
    undefined,
    { unknown: ['a.c'], value: {} },
  ],
  [
    {
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
      properties: { b: { type: 'object', properties: {} } },
    },
    { b: { c: 1 }, d: { e: 1 } },
    undefined,
    { unknown: ['a.b.c'], value: { b: {}, d: { e: 1 } } },
  ],
  [
    { type: 'object', additionalProperties: { type: 'object', properties: { b: { type: 'string' } } } },
    { x: { b: '', c: 1 } },
    undefined,
    { unknown: ['a.x.c'], value: { x: { b: '' } } },
  ],
  [
    { type: 'object', additionalProperties: true },
    { x: { c: 1 } },
    undefined,
    { unknown: ['a.x.c'], value: { x: {} } },
  ],
];

test.each(rows)('%j %j', (schema, value, before, outcome) => {
  const compiled = compileSchema({ type: 'object', properties: { a: schema } });
  const given: JsonObject = value === undefined ? {} : { a: value };
  const { resource, unknown, error } = conformResource(compiled, given);
  const found = resourceErrors(compiled, resource, before === undefined ? undefined : { a: before });
  const errors = [...new Set(found.map(({ field, text }) => `${field}: ${text}`))].sort();
  expect(error).toBeUndefined();
  expect({ errors, unknown }).toEqual({ errors: [], unknown: [], ...outcome, value: undefined });
  expect(resource.a ?? null).toEqual('value' in outcome ? outcome.value : (value ?? null));
});
