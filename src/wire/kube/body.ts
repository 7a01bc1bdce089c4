import { parseDocument } from 'yaml';
import { isObject, type JsonObject, type JsonValue } from './json.ts';
import type { RequestFormat } from './negotiation.ts';
import { decodeProtobuf } from './protobuf.ts';
import { badRequest } from './status.ts';

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
  return checked(value);
}

/**
 * One YAML document. SECURITY: aliases are refused (a few lines can expand to gigabytes), and so are duplicate keys and
 * tags beyond the core schema.
 * @throws KubeStatusError 400
 */
export function parseYaml(bytes: Uint8Array): JsonValue {
  const document = parseDocument(text(bytes), {
    schema: 'core',
    uniqueKeys: true,
    stringKeys: true,
    logLevel: 'silent',
  });
  const [problem] = document.errors;
  if (problem !== undefined) {
    throw badRequest(
      `error converting YAML to JSON: yaml: ${problem.code.toLowerCase().replaceAll('_', ' ')}`,
    );
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 0 });
  } catch (cause) {
    throw Object.assign(badRequest('error converting YAML to JSON: yaml: aliases are not accepted'), {
      cause,
    });
  }
  return checked(value);
}

export interface DecodedBody {
  readonly object: JsonObject;
  /** Fields of a protobuf body our types do not have; empty for JSON and YAML, where `checkObject` (unknownfields.ts) finds them. */
  readonly unknownFields: readonly string[];
}

/**
 * The object in a POST, PUT or DELETE body.
 * @throws KubeStatusError 400 when it does not parse or is not an object
 */
export function decodeBody(body: Uint8Array, format: RequestFormat): DecodedBody {
  if (format === 'protobuf') {
    const { object, unknownFields } = decodeProtobuf(body);
    return { object: checked(object) as JsonObject, unknownFields };
  }
  const value = format === 'json' ? parseJson(body) : parseYaml(body);
  if (!isObject(value)) throw badRequest('the body of the request is not an object');
  return { object: value, unknownFields: [] };
}
