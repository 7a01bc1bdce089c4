import type { Revision, Storage, Watch } from './storage.ts';

/** What is made of a record, made again only after the record has changed. */
export interface RecordCache<T> {
  /** From the record under the key; `undefined` was read when there is none. */
  get(key: string): Promise<T>;
  close(): void;
}

/**
 * `make` is given the revision of the record, 0 when there is none.
 *
 * INVARIANT: a value read after a write was acknowledged is made from that write: the store calls watchers before it
 * acknowledges, and a load that began before the change is dropped here, not kept.
 */
export function createRecordCache<T>(
  storage: Pick<Storage, 'get' | 'watch'>,
  options: { readonly prefix: string; readonly capacity: number },
  make: (value: string | undefined, key: string, revision: Revision) => T,
): RecordCache<T> {
  const kept = new Map<string, { readonly value: Promise<T> }>();
  const watch: Watch = storage.watch({ prefix: options.prefix }, (changes) => {
    for (const { key } of changes) kept.delete(key);
  });
  const load = async (key: string): Promise<T> => {
    const entry = await storage.get(key);
    return make(entry?.value, key, entry?.revision ?? 0);
  };
  return {
    get(key) {
      const found = kept.get(key);
      if (found !== undefined) return found.value;
      const entry = { value: load(key) };
      kept.set(key, entry);
      const [oldest] = kept.keys();
      if (kept.size > options.capacity && oldest !== undefined) kept.delete(oldest);
      // A failed read is nobody's answer but this caller's.
      entry.value.catch(() => {
        if (kept.get(key) === entry) kept.delete(key);
      });
      return entry.value;
    },
    close: () => watch.close(),
  };
}
