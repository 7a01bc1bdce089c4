import { expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../json.ts';
import { maximumAdded } from './defaulting.ts';
import { Budget } from './findings.ts';
import { conformResource } from './resource.ts';
import { compileSchema, type Schema } from './schema.ts';
import { validateValue } from './validate.ts';

const schemaOf = (spec: JsonObject): Schema => compileSchema({ type: 'object', properties: { spec } });
const many = (count: number, one: (index: number) => JsonValue): readonly JsonValue[] =>
  Array.from({ length: count }, (_, index) => one(index));

const text = 'a'.repeat(200_000);
const wide = Object.fromEntries(many(2_000, (index) => index).map((index) => [`k${String(index)}`, 1]));
const almost = (last: number): JsonValue => [...many(400, () => 1), last];

// With bodies of megabytes each of these took hours when only the values that are looked at counted.
test.each<[string, JsonObject, JsonValue, JsonValue?]>([
  ['formats of a long text', { anyOf: many(100, () => ({ format: 'byte', enum: ['a'] })) }, text],
  ['lengths of a long text', { anyOf: many(100, () => ({ maxLength: 1 })) }, text],
  ['members of a wide object', { anyOf: many(500, () => ({ minProperties: 100_000 })) }, wide],
  [
    'members that are missing',
    { items: { type: 'object', required: many(5_000, (index) => `r${index}`) } },
    many(100, () => ({})),
  ],
  [
    'lists in an enum',
    { items: { type: 'array', enum: many(20, (index) => almost(2 + index)) } },
    many(200, () => almost(1)),
  ],
  [
    'values that did not change',
    {
      properties: { list: { type: 'array' } },
      anyOf: many(100, () => ({ properties: { list: { minItems: 1_000_000 } } })),
    },
    { list: many(10_000, () => 1) },
    { list: many(10_000, (index) => (index === 9_999 ? 2 : 1)) },
  ],
])('%s count as steps of a validation', (_, spec, value, before) => {
  const validate = () =>
    validateValue(schemaOf(spec), { spec: value }, before && { spec: before }, new Budget(80_000));
  expect(validate).toThrow('too large to be checked');
});

test('a long value with few rules is validated', () => {
  const spec = { type: 'string', format: 'byte', maxLength: 3_000_000, minLength: 1 };
  expect(validateValue(schemaOf(spec), { spec: 'a'.repeat(3_000_000) })).toEqual([]);
  const dictionary = { type: 'object', additionalProperties: { type: 'integer' } };
  expect(validateValue(schemaOf(dictionary), { spec: wide }, undefined, new Budget(5_000))).toEqual([]);
});

test('defaults that would make an object longer than any that is stored are not put there', () => {
  const schema = schemaOf({
    type: 'array',
    items: {
      type: 'object',
      properties: {
        a: { type: 'object', default: {}, properties: { b: { type: 'string', default: 'x'.repeat(1_000) } } },
      },
    },
  });
  const fitting = Math.floor(maximumAdded / 1_100);
  const few = conformResource(schema, { spec: many(fitting, () => ({})) });
  expect(few.error).toBeUndefined();
  expect((few.resource.spec as JsonValue[])[fitting - 1]).toEqual({ a: { b: 'x'.repeat(1_000) } });
  const resource = { spec: many(4_000, () => ({})) };
  const tooMany = conformResource(schema, resource);
  expect(tooMany.error?.text).toBe(`Forbidden: defaults would add more than ${maximumAdded} characters`);
  // What was stored before the schema had them can still be read.
  expect(tooMany.resource).toBe(resource);
});
