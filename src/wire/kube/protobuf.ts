import { quote } from '../../engine/rbac/quote.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { isObject, put } from './json.ts';
import { isScalar, isStringList, type MessageField, messageNamed, messageNameOf } from './messages.ts';
import { goDuration, rfc3339 } from './protobufspecials.ts';
import { badRequest } from './status.ts';
import { malformed, WireReader } from './wirereader.ts';

/** The media type of such a body. */
export const protobufMediaType = 'application/vnd.kubernetes.protobuf';

/** First four bytes of every body: `k8s` and a zero (D0.3). */
const magic = [0x6b, 0x38, 0x73, 0x00];
/** Nesting no built-in type comes near; JSON inside a message has its own check. */
const maxDepth = 64;

export interface DecodedObject {
  readonly apiVersion: string;
  readonly kind: string;
  /** With apiVersion and kind, as the same object would be in JSON. */
  readonly object: JsonObject;
  /** Paths of field numbers our types do not have, such as `spec.#99`: a newer client's fields, dropped. */
  readonly unknownFields: readonly string[];
}

interface Context {
  readonly unknownFields: string[];
  readonly depth: number;
  readonly path: string;
}

const maxUnknownFields = 100;

function deeper(context: Context, step: string): Context {
  if (context.depth >= maxDepth) throw malformed('nested too deeply');
  return {
    ...context,
    depth: context.depth + 1,
    path: context.path === '' ? step : `${context.path}.${step}`,
  };
}

/** Messages whose JSON is not an object (D0.3, the type data's `special`). */
const specials: Readonly<Record<string, (bytes: Uint8Array, context: Context) => JsonValue>> = {
  'meta.v1.Time': (bytes) => (bytes.length === 0 ? null : rfc3339(secondsAndNanos(bytes), 0)),
  'meta.v1.MicroTime': (bytes) => (bytes.length === 0 ? null : rfc3339(secondsAndNanos(bytes), 6)),
  'meta.v1.Duration': (bytes) => goDuration(plainFields(bytes).get(1)?.varint ?? 0n),
  'resource.Quantity': (bytes) => plainFields(bytes).get(1)?.text ?? '',
  'resource.QuantityValue': (bytes) => plainFields(bytes).get(1)?.text ?? '',
  'intstr.IntOrString': (bytes) => {
    const fields = plainFields(bytes);
    return fields.get(1)?.varint === 1n
      ? (fields.get(3)?.text ?? '')
      : Number(BigInt.asIntN(32, fields.get(2)?.varint ?? 0n));
  },
  'runtime.RawExtension': (bytes, context) => rawJson(bytes, context),
  'meta.v1.FieldsV1': (bytes, context) => rawJson(bytes, context),
  'apiextensions.v1.JSON': (bytes, context) => rawJson(bytes, context),
};

/**
 * A JSON schema, or what may stand in its place: a list of schemas, a list of names, a boolean. As messages they have one
 * field for each, in JSON they are that one.
 */
const alternatives: ReadonlySet<string> = new Set([
  'apiextensions.v1.JSONSchemaPropsOrArray',
  'apiextensions.v1.JSONSchemaPropsOrBool',
  'apiextensions.v1.JSONSchemaPropsOrStringArray',
]);

interface PlainField {
  readonly varint: bigint;
  readonly text: string;
}

/** The first level of a small message; the specials have at most three fields. */
function plainFields(bytes: Uint8Array): ReadonlyMap<number, PlainField> {
  const fields = new Map<number, PlainField>();
  const reader = new WireReader(bytes);
  while (!reader.done) {
    const { number, wireType } = reader.tag();
    if (wireType === 0) fields.set(number, { varint: reader.varint(), text: '' });
    else if (wireType === 2) fields.set(number, { varint: 0n, text: reader.text() });
    else reader.skip(wireType);
  }
  return fields;
}

function secondsAndNanos(bytes: Uint8Array): { readonly seconds: bigint; readonly nanos: bigint } {
  const fields = plainFields(bytes);
  return {
    seconds: BigInt.asIntN(64, fields.get(1)?.varint ?? 0n),
    nanos: BigInt.asIntN(32, fields.get(2)?.varint ?? 0n),
  };
}

/** Raw bytes inside a message: JSON text, or once more an enveloped object. */
function rawJson(bytes: Uint8Array, context: Context): JsonValue {
  let raw: Uint8Array | undefined;
  const reader = new WireReader(bytes);
  while (!reader.done) {
    const { number, wireType } = reader.tag();
    if (number === 1 && wireType === 2) raw = reader.bytes();
    else reader.skip(wireType);
  }
  if (raw === undefined || raw.length === 0) return null;
  if (hasMagic(raw)) return decodeEnvelope(raw, deeper(context, 'raw')).object;
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw)) as JsonValue;
  } catch (cause) {
    throw Object.assign(malformed('embedded JSON does not parse'), { cause });
  }
}

function decodeMessage(name: string, bytes: Uint8Array, context: Context): JsonValue {
  const special = Object.hasOwn(specials, name) ? specials[name] : undefined;
  if (special !== undefined) return special(bytes, context);
  const message = messageNamed(name);
  if (message === undefined) throw malformed(`no such type ${name}`);
  const object: Record<string, JsonValue> = {};
  const seen = new Set<number>();
  const reader = new WireReader(bytes);
  while (!reader.done) {
    const { number, wireType } = reader.tag();
    const field = message.byNumber.get(number);
    if (field === undefined) {
      if (context.unknownFields.length < maxUnknownFields) {
        context.unknownFields.push(`${context.path === '' ? '' : `${context.path}.`}#${number}`);
      }
      reader.skip(wireType);
      continue;
    }
    if (field.shape === 'one' && seen.has(number)) throw malformed(`field ${field.name} appears twice`);
    seen.add(number);
    decodeField(object, field, wireType, reader, context);
  }
  if (alternatives.has(name)) {
    return object.schema ?? object.jSONSchemas ?? object.property ?? object.allows ?? false;
  }
  return isStringList(message) ? (object.items ?? []) : object;
}

function decodeScalar(type: string, wireType: number, reader: WireReader): string | number | boolean {
  const expected = type === 'string' || type === 'bytes' ? 2 : type === 'double' ? 1 : 0;
  if (wireType !== expected) throw malformed(`wire type ${wireType} where ${type} belongs`);
  switch (type) {
    case 'string':
      return reader.text();
    case 'bytes':
      return Buffer.from(reader.bytes()).toString('base64');
    case 'bool':
      return reader.bool();
    case 'int32':
      return reader.integer(32);
    case 'double':
      return reader.double();
    default:
      return reader.integer(64);
  }
}

function decodeField(
  object: Record<string, JsonValue>,
  field: MessageField,
  wireType: number,
  reader: WireReader,
  context: Context,
): void {
  const { name, type } = field;
  if (field.shape === 'map') {
    if (wireType !== 2) throw malformed(`wire type ${wireType} where a map belongs`);
    object[name] ??= {};
    const map = object[name] as Record<string, JsonValue>;
    decodeEntry(map, field, reader.bytes(), context);
    return;
  }
  if (isScalar(type)) {
    // Lists of numbers may come packed; every other list element has its own tag.
    if (field.shape === 'list' && wireType === 2 && type !== 'string' && type !== 'bytes') {
      const packed = new WireReader(reader.bytes());
      while (!packed.done) append(object, name, decodeScalar(type, 0, packed));
      return;
    }
    const value = decodeScalar(type, wireType, reader);
    if (field.shape === 'list') append(object, name, value);
    else if (field.pointer || field.always || (value !== '' && value !== 0 && value !== false))
      object[name] = value;
    return;
  }
  if (wireType !== 2) throw malformed(`wire type ${wireType} where a message belongs`);
  const value = decodeMessage(type, reader.bytes(), deeper(context, name));
  if (field.shape === 'list') append(object, name, value);
  else if (field.inline && isObject(value)) Object.assign(object, value);
  else if (field.always || keeps(field, value)) object[name] = value;
}

/** gogo writes empty sub-messages of plain struct fields; JSON has them only behind pointers (D0.3). */
function keeps(field: MessageField, value: JsonValue): boolean {
  if (value === null) return false;
  if (field.pointer) return true;
  if (Array.isArray(value)) return value.length > 0;
  return isObject(value) ? Object.keys(value).length > 0 : value !== '';
}

function append(object: Record<string, JsonValue>, name: string, value: JsonValue): void {
  object[name] ??= [];
  (object[name] as JsonValue[]).push(value);
}

function decodeEntry(
  map: Record<string, JsonValue>,
  field: MessageField,
  bytes: Uint8Array,
  context: Context,
): void {
  let key = '';
  let value: JsonValue | undefined;
  const reader = new WireReader(bytes);
  while (!reader.done) {
    const { number, wireType } = reader.tag();
    if (number === 1 && wireType === 2) key = reader.text();
    else if (number === 2 && isScalar(field.type)) value = decodeScalar(field.type, wireType, reader);
    else if (number === 2 && wireType === 2) {
      value = decodeMessage(field.type, reader.bytes(), deeper(context, field.name));
    } else reader.skip(wireType);
  }
  value ??= isScalar(field.type)
    ? ''
    : decodeMessage(field.type, new Uint8Array(), deeper(context, field.name));
  put(map, key, value);
}

function hasMagic(bytes: Uint8Array): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}

function decodeEnvelope(
  body: Uint8Array,
  context: Context,
): { readonly object: JsonObject; readonly meta: TypeMeta } {
  let meta: TypeMeta = { apiVersion: '', kind: '' };
  let raw = new Uint8Array();
  const reader = new WireReader(body.subarray(magic.length));
  while (!reader.done) {
    const { number, wireType } = reader.tag();
    if (wireType !== 2 || number > 4) throw malformed('unexpected field in the envelope');
    if (number === 1) {
      const fields = plainFields(reader.bytes());
      meta = { apiVersion: fields.get(1)?.text ?? '', kind: fields.get(2)?.text ?? '' };
    } else if (number === 2) raw = new Uint8Array(reader.bytes());
    else {
      const text = reader.text();
      if (text !== '' && !(number === 4 && text === protobufMediaType))
        throw malformed('unsupported content encoding or type');
    }
  }
  const slash = meta.apiVersion.indexOf('/');
  const group = slash < 0 ? '' : meta.apiVersion.slice(0, slash);
  const name = messageNameOf(group, meta.apiVersion.slice(slash + 1), meta.kind);
  if (name === undefined) {
    throw badRequest(`no kind ${quote(meta.kind)} is registered for version ${quote(meta.apiVersion)}`);
  }
  const fields = decodeMessage(name, raw, deeper(context, ''));
  return {
    meta,
    object: { apiVersion: meta.apiVersion, kind: meta.kind, ...(isObject(fields) ? fields : {}) },
  };
}

interface TypeMeta {
  readonly apiVersion: string;
  readonly kind: string;
}

/**
 * Decodes a request body of `application/vnd.kubernetes.protobuf` into what the same object would be in JSON (D0.3).
 * Unknown field numbers are dropped and named, as the API server does with fields of newer clients.
 * @throws KubeStatusError 400 for a body that is not one well-formed object of a kind we know.
 */
export function decodeProtobuf(body: Uint8Array): DecodedObject {
  if (!hasMagic(body)) throw malformed('it does not start with the Kubernetes prefix');
  const unknownFields: string[] = [];
  const { object, meta } = decodeEnvelope(body, { unknownFields, depth: 0, path: '' });
  return { ...meta, object, unknownFields };
}
