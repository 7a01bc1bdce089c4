import type { JsonObject, JsonValue } from '../json.ts';
import { atomicTypes } from '../managedfields/shape.ts';
import { isScalar, isStringList, type Message, type MessageField, messageNamed } from '../messages.ts';
import { describeField, describeType } from './descriptions.ts';
import { defaultOf, enumOf, isRequired } from './fieldfacts.ts';
import { kindsOf } from './kinds.ts';

/** Swagger 2.0 or OpenAPI 3.0: the same schemas, a few things said in another way. */
export type Dialect = 'v2' | 'v3';

const names = new Map<string, string>();

/** `core.v1.Pod` is `io.k8s.api.core.v1.Pod` in public schemas. */
export function schemaName(type: string): string {
  const known = names.get(type) ?? publicName(type);
  names.set(type, known);
  return known;
}

function publicName(type: string): string {
  const [pkg = '', second = ''] = type.split('.');
  if (pkg === 'meta') return `io.k8s.apimachinery.pkg.apis.${type}`;
  if (pkg === 'resource' && !/^v\d/.test(second)) return `io.k8s.apimachinery.pkg.api.${type}`;
  if (pkg === 'intstr') return `io.k8s.apimachinery.pkg.util.${type}`;
  if (pkg === 'runtime') return `io.k8s.apimachinery.pkg.${type}`;
  if (pkg === 'apiextensions') return `io.k8s.apiextensions-apiserver.pkg.apis.${type}`;
  if (pkg === 'apiregistration') return `io.k8s.kube-aggregator.pkg.apis.${type}`;
  return `io.k8s.api.${type}`;
}

const prefixes: Readonly<Record<Dialect, string>> = { v2: '#/definitions/', v3: '#/components/schemas/' };

export function reference(name: string, dialect: Dialect): JsonObject {
  return { $ref: `${prefixes[dialect]}${name}` };
}

/** A reference with something said beside it: in OpenAPI 3.0 nothing may stand beside `$ref`. */
export function referenceWith(name: string, beside: JsonObject, dialect: Dialect): JsonObject {
  const target = reference(name, dialect);
  if (dialect === 'v2') return { ...target, ...beside };
  return Object.keys(beside).length === 0 ? target : { allOf: [target], ...beside };
}

const scalarSchemas: Readonly<Record<string, JsonObject>> = {
  string: { type: 'string' },
  bytes: { type: 'string', format: 'byte' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
};

const time: JsonObject = { type: 'string', format: 'date-time' };
const quantity: Readonly<Record<Dialect, JsonObject>> = {
  v2: { type: 'string' },
  v3: { oneOf: [{ type: 'string' }, { type: 'number' }] },
};
const anything: JsonObject = {};

/** Messages whose JSON is not the object of their fields. */
function specialSchema(type: string, dialect: Dialect): JsonObject | undefined {
  switch (type) {
    case 'meta.v1.Time':
    case 'meta.v1.MicroTime':
      return time;
    case 'meta.v1.Duration':
      return { type: 'string' };
    case 'resource.Quantity':
    case 'resource.QuantityValue':
      return quantity[dialect];
    case 'intstr.IntOrString':
      return dialect === 'v2'
        ? { type: 'string', format: 'int-or-string' }
        : { oneOf: [{ type: 'integer' }, { type: 'string' }], format: 'int-or-string' };
    case 'runtime.RawExtension':
    case 'meta.v1.FieldsV1':
    case 'meta.v1.Patch':
      return { type: 'object' };
    case 'apiextensions.v1.JSON':
    case 'apiextensions.v1.JSONSchemaPropsOrArray':
    case 'apiextensions.v1.JSONSchemaPropsOrBool':
    case 'apiextensions.v1.JSONSchemaPropsOrStringArray':
      return anything;
    default:
      return undefined;
  }
}

/** One component of a document. */
export interface NamedSchema {
  readonly name: string;
  readonly schema: JsonObject;
  /** The messages it refers to: they have to be in the document, too. */
  readonly types: readonly string[];
}

/** The component for a message of the type data; a message that is not there is an empty schema. */
export function schemaOf(type: string, dialect: Dialect): NamedSchema {
  const name = schemaName(type);
  const description = describeType(type);
  const said = description === undefined ? {} : { description };
  const special = specialSchema(type, dialect);
  if (special !== undefined) return { name, schema: { ...said, ...special }, types: [] };
  const message = messageNamed(type);
  if (message === undefined) return { name, schema: said, types: [] };
  const types = new Set<string>();
  const kinds = kindsOf(type);
  const required = [...message.byJsonName.values()].filter((field) => isRequired(type, field));
  const schema: JsonObject = {
    ...said,
    type: 'object',
    ...(required.length > 0 && { required: required.map((field) => field.name) }),
    properties: {
      ...(kinds.length > 0 && type !== 'meta.v1.WatchEvent' && typeMeta()),
      ...properties(message, types, dialect),
    },
    ...(kinds.length > 0 && { 'x-kubernetes-group-version-kind': kinds }),
    ...(atomicTypes.has(type) && { 'x-kubernetes-map-type': 'atomic' }),
  };
  return { name, schema, types: [...types] };
}

/** `apiVersion` and `kind`, which only whole objects have. */
export function typeMeta(): JsonObject {
  const text = (field: string): JsonObject => ({
    description: describeField('meta.v1.TypeMeta', field) ?? '',
    type: 'string',
  });
  return { apiVersion: text('apiVersion'), kind: text('kind') };
}

function properties(message: Message, types: Set<string>, dialect: Dialect): JsonObject {
  const all = [...message.byJsonName].sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(
    all.map(([name, field]) => [name, property(message.name, field, types, dialect)]),
  );
}

function property(owner: string, field: MessageField, types: Set<string>, dialect: Dialect): JsonObject {
  const description = describeField(owner, field.name);
  // COMPAT: OpenAPI v2 of the API server tells no defaults.
  const known = dialect === 'v3' ? defaultOf(owner, field.name) : undefined;
  const values = enumOf(owner, field.name);
  const beside: JsonObject = {
    ...(description !== undefined && { description }),
    ...(known !== undefined && { default: known }),
    ...(values !== undefined && { enum: values }),
    ...mergeFacts(field),
  };
  const { type, shape } = field;
  if (shape === 'list') return { ...beside, type: 'array', items: value(type, emptyDefault(type, dialect)) };
  if (shape === 'map') {
    return { ...beside, type: 'object', additionalProperties: value(type, emptyDefault(type, dialect)) };
  }
  const isAlwaysThere = !field.pointer && (field.always || !isScalar(type));
  return value(type, { ...(isAlwaysThere && emptyDefault(type, dialect)), ...beside });

  function value(of: string, more: JsonObject): JsonObject {
    if (isScalar(of)) return { ...more, ...scalarSchemas[of] };
    const message = messageNamed(of);
    if (message !== undefined && isStringList(message)) {
      const { default: _, ...others } = more;
      return { ...others, type: 'array', items: { ...emptyDefault('string', dialect), type: 'string' } };
    }
    types.add(of);
    return referenceWith(schemaName(of), more, dialect);
  }
}

const emptyScalars: Readonly<Record<string, JsonValue>> = { string: '', bool: false, int32: 0, int64: 0 };

/** What Go has where nothing was written. COMPAT: the API server says so in OpenAPI v3 alone. */
function emptyDefault(type: string, dialect: Dialect): JsonObject {
  if (dialect === 'v2') return {};
  const empty = isScalar(type)
    ? emptyScalars[type]
    : specialSchema(type, dialect) === undefined
      ? {}
      : undefined;
  return empty === undefined ? {} : { default: empty };
}

/** How patches and server-side apply treat a field (kubernetes-facts D2.5, E11, E13). */
function mergeFacts(field: MessageField): JsonObject {
  const strategies = [
    ...(field.mergeKey === undefined ? [] : ['merge']),
    ...(field.retainKeys ? ['retainKeys'] : []),
    ...(field.replaces ? ['replace'] : []),
  ];
  const topology = field.shape === 'list' ? 'x-kubernetes-list-type' : 'x-kubernetes-map-type';
  return {
    ...(field.topologyKeys.length > 0 && { 'x-kubernetes-list-map-keys': field.topologyKeys }),
    ...(field.topology !== undefined && { [topology]: field.topology }),
    ...(field.mergeKey && { 'x-kubernetes-patch-merge-key': field.mergeKey }),
    ...(strategies.length > 0 && { 'x-kubernetes-patch-strategy': strategies.join(',') }),
  };
}
