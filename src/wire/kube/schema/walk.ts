import { type JsonObject, type JsonValue, put } from '../json.ts';
import type { Schema } from './schema.ts';

/** What lies below a value, with the schema that describes it; undefined where nothing does. */
export function memberSchema(schema: Schema | undefined, name: string): Schema | undefined {
  const declared = schema?.properties.get(name);
  if (declared !== undefined) return declared;
  const additional = schema?.additionalProperties;
  return typeof additional === 'object' ? additional : undefined;
}

/** `spec.list[0].name`; members at the root stand alone. */
export function memberPath(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/**
 * The value with each of its members put through `change`; the value itself when none changes, which is nearly always.
 * What becomes undefined is left out of an object. Never changes its input.
 */
export function mapMembers(
  value: JsonObject,
  change: (member: JsonValue, name: string) => JsonValue | undefined,
): JsonObject {
  const names = Object.keys(value);
  for (const [at, name] of names.entries()) {
    const member = value[name] as JsonValue;
    const next = change(member, name);
    if (next !== member) return withMembersFrom(value, names, at, next, change);
  }
  return value;
}

/** The first member that changes is the one at `at`, and becomes `changed`. */
function withMembersFrom(
  value: JsonObject,
  names: readonly string[],
  at: number,
  changed: JsonValue | undefined,
  change: (member: JsonValue, name: string) => JsonValue | undefined,
): JsonObject {
  const result: Record<string, JsonValue> = {};
  for (const [index, name] of names.entries()) {
    const member = value[name] as JsonValue;
    const next = index < at ? member : index === at ? changed : change(member, name);
    if (next !== undefined) put(result, name, next);
  }
  return result;
}

/** The list with each element put through `change`; the list itself when none changes. */
export function mapElements(
  value: readonly JsonValue[],
  change: (element: JsonValue, index: number) => JsonValue,
): readonly JsonValue[] {
  for (const [at, element] of value.entries()) {
    const next = change(element, at);
    if (next === element) continue;
    return value.map((one, index) => (index < at ? one : index === at ? next : change(one, index)));
  }
  return value;
}
