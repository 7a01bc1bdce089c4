import { type FieldError, forbiddenField } from '../../wire/kube/fielderror.ts';
import { isObject, type JsonObject, type JsonValue, sameJson } from '../../wire/kube/json.ts';
import { badRequest, conflict, modifiedDetail } from '../../wire/kube/status.ts';
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
      `the kind in the body (${String(kind)}) does not match the kind of the URL (${expected.kind})`,
    );
  }
  if (apiVersion !== undefined && apiVersion !== '' && apiVersion !== expected.apiVersion) {
    throw badRequest(
      `the API version in the data (${String(apiVersion)}) does not match the expected API version (${expected.apiVersion})`,
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
  const present = Object.fromEntries(Object.entries(members).filter(([, member]) => member !== null));
  return { kind: expected.kind, apiVersion: expected.apiVersion, metadata, ...present };
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
