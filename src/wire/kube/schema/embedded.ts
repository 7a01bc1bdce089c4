import { type FieldError, invalidValue, required } from '../fielderror.ts';
import { isObject, type JsonObject, type JsonValue, own } from '../json.ts';
import { messageNamed } from '../messages.ts';
import { dnsLabel1035Findings, embeddedMetadataErrors } from '../names.ts';
import { checkObject, wrongTypeError } from '../unknownfields.ts';
import { maximumUnknown } from './pruning.ts';
import type { Schema } from './schema.ts';
import { mapElements, mapMembers, memberPath, memberSchema } from './walk.ts';

/** The metadata of resources inside a resource, read as metadata is read. */
export interface EmbeddedMetadata {
  /** The value without metadata fields that nobody knows. */
  readonly value: JsonValue;
  readonly unknown: readonly string[];
  /** What cannot be read at all: such an object is refused before it is validated. */
  readonly error: FieldError | undefined;
}

/** Reads `apiVersion`, `kind` and `metadata` of every `x-kubernetes-embedded-resource` below a value. */
export function readEmbedded(schema: Schema, value: JsonValue, path = ''): EmbeddedMetadata {
  const reader = new Reader();
  const read = reader.read(schema, value, path);
  return { value: read, unknown: reader.unknown.sort(), error: reader.error };
}

class Reader {
  readonly unknown: string[] = [];
  error: FieldError | undefined;

  read(schema: Schema | undefined, value: JsonValue, path: string): JsonValue {
    if (schema === undefined || this.error !== undefined || !hasEmbedded(schema)) return value;
    if (Array.isArray(value)) {
      return mapElements(value, (element, index) => this.read(schema.items, element, `${path}[${index}]`));
    }
    if (!isObject(value)) return value;
    return mapMembers(value, (member, name) => {
      const at = memberPath(path, name);
      if (schema.isEmbedded && (name === 'apiVersion' || name === 'kind') && typeof member !== 'string') {
        this.error ??= invalidValue(at, member, 'must be a string');
      }
      const known = schema.isEmbedded && name === 'metadata' ? this.#metadata(member, at) : member;
      return this.read(memberSchema(schema, name), known, at);
    });
  }

  #metadata(metadata: JsonValue, path: string): JsonValue {
    const { unknownFields, wrongTypes } = checkObject('meta.v1.ObjectMeta', metadata);
    if (wrongTypes.length > 0 || !isObject(metadata)) {
      this.error ??= invalidValue(path, metadata, wrongTypeError(wrongTypes));
      return metadata;
    }
    if (this.unknown.length < maximumUnknown) {
      this.unknown.push(...unknownFields.map((field) => `${path}.${field}`));
    }
    const known = messageNamed('meta.v1.ObjectMeta')?.byJsonName;
    return mapMembers(metadata, (member, name) =>
      member === null || known?.has(name) === false ? undefined : member,
    );
  }
}

/** What embedded resources have against the rules every resource keeps; `isRoot` counts the value itself as one. */
export function embeddedErrors(
  schema: Schema,
  value: JsonValue,
  path = '',
  { isRoot = false } = {},
): readonly FieldError[] {
  return errorsBelow(isRoot ? { ...schema, isEmbedded: true } : schema, value, path);
}

function errorsBelow(schema: Schema | undefined, value: JsonValue, path: string): readonly FieldError[] {
  if (schema === undefined || !hasEmbedded(schema)) return [];
  if (Array.isArray(value)) {
    return value.flatMap((element: JsonValue, index) =>
      errorsBelow(schema.items, element, `${path}[${index}]`),
    );
  }
  if (!isObject(value)) return [];
  return [
    ...(schema.isEmbedded ? resourceErrors(value, path) : []),
    ...Object.entries(value).flatMap(([name, member]) =>
      errorsBelow(memberSchema(schema, name), member, memberPath(path, name)),
    ),
  ];
}

function resourceErrors(resource: JsonObject, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const at = (name: string): string => memberPath(path, name);
  for (const name of ['apiVersion', 'kind']) {
    const value = own(resource, name);
    if (value === undefined) errors.push(required(at(name)));
    else if (typeof value !== 'string') errors.push(invalidValue(at(name), value, 'must be a string'));
    else if (value === '') errors.push(invalidValue(at(name), value, 'must not be empty'));
    else if (name === 'apiVersion' && value.split('/').length > 2) {
      errors.push(invalidValue(at(name), value, `unexpected GroupVersion string: ${value}`));
    } else if (name === 'kind') {
      const findings = dnsLabel1035Findings(value.toLowerCase());
      if (findings.length > 0) {
        const detail = `may have mixed case, but should otherwise match: ${findings.join(',')}`;
        errors.push(invalidValue(at(name), value, detail));
      }
    }
  }
  const metadata = own(resource, 'metadata');
  if (isObject(metadata)) errors.push(...embeddedMetadataErrors(metadata, at('metadata')));
  return errors;
}

const known = new WeakMap<Schema, boolean>();

/** Most schemas embed nothing. */
function hasEmbedded(schema: Schema): boolean {
  const answer = known.get(schema);
  if (answer !== undefined) return answer;
  const { properties, items, additionalProperties: additional } = schema;
  const below = [
    ...properties.values(),
    ...(items ? [items] : []),
    ...(typeof additional === 'object' ? [additional] : []),
  ];
  const found = schema.isEmbedded || below.some(hasEmbedded);
  known.set(schema, found);
  return found;
}
