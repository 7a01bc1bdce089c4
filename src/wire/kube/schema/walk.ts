import { isObject, type JsonObject, type JsonValue, put } from '../json.ts';
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
 * The value with each of its members put through `change`; the value itself when none changes. What becomes undefined is
 * left out of an object. Never changes its input.
 */
export function mapMembers(
  value: JsonObject,
  change: (member: JsonValue, name: string) => JsonValue | undefined,
): JsonObject {
  let isSame = true;
  const changed: Record<string, JsonValue> = {};
  for (const [name, member] of Object.entries(value)) {
    const next = change(member, name);
    if (next !== member) isSame = false;
    if (next !== undefined) put(changed, name, next);
  }
  return isSame ? value : changed;
}

/** The list with each element put through `change`; the list itself when none changes. */
export function mapElements(
  value: readonly JsonValue[],
  change: (element: JsonValue, index: number) => JsonValue,
): readonly JsonValue[] {
  let isSame = true;
  const changed = value.map((element, index) => {
    const next = change(element, index);
    if (next !== element) isSame = false;
    return next;
  });
  return isSame ? value : changed;
}
