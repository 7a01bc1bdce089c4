import type { Put } from '../../storage/storage.ts';
import { type JsonObject, type JsonValue, sameJson } from '../../wire/kube/json.ts';
import { compareFields } from '../../wire/kube/managedfields/compare.ts';
import { applyConflict } from '../../wire/kube/managedfields/conflict.ts';
import { shapeOfResource } from '../../wire/kube/managedfields/customshape.ts';
import {
  clearsManagers,
  decodeManagers,
  encodeManagers,
  readManagers,
  sameManagers,
} from '../../wire/kube/managedfields/entries.ts';
import {
  difference,
  type FieldSet,
  fieldSetOfPaths,
  intersection,
  union,
} from '../../wire/kube/managedfields/fieldset.ts';
import { applyForKubectl } from '../../wire/kube/managedfields/lastapplied.ts';
import { type Managers, managerKey, maximumManagers } from '../../wire/kube/managedfields/managers.ts';
import { unknownManagers, updateManagers, type Writer } from '../../wire/kube/managedfields/ownership.ts';
import type { Shape } from '../../wire/kube/managedfields/shape.ts';
import { apiVersionOf, type ResourceDefinition, type ResourceTable } from '../../wire/kube/resources.ts';
import { invalid, requestEntityTooLarge } from '../../wire/kube/status.ts';
import type { ApiContext, ResourceRequest } from '../context.ts';
import { header } from '../request/headers.ts';
import { fieldManagerOf } from '../request/options.ts';
import { fromStoredVersion } from '../resources/versions.ts';
import { type KubeObject, kubernetesTime } from './object.ts';

/** One write, seen by who keeps account of owners. Objects are as they are stored. */
interface Write {
  /** Undefined when the object is new. */
  readonly before: KubeObject | undefined;
  /**
   * Complete, with its managedFields still the old ones, and as admission has not changed it yet: what a webhook or the
   * server itself adds to it is nobody's, as upstream.
   */
  readonly offered: KubeObject;
  /** What the client wants the object to be. */
  readonly given: KubeObject;
}

/** Who owns the fields of an object after a write; `isSame` when nobody gained or lost a field. */
export type Ownership = (write: Write) => {
  readonly managers: readonly JsonObject[];
  readonly isSame: boolean;
};

/**
 * JSON characters of managedFields. SECURITY: every applier may list every field again; without a bound an object of
 * 1 MiB could be made to hold a hundred times that.
 */
const maximumEncodedLength = 1_500_000;

export function withManagedFields(object: KubeObject, managers: readonly JsonObject[]): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata: managers.length === 0 ? metadata : { ...metadata, managedFields: managers } };
}

function writerOf(context: ApiContext, request: ResourceRequest): Writer {
  return {
    manager: fieldManagerOf(request.query, header(request.headers, 'user-agent')),
    apiVersion: apiVersionOf(request.resource),
    subresource: request.subresource,
    time: kubernetesTime(context.now()),
  };
}

/** Refuses to store an object whose managedFields are too long. */
export function checkedSize(change: Put, object: KubeObject): Put {
  // What is in the object is at least as long, so most are never measured.
  const isLong =
    change.value.length > maximumEncodedLength &&
    JSON.stringify(object.metadata.managedFields ?? []).length > maximumEncodedLength;
  if (isLong)
    throw requestEntityTooLarge(`metadata.managedFields would be longer than ${maximumEncodedLength}`);
  return change;
}

/** The managers in what the server itself stored. */
function storedManagers(
  { resource, served: table }: Pick<ResourceRequest, 'resource' | 'served'>,
  managedFields: JsonValue | undefined,
): Managers {
  return served(table, resource, readManagers(Array.isArray(managedFields) ? managedFields : []));
}

/** Without those of versions that are not served; upstream cannot compare them either. */
function served(table: ResourceTable, resource: ResourceDefinition, managers: Managers): Managers {
  return managers.filter(({ apiVersion }) => {
    if (apiVersion === apiVersionOf(resource)) return true;
    const slash = apiVersion.indexOf('/');
    const group = slash < 0 ? '' : apiVersion.slice(0, slash);
    return (
      group === resource.group &&
      table.find(group, apiVersion.slice(slash + 1), resource.resource) !== undefined
    );
  });
}

/**
 * Ownership after POST, PUT and PATCH other than apply (kubernetes-facts E13). Clients may write managedFields on the
 * object itself: a readable list replaces what was stored, an empty one clears it, anything else is passed over. An object
 * that has no managers gets none by an update: it was made before they were kept, or they were cleared.
 */
export function ownershipOfUpdate(context: ApiContext, request: ResourceRequest): Ownership {
  const { resource } = request;
  const shape = shapeOfResource(resource);
  return ({ before, offered, given }) => {
    const writer = writerOf(context, request);
    if (before === undefined) {
      const changes = compareFields(shape, {}, fromStoredVersion(resource, offered));
      return { managers: encodeManagers(updateManagers([], writer, changes)), isSame: false };
    }
    const old = storedManagers(request, before.metadata.managedFields);
    const managers = writtenManagers(request, old, before, given);
    const changes = compareFields(
      shape,
      fromStoredVersion(resource, before),
      fromStoredVersion(resource, offered),
    );
    const next = managers.length === 0 ? managers : updateManagers(managers, writer, changes);
    return { managers: encodeManagers(next), isSame: sameManagers(old, next) };
  };
}

function writtenManagers(
  request: ResourceRequest,
  old: Managers,
  before: KubeObject,
  given: KubeObject,
): Managers {
  const { managedFields } = given.metadata;
  if (request.subresource !== '' || managedFields === undefined) return old;
  if (sameJson(managedFields, before.metadata.managedFields ?? null)) return old;
  if (clearsManagers(managedFields)) return [];
  const written = decodeManagers(managedFields);
  return written === undefined || written.length === 0
    ? old
    : served(request.served, request.resource, written);
}

/** What one apply is about: which object, as which type, and which part of the stored one it stands for. */
export interface Application {
  readonly shape: Shape;
  readonly config: JsonObject;
  readonly force: boolean;
  /** The paths this address can own; undefined for all. */
  readonly scope?: FieldSet;
}

/** Where a Scale and the object it belongs to have the same field. */
export const replicasOnly: FieldSet = fieldSetOfPaths([['f:spec', 'f:replicas']]);

/**
 * The two halves of an apply: `apply` makes the new object out of the live one (`{}` when there is none), and `own` then
 * answers who owns what. Both are called anew when the write has to be tried again.
 */
export function ownershipOfApply(
  context: ApiContext,
  request: ResourceRequest,
  application: Application,
): {
  readonly apply: (live: JsonObject, managedFields: JsonValue | undefined) => JsonObject;
  readonly own: Ownership;
} {
  const { shape, config, force, scope } = application;
  let next: Managers = [];
  return {
    apply(live, managedFields) {
      const writer = writerOf(context, request);
      const known = storedManagers(request, managedFields);
      const all = known.length > 0 ? known : within(unknownManagers(shape, live, writer), scope);
      const inScope = within(all, scope);
      const result = applyForKubectl({ shape, live, config, managers: inScope, writer, force });
      if (result.outcome === 'conflict') throw applyConflict(result.conflicts);
      next = scope === undefined ? result.managers : rejoined(all, result.managers, scope);
      if (next.length > maximumManagers) throw tooManyManagers(request);
      return result.object;
    },
    own({ before }) {
      const old = storedManagers(request, before?.metadata.managedFields);
      return { managers: encodeManagers(next), isSame: before !== undefined && sameManagers(old, next) };
    },
  };
}

function within(managers: Managers, scope: FieldSet | undefined): Managers {
  if (scope === undefined) return managers;
  return managers
    .map((one) => ({ ...one, fields: intersection(one.fields, scope) }))
    .filter(({ fields }) => fields.size > 0);
}

/** The managers of the whole object, when only what lies in `scope` was looked at. */
function rejoined(all: Managers, changed: Managers, scope: FieldSet): Managers {
  const result = new Map(
    all.map((one) => [managerKey(one), { ...one, fields: difference(one.fields, scope) }]),
  );
  for (const one of changed) {
    const key = managerKey(one);
    const fields = intersection(one.fields, scope);
    result.set(key, { ...one, fields: union(result.get(key)?.fields ?? new Map(), fields) });
  }
  return [...result.values()].filter(({ fields }) => fields.size > 0);
}

function tooManyManagers({ resource, name }: ResourceRequest): Error {
  return invalid(resource, name, [
    {
      reason: 'FieldValueForbidden',
      field: 'metadata.managedFields',
      text: `Forbidden: an object has at most ${maximumManagers} managers`,
    },
  ]);
}
