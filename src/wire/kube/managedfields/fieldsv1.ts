import { isObject, type JsonObject, type JsonValue, own, put } from '../json.ts';
import { maximumMapKeys } from '../schema/schema.ts';
import { compareElements, type FieldNode, type FieldSet } from './fieldset.ts';

/** Longest text of one path element that is read; keys and set values are short in every honest set. */
const maximumElementLength = 8 * 1024;

export function fieldElement(name: string): string {
  return `f:${name}`;
}

/** The element of an associative list; `keys` in any order. */
export function keyElement(keys: readonly (readonly [string, JsonValue])[]): string {
  const sorted = [...keys].sort(([left], [right]) => (left < right ? -1 : 1));
  return `k:{${sorted.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;
}

export function valueElement(value: JsonValue): string {
  return `v:${JSON.stringify(value)}`;
}

/** `fieldsV1` as Kubernetes writes it (kubernetes-facts E13): `.` first, then the elements in order. */
export function encodeFields(set: FieldSet): JsonObject {
  return encodeNode({ member: false, children: set });
}

function encodeNode(node: FieldNode): JsonObject {
  const result: Record<string, JsonValue> = {};
  if (node.children.size === 0) return result;
  if (node.member) result['.'] = {};
  const elements = [...node.children.keys()].sort(compareElements);
  for (const element of elements) {
    const child = node.children.get(element);
    if (child !== undefined) put(result, element, encodeNode(child));
  }
  return result;
}

/** Whether the set, written as `fieldsV1`, has any path of the other: told without reading it. */
export function encodedMeets(encoded: JsonObject, set: FieldSet): boolean {
  // The shorter side leads, so that many small managers and one large write stay cheap.
  const keys = Object.keys(encoded);
  for (const element of keys.length < set.size ? keys : set.keys()) {
    const node = set.get(element);
    const child = own(encoded, element);
    if (node === undefined || !isObject(child)) continue;
    if (node.member && (Object.hasOwn(child, '.') || Object.keys(child).length === 0)) return true;
    if (node.children.size > 0 && encodedMeets(child, node.children)) return true;
  }
  return false;
}

/**
 * Reads `fieldsV1`; undefined when it is malformed. Elements of a kind that is not known are dropped, as upstream does.
 * INVARIANT: the value comes from `parseJson` and its like, which bound its depth.
 */
export function decodeFields(value: JsonValue | undefined): FieldSet | undefined {
  return isObject(value) ? decodeNode(value)?.children : undefined;
}

function decodeNode(value: JsonObject): FieldNode | undefined {
  const children = new Map<string, FieldNode>();
  let member = false;
  for (const [key, inner] of Object.entries(value)) {
    if (key === '.') {
      member = true;
      continue;
    }
    const element = decodeElement(key);
    if (element === 'unknown') continue;
    if (element === 'malformed' || !isObject(inner)) return undefined;
    const node = decodeNode(inner);
    if (node === undefined) return undefined;
    children.set(element.text, node);
  }
  return { member: member || children.size === 0, children };
}

function decodeElement(key: string): { readonly text: string } | 'unknown' | 'malformed' {
  if (key.length > maximumElementLength || key.length < 2 || key[1] !== ':') return 'malformed';
  const body = key.slice(2);
  switch (key[0]) {
    case 'f':
      return { text: key };
    case 'k': {
      const keys = parsed(body);
      if (!isObject(keys)) return 'malformed';
      const entries = Object.entries(keys);
      const isKey = entries.length > 0 && entries.length <= maximumMapKeys && entries.every(isScalarEntry);
      return isKey ? { text: keyElement(entries) } : 'malformed';
    }
    case 'v': {
      const item = parsed(body);
      return item === undefined ? 'malformed' : { text: valueElement(item) };
    }
    case 'i':
      return /^(0|[1-9][0-9]{0,8})$/.test(body) ? { text: key } : 'malformed';
    default:
      return 'unknown';
  }
}

function isScalarEntry([, value]: readonly [string, JsonValue]): boolean {
  return typeof value !== 'object' || value === null;
}

function parsed(text: string): JsonValue | undefined {
  try {
    const value = JSON.parse(text) as JsonValue;
    return typeof value === 'object' && value !== null && !isObject(value) ? undefined : value;
  } catch {
    return undefined;
  }
}

/** A path as conflicts show it (kubernetes-facts E14): `.spec.containers[name="c"].image`. */
export function pathText(path: readonly string[]): string {
  return path.map(elementText).join('');
}

function elementText(element: string): string {
  const body = element.slice(2);
  switch (element[0]) {
    case 'f':
      return `.${body}`;
    case 'k': {
      const keys = Object.entries(JSON.parse(body) as JsonObject);
      return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
    }
    case 'v':
      return `[=${body}]`;
    default:
      return `[${body}]`;
  }
}
