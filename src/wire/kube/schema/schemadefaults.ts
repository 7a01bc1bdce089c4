import { type FieldError, invalidValue } from '../fielderror.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { isObject } from '../json.ts';
import { embeddedErrors, readEmbedded } from './embedded.ts';
import type { Budget } from './findings.ts';
import { prune, pruneInner } from './pruning.ts';
import { compileSchema, type Schema } from './schema.ts';
import { maximumErrors } from './structural.ts';
import { createBudget, validateValue } from './validate.ts';

/**
 * Defaults that their own schema does not allow: unknown fields, wrong values, malformed metadata of embedded resources.
 * The document is structural.
 *
 * COMPAT: a default inside the metadata of an embedded resource is checked by its schema alone.
 */
export function defaultErrors(path: string, document: JsonObject): readonly FieldError[] {
  const errors: FieldError[] = [];
  collect(
    compileSchema(document),
    path,
    { isMetadata: false, isRoot: true },
    { errors, budget: createBudget() },
  );
  return errors;
}

interface Collection {
  readonly errors: FieldError[];
  readonly budget: Budget;
}

function collect(
  schema: Schema,
  path: string,
  { isMetadata, isRoot }: { readonly isMetadata: boolean; readonly isRoot: boolean },
  found: Collection,
): void {
  if (found.errors.length >= maximumErrors) return;
  const isInside = isMetadata && !schema.isEmbedded;
  if (schema.default !== undefined) {
    found.errors.push(...errorsOf(schema, schema.default, `${path}.default`, isInside, found.budget));
  }
  if (schema.items !== undefined) {
    collect(schema.items, `${path}.items`, { isMetadata: isInside, isRoot: false }, found);
  }
  for (const [name, inner] of schema.properties) {
    const isMeta = (isRoot || schema.isEmbedded) && ['metadata', 'apiVersion', 'kind'].includes(name);
    collect(inner, `${path}.properties[${name}]`, { isMetadata: isInside || isMeta, isRoot: false }, found);
  }
}

function errorsOf(
  schema: Schema,
  value: JsonValue,
  path: string,
  isMetadata: boolean,
  budget: Budget,
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
  return [...errors, ...validateValue(schema, value, undefined, budget).map((error) => below(path, error))];
}

/** An error of a value that stands at `path` in something larger. */
export function below(path: string, error: FieldError): FieldError {
  if (error.field === '<nil>') return { ...error, field: path };
  return {
    ...error,
    field: error.field.startsWith('[') ? `${path}${error.field}` : `${path}.${error.field}`,
  };
}
