import type { JsonValue } from '../json.ts';
import type { ResourceDefinition } from '../resources.ts';
import { compileSchema, type Schema } from '../schema/schema.ts';
import { deduced, leaf, type Shape, type StructField, shapeOfKind } from './shape.ts';

/** The shape of a resource's objects: of its type, or of the schema of its CustomResourceDefinition. */
export function shapeOfResource({
  messageType,
  custom,
}: Pick<ResourceDefinition, 'messageType' | 'custom'>): Shape {
  if (custom === undefined) return shapeOfKind(messageType);
  const schema = compileSchema(custom.schema);
  const known = shapes.get(schema);
  if (known !== undefined) return known;
  const shape = shapeOfObject(schema, { isOpen: false, isResource: true });
  shapes.set(schema, shape);
  return shape;
}

const shapes = new WeakMap<Schema, Shape>();

/** As upstream reads a schema for server-side apply; what `x-kubernetes-preserve-unknown-fields` opens stays open below. */
function shapeOfSchema(schema: Schema, isOpen: boolean): Shape {
  const isOpenHere = isOpen || schema.preservesUnknown;
  switch (schema.type) {
    case 'object':
      return shapeOfObject(schema, { isOpen: isOpenHere, isResource: schema.isEmbedded });
    case 'array':
      return shapeOfList(schema, isOpenHere);
    case '':
      return schema.isIntOrString ? leaf : deduced;
    default:
      return leaf;
  }
}

function shapeOfObject(
  schema: Schema,
  { isOpen, isResource }: { readonly isOpen: boolean; readonly isResource: boolean },
): Shape {
  if (schema.mapType === 'atomic') return leaf;
  const isOpenHere = isOpen || schema.preservesUnknown;
  const { additionalProperties: additional } = schema;
  if (schema.properties.size === 0 && !isResource) {
    return {
      kind: 'map',
      values: typeof additional === 'object' ? shapeOfSchema(additional, isOpenHere) : deduced,
    };
  }
  const fields = new Map<string, StructField>(
    [...schema.properties].map(([name, inner]) => [
      name,
      { shape: shapeOfSchema(inner, isOpenHere), isImplied: false },
    ]),
  );
  if (isResource) {
    fields.set('apiVersion', { shape: leaf, isImplied: false });
    fields.set('kind', { shape: leaf, isImplied: false });
    fields.set('metadata', { shape: shapeOfKind('meta.v1.ObjectMeta'), isImplied: false });
  }
  const isFree = schema.properties.size === 0 && additional === undefined;
  return {
    kind: 'struct',
    field: (name) => fields.get(name),
    isOpen: isOpenHere || additional === true || (isFree && schema.isEmbedded),
  };
}

function shapeOfList(schema: Schema, isOpen: boolean): Shape {
  const { items, listType, mapKeys } = schema;
  if (listType === 'set') return { kind: 'set' };
  if (listType !== 'map' || items === undefined) return leaf;
  const defaults = mapKeys.flatMap((key): readonly (readonly [string, JsonValue])[] => {
    const value = items.properties.get(key)?.default;
    return value === undefined ? [] : [[key, value]];
  });
  return { kind: 'keyed', keys: mapKeys, items: shapeOfSchema(items, isOpen), defaults: new Map(defaults) };
}
