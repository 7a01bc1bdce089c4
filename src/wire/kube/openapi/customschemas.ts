import { isObject, type JsonObject, type JsonValue, own } from '../json.ts';
import type { ResourceDefinition } from '../resources.ts';
import { customListName, customName, listKindOf } from './customnames.ts';
import { type Dialect, type NamedSchema, reference, referenceWith, schemaName, typeMeta } from './schemas.ts';

/** The components of a custom resource: the object and its list. None for a resource that is not custom. */
export function customSchemas(one: ResourceDefinition, dialect: Dialect): readonly NamedSchema[] {
  if (one.custom === undefined) return [];
  const name = customName(one);
  return [
    { name, schema: objectSchema(one, one.custom.schema, dialect), types: ['meta.v1.ObjectMeta'] },
    { name: customListName(one), schema: listSchema(one, name, dialect), types: ['meta.v1.ListMeta'] },
  ];
}

function kinds({ group, version }: ResourceDefinition, kind: string): JsonObject {
  return { 'x-kubernetes-group-version-kind': [{ group, kind, version }] };
}

function objectSchema(one: ResourceDefinition, written: JsonObject, dialect: Dialect): JsonObject {
  const target = kinds(one, one.kind);
  // COMPAT: as upstream, a whole object of anything has no fields in v2, where nothing could be said beside them.
  if (dialect === 'v2' && written[preserve] === true) return { type: 'object', ...target };
  const schema = dialect === 'v2' ? simplified(written) : withEmbedded(written);
  const properties = own(schema, 'properties');
  return {
    ...schema,
    type: 'object',
    properties: { ...(isObject(properties) ? properties : {}), ...objectFields(dialect) },
    ...target,
  };
}

/** What every object has, whatever a schema says of it. */
function objectFields(dialect: Dialect): JsonObject {
  const description = 'Name, namespace, labels, annotations and what else every object has.';
  return {
    ...typeMeta(),
    metadata: referenceWith(schemaName('meta.v1.ObjectMeta'), { description }, dialect),
  };
}

function listSchema(one: ResourceDefinition, name: string, dialect: Dialect): JsonObject {
  return {
    description: `A list of ${one.kind} objects.`,
    type: 'object',
    required: ['items'],
    properties: {
      ...typeMeta(),
      items: { description: 'The objects of the list.', type: 'array', items: reference(name, dialect) },
      metadata: referenceWith(
        schemaName('meta.v1.ListMeta'),
        { description: 'What the list has besides its items.' },
        dialect,
      ),
    },
    ...kinds(one, listKindOf(one)),
  };
}

const preserve = 'x-kubernetes-preserve-unknown-fields';

/** The same change in every schema below one, innermost first. */
function everywhere(schema: JsonObject, change: (schema: JsonObject) => JsonObject): JsonObject {
  const inner = (value: JsonValue): JsonValue => (isObject(value) ? everywhere(value, change) : value);
  const { properties, items, additionalProperties } = schema;
  return change({
    ...schema,
    ...(isObject(properties) && {
      properties: Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, inner(value)])),
    }),
    ...(isObject(items) && { items: inner(items) }),
    ...(isObject(additionalProperties) && { additionalProperties: inner(additionalProperties) }),
  });
}

/** An embedded object has the fields of every object, although its schema need not say so. */
function withEmbedded(written: JsonObject): JsonObject {
  return everywhere(written, (schema) => {
    if (schema['x-kubernetes-embedded-resource'] !== true) return schema;
    const properties = isObject(schema.properties) ? schema.properties : {};
    return { ...schema, properties: { ...properties, ...objectFields('v3') } };
  });
}

const notInVersion2 = ['allOf', 'anyOf', 'oneOf', 'not', 'nullable', 'default', 'example', 'externalDocs'];

/**
 * COMPAT: what the API server publishes of a schema in Swagger 2.0: combinations are left out, what may be null or holds
 * unknown fields is anything, because kubectl would refuse values that are allowed.
 */
function simplified(written: JsonObject): JsonObject {
  return everywhere(written, (schema) => {
    const isAnything = schema.nullable === true || schema['x-kubernetes-int-or-string'] === true;
    const isOpen = isAnything || schema[preserve] === true;
    const without = new Set([
      ...notInVersion2,
      ...(isAnything ? ['type'] : []),
      ...(isOpen ? ['items', 'properties', 'additionalProperties', 'required'] : []),
    ]);
    const kept: Record<string, JsonValue> = Object.fromEntries(
      Object.entries(schema).filter(([key]) => !without.has(key)),
    );
    if (typeof kept.additionalProperties === 'boolean') delete kept.additionalProperties;
    // A list of nobody knows what is no type of Swagger 2.0.
    if (kept.type === 'array' && kept.items === undefined) delete kept.type;
    return kept;
  });
}
