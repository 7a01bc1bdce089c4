/** Parsed JSON as it arrives: nothing about its shape is known yet. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** True for a plain object; arrays and null are not objects here. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An own property, or undefined. SECURITY: never reads `__proto__` or `constructor` from the prototype. */
export function own(value: unknown, key: string): JsonValue | undefined {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** An own property where every step is an object, or undefined. */
export function at(value: unknown, ...path: readonly string[]): JsonValue | undefined {
  let here: unknown = value;
  for (const key of path) here = own(here, key);
  return here as JsonValue | undefined;
}

/** Defines an own property whatever its name: assignment of `__proto__` would change the prototype instead. */
export function put(target: Record<string, JsonValue>, key: string, value: JsonValue): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    target[key] = value;
  }
}

/** Structural equality; the order of keys does not matter. `below` compares elements and members. */
export function sameJson(left: JsonValue, right: JsonValue, below = sameJson): boolean {
  if (left === right) return true;
  if (Array.isArray(left)) {
    return (
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((item, index) => below(item, right[index] as JsonValue))
    );
  }
  if (!isObject(left) || !isObject(right)) return false;
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && below(left[key] as JsonValue, right[key] as JsonValue))
  );
}

/**
 * A value as text, for messages and cells. SECURITY: `String` calls what an object of a request has put under
 * `toString`, and throws when that is no function.
 */
export function printed(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}
