import type { Change, Revision, Storage, StoredEntry } from '../../storage/storage.ts';
import { createLiveEntries, type LiveEntries } from './liveentries.ts';
import { readChange, type ToldChange } from './told.ts';

/** Entries of one moment. The array is shared and never changes. */
export interface Snapshot {
  readonly entries: readonly StoredEntry[];
  readonly revision: Revision;
  /** The entries were the same at every revision from this one on; it is `revision` when no more is known. */
  readonly since: Revision;
}

export type ChangeListener = (change: ToldChange) => void;

/** Milliseconds until objects that were too many are tried again. */
const refusal = 30_000;

/** Follows one resource of one cluster for everybody: one watch of the store, one copy of the objects. */
export interface Follower {
  /**
   * What lies under a prefix of the resource now. Undefined when the resource is not held in memory: with `load`,
   * because it is too large, otherwise because nobody has needed it yet.
   */
  snapshot(prefix: string, options: { readonly load: boolean }): Promise<Snapshot | undefined>;
  /**
   * Tells of every later change in the scope: the whole resource, a namespace's prefix, or one object's key. Returns
   * how to leave.
   */
  listen(scope: string, listener: ChangeListener): () => void;
  /** The retained changes of a scope after a revision. Throws `RevisionCompactedError`. */
  changesAfter(scope: string, after: Revision): readonly Change[];
  /** Characters of the objects it holds; 0 when it holds none. */
  readonly characters: number;
  /** Lets go of the objects; they are read again when needed. */
  forget(): void;
  close(): void;
}

export function createFollower(options: {
  readonly storage: Storage;
  /** Of the resource, in all namespaces. */
  readonly prefix: string;
  /** More objects than this are not held. */
  readonly maximumEntries: number;
  /** Asked after the objects were read, and after each change: whether they may stay. */
  readonly mayHold: () => boolean;
}): Follower {
  const { storage, prefix, maximumEntries, mayHold } = options;
  const listeners = new Map<string, Set<ChangeListener>>();
  let live: LiveEntries | undefined;
  let changedAt: Revision = 0;
  let loading: Promise<void> | undefined;
  /** When to try again what did not fit. */
  let refusedUntil = 0;
  /** What changed while the objects were being read. */
  let meanwhile: Change[] = [];

  const tell = (scope: string, told: ToldChange): void => {
    for (const listener of listeners.get(scope) ?? []) listener(told);
  };
  const watch = storage.watch({ prefix }, (changes) => {
    for (const change of changes) {
      live?.apply(change);
      changedAt = change.revision;
      if (loading !== undefined) meanwhile.push(change);
      if (listeners.size === 0) continue;
      const told = readChange(change);
      const namespace = change.key.lastIndexOf('/') + 1;
      tell(prefix, told);
      if (namespace > prefix.length) tell(change.key.slice(0, namespace), told);
      tell(change.key, told);
    }
    if (live !== undefined && !mayHold()) live = undefined;
  });

  const load = async (): Promise<void> => {
    try {
      const { entries, revision, more } = await storage.list({ prefix, limit: maximumEntries });
      refusedUntil = performance.now() + refusal;
      if (more) return;
      const loaded = createLiveEntries(entries);
      for (const change of meanwhile) if (change.revision > revision) loaded.apply(change);
      live = loaded;
      changedAt = Math.max(changedAt, revision);
      if (mayHold()) refusedUntil = 0;
      else live = undefined;
    } finally {
      meanwhile = [];
      loading = undefined;
    }
  };

  return {
    async snapshot(wanted, { load: mayLoad }) {
      if (live === undefined && mayLoad && performance.now() >= refusedUntil) {
        loading ??= load();
        await loading;
      }
      // INVARIANT: every change up to the store's revision has been told above, in the turn of its commit.
      return live && { entries: live.under(wanted), revision: storage.revision(), since: changedAt };
    },
    listen(scope, listener) {
      const present = listeners.get(scope) ?? new Set();
      listeners.set(scope, present.add(listener));
      return () => {
        present.delete(listener);
        if (present.size === 0) listeners.delete(scope);
      };
    },
    changesAfter(scope, after) {
      const changes: Change[] = [];
      storage
        .watch({ prefix: scope, after }, (batch) => {
          for (const change of batch) {
            if (scope.endsWith('/') || change.key === scope) changes.push(change);
          }
        })
        .close();
      return changes;
    },
    get characters() {
      return live?.characters ?? 0;
    },
    forget() {
      live = undefined;
    },
    close: () => watch.close(),
  };
}
