import { foregroundFinalizer, orphanFinalizer } from '../../objects/deletion.ts';
import type { KubeObject } from '../../objects/object.ts';
import type { Controller, CreateController, ObjectChange } from '../controller.ts';
import { createCollection } from './collection.ts';
import { createOwnerIndex } from './ownerindex.ts';
import { ownerReferences } from './ownerreferences.ts';
import { createOwnerLookup } from './owners.ts';
import { createWaiting } from './waiting.ts';

/**
 * Deletes what has lost all its owners, and works off the finalizers of foreground deletion and orphaning, as upstream's
 * pkg/controller/garbagecollector does. Its keys are the objects' own.
 *
 * INVARIANT: an object is deleted only when each of its owners was looked for, under the name the object gives and in the
 * namespace it must be in, and is not there with that uid, or is itself waiting for its dependents to go. An owner of a
 * kind nobody serves, or a reference that cannot be read, is one of which nothing is known: the object stays.
 */
export const createGarbageCollector: CreateController = (context, clusterId) => {
  const index = createOwnerIndex();
  const waiting = createWaiting(index);
  const lookup = createOwnerLookup(context, clusterId, index);
  const collect = createCollection(context, { index, waiting, stateOf: lookup.stateOf });

  return {
    name: 'garbage collector',
    workers: 20,
    keysOf(change) {
      const { key, group, resource, value } = change;
      const mayOwn = value?.includes('"ownerReferences"') === true;
      const mayWait = value?.includes('"deletionTimestamp"') === true;
      const object = value !== undefined && (mayOwn || mayWait) ? parse(value) : undefined;
      const isDefinition = resource === 'customresourcedefinitions' && group === 'apiextensions.k8s.io';
      return [
        ...(mayOwn || index.has(key) ? owning(key, object) : []),
        ...(object !== undefined && mayWait ? begun(object, key) : []),
        ...(value === undefined ? ended(change) : []),
        ...(isDefinition ? lookup.unresolved() : []),
      ];
    },
    sync: (key, cluster) => collect(key, cluster),
  } satisfies Controller;

  /** Work that other owners of an object give; the object is undefined when it is gone. */
  function owning(key: string, object: KubeObject | undefined): readonly string[] {
    const references = object === undefined ? [] : ownerReferences(object);
    const { changed, freed } = index.set(key, references === 'unreadable' ? [] : references);
    const owners = freed.map((uid) => {
      const owner = waiting.keyOf(uid);
      return owner === undefined || index.isBlocked(uid, owner) ? undefined : owner;
    });
    return [
      ...(changed && object !== undefined ? [key] : []),
      ...owners.filter((owner) => owner !== undefined),
    ];
  }

  /** Work that an object being deleted gives for the first time. */
  function begun(object: KubeObject, key: string): readonly string[] {
    const { uid = '', finalizers = [], deletionTimestamp } = object.metadata;
    if (deletionTimestamp === undefined) return [];
    if (finalizers.includes(orphanFinalizer)) return [key];
    if (!finalizers.includes(foregroundFinalizer)) {
      waiting.delete(uid);
      return [];
    }
    if (waiting.keyOf(uid) !== undefined) return [];
    waiting.add(uid, key);
    return [key, ...index.dependents(uid)];
  }

  /** Work that the end of an object gives. */
  function ended({ key, previous }: ObjectChange): readonly string[] {
    lookup.forget(key);
    if (previous === undefined || (index.isEmpty && waiting.isEmpty)) return [];
    const object = parse(previous);
    const { uid = '' } = object.metadata;
    waiting.delete(uid);
    lookup.saw(object);
    return index.dependents(uid);
  }
};

const parse = (value: string): KubeObject => JSON.parse(value) as KubeObject;
