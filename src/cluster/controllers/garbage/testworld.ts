import type { Propagation } from '../../objects/deletion.ts';

/** What the slow model knows of an object, by its key. */
export interface ModelObject {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly references: readonly ModelReference[];
  readonly finalizers: readonly string[];
  readonly isDeleting: boolean;
}

export interface ModelReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly blockOwnerDeletion: boolean;
}

export type Model = Map<string, ModelObject>;

/** Marks an object as deleted with a policy. */
export function markModel(one: ModelObject, policy: Propagation): ModelObject {
  const others = one.finalizers.filter((finalizer) => !['orphan', 'foregroundDeletion'].includes(finalizer));
  const added = { Background: [], Foreground: ['foregroundDeletion'], Orphan: ['orphan'] }[policy];
  return { ...one, isDeleting: true, finalizers: [...others, ...added] };
}

/**
 * Applies the rules of garbage collection, each to each object, until none changes anything. No index and no queue. What is
 * left may depend on who comes first (whether an owner waits or is gone already when its dependent is looked at), so each
 * round goes through the objects in the order it is told.
 */
export function settle(model: Model, inOrder: (keys: string[]) => readonly string[]): void {
  for (let changed = true; changed; ) {
    changed = false;
    for (const key of inOrder([...model.keys()])) {
      const before = model.get(key);
      if (before === undefined) continue;
      const next = before.isDeleting ? goOn(model, key, before) : collect(model, key, before);
      if (next === before) continue;
      changed = true;
      if (next.isDeleting && next.finalizers.length === 0) model.delete(key);
      else model.set(key, next);
    }
  }
}

const isWaiting = (one: ModelObject): boolean =>
  one.isDeleting && one.finalizers.includes('foregroundDeletion');

function without(one: ModelObject, finalizer: string): ModelObject {
  return { ...one, finalizers: one.finalizers.filter((each) => each !== finalizer) };
}

function dependentsOf(model: Model, uid: string): readonly (readonly [string, ModelObject])[] {
  return [...model].filter(([, one]) => one.references.some((reference) => reference.uid === uid));
}

function blockersOf(model: Model, key: string, uid: string): readonly ModelObject[] {
  return dependentsOf(model, uid)
    .filter(([other]) => other !== key)
    .map(([, one]) => one)
    .filter(({ references }) => references.some((one) => one.uid === uid && one.blockOwnerDeletion));
}

function goOn(model: Model, key: string, one: ModelObject): ModelObject {
  if (one.finalizers.includes('orphan')) {
    for (const [other, dependent] of dependentsOf(model, one.uid)) {
      const references = dependent.references.filter(({ uid }) => uid !== one.uid);
      model.set(other, { ...dependent, references });
    }
    return without(model.get(key) ?? one, 'orphan');
  }
  if (!isWaiting(one)) return one;
  const isFree = (): boolean =>
    blockersOf(model, key, one.uid).length === 0 || reaches(model, one, one, new Set());
  if (!isFree()) return one;
  for (const [other, dependent] of dependentsOf(model, one.uid)) {
    if (dependent.isDeleting) continue;
    const next = collect(model, other, dependent);
    if (next.isDeleting && next.finalizers.length === 0) model.delete(other);
    else model.set(other, next);
  }
  return isFree() ? without(one, 'foregroundDeletion') : one;
}

/** Whether following blocking dependents that wait themselves leads from one object to another. */
function reaches(model: Model, from: ModelObject, to: ModelObject, seen: Set<string>): boolean {
  const [key = ''] = [...model].find(([, one]) => one.uid === from.uid) ?? [];
  return blockersOf(model, key, from.uid)
    .filter(isWaiting)
    .some((one) => {
      if (one.uid === to.uid) return true;
      if (seen.has(one.uid)) return false;
      seen.add(one.uid);
      return reaches(model, one, to, seen);
    });
}

function collect(model: Model, _: string, one: ModelObject): ModelObject {
  if (one.references.length === 0 || one.references.some(({ apiVersion }) => apiVersion !== 'v1')) return one;
  const owners = one.references.map(({ name, uid }) =>
    [...model.values()].find(
      (owner) => owner.uid === uid && owner.name === name && owner.namespace === one.namespace,
    ),
  );
  const gone = one.references.filter((_reference, index) => {
    const owner = owners[index];
    return owner === undefined || isWaiting(owner);
  });
  if (gone.length < one.references.length) {
    const uids = gone.map(({ uid }) => uid);
    const references = one.references.filter(({ uid }) => !uids.includes(uid));
    return gone.length === 0 ? one : { ...one, references };
  }
  const dependents = dependentsOf(model, one.uid).map(([, dependent]) => dependent);
  if (owners.some((owner) => owner !== undefined) && dependents.length > 0) {
    const references = dependents.some(isWaiting)
      ? one.references.map((reference) => ({ ...reference, blockOwnerDeletion: false }))
      : one.references;
    return markModel({ ...one, references }, 'Foreground');
  }
  return markModel(one, one.finalizers.includes('orphan') ? 'Orphan' : 'Background');
}
