import { isObject, type JsonObject, type JsonValue, own, put } from '../json.ts';
import { isScalar, type Message, type MessageField, messageNamed } from '../messages.ts';
import { badRequest } from '../status.ts';
import { orderedMaps, orderedPrimitives } from './elementorder.ts';

const directive = '$patch';
const retainKeys = '$retainKeys';
const deleteFrom = '$deleteFromPrimitiveList/';
const setOrder = '$setElementOrder/';

/** What is known of the place being merged; undefined where our types say nothing. */
interface Place {
  readonly message: Message | undefined;
  /** The place is a map of this value type, as labels are of strings. */
  readonly values: string | undefined;
}

const unknownPlace: Place = { message: undefined, values: undefined };

function isDirectiveKey(key: string): boolean {
  return key === directive || key === retainKeys || key.startsWith(deleteFrom) || key.startsWith(setOrder);
}

function placeOf(field: MessageField | undefined): Place {
  if (field === undefined) return unknownPlace;
  if (field.shape === 'map') return { message: undefined, values: field.type };
  return { message: isScalar(field.type) ? undefined : messageNamed(field.type), values: undefined };
}

function fieldAt(place: Place, key: string): MessageField | undefined {
  return place.message?.byJsonName.get(key);
}

function inner(place: Place, key: string): Place {
  if (place.values !== undefined) {
    return { message: isScalar(place.values) ? undefined : messageNamed(place.values), values: undefined };
  }
  return placeOf(fieldAt(place, key));
}

function list(value: JsonValue | undefined, what: string): readonly JsonValue[] {
  if (!Array.isArray(value)) throw badRequest(`${what} must be a list`);
  return value;
}

/** A value that had no counterpart: taken as it is, without directives and deletions. */
function withoutDirectives(value: JsonValue): JsonValue {
  if (Array.isArray(value)) {
    return (value as readonly JsonValue[])
      .filter((item) => own(item, directive) !== 'delete' && own(item, directive) !== 'replace')
      .map(withoutDirectives);
  }
  if (!isObject(value)) return value;
  const plain: Record<string, JsonValue> = {};
  for (const [key, item] of Object.entries(value)) {
    if (!isDirectiveKey(key) && item !== null) put(plain, key, withoutDirectives(item));
  }
  return plain;
}

/** INVARIANT: two merge keys are the same element only when type and text are: `80` and `"80"` differ. */
function identity(value: JsonValue | undefined): string {
  return JSON.stringify(value ?? null);
}

function mergeKeyOf(item: JsonValue, key: string): string {
  const value = own(item, key);
  if (value === undefined || value === null) {
    throw badRequest(
      `map: ${isObject(item) ? 'element' : 'value'} does not contain declared merge key: ${key}`,
    );
  }
  return identity(value);
}

function mergeMapList(
  original: readonly JsonValue[],
  patch: readonly JsonValue[],
  key: string,
  place: Place,
): readonly JsonValue[] {
  const plain: JsonValue[] = [];
  const deleted = new Set<string>();
  let replaces = false;
  for (const item of patch) {
    const kind = own(item, directive);
    if (kind === 'replace') replaces = true;
    else if (kind === 'delete') deleted.add(mergeKeyOf(item, key));
    else if (kind === undefined || kind === 'merge') plain.push(item);
    else throw badRequest(`unknown patch type: ${typeof kind === 'string' ? kind : 'not a string'}`);
  }
  if (replaces) return plain.map(withoutDirectives);
  const merged = original.filter((item) => !deleted.has(mergeKeyOf(item, key)));
  // Two elements may share a key (port 53, TCP and UDP): the first is merged, the others stay.
  const firstAt = new Map<string, number>();
  for (const [index, item] of merged.entries()) {
    const id = mergeKeyOf(item, key);
    if (!firstAt.has(id)) firstAt.set(id, index);
  }
  for (const item of plain) {
    const id = mergeKeyOf(item, key);
    const index = firstAt.get(id);
    const existing = index === undefined ? undefined : merged[index];
    if (index !== undefined && isObject(existing) && isObject(item)) {
      merged[index] = mergeObject(existing, item, place);
    } else {
      firstAt.set(id, merged.length);
      merged.push(withoutDirectives(item));
    }
  }
  return merged;
}

function mergeSet(original: readonly JsonValue[], patch: readonly JsonValue[]): readonly JsonValue[] {
  return [...new Map([...original, ...patch].map((item) => [identity(item), item])).values()];
}

/** One list field that merges, with the two directives that stand beside it in the patch. */
function mergeList(
  original: JsonValue | undefined,
  patch: JsonObject,
  name: string,
  field: MessageField,
  place: Place,
): JsonValue {
  const key = field.mergeKey ?? '';
  const before = Array.isArray(original) ? (original as readonly JsonValue[]) : [];
  const change = Object.hasOwn(patch, name) ? list(patch[name], name) : [];
  // Without an order of its own the patch list is the order: what it adds goes in front of what only the server knows.
  const order = Object.hasOwn(patch, setOrder + name)
    ? list(patch[setOrder + name], setOrder + name)
    : change.filter((item) => own(item, directive) === undefined);
  if (key !== '') {
    return orderedMaps({ merged: mergeMapList(before, change, key, place), change, before, order }, key);
  }
  const removed = Object.hasOwn(patch, deleteFrom + name)
    ? new Set(list(patch[deleteFrom + name], deleteFrom + name).map(identity))
    : new Set<string>();
  const kept = before.filter((item) => !removed.has(identity(item)));
  return orderedPrimitives({ merged: mergeSet(kept, change), change, before, order });
}

/** Names of list fields the patch touches only through a directive. */
function directiveOnly(patch: JsonObject): readonly string[] {
  const names = Object.keys(patch).flatMap((key) =>
    [deleteFrom, setOrder]
      .filter((prefix) => key.startsWith(prefix))
      .map((prefix) => key.slice(prefix.length)),
  );
  return [...new Set(names)].filter((name) => !Object.hasOwn(patch, name));
}

function retained(original: JsonObject, patch: JsonObject): JsonObject {
  const keep = new Set(list(patch[retainKeys], retainKeys));
  for (const [key, value] of Object.entries(patch)) {
    if (!isDirectiveKey(key) && value !== null && !keep.has(key)) {
      throw badRequest(`the ${retainKeys} list does not contain \`${key}\`, which the patch sets`);
    }
  }
  return Object.fromEntries(Object.entries(original).filter(([key]) => keep.has(key)));
}

function mergeValue(
  original: JsonValue | undefined,
  patch: JsonObject,
  key: string,
  place: Place,
): JsonValue {
  const change = patch[key] ?? null;
  const field = fieldAt(place, key);
  const merges = field?.shape === 'list' && field.mergeKey !== undefined;
  if (Array.isArray(change) && merges && (original === undefined || Array.isArray(original))) {
    return mergeList(original, patch, key, field, inner(place, key));
  }
  if (field?.replaces === true) return withoutDirectives(change);
  if (isObject(change) && isObject(original)) return mergeObject(original, change, inner(place, key));
  return withoutDirectives(change);
}

function mergeObject(original: JsonObject, patch: JsonObject, place: Place): JsonObject {
  const kind = own(patch, directive);
  if (kind === 'replace') return withoutDirectives(patch) as JsonObject;
  if (kind === 'delete') return {};
  if (kind !== undefined && kind !== 'merge')
    throw badRequest(`unknown patch type: ${typeof kind === 'string' ? kind : 'not a string'}`);
  const base = Object.hasOwn(patch, retainKeys) ? retained(original, patch) : original;
  const merged: Record<string, JsonValue> = {};
  for (const [key, value] of Object.entries(base)) {
    if (!Object.hasOwn(patch, key)) put(merged, key, value);
    else if (patch[key] !== null) put(merged, key, mergeValue(value, patch, key, place));
  }
  for (const [key, value] of Object.entries(patch)) {
    if (isDirectiveKey(key) || value === null || Object.hasOwn(base, key)) continue;
    put(merged, key, mergeValue(undefined, patch, key, place));
  }
  for (const name of directiveOnly(patch)) {
    const field = fieldAt(place, name);
    if (field?.shape !== 'list' || field.mergeKey === undefined) {
      throw badRequest(`\`${name}\` is not a list that merges, so no directive applies to it`);
    }
    if (Object.hasOwn(merged, name)) {
      put(merged, name, mergeList(merged[name], patch, name, field, inner(place, name)));
    }
  }
  return merged;
}

/**
 * Strategic merge patch (E11): objects merge, null deletes, a list is replaced unless the type data gives it a merge key
 * (then its elements merge by that key, or as a set for primitives); `$patch`, `$retainKeys`, `$deleteFromPrimitiveList/…`
 * and `$setElementOrder/…` are directives. Neither input is changed; no directive ever reaches the result.
 * `messageType` is the kind's message (`core.v1.Pod`); without one every list is replaced.
 * INVARIANT: both inputs come from `parseJson` and its like, which bound their depth.
 * @throws KubeStatusError 400 for a directive or merge key that makes no sense
 */
export function strategicMergePatch(
  original: JsonValue,
  patch: JsonValue,
  messageType: string | undefined,
): JsonValue {
  if (!isObject(original) || !isObject(patch)) throw badRequest('a strategic merge patch must be an object');
  const message = messageType === undefined ? undefined : messageNamed(messageType);
  return mergeObject(original, patch, { message, values: undefined });
}
