import { duplicate, type FieldError, invalidValue } from '../fielderror.ts';
import { isObject, type JsonObject, type JsonValue, own } from '../json.ts';
import type { Schema } from './schema.ts';
import { memberPath } from './walk.ts';

/** Elements that `x-kubernetes-list-type` set and map do not allow twice. */
export function listTypeErrors(schema: Schema, value: JsonValue, path = ''): readonly FieldError[] {
  if (!hasUnique(schema)) return [];
  if (Array.isArray(value)) {
    const { items, listType } = schema;
    const own =
      listType === 'set' ? setErrors(value, path) : listType === 'map' ? mapErrors(schema, value, path) : [];
    if (items === undefined) return own;
    return [
      ...own,
      ...value.flatMap((element: JsonValue, index) => listTypeErrors(items, element, `${path}[${index}]`)),
    ];
  }
  if (!isObject(value)) return [];
  const { additionalProperties: additional } = schema;
  return Object.entries(value).flatMap(([name, member]) => {
    if (typeof additional === 'object') return listTypeErrors(additional, member, `${path}[${name}]`);
    const declared = schema.properties.get(name);
    return declared === undefined ? [] : listTypeErrors(declared, member, memberPath(path, name));
  });
}

/** Where a value stands a second time; a third is not told again. */
function repeated(values: readonly JsonValue[]): readonly number[] {
  const seen = new Map<string, number>();
  const found: number[] = [];
  for (const [index, value] of values.entries()) {
    const text = canonical(value);
    const times = seen.get(text) ?? 0;
    if (times === 1) found.push(index);
    seen.set(text, times + 1);
  }
  return found;
}

/** One text for equal values, whatever the order of their keys. */
function canonical(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name] as JsonValue)}`).join(',')}}`;
}

function setErrors(list: readonly JsonValue[], path: string): readonly FieldError[] {
  return repeated(list).map((index) => duplicate(`${path}[${index}]`, list[index]));
}

function mapErrors(schema: Schema, list: readonly JsonValue[], path: string): readonly FieldError[] {
  const wrong = list.findIndex((element) => element !== null && !isObject(element));
  if (wrong >= 0) {
    const detail = 'must be an object for an array of list-type map';
    return [invalidValue(`${path}[${wrong}]`, list[wrong], detail)];
  }
  // In the order Go shows the members of a map.
  const names = schema.mapKeys.toSorted();
  const keys = list.map((element): JsonObject => {
    const entries = names.map((key) => [key, own(element, key)] as const);
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as JsonObject;
  });
  return repeated(keys).map((index) => duplicate(`${path}[${index}]`, keys[index]));
}

const known = new WeakMap<Schema, boolean>();

/** Most schemas have no such list. */
function hasUnique(schema: Schema): boolean {
  const answer = known.get(schema);
  if (answer !== undefined) return answer;
  const { properties, items, additionalProperties: additional, listType } = schema;
  const below = [
    ...properties.values(),
    ...(items ? [items] : []),
    ...(typeof additional === 'object' ? [additional] : []),
  ];
  const found = listType === 'set' || listType === 'map' || below.some(hasUnique);
  known.set(schema, found);
  return found;
}
