import { Composer, type Document, isNode, isScalar, LineCounter, Parser, visit } from 'yaml';
import { quote } from '../../engine/rbac/quote.ts';
import { isObject, type JsonObject, type JsonValue } from './json.ts';
import type { RequestFormat } from './negotiation.ts';
import { refuseLostNumbers } from './numbers.ts';
import { decodeProtobuf } from './protobuf.ts';
import { repeatedFields } from './repeatedfields.ts';
import { badRequest, KubeStatusError, requestEntityTooLarge } from './status.ts';

/** Deeper than any built-in type or sensible custom one; keeps every recursive walk of the room off the stack limit. */
export const maxJsonDepth = 128;

/** True when no value of the tree lies deeper than `limit` levels. Walks without recursion. */
export function isWithinDepth(value: unknown, limit: number = maxJsonDepth): boolean {
  let level: readonly unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > limit) return false;
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
  }
  return true;
}

function text(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw Object.assign(badRequest('the body of the request is not UTF-8'), { cause });
  }
}

function checked(value: unknown): JsonValue {
  if (!isWithinDepth(value)) throw badRequest('the body of the request is nested too deeply');
  return value as JsonValue;
}

/** `json` is the text it was read from, where that was JSON. */
function checkedText(value: unknown, json?: string): JsonValue {
  const within = checked(value);
  refuseLostNumbers(within, json);
  return within;
}

/** @throws KubeStatusError 400 when it is not JSON, or nested deeper than `maxJsonDepth` */
export function parseJson(bytes: Uint8Array): JsonValue {
  const source = text(bytes);
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (cause) {
    // The parser's own message quotes the body, which may hold a secret.
    throw Object.assign(
      badRequest('the object provided is unrecognized (must be of type JSON): it does not parse'),
      { cause },
    );
  }
  return checkedText(value, source);
}

/**
 * One YAML document. SECURITY: aliases are refused (a few lines can expand to gigabytes), and so are duplicate keys and
 * tags beyond the core schema.
 * @throws KubeStatusError 400
 */
export function parseYaml(bytes: Uint8Array): JsonValue {
  return readYaml(text(bytes), () => refuseYaml('DUPLICATE_KEY'));
}

/** A key that a mapping already has, and the line of its value. */
type RepeatedKey = (key: string, line: number) => void;

function refuseYaml(code: string): never {
  throw badRequest(`error converting YAML to JSON: yaml: ${code.toLowerCase().replaceAll('_', ' ')}`);
}

function readYaml(source: string, onRepeated: RepeatedKey): JsonValue {
  // JSON is YAML, clients send it under YAML types, and its parser is faster and needs no care.
  const json = jsonOrUndefined(source);
  if (json !== undefined) return checkedText(json, source);
  // The composer recurses: refuse nesting it could not survive before it sees the text.
  if (flowDepth(source) > maxFlowDepth) throw badRequest('the body of the request is nested too deeply');
  if (source.length > maxYamlLength) {
    throw requestEntityTooLarge(`YAML is read up to ${maxYamlLength} characters; send JSON`);
  }
  let value: unknown;
  try {
    value = composeOne(source, onRepeated)?.toJS({ maxAliasCount: 0 }) ?? null;
  } catch (cause) {
    if (cause instanceof KubeStatusError) throw cause;
    // An alias, or nesting of block collections beyond the composer's stack.
    const refusal = badRequest('error converting YAML to JSON: yaml: aliases or nesting are not accepted');
    throw Object.assign(refusal, { cause });
  }
  return checkedText(value);
}

/** About a second of the library's time; JSON, which clients send anyway, may be as long as any body. */
const maxYamlLength = 512 * 1024;

/**
 * The only document of the text; undefined where there is none.
 *
 * SECURITY: the library compares all keys of a mapping with one another and collects errors at quadratic cost, so that
 * a few hundred kilobytes of any authenticated client would stop the process for minutes. The first problem ends the
 * reading, and repeated keys are found in one pass.
 */
function composeOne(source: string, onRepeated: RepeatedKey): Document | undefined {
  const composer = new Composer({
    schema: 'core',
    resolveKnownTags: false,
    uniqueKeys: false,
    stringKeys: true,
    logLevel: 'error',
  });
  Object.assign(composer, { onError: (_source: unknown, code: string) => refuseYaml(code) });
  const lines = new LineCounter();
  const [document, ...more] = composer.compose(new Parser(lines.addNewLine).parse(source));
  if (more.length > 0) return refuseYaml('MULTIPLE_DOCS');
  if (document === undefined) return undefined;
  visit(document, {
    Map(_, { items }) {
      const keys = new Set<unknown>();
      for (const { key, value } of items) {
        const name = isScalar(key) ? String(key.value) : key;
        if (keys.has(name)) onRepeated(String(name), lines.linePos(startOf(value) ?? startOf(key) ?? 0).line);
        keys.add(name);
      }
    },
  });
  return document;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

function jsonOrUndefined(source: string): JsonValue | undefined {
  if (!source.trimStart().startsWith('{')) return undefined;
  try {
    return JSON.parse(source) as JsonValue;
  } catch {
    return undefined;
  }
}

/** Far above what `checked` lets pass: brackets inside the strings of honest documents count, too. */
const maxFlowDepth = 1_000;

/** An upper bound on the nesting of flow collections: brackets inside strings count too. */
function flowDepth(source: string): number {
  let depth = 0;
  let deepest = 0;
  for (const char of source) {
    if (char === '[' || char === '{') {
      depth += 1;
      deepest = Math.max(deepest, depth);
    } else if ((char === ']' || char === '}') && depth > 0) depth -= 1;
  }
  return deepest;
}

export interface DecodedBody {
  readonly object: JsonObject;
  /** Fields of a protobuf body our types do not have; empty for JSON and YAML, where `checkObject` (unknownfields.ts) finds them. */
  readonly unknownFields: readonly string[];
  /** What a text says twice, in Kubernetes' words; the last of it counts. Empty unless it was looked for. */
  readonly repeated: readonly string[];
}

/**
 * The object in a POST, PUT or DELETE body. Fields that are repeated are looked for with `findsRepeated` alone: it reads
 * the text a second time.
 * @throws KubeStatusError 400 when it does not parse or is not an object
 */
export function decodeBody(
  body: Uint8Array,
  format: RequestFormat,
  options: { readonly findsRepeated?: boolean } = {},
): DecodedBody {
  if (format === 'protobuf') {
    const { object, unknownFields } = decodeProtobuf(body);
    return { object: checked(object) as JsonObject, unknownFields, repeated: [] };
  }
  const lines: string[] = [];
  const value =
    format === 'json'
      ? parseJson(body)
      : readYaml(text(body), (key, line) => {
          if (lines.length < maxRepeatedLines)
            lines.push(`\n  line ${line}: key ${quote(key)} already set in map`);
        });
  if (!isObject(value)) throw badRequest('the body of the request is not an object');
  if (options.findsRepeated !== true) return { object: value, unknownFields: [], repeated: [] };
  if (lines.length > 0) {
    return { object: value, unknownFields: [], repeated: [`yaml: unmarshal errors:${lines.join('')}`] };
  }
  const isJson = format === 'json' || text(body).trimStart().startsWith('{');
  return { object: value, unknownFields: [], repeated: isJson ? repeatedTexts(body) : [] };
}

/** What a JSON text that has been parsed says twice, in Kubernetes' words. */
export function repeatedTexts(body: Uint8Array): readonly string[] {
  return repeatedFields(text(body)).map((path) => `duplicate field "${path}"`);
}

const maxRepeatedLines = 100;
