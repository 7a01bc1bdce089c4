import type { Position } from './position.ts';

/** A JSON value that remembers where it stands. Members keep their order; no object has a key twice. */
export type JsonNode = { readonly start: Position; readonly end: Position } & (
  | { readonly kind: 'object'; readonly members: readonly JsonMember[] }
  | { readonly kind: 'array'; readonly items: readonly JsonNode[] }
  | { readonly kind: 'string'; readonly value: string }
  /** Numbers keep their text: conditions compare them as text or by their own rules. */
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' }
);

export interface JsonMember {
  readonly key: string;
  readonly start: Position;
  readonly value: JsonNode;
}

export type JsonResult =
  | { readonly ok: true; readonly node: JsonNode }
  | { readonly ok: false; readonly detail: string; readonly position: Position };

/** Deeper than any policy (a condition value is at depth 6), shallow enough for any stack. */
const maxDepth = 32;

/**
 * Parses RFC 8259 JSON and nothing more, in one pass. Beyond `JSON.parse`: positions, refusal of a repeated key
 * (iam-facts A1; `JSON.parse` would silently keep the last, which may not be the one a reviewer saw), bounded depth.
 */
export function parseJson(text: string): JsonResult {
  const reader = new Reader(text);
  try {
    return { ok: true, node: reader.document() };
  } catch (error) {
    if (error instanceof SyntaxFault) return { ok: false, detail: error.message, position: error.position };
    throw error;
  }
}

class SyntaxFault extends Error {
  readonly position: Position;
  constructor(message: string, position: Position) {
    super(message);
    this.position = position;
  }
}

/** Owns the cursor; line starts are counted as it moves forward, never again. */
class Reader {
  readonly #text: string;
  #at = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): JsonNode {
    const node = this.#value(0);
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#fail('text after the end of the document');
    return node;
  }

  #position(): Position {
    return { line: this.#line, column: this.#at - this.#lineStart + 1 };
  }

  #fail(message: string): never {
    throw new SyntaxFault(message, this.#position());
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === 0x0a) {
        this.#at++;
        this.#line++;
        this.#lineStart = this.#at;
      } else if (code === 0x20 || code === 0x09 || code === 0x0d) this.#at++;
      else return;
    }
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #value(depth: number): JsonNode {
    this.#skipSpace();
    if (depth > maxDepth) this.#fail(`nested deeper than ${maxDepth}`);
    const start = this.#position();
    switch (this.#text[this.#at]) {
      case undefined:
        return this.#fail('the document ends too early');
      case '{':
        return { kind: 'object', members: this.#members(depth), start, end: this.#position() };
      case '[':
        return { kind: 'array', items: this.#items(depth), start, end: this.#position() };
      case '"':
        return { kind: 'string', value: this.#string(), start, end: this.#position() };
      default:
        return this.#scalar(start);
    }
  }

  #members(depth: number): readonly JsonMember[] {
    this.#at++;
    const members: JsonMember[] = [];
    const keys = new Set<string>();
    this.#skipSpace();
    if (this.#take('}')) return members;
    do {
      this.#skipSpace();
      const start = this.#position();
      if (this.#text[this.#at] !== '"') this.#fail('a key in double quotes is expected');
      const key = this.#string();
      if (keys.has(key)) throw new SyntaxFault(`the key \`${key}\` is repeated`, start);
      keys.add(key);
      this.#skipSpace();
      if (!this.#take(':')) this.#fail('`:` is expected');
      members.push({ key, start, value: this.#value(depth + 1) });
      this.#skipSpace();
    } while (this.#take(','));
    if (!this.#take('}')) this.#fail('`,` or `}` is expected');
    return members;
  }

  #items(depth: number): readonly JsonNode[] {
    this.#at++;
    const items: JsonNode[] = [];
    this.#skipSpace();
    if (this.#take(']')) return items;
    do {
      items.push(this.#value(depth + 1));
      this.#skipSpace();
    } while (this.#take(','));
    if (!this.#take(']')) this.#fail('`,` or `]` is expected');
    return items;
  }

  #string(): string {
    this.#at++;
    let value = '';
    for (;;) {
      const from = this.#at;
      while (isPlain(this.#text.charCodeAt(this.#at))) this.#at++;
      value += this.#text.slice(from, this.#at);
      if (this.#take('"')) return value;
      if (!this.#take('\\')) {
        this.#fail(
          this.#at < this.#text.length ? 'a control character in a string' : 'a string without an end',
        );
      }
      value += this.#escape();
    }
  }

  #escape(): string {
    const letter = this.#text[this.#at];
    if (letter === 'u') {
      const hex = this.#text.slice(this.#at + 1, this.#at + 5);
      if (!/^[0-9A-Fa-f]{4}$/.test(hex)) this.#fail('`\\u` needs four hexadecimal digits');
      this.#at += 5;
      return String.fromCharCode(Number.parseInt(hex, 16));
    }
    const plain = letter === undefined ? undefined : escapes.get(letter);
    if (plain === undefined) return this.#fail('an unknown escape in a string');
    this.#at++;
    return plain;
  }

  #scalar(start: Position): JsonNode {
    scalarPattern.lastIndex = this.#at;
    const text = scalarPattern.exec(this.#text)?.[0];
    if (text === undefined) return this.#fail('a value is expected');
    this.#at += text.length;
    const end = this.#position();
    if (text === 'true' || text === 'false') return { kind: 'boolean', value: text === 'true', start, end };
    if (text === 'null') return { kind: 'null', start, end };
    return { kind: 'number', text, start, end };
  }
}

const scalarPattern = /true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

const escapes = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

/** Neither a control character, nor a quote, nor a backslash; NaN (the end) compares false. */
function isPlain(code: number): boolean {
  return code >= 0x20 && code !== 0x22 && code !== 0x5c;
}
