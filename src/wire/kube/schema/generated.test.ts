import { expect, test } from 'vitest';
import { isObject, type JsonObject, type JsonValue } from '../json.ts';
import { conformResource, resourceErrors } from './resource.ts';
import { compileSchema } from './schema.ts';
import { structuralErrors } from './structural.ts';

const rounds = Number(process.env.ENTRYWAY_SCHEMA_ROUNDS ?? 300);
const seed = Number(process.env.ENTRYWAY_SCHEMA_SEED ?? 20_261_121);

/** The same numbers for the same seed, between 0 and 1. */
function numbers(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const names = ['a', 'b', 'c', '__proto__'];

function generator(random: () => number) {
  const below = (count: number): number => Math.floor(random() * count);
  const pick = <T>(list: readonly [T, ...T[]]): T => list[below(list.length)] ?? list[0];
  const chance = (share: number): boolean => random() < share;
  const members = (make: () => JsonValue): JsonObject =>
    Object.fromEntries(names.filter(() => chance(0.5)).map((name) => [name, make()]));

  const value = (depth: number): JsonValue => {
    const scalar = pick<JsonValue>([null, true, 0, 3, 1.5, '', 'x', '2026-01-01']);
    if (depth === 0 || chance(0.4)) return scalar;
    return chance(0.4) ? [value(depth - 1), value(depth - 1)] : members(() => value(depth - 1));
  };
  const rules = (): JsonObject => ({
    ...(chance(0.2) && { enum: ['x', 3] }),
    ...(chance(0.2) && { minimum: 1, maximum: 3 }),
    ...(chance(0.2) && { pattern: '^x', maxLength: 3 }),
    ...(chance(0.2) && { required: ['a'] }),
    ...(chance(0.1) && { not: { enum: ['x'] } }),
  });
  const schema = (depth: number): JsonObject => {
    const base = { ...rules(), ...(chance(0.2) && { nullable: true }) };
    if (depth === 0 || chance(0.3)) {
      const type = pick(['string', 'integer', 'number', 'boolean']);
      return { ...base, type, ...(chance(0.3) && { default: pick<JsonValue>(['x', 3, true]) }) };
    }
    if (chance(0.3)) return { ...base, type: 'array', items: schema(depth - 1) };
    const kind = below(4);
    return {
      ...base,
      type: 'object',
      ...(kind === 0 && { additionalProperties: schema(depth - 1) }),
      ...(kind === 1 && { 'x-kubernetes-preserve-unknown-fields': true }),
      ...(kind !== 0 && { properties: members(() => schema(depth - 1)) }),
    };
  };
  return { value, schema, object: () => members(() => value(3)) };
}

test(`laws of ${rounds} generated schemas and objects (ENTRYWAY_SCHEMA_SEED=${seed})`, () => {
  const { schema, object } = generator(numbers(seed));
  for (let round = 0; round < rounds; round += 1) {
    const document = {
      type: 'object',
      properties: Object.fromEntries(names.map((name) => [name, schema(3)])),
    };
    expect(structuralErrors('', document)).toEqual([]);
    const compiled = compileSchema(document);
    const given = object();
    const before = JSON.stringify(given);
    const { resource } = conformResource(compiled, given);
    const which = `round ${round}: ${JSON.stringify({ document, given })}`;
    expect(JSON.stringify(given), which).toBe(before);
    // What conforms stays as it is, to the very object.
    const again = conformResource(compiled, resource);
    expect(again.resource, which).toBe(resource);
    expect(again.unknown, which).toEqual([]);
    // An update that changes nothing is refused for nothing, unless something stands where the schema does not look.
    const isKnown = !JSON.stringify(document).includes('preserve-unknown');
    if (isKnown && isObject(resource))
      expect(resourceErrors(compiled, resource, resource), which).toEqual([]);
  }
});
