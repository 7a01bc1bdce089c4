import { isObject, type JsonObject, type JsonValue, put } from '../json.ts';

/** JSON merge patch (RFC 7386): objects merge, null deletes, everything else replaces. Neither input is changed. */
export function mergePatch(original: JsonValue, patch: JsonValue): JsonValue {
  if (!isObject(patch)) return patch;
  const base: JsonObject = isObject(original) ? original : {};
  const merged: Record<string, JsonValue> = {};
  for (const [key, value] of Object.entries(base)) {
    if (!Object.hasOwn(patch, key)) put(merged, key, value);
  }
  for (const [key, value] of Object.entries(patch)) {
    if (value !== null)
      put(merged, key, mergePatch(Object.hasOwn(base, key) ? (base[key] ?? null) : null, value));
  }
  return merged;
}
