import { compareKeys } from '../order.ts';
import {
  type Batch,
  type Change,
  type ListOptions,
  type ListResult,
  type Revision,
  RevisionCompactedError,
  RevisionConflictError,
  type Storage,
  StorageError,
  type StoredEntry,
  type Watch,
  type WatchListener,
} from '../storage.ts';

/** How many changes stay available to `watch({ after })`. */
const defaultRetainedChanges = 20_000;

/** Storage that lives in this process only: `--in-memory`, the tour and tests. */
export function createMemoryStorage(options: { readonly retainedChanges?: number } = {}): Storage {
  const retainedChanges = options.retainedChanges ?? defaultRetainedChanges;
  const entries = new Map<string, StoredEntry>();
  const sortedKeys: string[] = [];
  const watches = new Set<{ readonly prefix: string; readonly listener: WatchListener }>();
  let history: Change[] = [];
  /** Changes up to and including this revision have left `history`. */
  let compacted: Revision = 0;
  let revision: Revision = 0;
  let closed = false;

  const checkOpen = (): void => {
    if (closed) throw new StorageError('storageClosed', 'the store is closed');
  };

  /** Index of the first key that is not before `key`. */
  const lowerBound = (key: string): number => {
    let low = 0;
    let high = sortedKeys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareKeys(sortedKeys[middle] as string, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  const remember = (changes: readonly Change[]): void => {
    history.push(...changes);
    if (history.length <= retainedChanges * 2) return;
    const cut = history[history.length - retainedChanges - 1] as Change;
    compacted = cut.revision;
    history = history.filter((change) => change.revision > compacted);
  };

  const apply = (batch: Batch): readonly Change[] => {
    const next = revision + 1;
    const changes: Change[] = [];
    for (const change of batch.changes) {
      const previous = entries.get(change.key);
      if (change.type === 'put') {
        if (previous === undefined) sortedKeys.splice(lowerBound(change.key), 0, change.key);
        entries.set(change.key, { key: change.key, value: change.value, revision: next });
        changes.push({ key: change.key, revision: next, value: change.value, previous });
      } else if (previous !== undefined) {
        sortedKeys.splice(lowerBound(change.key), 1);
        entries.delete(change.key);
        changes.push({ key: change.key, revision: next, value: undefined, previous });
      }
    }
    revision = next;
    return changes;
  };

  return {
    revision: () => revision,
    async get(key) {
      checkOpen();
      return entries.get(key);
    },
    async getMany(keys) {
      checkOpen();
      return keys.map((key) => entries.get(key));
    },
    async list({ prefix, after, limit }: ListOptions): Promise<ListResult> {
      checkOpen();
      let index = lowerBound(prefix);
      if (after !== undefined) {
        const afterIndex = lowerBound(after);
        index = Math.max(index, sortedKeys[afterIndex] === after ? afterIndex + 1 : afterIndex);
      }
      const found: StoredEntry[] = [];
      for (; index < sortedKeys.length; index++) {
        const key = sortedKeys[index] as string;
        if (!key.startsWith(prefix)) break;
        if (limit !== undefined && found.length === limit) return { entries: found, revision, more: true };
        found.push(entries.get(key) as StoredEntry);
      }
      return { entries: found, revision, more: false };
    },
    async count(prefix) {
      checkOpen();
      let index = lowerBound(prefix);
      const first = index;
      while (index < sortedKeys.length && (sortedKeys[index] as string).startsWith(prefix)) index++;
      return index - first;
    },
    async commit(batch) {
      checkOpen();
      for (const expectation of batch.expect ?? []) {
        const actual = entries.get(expectation.key)?.revision ?? 0;
        if (actual !== expectation.revision) {
          throw new RevisionConflictError(expectation.key, expectation.revision, actual);
        }
      }
      const changes = apply(batch);
      remember(changes);
      for (const { prefix, listener } of [...watches]) {
        const seen = changes.filter((change) => change.key.startsWith(prefix));
        if (seen.length > 0) listener(seen, revision);
      }
      return revision;
    },
    watch({ prefix, after }, listener): Watch {
      checkOpen();
      if (after !== undefined) {
        if (after < compacted) throw new RevisionCompactedError(after, compacted);
        const byRevision = new Map<Revision, Change[]>();
        for (const change of history) {
          if (change.revision <= after || !change.key.startsWith(prefix)) continue;
          const batch = byRevision.get(change.revision);
          if (batch) batch.push(change);
          else byRevision.set(change.revision, [change]);
        }
        for (const [at, changes] of byRevision) listener(changes, at);
      }
      const watch = { prefix, listener };
      watches.add(watch);
      return { close: () => void watches.delete(watch) };
    },
    async close() {
      closed = true;
      watches.clear();
    },
  };
}
