import { checkBatch } from '../batch.ts';
import {
  type Batch,
  type Change,
  type ListOptions,
  type ListResult,
  type Revision,
  RevisionConflictError,
  type Storage,
  StorageError,
  type StoredEntry,
} from '../storage.ts';
import { type RetentionOptions, Watches } from '../watches.ts';
import { SortedKeys } from './sortedkeys.ts';

/** Storage that lives in this process only: `--in-memory`, the tour and tests. */
export function createMemoryStorage(options: RetentionOptions = {}): Storage {
  const entries = new Map<string, StoredEntry>();
  const keys = new SortedKeys();
  const watches = new Watches(0, options);
  let revision: Revision = 0;
  let closed = false;

  const checkOpen = (): void => {
    if (closed) throw new StorageError('storageClosed', 'the store is closed');
  };

  const apply = (batch: Batch): readonly Change[] => {
    const next = revision + 1;
    const changes: Change[] = [];
    for (const change of batch.changes) {
      const previous = entries.get(change.key);
      if (change.type === 'put') {
        if (previous === undefined) keys.add(change.key);
        entries.set(change.key, { key: change.key, value: change.value, revision: next });
        changes.push({ key: change.key, revision: next, value: change.value, previous });
      } else if (previous !== undefined) {
        keys.delete(change.key);
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
    async getMany(wanted) {
      checkOpen();
      return wanted.map((key) => entries.get(key));
    },
    async list({ prefix, after, limit }: ListOptions): Promise<ListResult> {
      checkOpen();
      const found: StoredEntry[] = [];
      for (const key of keys.under(prefix, after)) {
        if (limit !== undefined && found.length >= limit) return { entries: found, revision, more: true };
        found.push(entries.get(key) as StoredEntry);
      }
      return { entries: found, revision, more: false };
    },
    async count(prefix) {
      checkOpen();
      let count = 0;
      for (const _ of keys.under(prefix)) count++;
      return count;
    },
    async commit(batch) {
      checkOpen();
      checkBatch(batch);
      for (const expectation of batch.expect ?? []) {
        const actual = entries.get(expectation.key)?.revision ?? 0;
        if (actual !== expectation.revision) {
          throw new RevisionConflictError(expectation.key, expectation.revision, actual);
        }
      }
      const changes = apply(batch);
      const committed = revision;
      watches.publish(changes, committed);
      return committed;
    },
    watch(watchOptions, listener) {
      checkOpen();
      return watches.watch(watchOptions, listener);
    },
    async close() {
      closed = true;
      watches.close();
    },
  };
}
