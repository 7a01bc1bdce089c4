import { isObject, type JsonObject, type JsonValue, own } from '../json.ts';
import { compilePattern, type Pattern } from './pattern.ts';

/** One node of a CustomResourceDefinition's `openAPIV3Schema`, ready to be asked about values. */
export interface Schema {
  /** As written; '' for none. */
  readonly type: string;
  /** What validation allows: `type`, or integer and string of an int-or-string; empty allows everything. */
  readonly types: readonly string[];
  readonly nullable: boolean;
  readonly default: JsonValue | undefined;
  readonly properties: ReadonlyMap<string, Schema>;
  /** True and false as written; undefined when not said. */
  readonly additionalProperties: Schema | boolean | undefined;
  readonly items: Schema | undefined;

  readonly isIntOrString: boolean;
  readonly isEmbedded: boolean;
  readonly preservesUnknown: boolean;
  readonly listType: string | undefined;
  readonly mapType: string | undefined;
  readonly mapKeys: readonly string[];

  /** '' for none, and for formats nobody checks. */
  readonly format: string;
  readonly pattern: Pattern | undefined;
  readonly enum: readonly JsonValue[];
  readonly required: readonly string[];
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
  readonly isMinimumExclusive: boolean;
  readonly isMaximumExclusive: boolean;
  readonly multipleOf: number | undefined;
  readonly minLength: number | undefined;
  readonly maxLength: number | undefined;
  readonly minItems: number | undefined;
  readonly maxItems: number | undefined;
  readonly minProperties: number | undefined;
  readonly maxProperties: number | undefined;
  readonly allOf: readonly Schema[];
  readonly anyOf: readonly Schema[];
  readonly oneOf: readonly Schema[];
  readonly not: Schema | undefined;
}

/**
 * Most keys of one element of a list. COMPAT: ours; definitions people install have up to three.
 *
 * SECURITY: every element is known by all of them, in each list of who owns what.
 */
export const maximumMapKeys = 16;

const compiled = new WeakMap<JsonObject, Schema>();

/**
 * The schema of a document whose types have been checked (`checkObject`) and that is structural (`structural.ts`).
 * The same document is compiled once. A pattern that does not compile matches nothing: such documents are refused before.
 */
export function compileSchema(document: JsonObject): Schema {
  const known = compiled.get(document);
  if (known !== undefined) return known;
  const schema = compile(document);
  compiled.set(document, schema);
  return schema;
}

function compile(document: JsonObject): Schema {
  const type = textOf(document, 'type');
  const isIntOrString = document['x-kubernetes-int-or-string'] === true;
  const additional = own(document, 'additionalProperties');
  const pattern = textOf(document, 'pattern');
  const schema: Schema = {
    type,
    types: isIntOrString ? ['integer', 'string'] : type === '' ? [] : [type],
    nullable: document.nullable === true,
    default: document.default === null ? undefined : own(document, 'default'),
    properties: new Map(
      Object.entries(objectOf(document, 'properties')).map(([name, one]) => [name, compileOne(one)]),
    ),
    additionalProperties: isObject(additional)
      ? compile(additional)
      : typeof additional === 'boolean'
        ? additional
        : undefined,
    items: compileOptional(document, 'items'),
    isIntOrString,
    isEmbedded: document['x-kubernetes-embedded-resource'] === true,
    preservesUnknown: document['x-kubernetes-preserve-unknown-fields'] === true,
    listType: textOf(document, 'x-kubernetes-list-type') || undefined,
    mapType: textOf(document, 'x-kubernetes-map-type') || undefined,
    mapKeys: textsOf(document, 'x-kubernetes-list-map-keys'),
    format: textOf(document, 'format'),
    pattern: pattern === '' ? undefined : tolerantPattern(pattern),
    enum: listOf(document, 'enum'),
    required: textsOf(document, 'required'),
    minimum: numberOf(document, 'minimum'),
    maximum: numberOf(document, 'maximum'),
    isMinimumExclusive: document.exclusiveMinimum === true,
    isMaximumExclusive: document.exclusiveMaximum === true,
    multipleOf: numberOf(document, 'multipleOf'),
    minLength: numberOf(document, 'minLength'),
    maxLength: numberOf(document, 'maxLength'),
    minItems: numberOf(document, 'minItems'),
    maxItems: numberOf(document, 'maxItems'),
    minProperties: numberOf(document, 'minProperties'),
    maxProperties: numberOf(document, 'maxProperties'),
    allOf: listOf(document, 'allOf').map(compileOne),
    anyOf: listOf(document, 'anyOf').map(compileOne),
    oneOf: listOf(document, 'oneOf').map(compileOne),
    not: compileOptional(document, 'not'),
  };
  return schema;
}

function compileOne(document: JsonValue): Schema {
  return compile(isObject(document) ? document : {});
}

function compileOptional(document: JsonObject, member: string): Schema | undefined {
  const inner = own(document, member);
  return isObject(inner) ? compile(inner) : undefined;
}

function tolerantPattern(source: string): Pattern {
  try {
    return compilePattern(source);
  } catch {
    return { source, matches: () => false, size: 1 };
  }
}

export function textOf(document: JsonObject, member: string): string {
  const value = own(document, member);
  return typeof value === 'string' ? value : '';
}

function numberOf(document: JsonObject, member: string): number | undefined {
  const value = own(document, member);
  return typeof value === 'number' ? value : undefined;
}

export function listOf(document: JsonObject, member: string): readonly JsonValue[] {
  const value = own(document, member);
  return Array.isArray(value) ? value : [];
}

export function textsOf(document: JsonObject, member: string): readonly string[] {
  return listOf(document, member).filter((one) => typeof one === 'string');
}

export function objectOf(document: JsonObject, member: string): JsonObject {
  const value = own(document, member);
  return isObject(value) ? value : {};
}
