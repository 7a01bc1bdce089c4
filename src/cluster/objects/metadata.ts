import { type FieldError, forbiddenField, invalidValue } from '../../wire/kube/fielderror.ts';
import { isObject, type JsonObject, type JsonValue, own, printed, sameJson } from '../../wire/kube/json.ts';
import { qualifiedNameFindings } from '../../wire/kube/names.ts';
import type { ResourceDefinition } from '../../wire/kube/resources.ts';
import { badRequest, conflict, modifiedDetail } from '../../wire/kube/status.ts';
import { foregroundFinalizer, orphanFinalizer } from './deletion.ts';
import type { KubeObject, ObjectMeta } from './object.ts';

const textMembers = [
  'name',
  'generateName',
  'namespace',
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'deletionTimestamp',
];

/**
 * Checks the types that the rest of this room relies on and that would be unreadable in the store; a null member is
 * an absent one, as in Kubernetes. What fails to decode is a 400, before any validation.
 */
export function toKubeObject(
  value: JsonValue,
  expected: { readonly apiVersion: string; readonly kind: string },
): KubeObject {
  const wrong = (detail: string) => badRequest(`the object provided is unrecognized: ${detail}`);
  if (!isObject(value)) throw wrong('not an object');
  const { apiVersion, kind, metadata: givenMetadata, ...members } = value;
  if (kind !== undefined && kind !== '' && kind !== expected.kind) {
    throw badRequest(
      `the kind in the body (${printed(kind)}) does not match the kind of the URL (${expected.kind})`,
    );
  }
  if (apiVersion !== undefined && apiVersion !== '' && apiVersion !== expected.apiVersion) {
    throw badRequest(
      `the API version in the data (${printed(apiVersion)}) does not match the expected API version (${expected.apiVersion})`,
    );
  }
  const given = givenMetadata ?? {};
  if (!isObject(given)) throw wrong('metadata is not an object');
  const metadata = Object.fromEntries(Object.entries(given).filter(([, member]) => member !== null));
  for (const name of textMembers) {
    if (metadata[name] !== undefined && typeof metadata[name] !== 'string')
      throw wrong(`metadata.${name} is not a string`);
  }
  for (const name of ['labels', 'annotations']) {
    const map = metadata[name];
    if (map === undefined) continue;
    const isTextMap = isObject(map) && Object.values(map).every((text) => typeof text === 'string');
    if (!isTextMap) throw wrong(`metadata.${name} is not a map of strings`);
  }
  const { finalizers } = metadata;
  if (finalizers !== undefined) {
    const isTextList = Array.isArray(finalizers) && finalizers.every((text) => typeof text === 'string');
    if (!isTextList) throw wrong('metadata.finalizers is not a list of strings');
  }
  const { ownerReferences } = metadata;
  if (ownerReferences !== undefined && !isOwnerList(ownerReferences)) {
    throw wrong('metadata.ownerReferences is not a list of owner references');
  }
  const present = Object.fromEntries(Object.entries(members).filter(([, member]) => member !== null));
  return { kind: expected.kind, apiVersion: expected.apiVersion, metadata, ...present };
}

const ownerMembers = { apiVersion: 'string', kind: 'string', name: 'string', uid: 'string' } as const;
const ownerFlags = { controller: 'boolean', blockOwnerDeletion: 'boolean' } as const;

/** What the garbage collector reads must be readable, or it would take the owner for one that is not there. */
function isOwnerList(value: JsonValue): boolean {
  const types = Object.entries({ ...ownerMembers, ...ownerFlags });
  return (
    Array.isArray(value) &&
    value.every(
      (one: JsonValue) =>
        isObject(one) &&
        types.every(
          ([name, type]) => one[name] === undefined || one[name] === null || typeof one[name] === type,
        ),
    )
  );
}

/** Name and namespace of the URL and of the body must agree (kubernetes-facts E3). The URL was authorized. */
export function checkAddress(
  object: KubeObject,
  address: { readonly namespace: string; readonly name: string | undefined },
): void {
  const { name = '', namespace = '' } = object.metadata;
  if (namespace !== '' && namespace !== address.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (address.name !== undefined && name !== '' && name !== address.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${address.name})`);
  }
}

/**
 * The metadata of a new object: what clients may say, and what only the server says (kubernetes-facts E1).
 * `managedFields` are added when it is stored.
 */
export function newMetadata(
  given: ObjectMeta,
  server: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly creationTimestamp: string;
    readonly generation: number | undefined;
  },
): ObjectMeta {
  return compact({
    name: server.name,
    generateName: given.generateName,
    namespace: server.namespace === '' ? undefined : server.namespace,
    uid: server.uid,
    generation: server.generation,
    creationTimestamp: server.creationTimestamp,
    labels: given.labels,
    annotations: given.annotations,
    ownerReferences: given.ownerReferences,
    finalizers: given.finalizers,
  });
}

/** The metadata after an update: the client's labels, annotations, owners and finalizers, the rest as it was. */
export function updatedMetadata(given: ObjectMeta, old: ObjectMeta): ObjectMeta {
  return compact({
    ...old,
    labels: given.labels,
    annotations: given.annotations,
    ownerReferences: given.ownerReferences,
    finalizers: given.finalizers,
  });
}

/** Empty maps and lists are absent, as Kubernetes writes them; so an update that only empties nothing is none. */
function compact(members: Readonly<Record<string, JsonValue | undefined>>): ObjectMeta {
  const kept = Object.entries(members).filter(([, value]) => {
    if (value === undefined || value === null || value === '') return false;
    if (Array.isArray(value)) return value.length > 0;
    return !isObject(value) || Object.keys(value).length > 0;
  });
  return Object.fromEntries(kept) as JsonObject as ObjectMeta;
}

/** What a client claims about the object it changes must hold: resourceVersion and uid (kubernetes-facts E2). */
export function checkPreconditions(
  target: { readonly group: string; readonly resource: string; readonly name: string },
  given: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined },
  current: KubeObject,
): void {
  const { uid, resourceVersion } = current.metadata;
  if (given.uid !== undefined && given.uid !== '' && given.uid !== uid) {
    throw conflict(
      target,
      target.name,
      `Precondition failed: UID in precondition: ${given.uid}, UID in object meta: ${uid ?? ''}`,
    );
  }
  if (
    given.resourceVersion !== undefined &&
    given.resourceVersion !== '' &&
    given.resourceVersion !== resourceVersion
  ) {
    throw conflict(target, target.name, modifiedDetail);
  }
}

/** What is wrong with owners and finalizers (apimachinery's and the core group's ValidateObjectMeta). */
export function validateHolders(
  resource: ResourceDefinition,
  metadata: ObjectMeta,
  old: ObjectMeta | undefined,
): readonly FieldError[] {
  const { finalizers = [], ownerReferences } = metadata;
  const field = 'metadata.finalizers';
  const errors = finalizers.flatMap((one) =>
    qualifiedNameFindings(one).map((text) => invalidValue(field, one, text)),
  );
  if (finalizers.includes(orphanFinalizer) && finalizers.includes(foregroundFinalizer)) {
    const detail = `finalizer ${orphanFinalizer} and ${foregroundFinalizer} cannot be both set`;
    errors.push(invalidValue(field, finalizers, detail));
  }
  const owners: readonly JsonValue[] = Array.isArray(ownerReferences) ? ownerReferences : [];
  return [
    ...owners.flatMap(ownerErrors),
    ...controllerErrors(owners),
    ...errors,
    ...unqualifiedFinalizers(resource, finalizers, old?.finalizers ?? []),
  ];
}

const standardFinalizers: readonly string[] = ['kubernetes', orphanFinalizer, foregroundFinalizer];
/** Groups whose kinds take any name for a finalizer; of the others only events do. */
const lenientGroups: readonly string[] = [
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'policy',
];

/** COMPAT: a name that is stored already is let be, so that an object of an earlier release can lose its others. */
function unqualifiedFinalizers(
  { group, resource, custom }: ResourceDefinition,
  finalizers: readonly string[],
  known: readonly string[],
): readonly FieldError[] {
  if (custom !== undefined || resource === 'events' || lenientGroups.includes(group)) return [];
  const detail = 'name is neither a standard finalizer name nor is it fully qualified';
  return finalizers.flatMap((one, index) => {
    const isFine = one.includes('/') || standardFinalizers.includes(one) || known.includes(one);
    return isFine ? [] : [invalidValue(`metadata.finalizers[${index}]`, one, detail)];
  });
}

/** Upstream names the list alone here, not which of its members. */
function ownerErrors(owner: JsonValue): readonly FieldError[] {
  const field = 'metadata.ownerReferences';
  const member = (name: string): string => printed(own(owner, name) ?? '');
  const errors: FieldError[] = [];
  const apiVersion = member('apiVersion');
  if (apiVersion === '' || apiVersion.endsWith('/') || apiVersion.split('/').length > 2) {
    errors.push(invalidValue(`${field}.apiVersion`, apiVersion, 'version must not be empty'));
  }
  for (const name of ['kind', 'name', 'uid']) {
    if (member(name) === '') errors.push(invalidValue(`${field}.${name}`, '', 'must not be empty'));
  }
  if (apiVersion === 'v1' && member('kind') === 'Event') {
    errors.push(invalidValue(field, owner, '/v1, Kind=Event is disallowed from being an owner'));
  }
  return errors;
}

function controllerErrors(owners: readonly JsonValue[]): readonly FieldError[] {
  const controllers = owners.filter((owner) => own(owner, 'controller') === true);
  const [first, ...others] = controllers.map(
    (owner) => `${printed(own(owner, 'kind'))}/${printed(own(owner, 'name'))}`,
  );
  return others.map((other) =>
    invalidValue(
      'metadata.ownerReferences',
      owners,
      `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${other}`,
    ),
  );
}

/** Rules of an update of metadata that need the old object: an object being deleted takes no new finalizer (E8). */
export function validateMetadataUpdate(next: ObjectMeta, old: ObjectMeta): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (old.deletionTimestamp !== undefined) {
    const added = (next.finalizers ?? []).filter((finalizer) => !(old.finalizers ?? []).includes(finalizer));
    if (added.length > 0) {
      errors.push(
        forbiddenField(
          'metadata.finalizers',
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added
            .map((finalizer) => JSON.stringify(finalizer))
            .join(', ')}}`,
        ),
      );
    }
  }
  return errors;
}

/** Whether anything beside metadata and status differs: what `generation` counts. */
export function specChanged(next: KubeObject, old: KubeObject): boolean {
  const spec = ({ metadata: _, status: __, ...rest }: KubeObject): JsonObject => rest as JsonObject;
  return !sameJson(spec(next), spec(old));
}
