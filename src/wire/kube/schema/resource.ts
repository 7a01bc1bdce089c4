import { type FieldError, forbiddenField } from '../fielderror.ts';
import type { JsonObject } from '../json.ts';
import { applyDefaults, maximumAdded } from './defaulting.ts';
import { embeddedErrors, readEmbedded } from './embedded.ts';
import { fittingErrors } from './findings.ts';
import { listTypeErrors } from './listtypes.ts';
import { prune, pruneNulls } from './pruning.ts';
import type { Schema } from './schema.ts';
import { validateValue } from './validate.ts';

/** A custom resource as its schema has it. */
export interface ConformedResource {
  /** Without unknown fields and without nulls that mean nothing, and with the schema's defaults unless they are too long. */
  readonly resource: JsonObject;
  /** Paths of the fields that went, at most 100 or so. The resource's own metadata is not looked at. */
  readonly unknown: readonly string[];
  /** What cannot be read at all; the resource is then to be refused. */
  readonly error: FieldError | undefined;
}

/** Prunes and defaults a custom resource. What it already is stays the same object. */
export function conformResource(schema: Schema, resource: JsonObject): ConformedResource {
  const unknown: string[] = [];
  const pruned = pruneNulls(schema, prune(schema, resource, unknown)) as JsonObject;
  const { value, unknown: ofEmbedded, error } = readEmbedded(schema, pruned);
  const completed = applyDefaults(schema, value) as JsonObject | undefined;
  return {
    resource: completed ?? (value as JsonObject),
    unknown: [...unknown.sort(), ...ofEmbedded],
    error: error ?? (completed === undefined ? tooLong : undefined),
  };
}

const tooLong = forbiddenField('<nil>', `defaults would add more than ${maximumAdded} characters`);

/** Everything a conformed resource has against its schema; `before` is what it replaces, conformed too. */
export function resourceErrors(
  schema: Schema,
  resource: JsonObject,
  before: JsonObject | undefined,
): readonly FieldError[] {
  return fittingErrors([
    ...validateValue(schema, resource, before),
    ...embeddedErrors(schema, resource),
    ...repeatedErrors(schema, resource, before),
  ]);
}

/** Repeated elements; where there were some before, no more is said. */
export function repeatedErrors(
  schema: Schema,
  resource: JsonObject,
  before: JsonObject | undefined,
): readonly FieldError[] {
  const found = listTypeErrors(schema, resource);
  const isOld = found.length > 0 && before !== undefined && listTypeErrors(schema, before).length > 0;
  return isOld ? [] : found;
}
