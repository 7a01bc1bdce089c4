import { type CST, isAlias, isMap, isPair, isScalar, isSeq, Lexer, type Node, type Pair, Parser } from 'yaml';
import { carefulComposer, isMergeName } from '../../../wire/awsauth/yaml.ts';
import { deepest, repeatedName, TextFault, tooDeep } from './fault.ts';
import { type Offsets, setOwn } from './json.ts';

/**
 * The value of one YAML document as JSON would hold it; undefined where there is none. `offset` is where `text` begins in
 * its file, and counts in what goes into `offsets`. An unknown short tag (`!Ref x`) becomes `{ "Ref": x }`, any other
 * `{ "Fn::Sub": x }`, as CloudFormation reads them. Throws TextFault.
 *
 * COMPAT: YAML 1.1, as kubectl, eksctl and CloudFormation read it, but dates and numbers with colons are text.
 */
export function parseYamlDocument(text: string, offset: number, offsets: Offsets): unknown {
  const composer = carefulComposer(
    'yaml-1.1',
    (source, _, message) => {
      throw new TextFault(messageOf(message), offset + offsetOf(source));
    },
    ({ tag, format }: { tag?: string; format?: string }) =>
      format !== 'TIME' && tag !== 'tag:yaml.org,2002:timestamp' && tag !== 'tag:yaml.org,2002:binary',
  );
  try {
    const [document, ...others] = composer.compose(tokensOf(text, offset));
    const other = others.find(({ contents }) => contents !== null);
    if (other !== undefined) {
      throw new TextFault('a second document without `---` before it', offset + startOf(other.contents, 0));
    }
    if (document === undefined) return undefined;
    return createConverter(offset, offsets)(document.contents, 0).value;
  } catch (error) {
    // The library walks through what is nested by calling itself.
    if (error instanceof RangeError) throw new TextFault(tooDeep, offset);
    throw error;
  }
}

/** Tokens of one document: those of a few megabytes of any sensible text. */
const mostTokens = 2_000_000;
/** Lines `...`, each of which ends a document. */
const mostEnds = 10;

/** SECURITY: the library goes as deep as the text does, and takes a kilobyte of memory for each `[`. */
export function* tokensOf(text: string, offset: number): Generator<CST.Token> {
  const parser = new Parser();
  let tokens = 0;
  let ends = 0;
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) {
      if (token.type === 'doc-end' && ++ends > mostEnds) {
        throw new TextFault('it ends too many documents', offset + token.offset);
      }
      yield token;
    }
    if (parser.stack.length > deepest) throw new TextFault(tooDeep, offset + parser.offset);
    if (++tokens > mostTokens) throw new TextFault('it has too many parts', offset + parser.offset);
  }
  yield* parser.end();
}

/** A value, and how many there are in it when nothing is shared any more. */
interface Converted {
  readonly value: unknown;
  readonly size: number;
}

/** Values of one document with all aliases carried out: more is somebody's joke, and readers walk through each. */
const mostValues = 2_000_000;

function createConverter(
  base: number,
  offsets: Offsets,
): (node: unknown, fallback: number, depth?: number) => Converted {
  /** By name, as they were last set; undefined while the value is still being read. */
  const anchors = new Map<string, Converted | undefined>();
  let values = 0;
  const count = (more: number, at: number): void => {
    values += more;
    if (values > mostValues) throw new TextFault('its aliases multiply without end', base + at);
  };

  const convert = (node: unknown, fallback: number, depth = 0): Converted => {
    const at = startOf(node, fallback);
    if (depth > deepest) throw new TextFault(tooDeep, base + at);
    if (isAlias(node)) {
      const found = anchors.get(node.source);
      if (found !== undefined) {
        count(found.size, at);
        return found;
      }
      const isOpen = anchors.has(node.source);
      const fault = isOpen ? 'stands inside of what it names' : 'means nothing';
      throw new TextFault(`alias \`${node.source.slice(0, 100)}\` ${fault}`, base + at);
    }
    const anchor = (node as Partial<Pick<Node & { anchor: string }, 'anchor'>> | null)?.anchor;
    if (anchor !== undefined) anchors.set(anchor, undefined);
    count(1, at);
    const plain = plainOf(node, at, depth);
    const converted = tagged(node, plain, base + at);
    if (anchor !== undefined) anchors.set(anchor, converted);
    return converted;
  };

  const plainOf = (node: unknown, at: number, depth: number): Converted => {
    if (isMap(node)) return objectOf(node.items, at, depth);
    if (isSeq(node)) {
      const list: unknown[] = [];
      offsets.set(list, base + at);
      let size = 1;
      for (const item of node.items) {
        const converted = convert(item, at, depth + 1);
        size += converted.size;
        list.push(converted.value);
      }
      return { value: list, size };
    }
    return { value: isScalar(node) ? scalarOf(node.value, base + at) : null, size: 1 };
  };

  const objectOf = (pairs: readonly unknown[], at: number, depth: number): Converted => {
    const object: Record<string, unknown> = {};
    offsets.set(object, base + at);
    const merged: [string, unknown][] = [];
    let size = 1;
    for (const pair of pairs) {
      if (!isPair(pair)) continue;
      const nameAt = startOf(pair.key, at);
      const { value, size: valueSize } = convert(pair.value, nameAt, depth + 1);
      size += valueSize + 1;
      if (isMerge(pair)) {
        for (const source of Array.isArray(value) ? value : [value])
          merged.push(...membersOf(source, nameAt));
        continue;
      }
      const name = nameOf(convert(pair.key, nameAt, depth + 1).value, base + nameAt);
      if (Object.hasOwn(object, name)) throw new TextFault(repeatedName(name), base + nameAt);
      setOwn(object, name, value);
    }
    // Its own names win, and of what is merged the first.
    for (const [name, value] of merged) if (!Object.hasOwn(object, name)) setOwn(object, name, value);
    return { value: object, size };
  };

  const membersOf = (source: unknown, at: number): readonly [string, unknown][] => {
    if (typeof source === 'object' && source !== null && !Array.isArray(source))
      return Object.entries(source);
    throw new TextFault('what is merged is no mapping', base + at);
  };

  const tagged = (node: unknown, plain: Converted, at: number): Converted => {
    const tag = (node as { readonly tag?: unknown } | null)?.tag;
    if (typeof tag !== 'string' || !/^![^!]/.test(tag)) return plain;
    const name = tag.slice(1);
    const object: Record<string, unknown> = {};
    offsets.set(object, at);
    setOwn(object, name === 'Ref' || name === 'Condition' ? name : `Fn::${name}`, plain.value);
    return { value: object, size: plain.size + 1 };
  };

  return convert;
}

function isMerge({ key }: Pair): boolean {
  return isScalar(key) && isMergeName(key.value);
}

function scalarOf(value: unknown, at: number): unknown {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
      return value;
    case 'bigint':
      return Number(value);
    case 'symbol':
      return value.description;
    default:
      if (value === null || value === undefined) return null;
      throw new TextFault('a value of a type that is not read here', at);
  }
}

function nameOf(value: unknown, at: number): string {
  if (typeof value === 'object' && value !== null) throw new TextFault('a name that is no text', at);
  return String(value);
}

function startOf(node: unknown, fallback: number): number {
  const range = (node as { readonly range?: readonly number[] | null } | null)?.range;
  return range?.[0] ?? fallback;
}

/** Where an error of the library's stands in the text. */
export function offsetOf(source: unknown): number {
  if (typeof source === 'number') return source;
  if (Array.isArray(source)) return Number(source[0]);
  return (source as { readonly offset?: number } | null)?.offset ?? 0;
}

/** The library's messages go on with an excerpt of the text, which may be long and hold secrets. */
export function messageOf(message: string): string {
  const line = message.split('\n')[0] ?? '';
  return line.slice(0, 200).replace(/\.$/, '');
}
