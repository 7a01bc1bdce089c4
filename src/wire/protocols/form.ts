import type { Shape, Structure } from './contract.ts';
import { type Reading, readStructure, writeStructure } from './members.ts';
import {
  base64Text,
  decodePercent,
  encodePercent,
  instantText,
  parseBase64,
  parseInstant,
  parseInteger,
  UnreadableInput,
} from './scalars.ts';

/** A policy simulation with every list full stays below. */
const MAX_PARAMETERS = 5000;
const MAX_DEPTH = 32;

/** Parameters by the parts of their names: `Tags.member.1.Key` is Tags → member → 1 → Key. */
interface FormNode {
  value?: string;
  children?: Map<string, FormNode>;
}

/** The raw values of a parameter whose name is sent plain, without decoding anything else. */
export function rawFormValues(text: string, name: string): readonly string[] {
  const values: string[] = [];
  for (let start = 0; start < text.length; ) {
    const next = text.indexOf('&', start);
    const end = next === -1 ? text.length : next;
    if (text.startsWith(name, start) && text[start + name.length] === '=') {
      values.push(text.slice(start + name.length + 1, end));
    }
    start = end + 1;
  }
  return values;
}

/** SECURITY: a repeated name is refused, as readers before and behind us may disagree about which one counts. */
export function parseForm(text: string): FormNode {
  const root: FormNode = {};
  let count = 0;
  for (let start = 0; start < text.length; ) {
    const next = text.indexOf('&', start);
    const end = next === -1 ? text.length : next;
    if (end > start) {
      count += 1;
      if (count > MAX_PARAMETERS) {
        throw new UnreadableInput(`the request has more than ${MAX_PARAMETERS} parameters`);
      }
      addParameter(root, text.slice(start, end));
    }
    start = end + 1;
  }
  return root;
}

function addParameter(root: FormNode, pair: string): void {
  const equals = pair.indexOf('=');
  const name = decodePercent(equals === -1 ? pair : pair.slice(0, equals), { plusIsSpace: true });
  const parts = name.split('.', MAX_DEPTH + 1);
  if (parts.length > MAX_DEPTH) {
    throw new UnreadableInput('a parameter name has too many parts');
  }
  let node = root;
  for (const part of parts) {
    node.children ??= new Map();
    let child = node.children.get(part);
    if (child === undefined) {
      child = {};
      node.children.set(part, child);
    }
    node = child;
  }
  if (node.value !== undefined) {
    throw new UnreadableInput(`parameter ${name.slice(0, 128)} is given twice`);
  }
  node.value = equals === -1 ? '' : decodePercent(pair.slice(equals + 1), { plusIsSpace: true });
}

/** The typed value of a form parameter and what hangs below its name; undefined when there is none. */
function readForm(shape: Shape, node: FormNode, path: string, reading: Reading): unknown {
  switch (shape.kind) {
    case 'list':
      return readItems(node, 'member', path, (item, index) =>
        readForm(shape.item, item, `${path}.${index}.member`, reading),
      );
    case 'map':
      return readFormMap(shape.value, node, path, reading);
    case 'structure':
      if (node.children === undefined) {
        return node.value === undefined ? undefined : mismatch(path, 'a structure');
      }
      return readFormStructure(shape, node, path, reading);
    default:
      return node.value === undefined
        ? mismatch(path, 'a single value')
        : readText(shape.kind, node.value, path);
  }
}

export function readFormStructure(
  structure: Structure,
  node: FormNode,
  path: string,
  reading: Reading,
): Record<string, unknown> {
  return readStructure(structure, path, reading, (member, memberPath) => {
    const child = node.children?.get(member.name);
    return child === undefined ? undefined : readForm(member.shape, child, memberPath, reading);
  });
}

/**
 * COMPAT: items count by number, which may have gaps, and `Tags=` is an empty list (protocol-facts 6).
 * SECURITY: items under another label are no list that can be read, and not none at all: session policies written so
 * (`PolicyArns.1.arn`) would leave the session without them.
 */
function readItems(
  node: FormNode,
  label: 'member' | 'entry',
  path: string,
  read: (node: FormNode, index: number) => unknown,
): unknown[] | undefined {
  const items = node.children?.get(label)?.children;
  if (node.children !== undefined && (items === undefined || node.children.size > 1)) {
    return mismatch(path, 'a list');
  }
  if (items === undefined) {
    return node.value === undefined ? undefined : node.value === '' ? [] : mismatch(path, 'a list');
  }
  if (node.value !== undefined) {
    return mismatch(path, 'a list');
  }
  const numbers = [...items.keys()].map((key) =>
    /^[1-9]\d{0,9}$/.test(key) ? Number(key) : mismatch(path, 'a list'),
  );
  return numbers
    .sort((a, b) => a - b)
    .map((number, index) => {
      const item = items.get(String(number));
      return (item === undefined ? undefined : read(item, index + 1)) ?? mismatch(path, 'a list');
    });
}

function readFormMap(shape: Shape, node: FormNode, path: string, reading: Reading): unknown {
  // SECURITY: without a prototype, so that a key called `__proto__` is a key like any other.
  const map: Record<string, unknown> = Object.create(null);
  const entries = readItems(node, 'entry', path, (entry) => {
    const key = entry.children?.get('key')?.value;
    const value = entry.children?.get('value');
    const item =
      key === undefined || value === undefined
        ? undefined
        : readForm(shape, value, `${path}.${key}`, reading);
    if (key === undefined || item === undefined || Object.hasOwn(map, key)) {
      return mismatch(path, 'a map');
    }
    map[key] = item;
    return item;
  });
  return entries === undefined ? undefined : map;
}

/** A scalar of a form, a path label or a REST query string. */
export function readText(kind: Shape['kind'], text: string, path: string): unknown {
  switch (kind) {
    case 'string':
      return text;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : mismatch(path, 'true or false');
    case 'number':
      return parseInteger(text) ?? mismatch(path, 'an integer');
    case 'timestamp':
      return parseInstant(text) ?? mismatch(path, 'a timestamp');
    case 'blob':
      return parseBase64(text) ?? mismatch(path, 'base64');
    default:
      return mismatch(path, 'a single value');
  }
}

function mismatch(path: string, wanted: string): never {
  throw new UnreadableInput(`Value at '${path}' is not ${wanted}`);
}

/** The text of a scalar where everything is text (form, query string, XML). Throws TypeError for another type. */
export function writeText(kind: Shape['kind'], value: unknown): string {
  switch (kind) {
    case 'string':
    case 'boolean':
      if (typeof value === kind) return String(value);
      break;
    case 'number':
      if (Number.isFinite(value)) return String(value);
      break;
    case 'timestamp':
      if (value instanceof Date && !Number.isNaN(value.getTime())) return instantText(value);
      break;
    case 'blob':
      if (value instanceof Uint8Array) return base64Text(value);
      break;
    default:
  }
  throw new TypeError(`a ${kind} was expected`);
}

/** Form parameters of an input, encoded, in order. */
export function writeForm(shape: Shape, value: unknown, name: string, parameters: string[]): void {
  switch (shape.kind) {
    case 'list': {
      const items = value as readonly unknown[];
      if (items.length === 0) {
        parameters.push(`${name}=`);
      }
      items.forEach((item, index) => {
        writeForm(shape.item, item, `${name}.member.${index + 1}`, parameters);
      });
      return;
    }
    case 'map':
      Object.entries(value as object).forEach(([key, item], index) => {
        parameters.push(`${name}.entry.${index + 1}.key=${encodePercent(key)}`);
        writeForm(shape.value, item, `${name}.entry.${index + 1}.value`, parameters);
      });
      return;
    case 'structure':
      writeStructure(shape, value as object, (member, present) => {
        writeForm(member.shape, present, name === '' ? member.name : `${name}.${member.name}`, parameters);
      });
      return;
    default:
      parameters.push(`${name}=${encodePercent(writeText(shape.kind, value))}`);
  }
}
