import { type FieldError, invalidValue } from '../fielderror.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { isObject } from '../json.ts';
import { embeddedErrors, readEmbedded } from './embedded.ts';
import { prune, pruneInner } from './pruning.ts';
import { compileSchema, type Schema } from './schema.ts';
import { validateValue } from './validate.ts';

/**
 * Defaults that their own schema does not allow: unknown fields, wrong values, malformed metadata of embedded resources.
 * The document is structural.
 *
 * COMPAT: a default inside the metadata of an embedded resource is checked by its schema alone.
 */
export function defaultErrors(path: string, document: JsonObject): readonly FieldError[] {
  const errors: FieldError[] = [];
  collect(compileSchema(document), path, false, true, errors);
  return errors;
}

function collect(
  schema: Schema,
  path: string,
  isMetadata: boolean,
  isRoot: boolean,
  errors: FieldError[],
): void {
  const isInside = isMetadata && !schema.isEmbedded;
  if (schema.default !== undefined)
    errors.push(...errorsOf(schema, schema.default, `${path}.default`, isInside));
  if (schema.items !== undefined) collect(schema.items, `${path}.items`, isInside, false, errors);
  for (const [name, inner] of schema.properties) {
    const isMeta = (isRoot || schema.isEmbedded) && ['metadata', 'apiVersion', 'kind'].includes(name);
    collect(inner, `${path}.properties[${name}]`, isInside || isMeta, false, errors);
  }
}

function errorsOf(
  schema: Schema,
  value: JsonValue,
  path: string,
  isMetadata: boolean,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (!isMetadata) {
    const pruned = schema.isEmbedded && isObject(value) ? prune(schema, value) : pruneInner(schema, value);
    if (pruned !== value) errors.push(invalidValue(path, value, 'must not have unknown fields'));
    const { error } = readEmbedded(schema, value, path);
    if (error !== undefined) return [...errors, error];
    const embedded = embeddedErrors(schema, value, path);
    if (embedded.length > 0) return [...errors, ...embedded];
  }
  return [...errors, ...validateValue(schema, value).map((error) => below(path, error))];
}

/** An error of a value that stands at `path` in something larger. */
export function below(path: string, error: FieldError): FieldError {
  if (error.field === '<nil>') return { ...error, field: path };
  return {
    ...error,
    field: error.field.startsWith('[') ? `${path}${error.field}` : `${path}.${error.field}`,
  };
}
