import { expect, test } from 'vitest';
import type { JsonObject } from '../../wire/kube/json.ts';
import { customColumns } from '../../wire/kube/table/customcolumns.ts';
import { PatternCount, schemaDocumentErrors } from './schemaerrors.ts';
import { versionErrors } from './versionerrors.ts';

/** `$` stands for the path of the schema. Texts as an API server of 1.34 gives them. */
const rows: readonly (readonly [schema: JsonObject, errors: readonly string[]])[] = [
  [
    { type: 'object', properties: { a: {} } },
    ['$.properties[a].type: Required value: must not be empty for specified object fields'],
  ],
  [
    { type: 'object', properties: { a: { type: 'array' } } },
    ['$.properties[a].items: Required value: must be specified'],
  ],
  [
    { type: 'object', properties: { a: { type: 'array', items: {} } } },
    ['$.properties[a].items.type: Required value: must not be empty for specified array items'],
  ],
  [
    { type: 'array', items: { type: 'string' } },
    ['$.type: Invalid value: "array": must be object at the root'],
  ],
  [{}, ['$.type: Required value: must not be empty at the root']],
  [{ properties: { a: { type: 'string' } } }, ['$.type: Required value: must not be empty at the root']],
  [
    {
      type: 'object',
      properties: {
        a: {
          type: 'object',
          additionalProperties: { type: 'string' },
          properties: { b: { type: 'string' } },
        },
      },
    },
    [
      '$.properties[a].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive',
    ],
  ],
  [
    { type: 'object', additionalProperties: { type: 'string' } },
    ['$.additionalProperties: Forbidden: must not be used at the root'],
  ],
  [
    { type: 'object', properties: { a: { type: 'string', pattern: '(' } } },
    [
      '$.properties[a].pattern: Invalid value: "(": must be a valid regular expression, but isn\'t: error parsing regexp: missing closing ): `(`',
    ],
  ],
  [
    { type: 'object', properties: { a: { type: 'string', pattern: '(?=a)' } } },
    [
      '$.properties[a].pattern: Invalid value: "(?=a)": must be a valid regular expression, but isn\'t: error parsing regexp: invalid or unsupported Perl syntax: `(?=`',
    ],
  ],
  [
    { type: 'object', properties: { a: { type: 'wrong' } } },
    [
      '$.properties[a].type: Unsupported value: "wrong": supported values: "array", "boolean", "integer", "number", "object", "string"',
    ],
  ],
  [
    { type: 'object', properties: { a: { type: 'null' } } },
    [
      '$.properties[a].type: Forbidden: type cannot be set to null, use nullable as an alternative',
      '$.properties[a].type: Unsupported value: "null": supported values: "array", "boolean", "integer", "number", "object", "string"',
    ],
  ],
  [
    { type: 'object', properties: { a: { type: 'string', uniqueItems: true } } },
    [
      '$.properties[a].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
    ],
  ],
  [
    { type: 'object', properties: { a: { type: 'string', default: 5 } } },
    ['$.properties[a].default: Invalid value: "integer":  in body must be of type string: "integer"'],
  ],
  [
    {
      type: 'object',
      properties: { a: { type: 'object', properties: { b: { type: 'string' } }, default: { c: 1 } } },
    },
    ['$.properties[a].default: Invalid value: {"c":1}: must not have unknown fields'],
  ],
  [
    {
      type: 'object',
      properties: { metadata: { type: 'object', properties: { labels: { type: 'object' } } } },
    },
    [
      '$.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified',
    ],
  ],
  [
    {
      type: 'object',
      properties: { metadata: { type: 'object', properties: { name: { type: 'string', pattern: 'a' } } } },
    },
    [],
  ],
  [
    {
      type: 'object',
      properties: { metadata: { type: 'object', properties: { name: { type: 'string', default: 'x' } } } },
    },
    ['$.properties[metadata].properties[name].default: Forbidden: must not be set in top-level metadata'],
  ],
  [
    { type: 'object', properties: { kind: { type: 'integer' } } },
    ['$.properties[kind].type: Invalid value: "integer": must be string'],
  ],
  [
    { type: 'object', properties: { apiVersion: { type: 'string', default: 'x' } } },
    ['$.properties[apiVersion].default: Forbidden: must not be set in top-level apiVersion'],
  ],
  [{ type: 'object', properties: { a: { 'x-kubernetes-int-or-string': true } } }, []],
  [
    {
      type: 'object',
      properties: { a: { 'x-kubernetes-int-or-string': true, 'x-kubernetes-preserve-unknown-fields': true } },
    },
    [
      '$.properties[a].x-kubernetes-preserve-unknown-fields: Invalid value: true: must be false if x-kubernetes-int-or-string is true',
    ],
  ],
  [
    {
      type: 'object',
      properties: {
        a: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
      },
    },
    [],
  ],
  [
    {
      type: 'object',
      properties: {
        a: {
          'x-kubernetes-int-or-string': true,
          allOf: [{ anyOf: [{ type: 'integer' }, { type: 'string' }] }, { minimum: 1 }],
        },
      },
    },
    [],
  ],
  [
    {
      type: 'object',
      properties: {
        a: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'string' }, { type: 'integer' }] },
      },
    },
    [
      '$.properties[a].anyOf[0].type: Forbidden: must be empty to be structural',
      '$.properties[a].anyOf[1].type: Forbidden: must be empty to be structural',
    ],
  ],
  [
    { type: 'object', properties: { a: { type: 'object', 'x-kubernetes-embedded-resource': true } } },
    [
      '$.properties[a].properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
    ],
  ],
  [
    { type: 'object', properties: { a: { 'x-kubernetes-embedded-resource': true } } },
    [
      '$.properties[a].properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
      '$.properties[a].type: Required value: must be object if x-kubernetes-embedded-resource is true',
    ],
  ],
  [
    {
      type: 'object',
      properties: {
        a: {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          'x-kubernetes-preserve-unknown-fields': true,
        },
      },
    },
    [],
  ],
  [
    { type: 'object', properties: { a: { type: 'string', 'x-kubernetes-embedded-resource': true } } },
    [
      '$.properties[a].properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
      '$.properties[a].type: Invalid value: "string": must be object if x-kubernetes-embedded-resource is true',
    ],
  ],
  [
    {
      type: 'object',
      properties: {
        a: {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          'x-kubernetes-preserve-unknown-fields': true,
          default: { kind: 'A' },
        },
      },
    },
    ['$.properties[a].default.apiVersion: Required value'],
  ],
  [
    { type: 'object', properties: { a: { 'x-kubernetes-preserve-unknown-fields': false, type: 'object' } } },
    ['$.properties[a].x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined'],
  ],
  [{ type: 'object', properties: { a: { 'x-kubernetes-preserve-unknown-fields': true } } }, []],
  [
    { type: 'object', properties: { a: { type: 'string', anyOf: [{ type: 'string' }] } } },
    ['$.properties[a].anyOf[0].type: Forbidden: must be empty to be structural'],
  ],
  [
    {
      type: 'object',
      properties: { a: { type: 'object', allOf: [{ properties: { b: { type: 'string' } } }] } },
    },
    ['$.properties[a].allOf[0].properties[b].type: Forbidden: must be empty to be structural'],
  ],
  [
    {
      type: 'object',
      properties: {
        a: {
          type: 'object',
          oneOf: [{ required: ['b'] }, { required: ['c'] }],
          properties: { b: { type: 'string' } },
        },
      },
    },
    [],
  ],
  [
    {
      type: 'object',
      properties: {
        a: { type: 'string', not: { description: 'x', default: 1, title: 't', nullable: true } },
      },
    },
    [
      '$.properties[a].not.default: Forbidden: must be undefined to be structural',
      '$.properties[a].not.description: Forbidden: must be empty to be structural',
      '$.properties[a].not.nullable: Forbidden: must be false to be structural',
      '$.properties[a].not.title: Forbidden: must be empty to be structural',
    ],
  ],
  [
    {
      type: 'object',
      properties: {
        a: { type: 'array', items: { type: 'string' }, allOf: [{ items: { items: { minLength: 1 } } }] },
      },
    },
    [],
  ],
  [
    { type: 'object', properties: {}, anyOf: [{ properties: { metadata: {} } }] },
    [
      '$.anyOf[0].properties[metadata]: Forbidden: must not be specified in a nested context',
      '$.properties[metadata]: Required value: because it is defined in $.anyOf[0].properties[metadata]',
    ],
  ],
  [
    {
      type: 'object',
      properties: { a: { type: 'object', anyOf: [{ additionalProperties: { minLength: 1 } }] } },
    },
    ['$.properties[a].anyOf[0].additionalProperties: Forbidden: must be undefined to be structural'],
  ],
  [{ type: 'object', properties: { a: { type: 'object', anyOf: [{ additionalProperties: false }] } } }, []],
  [
    {
      type: 'object',
      properties: {
        a: {
          type: 'object',
          not: {
            'x-kubernetes-list-type': 'set',
            'x-kubernetes-map-type': 'atomic',
            'x-kubernetes-list-map-keys': ['x'],
            'x-kubernetes-int-or-string': true,
          },
        },
      },
    },
    [
      '$.properties[a].not.type: Required value: must be array if x-kubernetes-list-type is specified',
      '$.properties[a].not.type: Required value: must be object if x-kubernetes-map-type is specified',
      '$.properties[a].not.x-kubernetes-int-or-string: Forbidden: must be false to be structural',
      '$.properties[a].not.x-kubernetes-list-map-keys: Forbidden: must be empty to be structural',
      '$.properties[a].not.x-kubernetes-list-type: Forbidden: must be undefined to be structural',
      '$.properties[a].not.x-kubernetes-list-type: Invalid value: "set": must be map if x-kubernetes-list-map-keys is non-empty',
      '$.properties[a].not.x-kubernetes-map-type: Forbidden: must be undefined to be structural',
    ],
  ],
  [
    {
      type: 'object',
      properties: { a: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'map' } },
    },
    [
      '$.properties[a].items.type: Invalid value: "string": must be object if parent array\'s x-kubernetes-list-type is map',
      '$.properties[a].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map',
    ],
  ],
  [
    {
      type: 'object',
      properties: {
        a: {
          type: 'array',
          items: { type: 'object', properties: { n: { type: 'string' } } },
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['n'],
        },
      },
    },
    [
      '$.properties[a].items.properties[n].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
    ],
  ],
  [
    {
      type: 'object',
      properties: {
        a: {
          type: 'array',
          items: { type: 'object', required: ['n'], properties: { n: { type: 'string' } } },
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['n', 'n', 'z'],
        },
      },
    },
    [
      '$.properties[a].x-kubernetes-list-map-keys: Invalid value: ["n","n","z"]: entries must all be names of item properties',
      '$.properties[a].x-kubernetes-list-map-keys: Invalid value: ["n","n","z"]: must not contain duplicate entries',
    ],
  ],
  [
    {
      type: 'object',
      properties: {
        a: {
          type: 'array',
          items: {
            type: 'object',
            nullable: true,
            required: ['n'],
            properties: { n: { type: 'string', nullable: true } },
          },
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['n'],
        },
      },
    },
    [
      '$.properties[a].items.nullable: Forbidden: cannot be nullable when x-kubernetes-list-type is map',
      '$.properties[a].items.properties[n].nullable: Forbidden: this property is in x-kubernetes-list-map-keys, so it cannot be nullable',
    ],
  ],
  [
    {
      type: 'object',
      properties: { a: { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'set' } },
    },
    [
      '$.properties[a].items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set',
    ],
  ],
  [
    {
      type: 'object',
      properties: {
        a: {
          type: 'array',
          items: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
          'x-kubernetes-list-type': 'set',
        },
      },
    },
    [
      '$.properties[a].items.x-kubernetes-list-type: Invalid value: "set": must be atomic as item of a list with x-kubernetes-list-type=set',
    ],
  ],
  [
    { type: 'object', properties: { a: { type: 'object', 'x-kubernetes-list-type': 'atomic' } } },
    ['$.properties[a].type: Invalid value: "object": must be array if x-kubernetes-list-type is specified'],
  ],
  [
    { type: 'object', properties: { a: { type: 'string', 'x-kubernetes-map-type': 'granular' } } },
    ['$.properties[a].type: Invalid value: "string": must be object if x-kubernetes-map-type is specified'],
  ],
  [
    { type: 'object', properties: { a: { type: 'object', 'x-kubernetes-map-type': 'weird' } } },
    [
      '$.properties[a].x-kubernetes-map-type: Unsupported value: "weird": supported values: "atomic", "granular"',
    ],
  ],
  [
    {
      type: 'object',
      properties: { a: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'weird' } },
    },
    [
      '$.properties[a].x-kubernetes-list-type: Unsupported value: "weird": supported values: "atomic", "set", "map"',
    ],
  ],
  [
    {
      type: 'object',
      properties: { a: { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-map-keys': ['a'] } },
    },
    [
      '$.properties[a].x-kubernetes-list-type: Required value: must be map if x-kubernetes-list-map-keys is non-empty',
    ],
  ],
  [{ type: 'object', properties: { a: { type: 'string', nullable: true } } }, []],
  [
    { type: 'object', properties: {}, nullable: true },
    ['$.nullable: Forbidden: nullable cannot be true at the root'],
  ],
  [
    { type: 'object', properties: { a: { type: 'string' } }, id: 'x' },
    ['$.id: Forbidden: id is not supported'],
  ],
  [
    { type: 'object', properties: { a: { type: 'string', $ref: '#/x' } } },
    ['$.properties[a].$ref: Forbidden: $ref is not supported'],
  ],
  [
    { type: 'object', properties: { a: { type: 'object', patternProperties: { x: { type: 'string' } } } } },
    ['$.properties[a].patternProperties: Forbidden: patternProperties is not supported'],
  ],
  [
    { type: 'object', properties: { a: { type: 'object', definitions: { x: { type: 'string' } } } } },
    ['$.properties[a].definitions: Forbidden: definitions is not supported'],
  ],
  [
    { type: 'object', properties: { a: { type: 'array', items: [{ type: 'string' }] } } },
    ['$.properties[a].items: Forbidden: items must be a schema object and not an array'],
  ],
  [
    {
      type: 'object',
      properties: { a: { type: 'array', items: { type: 'string' }, additionalItems: { type: 'string' } } },
    },
    ['$.properties[a].additionalItems: Forbidden: additionalItems is not supported'],
  ],
  [
    { type: 'object', properties: { a: { type: 'object', dependencies: { x: ['y'] } } } },
    ['$.properties[a].dependencies: Forbidden: dependencies is not supported'],
  ],
  [
    {
      type: 'object',
      properties: {
        a: {
          type: 'string',
          'x-kubernetes-validations': [
            { rule: ' ' },
            { rule: 'true', message: ' ' },
            { rule: 'true', message: 'a\nb' },
          ],
        },
      },
    },
    [
      '$.properties[a].x-kubernetes-validations[0].rule: Required value: rule is not specified',
      '$.properties[a].x-kubernetes-validations[1].message: Invalid value: " ": must be non-empty if specified',
      '$.properties[a].x-kubernetes-validations[2].message: Invalid value: "a\\nb": must not contain line breaks',
    ],
  ],
  [
    {
      type: 'object',
      properties: { a: { type: 'object', additionalProperties: { type: 'string', default: 'a' } } },
    },
    [],
  ],
  [
    {
      type: 'object',
      properties: {
        a: {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          properties: {
            metadata: {
              type: 'object',
              properties: {
                labels: { type: 'object', additionalProperties: { type: 'string', default: 'x' } },
              },
            },
            spec: { type: 'object', 'x-kubernetes-embedded-resource': true },
          },
        },
      },
    },
    [
      '$.properties[a].properties[metadata].properties[labels].additionalProperties.default: Forbidden: must not be set inside additionalProperties applying to object metadata',
      '$.properties[a].properties[spec].properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
    ],
  ],
  [
    {
      type: 'object',
      properties: {
        a: {
          type: 'object',
          properties: {
            b: {
              type: 'array',
              items: { type: 'object', properties: { c: { type: 'integer', minimum: 3, default: 1 } } },
            },
          },
        },
      },
    },
    [
      '$.properties[a].properties[b].items.properties[c].default: Invalid value: 1:  in body should be greater than or equal to 3',
    ],
  ],
];

test('a list has few keys', () => {
  // Each of these errors shows all keys: of 90,000 they filled the memory.
  const keys = Array.from({ length: 90_000 }, (_, index) => `k${index}`);
  const list = { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys };
  const properties = { a: { ...list, items: { type: 'object', properties: {} } } };
  const found = schemaDocumentErrors({ openAPIV3Schema: { type: 'object', properties } }, 'p', false);
  expect(found.map(({ field, text }) => `${field}: ${text}`)).toEqual([
    'p.openAPIV3Schema.properties[a].x-kubernetes-list-map-keys: Too many: 90000: must have at most 16 items',
  ]);
});

test('a version has a hundred printer columns at most, and asks no more of an object', () => {
  const columns = Array.from({ length: 101 }, () => ({ name: 'a', type: 'string', jsonPath: '.a' }));
  const errors = versionErrors({ additionalPrinterColumns: columns }, 'p', new Set());
  expect(errors.map(({ field, text }) => `${field}: ${text}`)).toEqual([
    'p.additionalPrinterColumns: Too many: 101: must have at most 100 items',
  ]);
  expect(customColumns(columns)).toHaveLength(101);
});

test('the patterns of all versions together are bounded', () => {
  const patterns = new PatternCount();
  const documentOf = (letter: string) => ({
    type: 'object',
    properties: Object.fromEntries(
      Array.from({ length: 9 }, (_, index) => [
        `p${index}`,
        { type: 'string', pattern: `^${letter}{900}${index}$` },
      ]),
    ),
  });
  const errorsOf = (letter: string) =>
    schemaDocumentErrors({ openAPIV3Schema: documentOf(letter) }, 'p', false, patterns).length;
  expect(['a', 'a', 'b', 'c', 'd'].map(errorsOf)).toEqual([0, 0, 0, 1, 1]);
});

test.each(rows)('%j', (schema, errors) => {
  const found = schemaDocumentErrors({ openAPIV3Schema: schema }, 'p', false);
  const texts = found.map(({ field, text }) => `${field}: ${text}`.replaceAll('p.openAPIV3Schema', '$'));
  expect([...new Set(texts)].sort()).toEqual(errors);
});
