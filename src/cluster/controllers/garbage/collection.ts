import type { ClusterAccess } from '../../../access/access.ts';
import type { Expectation, StoredEntry } from '../../../storage/storage.ts';
import {
  deletionStep,
  foregroundFinalizer,
  isFinished,
  isNamespaceKind,
  orphanFinalizer,
  type Propagation,
  withoutFinalizer,
} from '../../objects/deletion.ts';
import type { KubeObject } from '../../objects/object.ts';
import { readObject, writeObject } from '../../objects/store.ts';
import { isProtectedNamespace } from '../../resources/namespaces.ts';
import { createTurns } from '../../turns.ts';
import { type ControllerContext, objectAddress } from '../controller.ts';
import { withUpdatedManagers } from '../managedwrite.ts';
import type { OwnerIndex } from './ownerindex.ts';
import { type OwnerReference, ownerReferences, unblocked, withoutOwners } from './ownerreferences.ts';
import type { OwnerState } from './owners.ts';
import type { Waiting } from './waiting.ts';

/** How many dependents are let go in one commit. */
const batchSize = 100;

const parse = (value: string): KubeObject => JSON.parse(value) as KubeObject;

type StateOf = (
  key: string,
  cluster: ClusterAccess,
  dependent: KubeObject,
  reference: OwnerReference,
) => Promise<OwnerState>;

/**
 * What is done with one object (its key): deleted when it has lost its owners, freed of those it lost, or, when it is itself
 * being deleted, brought on once its dependents are gone or let go.
 */
export function createCollection(
  context: ControllerContext,
  {
    index,
    waiting,
    stateOf,
  }: { readonly index: OwnerIndex; readonly waiting: Waiting; readonly stateOf: StateOf },
) {
  const { storage, now } = context;
  // One clock for all workers. SECURITY: an object may name a thousand owners, and have any number of dependents.
  const turns = createTurns();
  const pause = async (): Promise<void> => {
    if (turns.isOver()) await turns.next();
  };

  const release = async ({ key, revision }: StoredEntry, held: KubeObject, finalizer: string) => {
    const object = withoutFinalizer(held, finalizer);
    const isGone = isFinished(objectAddress(key), object);
    await storage.commit({
      expect: [{ key, revision }],
      changes: [isGone ? { type: 'delete', key } : writeObject(key, object)],
    });
  };
  /** `resting` says what else must be as it was found: an owner that waits may be told to let its dependents go. */
  const remove = async (
    entry: StoredEntry,
    object: KubeObject,
    propagation: Propagation,
    resting: readonly Expectation[],
  ): Promise<void> => {
    const { outcome, object: next } = deletionStep(objectAddress(entry.key), object, { propagation }, now());
    await storage.commit({
      expect: [{ key: entry.key, revision: entry.revision }, ...resting],
      changes: [outcome === 'gone' ? { type: 'delete', key: entry.key } : writeObject(entry.key, next)],
    });
  };
  const letGo = async (uid: string, cluster: ClusterAccess): Promise<boolean> => {
    const keys = index.dependents(uid).slice(0, batchSize);
    const entries = (await storage.getMany(keys)).filter((entry) => entry !== undefined);
    if (entries.length === 0) return false;
    await storage.commit({
      expect: entries.map(({ key, revision }) => ({ key, revision })),
      changes: entries.map((entry) => {
        const before = readObject(entry);
        const after = withoutOwners(before, (owner) => owner === uid);
        return writeObject(entry.key, withUpdatedManagers(context, cluster, entry.key, before, after));
      }),
    });
    return true;
  };

  return collect;

  async function collect(key: string, cluster: ClusterAccess): Promise<number | undefined> {
    const entry = await storage.get(key);
    if (entry === undefined) return undefined;
    const object = readObject(entry);
    if (object.metadata.deletionTimestamp !== undefined) return goOn(entry, object, cluster);
    await judge(entry, object, cluster);
    return undefined;
  }

  /** Brings an object on that is being deleted. */
  async function goOn(
    entry: StoredEntry,
    object: KubeObject,
    cluster: ClusterAccess,
  ): Promise<number | undefined> {
    const { key } = entry;
    const { finalizers = [], uid = '' } = object.metadata;
    if (finalizers.includes(orphanFinalizer)) {
      // Also those that came meanwhile: an object that was to stay must not be left with an owner that is gone.
      while (index.hasDependents(uid)) {
        // The index hears of the end of an object with its commit; until then there is nothing to do.
        if (!(await letGo(uid, cluster))) return 1;
      }
      await release(entry, object, orphanFinalizer);
      return undefined;
    }
    if (!finalizers.includes(foregroundFinalizer) || waiting.isBlocked(uid, key)) return undefined;
    // Those that do not block it are deleted with it all the same: once it is let go, an owner that somebody else still holds
    // would keep them. Upstream leaves this to the order in which its workers come.
    for (const dependent of index.dependents(uid)) {
      await pause();
      const found = dependent === key ? undefined : await storage.get(dependent);
      if (found === undefined) continue;
      const living = readObject(found);
      if (living.metadata.deletionTimestamp === undefined) await judge(found, living, cluster);
    }
    if (waiting.isBlocked(uid, key)) return undefined;
    await release(entry, object, foregroundFinalizer);
    return undefined;
  }

  /** Deletes an object that lives when all its owners are gone or going, and frees it of those when others are not. */
  async function judge(entry: StoredEntry, object: KubeObject, cluster: ClusterAccess): Promise<void> {
    const { key } = entry;
    const kind = objectAddress(key);
    const { finalizers = [], uid = '' } = object.metadata;
    const references = ownerReferences(object);
    if (references === 'unreadable' || references.length === 0) return;
    /** By their uid, those that are gone and those that wait. */
    const absent = new Set<string>();
    const waiters = new Map<string, Expectation>();
    let hasOwner = false;
    for (const reference of references) {
      await pause();
      const state = await stateOf(key, cluster, object, reference);
      if (state === 'unknown') return;
      if (state === 'absent') absent.add(reference.uid);
      else if (state === 'present') hasOwner = true;
      else waiters.set(reference.uid, state);
    }
    if (hasOwner) {
      if (absent.size + waiters.size === 0) return;
      // A waiting owner would wait for ever for a dependent that somebody else keeps.
      const next = withoutOwners(object, (owner) => absent.has(owner) || waiters.has(owner));
      await storage.commit({
        expect: [{ key, revision: entry.revision }],
        changes: [writeObject(key, withUpdatedManagers(context, cluster, key, object, next))],
      });
      return;
    }
    if (isNamespaceKind(kind) && isProtectedNamespace(kind.name)) return;
    const resting = [...waiters.values()];
    if (resting.length > 0 && index.hasDependents(uid)) {
      const entangled = await hasWaitingDependent(uid);
      // In a circle everybody would wait for everybody.
      await remove(entry, entangled ? unblocked(object) : object, 'Foreground', resting);
      return;
    }
    await remove(entry, object, ownPropagation(finalizers), resting);
  }

  async function hasWaitingDependent(uid: string): Promise<boolean> {
    const keys = index.dependents(uid);
    for (let start = 0; start < keys.length; start += batchSize) {
      await pause();
      const entries = await storage.getMany(keys.slice(start, start + batchSize));
      for (const entry of entries) {
        if (entry?.value.includes('"deletionTimestamp"') !== true) continue;
        const { deletionTimestamp, finalizers = [] } = parse(entry.value).metadata;
        if (deletionTimestamp !== undefined && finalizers.includes(foregroundFinalizer)) return true;
      }
    }
    return false;
  }
}

/** How an object without owners is deleted: as the finalizers it carries ask for. */
function ownPropagation(finalizers: readonly string[]): Propagation {
  if (finalizers.includes(orphanFinalizer)) return 'Orphan';
  return finalizers.includes(foregroundFinalizer) ? 'Foreground' : 'Background';
}
