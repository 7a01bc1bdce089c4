import type { JsonObject, JsonValue } from '../json.ts';
import { compareFields, type FieldChanges } from './compare.ts';
import { withoutFieldsOf } from './entries.ts';
import { fieldSetOf } from './extract.ts';
import { difference, type FieldSet, intersection, noFields, union, unionOf } from './fieldset.ts';
import {
  beforeFirstApply,
  capUpdaters,
  isSameManager,
  type Manager,
  type ManagerIdentity,
  type Managers,
  ownable,
} from './managers.ts';
import { mergeConfiguration, pruneConfiguration } from './merge.ts';
import type { Shape } from './shape.ts';

/** Who writes now, and when (RFC 3339). */
export interface Writer {
  readonly manager: string;
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string;
}

/** A field the applier sets to another value than somebody who owns it. */
export interface Conflict {
  readonly owner: ManagerIdentity;
  readonly fields: FieldSet;
}

/** Takes fields away from managers. Who has none left is gone. */
function without(managers: Managers, taken: FieldSet): Managers {
  return managers
    .map((one) => ({ before: one, after: withoutFieldsOf(one, taken) }))
    .filter(({ before, after }) => before === after || after.fields.size > 0)
    .map(({ after }) => after);
}

/**
 * The managers after a write that was not an apply (kubernetes-facts E13): what it set to another value is the writer's
 * now and nobody else's, and what it took away is nobody's.
 */
export function updateManagers(managers: Managers, writer: Writer, changes: FieldChanges): Managers {
  const taken = ownable(union(changes.added, changes.modified));
  const gone = union(union(changes.added, changes.modified), changes.removed);
  if (gone.size === 0) return managers;
  const left = without(managers, gone);
  if (taken.size === 0) return left;
  const self: Manager = { ...writer, operation: 'Update', fields: taken };
  const known = left.find((one) => isSameManager(one, self));
  const others = left.filter((one) => one !== known);
  const fields = known === undefined ? taken : union(known.fields, taken);
  return capUpdaters([...others, { ...self, fields }]);
}

export interface ApplyRequest {
  readonly shape: Shape;
  /** The object as it is, without managedFields; `{}` when it is to be created. */
  readonly live: JsonObject;
  readonly config: JsonObject;
  /** Who owns what now; see `unknownManagers` for an object of which nobody recorded it. */
  readonly managers: Managers;
  readonly writer: Writer;
  readonly force: boolean;
}

export type ApplyResult =
  | { readonly outcome: 'applied'; readonly object: JsonObject; readonly managers: Managers }
  /** Not empty; sorted by owner. Nothing was changed. */
  | { readonly outcome: 'conflict'; readonly conflicts: readonly Conflict[] };

/**
 * Server-side apply (kubernetes-facts E13): the configuration is laid over the object; what this applier listed before
 * and lists no more goes, unless somebody owns it; what others own may only be set to the value it has, except by
 * force, which takes it from them.
 */
export function applyConfiguration(request: ApplyRequest): ApplyResult {
  const { shape, live, config, managers, writer } = request;
  const identity: ManagerIdentity = { ...writer, operation: 'Apply' };
  const isSelf = (one: Manager): boolean => isSameManager(one, identity);
  const last = managers.find(isSelf)?.fields ?? noFields;
  const others = managers.filter((one) => !isSelf(one));
  const fields = ownable(fieldSetOf(shape, config));
  const merged = mergeConfiguration(shape, live, config) as JsonObject;
  const owned = unionOf([fields, ...others.map((one) => one.fields)]);
  const object = pruneConfiguration(shape, merged, { last, owned });

  const { added, modified, removed } = compareFields(shape, live, object);
  const written = union(added, modified);
  const conflicts = others
    .map((owner) => ({ owner, fields: intersection(owner.fields, written) }))
    .filter((conflict) => conflict.fields.size > 0)
    .sort((left, right) => (identityText(left.owner) < identityText(right.owner) ? -1 : 1));
  if (conflicts.length > 0 && !request.force) return { outcome: 'conflict', conflicts };

  const left = without(others, union(written, removed));
  const self: Manager = { ...writer, operation: 'Apply', fields };
  return { outcome: 'applied', object, managers: fields.size > 0 ? [...left, self] : left };
}

/** An object whose managers nobody recorded: all it holds belongs to one invented updater, so that applies are careful. */
export function unknownManagers(shape: Shape, live: JsonObject, writer: Writer): Managers {
  const fields = ownable(compareFields(shape, {}, live).added);
  return fields.size === 0 ? [] : [{ ...writer, manager: beforeFirstApply, operation: 'Update', fields }];
}

/** The order upstream shows owners in: that of their JSON. */
function identityText({ manager, operation, apiVersion, subresource }: ManagerIdentity): string {
  return JSON.stringify({
    manager,
    operation,
    ...(operation === 'Update' && { apiVersion }),
    ...(subresource && { subresource }),
  });
}

/** The fields of a configuration that hold the very value the object has. */
export function unchangedFields(shape: Shape, config: JsonValue, live: JsonValue): FieldSet {
  const { added, modified, removed } = compareFields(shape, config, live);
  return difference(fieldSetOf(shape, config), union(union(added, modified), removed));
}
