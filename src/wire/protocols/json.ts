import type { Member, Shape, Structure } from './contract.ts';
import { type Reading, readStructure, writeStructure } from './members.ts';
import { base64Text, decodeUtf8, instantOfSeconds, parseBase64, UnreadableInput } from './scalars.ts';

/** No structure of the four services nests deeper than about ten. */
const MAX_DEPTH = 64;
const MAX_ITEMS = 10_000;

/** The object in a JSON body; an empty body is an empty object. */
export function parseJsonObject(body: Uint8Array): Readonly<Record<string, unknown>> {
  if (body.length === 0) {
    return {};
  }
  refuseDepth(body);
  const text = decodeUtf8(body);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UnreadableInput('the request body is not valid JSON');
  }
  if (!isObject(value)) {
    throw new UnreadableInput('the request body is not a JSON object');
  }
  return value;
}

/**
 * SECURITY: counted before parsing, because a megabyte of `[` keeps JSON.parse busy for a quarter of a second.
 * Quotes and brackets are single bytes in UTF-8, so bytes can be counted without decoding.
 */
function refuseDepth(body: Uint8Array): void {
  let depth = 0;
  for (let index = 0; index < body.length; index += 1) {
    const byte = body[index];
    if (byte === 0x22) {
      index = endOfText(body, index);
    } else if (byte === 0x5b || byte === 0x7b) {
      depth += 1;
      if (depth > MAX_DEPTH) {
        throw new UnreadableInput('the request body nests too deep');
      }
    } else if (byte === 0x5d || byte === 0x7d) {
      depth -= 1;
    }
  }
}

/** Where the text ends that begins at this quote: tokens and policies are most of a body. */
function endOfText(body: Uint8Array, start: number): number {
  for (let end = body.indexOf(0x22, start + 1); end !== -1; end = body.indexOf(0x22, end + 1)) {
    let escapes = 0;
    while (body[end - 1 - escapes] === 0x5c) escapes += 1;
    if (escapes % 2 === 0) return end;
  }
  return body.length;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A JSON value as the SDK's type for it. Fractions are allowed only in answers, see `parseInteger`. */
function readJson(shape: Shape, value: unknown, path: string, reading: Reading): unknown {
  switch (shape.kind) {
    case 'string':
      return typeof value === 'string' ? value : mismatch(value, 'a String');
    case 'boolean':
      return typeof value === 'boolean' ? value : mismatch(value, 'a Boolean');
    case 'number':
      return typeof value === 'number' &&
        (reading.fractions ? Number.isFinite(value) : Number.isSafeInteger(value))
        ? value
        : mismatch(value, 'an Integer');
    case 'timestamp':
      return (
        (typeof value === 'number' ? instantOfSeconds(value) : undefined) ?? mismatch(value, 'a Timestamp')
      );
    case 'blob':
      return (typeof value === 'string' ? parseBase64(value) : undefined) ?? mismatch(value, 'a Blob');
    case 'document':
      return value;
    case 'list':
      if (!Array.isArray(value)) {
        return mismatch(value, 'a List');
      }
      if (value.length > MAX_ITEMS) {
        throw new UnreadableInput(`a list has more than ${MAX_ITEMS} members`);
      }
      return value.map((item, index) => readJson(shape.item, item, `${path}.${index + 1}.member`, reading));
    case 'map': {
      if (!isObject(value)) {
        return mismatch(value, 'a Map');
      }
      // SECURITY: without a prototype, so that a key called `__proto__` is a key like any other.
      const map: Record<string, unknown> = Object.create(null);
      for (const [key, item] of Object.entries(value)) {
        map[key] = readJson(shape.value, item, `${path}.${key}`, reading);
      }
      return map;
    }
    case 'structure':
      return isObject(value)
        ? readJsonStructure(shape, value, path, reading)
        : mismatch(value, 'a Structure');
  }
}

export function readJsonStructure(
  structure: Structure,
  object: Readonly<Record<string, unknown>>,
  path: string,
  reading: Reading,
): Record<string, unknown> {
  const readMember = jsonMembers(structure, object, path, reading);
  return readStructure(structure, path, reading, (member, memberPath) =>
    member.location === 'body' ? readMember(member, memberPath) : undefined,
  );
}

/**
 * Reads members of the body; undefined for one that is absent. Keys the contract does not name are ignored and `null` is
 * absent, unless the reading is strict.
 */
export function jsonMembers(
  { members }: Structure,
  object: Readonly<Record<string, unknown>>,
  path: string,
  reading: Reading,
): (member: Member, memberPath: string) => unknown {
  if (reading.strict) {
    const names = members.filter(({ location }) => location === 'body').map(({ name }) => name);
    for (const [key, value] of Object.entries(object)) {
      const told = `'${path === '' ? '' : `${path}.`}${key.slice(0, 64)}'`;
      if (!names.includes(key)) throw new UnreadableInput(`${told} is none of ${names.join(', ')}`);
      if (value === null) throw new UnreadableInput(`${told} is null: leave out what is not meant`);
    }
  }
  return (member, memberPath) => {
    const value = Object.hasOwn(object, member.name) ? object[member.name] : null;
    return value === null ? undefined : readJson(member.shape, value, memberPath, reading);
  };
}

/** COMPAT: the words AWS's JSON services use for a value of the wrong kind. */
function mismatch(value: unknown, wanted: string): never {
  if (typeof value === 'object' && value !== null) {
    const found = Array.isArray(value) ? 'list' : 'structure or map';
    throw new UnreadableInput(`Start of ${found} found where not expected`);
  }
  const token = typeof value === 'boolean' ? String(value) : value === null ? 'null' : typeof value;
  throw new UnreadableInput(`${token.toUpperCase()}_VALUE can not be converted to ${wanted}`);
}

/** The JSON form of a typed value, ready for JSON.stringify. Throws TypeError for a value that has another type. */
function writeJson(shape: Shape, value: unknown): unknown {
  switch (shape.kind) {
    case 'string':
    case 'boolean':
      if (typeof value === shape.kind) return value;
      break;
    case 'number':
      if (Number.isFinite(value)) return value;
      break;
    case 'timestamp':
      if (value instanceof Date && !Number.isNaN(value.getTime())) return value.getTime() / 1000;
      break;
    case 'blob':
      if (value instanceof Uint8Array) return base64Text(value);
      break;
    case 'document':
      if (value !== undefined) return value;
      break;
    case 'list':
      if (Array.isArray(value)) return value.map((item) => writeJson(shape.item, item));
      break;
    case 'map':
      if (isObject(value)) return writeJsonMap(shape.value, value);
      break;
    case 'structure':
      if (isObject(value)) return writeJsonStructure(shape, value);
      break;
  }
  throw new TypeError(`a ${shape.kind} was expected`);
}

function writeJsonMap(shape: Shape, entries: object): Record<string, unknown> {
  const map: Record<string, unknown> = Object.create(null);
  for (const [key, item] of Object.entries(entries)) {
    map[key] = writeJson(shape, item);
  }
  return map;
}

export function writeJsonStructure(structure: Structure, value: object): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  writeStructure(structure, value, (member, present) => {
    if (member.location === 'body') {
      object[member.name] = writeJson(member.shape, present);
    }
  });
  return object;
}
