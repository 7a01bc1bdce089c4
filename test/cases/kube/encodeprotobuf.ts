import type { JsonObject, JsonValue } from '../../../src/wire/kube/json.ts';
import {
  isScalar,
  type Message,
  type MessageField,
  messageNamed,
  messageNameOf,
} from '../../../src/wire/kube/messages.ts';

/** A protobuf writer for tests: what a typed client would send for a JSON object. */

function varint(value: bigint): number[] {
  let rest = BigInt.asUintN(64, value);
  const bytes: number[] = [];
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return [...bytes, Number(rest)];
}

export function tag(number: number, wireType: number): number[] {
  return varint(BigInt(number * 8 + wireType));
}

export function delimited(number: number, bytes: Iterable<number>): number[] {
  const content = [...bytes];
  return [...tag(number, 2), ...varint(BigInt(content.length)), ...content];
}

export function text(number: number, value: string): number[] {
  return delimited(number, Buffer.from(value));
}

export function number(field: number, value: number | bigint): number[] {
  return [...tag(field, 0), ...varint(BigInt(value))];
}

function time(value: string): number[] {
  const [date = '', fraction = ''] = value.replace('Z', '').split('.');
  const seconds = Date.parse(`${date}Z`) / 1000;
  const nanos = Number(fraction.padEnd(9, '0') || '0');
  return [...number(1, seconds), ...(nanos > 0 ? number(2, nanos) : [])];
}

function special(type: string, value: JsonValue): number[] | undefined {
  switch (type) {
    case 'meta.v1.Time':
    case 'meta.v1.MicroTime':
      return time(String(value));
    case 'meta.v1.Duration':
      return number(1, BigInt(Number.parseInt(String(value), 10)) * 1_000_000_000n);
    case 'resource.Quantity':
    case 'resource.QuantityValue':
      return text(1, String(value));
    case 'intstr.IntOrString':
      return typeof value === 'number'
        ? [...number(1, 0), ...number(2, value)]
        : [...number(1, 1), ...text(3, String(value))];
    case 'runtime.RawExtension':
    case 'meta.v1.FieldsV1':
      return delimited(1, Buffer.from(JSON.stringify(value)));
    default:
      return undefined;
  }
}

function encodeValue(field: MessageField, at: number, value: JsonValue): number[] {
  switch (field.type) {
    case 'string':
      return text(at, String(value));
    case 'bytes':
      return delimited(at, Buffer.from(String(value), 'base64'));
    case 'bool':
      return number(at, value === true ? 1 : 0);
    case 'int32':
    case 'int64':
      return number(at, Number(value));
    default:
      return delimited(at, encodeMessage(field.type, value));
  }
}

function encodeField(field: MessageField, value: JsonValue): number[] {
  if (field.shape === 'list')
    return (value as JsonValue[]).flatMap((item) => encodeValue(field, field.number, item));
  if (field.shape === 'map') {
    return Object.entries(value as JsonObject).flatMap(([key, item]) =>
      delimited(field.number, [...text(1, key), ...encodeValue(field, 2, item)]),
    );
  }
  return encodeValue(field, field.number, value);
}

function isListMessage(message: Message): boolean {
  return (
    message.fields.length === 1 && message.fields[0]?.name === 'items' && isScalar(message.fields[0].type)
  );
}

export function encodeMessage(type: string, value: JsonValue): number[] {
  const known = special(type, value);
  if (known !== undefined) return known;
  const message = messageNamed(type);
  if (message === undefined) throw new Error(`no such type ${type}`);
  const object = (isListMessage(message) ? { items: value } : value) as JsonObject;
  return message.fields.flatMap((field) => {
    if (field.inline) return delimited(field.number, encodeMessage(field.type, object));
    return Object.hasOwn(object, field.name) ? encodeField(field, object[field.name] as JsonValue) : [];
  });
}

/** An envelope around raw bytes. */
export function envelope(
  apiVersion: string,
  kind: string,
  raw: Iterable<number>,
  more: readonly number[] = [],
): Uint8Array {
  return Uint8Array.from([
    ...[0x6b, 0x38, 0x73, 0x00],
    ...delimited(1, [...text(1, apiVersion), ...text(2, kind)]),
    ...delimited(2, raw),
    ...more,
  ]);
}

export function encodeObject(
  object: JsonObject & { readonly apiVersion: string; readonly kind: string },
): Uint8Array {
  const slash = object.apiVersion.indexOf('/');
  const type = messageNameOf(
    slash < 0 ? '' : object.apiVersion.slice(0, slash),
    object.apiVersion.slice(slash + 1),
    object.kind,
  );
  return envelope(object.apiVersion, object.kind, encodeMessage(type ?? '', object));
}
