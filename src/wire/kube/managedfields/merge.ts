import { isObject, type JsonObject, type JsonValue, put } from '../json.ts';
import { fieldSetOf, withNamedFields } from './extract.ts';
import { difference, type FieldSet, intersection, union } from './fieldset.ts';
import { type Part, partsOf, type Shape } from './shape.ts';

/** The live value with everything the configuration says; what it does not say stays. Neither input is changed. */
export function mergeConfiguration(shape: Shape, live: JsonValue | undefined, config: JsonValue): JsonValue {
  if (live === undefined) return config;
  const liveParts = partsOf(shape, live);
  const parts = partsOf(shape, config);
  if (liveParts === undefined || parts === undefined) return config;
  // A null in the place of a struct, map or list says nothing; a client's unset Go field looks like that.
  if (config === null) return live;
  if (live === null) return config;
  return isObject(config) ? mergedObject(live as JsonObject, parts) : mergedList(liveParts, parts);
}

function mergedObject(live: JsonObject, parts: readonly Part[]): JsonObject {
  const merged: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(live)) put(merged, name, value);
  for (const { element, shape, value } of parts) {
    const name = element.slice(2);
    const before = Object.hasOwn(live, name) ? live[name] : undefined;
    put(merged, name, mergeConfiguration(shape, before, value));
  }
  return merged;
}

/**
 * Elements of the configuration stand in its order; the others keep their place between the shared ones, and go before
 * new ones.
 */
function mergedList(live: readonly Part[], config: readonly Part[]): readonly JsonValue[] {
  const liveBy = new Map<string, Part | 'several'>();
  for (const part of live) liveBy.set(part.element, liveBy.has(part.element) ? 'several' : part);
  const wanted = new Set(config.map(({ element }) => element));
  const shared = config.map(({ element }) => element).filter((element) => liveBy.has(element));
  const merged: JsonValue[] = [];
  const done = new Set<string>();
  let at = 0;
  let next = 0;
  for (const part of config) {
    for (; at < live.length; at += 1) {
      const { element, value } = live[at] as Part;
      if (!wanted.has(element)) merged.push(value);
      else if (element === shared[next] && !done.has(element)) break;
    }
    const before = liveBy.get(part.element);
    const value = before === undefined || before === 'several' ? undefined : before.value;
    merged.push(mergeConfiguration(part.shape, value, part.value));
    done.add(part.element);
    if (part.element === shared[next]) next += 1;
  }
  for (; at < live.length; at += 1) {
    const { element, value } = live[at] as Part;
    if (!wanted.has(element)) merged.push(value);
  }
  return merged;
}

/** The value without the paths of the set and all below them; undefined when that leaves a container empty. */
function withoutFields(shape: Shape, value: JsonValue, set: FieldSet): JsonValue | undefined {
  const parts = set.size === 0 ? undefined : partsOf(shape, value);
  if (parts === undefined) return value;
  const kept: (readonly [string, JsonValue])[] = [];
  let changed = false;
  for (const part of parts) {
    const node = set.get(part.element);
    const rest =
      node === undefined
        ? part.value
        : node.member
          ? undefined
          : withoutFields(part.shape, part.value, node.children);
    if (rest !== part.value) changed = true;
    if (rest !== undefined) kept.push([part.element.slice(2), rest]);
  }
  if (!changed) return value;
  if (kept.length === 0) return undefined;
  if (Array.isArray(value)) return kept.map(([, item]) => item);
  const object: Record<string, JsonValue> = {};
  for (const [name, item] of kept) put(object, name, item);
  return object;
}

/**
 * Takes away what the applier set the last time, `last`, and nobody owns now; `owned` are the fields of all managers with
 * the applier's new ones. What hangs below a field that goes, goes with it, except what was never the applier's and
 * has a place to stay.
 */
export function pruneConfiguration(
  shape: Shape,
  merged: JsonObject,
  sets: { readonly last: FieldSet; readonly owned: FieldSet },
): JsonObject {
  if (sets.last.size === 0) return merged;
  const named = (set: FieldSet) => withNamedFields(shape, set);
  const fieldsOf = (value: JsonValue) => named(fieldSetOf(shape, value));
  const remove = (set: FieldSet): JsonObject => (withoutFields(shape, merged, set) ?? {}) as JsonObject;
  const last = named(sets.last);
  const kept = named(sets.owned);
  // Nearly every apply lists again what it listed before.
  if (difference(last, kept).size === 0) return merged;
  const all = fieldsOf(merged);
  const stripped = remove(last);
  // First everything goes that was listed; then what others own comes back; then what was nobody's but not listed.
  const owned = remove(difference(all, union(fieldsOf(stripped), kept)));
  return remove(intersection(difference(all, fieldsOf(owned)), last));
}
