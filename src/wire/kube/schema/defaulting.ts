import { isObject, type JsonValue, put } from '../json.ts';
import type { Schema } from './schema.ts';
import { mapElements, mapMembers, memberSchema } from './walk.ts';

/**
 * Characters of JSON that defaults may add to one value: as many as an object may have.
 *
 * SECURITY: a list of a million empty objects is a body of two megabytes, and each of them may have defaults of two
 * megabytes.
 */
export const maximumAdded = 3 * 1024 * 1024;

/**
 * A value with the defaults of its schema where a member is missing, or null where null is not allowed. Undefined when
 * they come to more than `maximumAdded`.
 */
export function applyDefaults(schema: Schema, value: JsonValue): JsonValue | undefined {
  try {
    return new Defaulter().complete(schema, value);
  } catch (error) {
    if (error instanceof TooLong) return undefined;
    throw error;
  }
}

class TooLong extends Error {}

/** A default with the defaults inside of it; the same object wherever it is put. */
interface Completed {
  readonly value: JsonValue;
  /** Characters of its JSON. */
  readonly length: number;
}

const completed = new WeakMap<Schema, Completed>();

class Defaulter {
  #left = maximumAdded;

  complete(schema: Schema | undefined, value: JsonValue): JsonValue {
    if (schema === undefined || !hasDefaults(schema)) return value;
    if (Array.isArray(value)) {
      return mapElements(value, (element) => this.#completeOne(schema.items, element));
    }
    if (!isObject(value)) return value;
    const filled = mapMembers(value, (member, name) => this.#completeOne(memberSchema(schema, name), member));
    let result: Record<string, JsonValue> | undefined;
    for (const [name, inner] of schema.properties) {
      if (inner.default === undefined || Object.hasOwn(filled, name)) continue;
      result ??= { ...filled };
      this.#spend(name.length);
      put(result, name, this.#defaultOf(inner, inner.default));
    }
    return result ?? filled;
  }

  #completeOne(schema: Schema | undefined, value: JsonValue): JsonValue {
    return value === null && schema?.nullable === false && schema.default !== undefined
      ? this.#defaultOf(schema, schema.default)
      : this.complete(schema, value);
  }

  #defaultOf(schema: Schema, written: JsonValue): JsonValue {
    let known = completed.get(schema);
    if (known === undefined) {
      const value = new Defaulter().complete(schema, written);
      known = { value, length: JSON.stringify(value).length };
      completed.set(schema, known);
    }
    this.#spend(known.length);
    return known.value;
  }

  #spend(characters: number): void {
    this.#left -= characters;
    if (this.#left < 0) throw new TooLong();
  }
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
