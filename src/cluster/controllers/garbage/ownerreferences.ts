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

/** The owners an object names; `unreadable` when one of them cannot be read, so that nobody knows whether it exists. */
export function ownerReferences(object: KubeObject): readonly OwnerReference[] | 'unreadable' {
  const references: OwnerReference[] = [];
  for (const given of referenceList(object)) {
    if (!isObject(given)) return 'unreadable';
    const { apiVersion, kind, name, uid, blockOwnerDeletion } = given;
    if (typeof apiVersion !== 'string' || typeof kind !== 'string') return 'unreadable';
    if (typeof name !== 'string' || typeof uid !== 'string') return 'unreadable';
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
