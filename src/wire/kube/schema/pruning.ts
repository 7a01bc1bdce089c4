import { isObject, type JsonObject, type JsonValue } from '../json.ts';
import type { Schema } from './schema.ts';
import { mapElements, mapMembers, memberPath, memberSchema } from './walk.ts';

const metaFields: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);
/** Unknown fields that are told of. */
export const maximumUnknown = 100;

/**
 * A resource without the fields its schema does not have (kubernetes: structural pruning). `apiVersion`, `kind` and
 * `metadata` of the root and of embedded resources stay as they are. Paths of what went are added to `unknown`, sorted by
 * the caller, at most 100 of them.
 */
export function prune(schema: Schema, resource: JsonObject, unknown: string[] = []): JsonObject {
  return pruneValue({ ...schema, isEmbedded: true }, resource, '', unknown) as JsonObject;
}

/** The same for a value inside a resource: a default. */
export function pruneInner(schema: Schema, value: JsonValue): JsonValue {
  return pruneValue(schema, value, '', []);
}

function pruneValue(
  schema: Schema | undefined,
  value: JsonValue,
  path: string,
  unknown: string[],
): JsonValue {
  if (schema?.preservesUnknown === true) return pruneKnown(schema, value, path, unknown);
  if (Array.isArray(value)) {
    return mapElements(value, (element, index) =>
      pruneValue(schema?.items, element, `${path}[${index}]`, unknown),
    );
  }
  if (!isObject(value)) return value;
  return mapMembers(value, (member, name) => {
    if (schema?.isEmbedded === true && metaFields.has(name)) return member;
    const at = memberPath(path, name);
    const declared = schema?.properties.get(name);
    if (declared !== undefined) return pruneValue(declared, member, at, unknown);
    const additional = schema?.additionalProperties;
    if (additional !== undefined) {
      return pruneValue(typeof additional === 'object' ? additional : undefined, member, at, unknown);
    }
    if (unknown.length < maximumUnknown) unknown.push(at);
    return undefined;
  });
}

/** Below `x-kubernetes-preserve-unknown-fields` only what the schema describes is looked at. */
function pruneKnown(schema: Schema, value: JsonValue, path: string, unknown: string[]): JsonValue {
  if (describesNothing(schema) && schema.additionalProperties === undefined) return value;
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return value;
    return mapElements(value, (element, index) => pruneKnown(items, element, `${path}[${index}]`, unknown));
  }
  if (!isObject(value)) return value;
  return mapMembers(value, (member, name) => {
    if (schema.isEmbedded && metaFields.has(name)) return member;
    const at = memberPath(path, name);
    const declared = schema.properties.get(name);
    if (declared !== undefined) return pruneValue(declared, member, at, unknown);
    const additional = schema.additionalProperties;
    if (additional === undefined) return member;
    return pruneValue(typeof additional === 'object' ? additional : undefined, member, at, unknown);
  });
}

/** Whether a schema says nothing of what lies below a value. */
function describesNothing({ properties, items, additionalProperties }: Schema): boolean {
  return properties.size === 0 && items === undefined && typeof additionalProperties !== 'object';
}

/** Without nulls where the schema allows none and has no default to put there. */
export function pruneNulls(schema: Schema | undefined, value: JsonValue): JsonValue {
  if (schema === undefined || describesNothing(schema)) return value;
  if (Array.isArray(value)) return mapElements(value, (element) => pruneNulls(schema.items, element));
  if (!isObject(value)) return value;
  return mapMembers(value, (member, name) => {
    const inner = memberSchema(schema, name);
    const goes = member === null && inner !== undefined && !inner.nullable && inner.default === undefined;
    return goes ? undefined : pruneNulls(inner, member);
  });
}
