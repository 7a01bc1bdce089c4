import { deepest, repeatedName, TextFault, tooDeep } from './fault.ts';

/** Where each object and list of a text begins: an offset. */
export type Offsets = Map<object, number>;

/**
 * The JSON values of a text, one after the other, as `JSON.parse` would give each; where its objects and lists begin goes
 * into `offsets`. A name that is given twice in one object is a fault: `JSON.parse` would keep the last, which may not be
 * the one a reviewer saw. Throws TextFault.
 *
 * By hand, because nothing else tells places at this speed: 100 MB take two to three seconds.
 */
export function* parseJsonValues(
  text: string,
  offsets: Offsets,
): Generator<{ readonly value: unknown; readonly offset: number }> {
  const reader = { text, at: 0, values: 0, offsets, known: new Map<string, string>() };
  for (skipSpace(reader); reader.at < text.length; skipSpace(reader)) {
    const offset = reader.at;
    yield { value: readValue(reader, 0), offset };
  }
}

interface Reader {
  readonly text: string;
  readonly offsets: Offsets;
  at: number;
  /** Those read so far. */
  values: number;
  /** Texts that were read, each by itself. */
  readonly known: Map<string, string>;
}

/** Values of one text: twice as many as the largest file of anything sensible has. */
const mostValues = 8_000_000;

function skipSpace(reader: Reader): void {
  for (;;) {
    const code = reader.text.charCodeAt(reader.at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    reader.at++;
  }
}

function readValue(reader: Reader, depth: number): unknown {
  if (depth > deepest) throw new TextFault(tooDeep, reader.at);
  if (++reader.values > mostValues) throw new TextFault('it has too many parts', reader.at);
  switch (reader.text.charCodeAt(reader.at)) {
    case 0x7b:
      return readObject(reader, depth);
    case 0x5b:
      return readList(reader, depth);
    case 0x22:
      return readString(reader);
    default:
      return readScalar(reader);
  }
}

function readObject(reader: Reader, depth: number): unknown {
  const object: Record<string, unknown> = {};
  reader.offsets.set(object, reader.at);
  reader.at++;
  skipSpace(reader);
  if (taken(reader, 0x7d)) return object;
  do {
    skipSpace(reader);
    const nameAt = reader.at;
    if (reader.text.charCodeAt(nameAt) !== 0x22) {
      throw new TextFault('a name in double quotes is expected', nameAt);
    }
    const name = readString(reader);
    if (Object.hasOwn(object, name)) throw new TextFault(repeatedName(name), nameAt);
    skipSpace(reader);
    if (!taken(reader, 0x3a)) throw new TextFault('`:` is expected', reader.at);
    skipSpace(reader);
    setOwn(object, name, readValue(reader, depth + 1));
    skipSpace(reader);
  } while (taken(reader, 0x2c));
  if (!taken(reader, 0x7d)) throw new TextFault('`,` or `}` is expected', reader.at);
  return object;
}

/** SECURITY: assigned, `__proto__` would become the object's prototype instead of a member of it. */
export function setOwn(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__') {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  } else object[name] = value;
}

function readList(reader: Reader, depth: number): unknown {
  const list: unknown[] = [];
  reader.offsets.set(list, reader.at);
  reader.at++;
  skipSpace(reader);
  if (taken(reader, 0x5d)) return list;
  do {
    skipSpace(reader);
    list.push(readValue(reader, depth + 1));
    skipSpace(reader);
  } while (taken(reader, 0x2c));
  if (!taken(reader, 0x5d)) throw new TextFault('`,` or `]` is expected', reader.at);
  return list;
}

function taken(reader: Reader, code: number): boolean {
  if (reader.text.charCodeAt(reader.at) !== code) return false;
  reader.at++;
  return true;
}

function readString(reader: Reader): string {
  const { text } = reader;
  const start = reader.at;
  for (let at = start + 1; ; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      reader.at = at + 1;
      return apart(reader, start, at);
    }
    if (code === 0x5c) return readEscaped(reader, start);
    if (!(code >= 0x20)) throw new TextFault(stringFault(text, at), at);
  }
}

/**
 * What stands between the quotes at `start` and `end`, once where it stands often. A long piece of a text keeps the whole text
 * in memory, which files of snapshots are too large for; what `JSON.parse` gives stands by itself.
 */
function apart({ text, known }: Reader, start: number, end: number): string {
  const piece = text.slice(start + 1, end);
  if (piece.length <= longestCopied) return piece;
  const found = known.get(piece);
  if (found !== undefined) return found;
  const own = JSON.parse(text.slice(start, end + 1)) as string;
  if (known.size < mostKnown) known.set(own, own);
  return own;
}

/** Pieces up to this length are copies in any case. */
const longestCopied = 12;
const mostKnown = 500_000;

/** A string with a backslash in it: its end is found here, its meaning by `JSON.parse`. */
function readEscaped(reader: Reader, start: number): string {
  const { text } = reader;
  let at = start + 1;
  for (let code = text.charCodeAt(at); code !== 0x22; code = text.charCodeAt(at)) {
    if (!(code >= 0x20)) throw new TextFault(stringFault(text, at), at);
    at += code === 0x5c ? 2 : 1;
  }
  reader.at = at + 1;
  try {
    return JSON.parse(text.slice(start, at + 1)) as string;
  } catch (cause) {
    throw Object.assign(new TextFault('an unknown escape in a text', start), { cause });
  }
}

function stringFault(text: string, at: number): string {
  return at < text.length ? 'a control character in a text' : 'a text has no end';
}

const scalarPattern = /true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

function readScalar(reader: Reader): unknown {
  scalarPattern.lastIndex = reader.at;
  const scalar = scalarPattern.exec(reader.text)?.[0];
  if (scalar === undefined) {
    const message = reader.at < reader.text.length ? 'a value is expected' : 'the text ends too early';
    throw new TextFault(message, reader.at);
  }
  reader.at += scalar.length;
  switch (scalar) {
    case 'true':
      return true;
    case 'false':
      return false;
    case 'null':
      return null;
    default:
      return Number(scalar);
  }
}
