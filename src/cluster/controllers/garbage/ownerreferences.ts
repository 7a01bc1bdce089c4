import { isObject, type JsonObject, type JsonValue, printed } from '../../../wire/kube/json.ts';
import type { KubeObject } from '../../objects/object.ts';

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  /** The owner, when it is deleted in the foreground, goes after this dependent. */
  readonly blocks: boolean;
}

/** Owners of one object that are looked for. SECURITY: each costs a read, again and again. */
const maximumOwners = 1_000;

/** The owners an object names; `unreadable` when nobody knows whether they exist: one cannot be read, or they are too many. */
export function ownerReferences(object: KubeObject): readonly OwnerReference[] | 'unreadable' {
  const references: OwnerReference[] = [];
  const list = referenceList(object);
  if (list.length > maximumOwners) return 'unreadable';
  for (const given of list) {
    if (!isObject(given)) return 'unreadable';
    const { apiVersion, kind, name, uid, blockOwnerDeletion } = given;
    if (typeof apiVersion !== 'string' || typeof kind !== 'string') return 'unreadable';
    // Stored before anybody checked it: an owner without a name or uid cannot be looked for.
    if (typeof name !== 'string' || name === '' || typeof uid !== 'string' || uid === '') return 'unreadable';
    references.push({ apiVersion, kind, name, uid, blocks: blockOwnerDeletion === true });
  }
  return references;
}

/** The object without its references to these owners. */
export function withoutOwners(object: KubeObject, isGone: (uid: string) => boolean): KubeObject {
  const left = referenceList(object).filter((one) => !(isObject(one) && isGone(printed(one.uid))));
  const { ownerReferences: _, ...metadata } = object.metadata;
  return { ...object, metadata: left.length > 0 ? { ...metadata, ownerReferences: left } : metadata };
}

/** The object as one that holds up no owner. */
export function unblocked(object: KubeObject): KubeObject {
  const references = referenceList(object).map(
    (one): JsonValue => (isObject(one) ? ({ ...one, blockOwnerDeletion: false } as JsonObject) : one),
  );
  return { ...object, metadata: { ...object.metadata, ownerReferences: references } };
}

function referenceList(object: KubeObject): readonly JsonValue[] {
  const { ownerReferences: given } = object.metadata;
  return Array.isArray(given) ? given : [];
}
