import { isObject, type JsonValue, put } from '../json.ts';
import type { Schema } from './schema.ts';
import { mapElements, mapMembers, memberSchema } from './walk.ts';

/** A value with the defaults of its schema where a member is missing, or null where null is not allowed. */
export function applyDefaults(schema: Schema | undefined, value: JsonValue): JsonValue {
  if (schema === undefined || !hasDefaults(schema)) return value;
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return value;
    return mapElements(value, (element) => applyDefaults(items, replacedNull(items, element)));
  }
  if (!isObject(value)) return value;
  const filled = mapMembers(value, (member, name) => {
    const inner = memberSchema(schema, name);
    return inner === undefined ? member : applyDefaults(inner, replacedNull(inner, member));
  });
  let completed: Record<string, JsonValue> | undefined;
  for (const [name, inner] of schema.properties) {
    if (inner.default === undefined || Object.hasOwn(filled, name)) continue;
    completed ??= { ...filled };
    put(completed, name, applyDefaults(inner, inner.default));
  }
  return completed ?? filled;
}

function replacedNull(schema: Schema, value: JsonValue): JsonValue {
  return value === null && !schema.nullable && schema.default !== undefined ? schema.default : value;
}

const known = new WeakMap<Schema, boolean>();

/** Most parts of most schemas have none, and need not be walked. */
function hasDefaults(schema: Schema): boolean {
  const answer = known.get(schema);
  if (answer !== undefined) return answer;
  const { properties, items, additionalProperties } = schema;
  const below = [
    ...properties.values(),
    ...(items === undefined ? [] : [items]),
    ...(typeof additionalProperties === 'object' ? [additionalProperties] : []),
  ];
  const found = below.some((one) => one.default !== undefined || hasDefaults(one));
  known.set(schema, found);
  return found;
}
