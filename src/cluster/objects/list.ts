import type { Revision, Storage, StoredEntry } from '../../storage/storage.ts';
import type { KubeObject } from './object.ts';
import { listAt } from './snapshot.ts';
import { readObject } from './store.ts';

/** Where the next page of a list starts: what a `continue` token carries. */
export interface ListPosition {
  /** The snapshot the list shows. */
  readonly revision: Revision;
  /** Last key looked at. */
  readonly after: string;
  /** How many entries lie before it, for `remainingItemCount`. */
  readonly seen: number;
}

export interface ListSlice {
  readonly items: readonly KubeObject[];
  readonly revision: Revision;
  readonly next: ListPosition | undefined;
  /** How many entries are left behind this page, selected or not; 0 on the last page. */
  readonly remaining: number;
}

/** Entries read at once while a selector thins them out. */
const chunkSize = 500;

/**
 * At most `limit` selected objects under the prefix, from one moment: that of `from`, of `exactly`, or now.
 * Throws `RevisionCompactedError` when that moment can no longer be read.
 */
export async function listObjects(
  storage: Storage,
  options: {
    readonly prefix: string;
    readonly matches: ((object: KubeObject) => boolean) | undefined;
    readonly limit: number;
    readonly from?: ListPosition;
    readonly exactly?: Revision;
  },
): Promise<ListSlice> {
  const { prefix, matches, limit } = options;
  const items: KubeObject[] = [];
  let after = options.from?.after ?? prefix;
  let seen = options.from?.seen ?? 0;
  let revision = options.from?.revision ?? options.exactly;
  for (;;) {
    const size = matches === undefined ? limit - items.length : Math.max(chunkSize, limit - items.length);
    let entries: readonly StoredEntry[];
    let more: boolean;
    if (revision === undefined) {
      const page = await storage.list({ prefix, limit: size });
      revision = page.revision;
      entries = page.entries;
      more = page.more;
    } else {
      const page = await listAt(storage, { prefix, revision, after, limit: size });
      entries = page.entries;
      more = page.more;
    }
    for (const [index, entry] of entries.entries()) {
      const object = readObject(entry);
      after = entry.key;
      seen += 1;
      if (matches !== undefined && !matches(object)) continue;
      items.push(object);
      if (items.length < limit) continue;
      const left = more || index < entries.length - 1;
      if (!left) return { items, revision, next: undefined, remaining: 0 };
      const remaining = Math.max(1, (await storage.count(prefix)) - seen);
      return { items, revision, next: { revision, after, seen }, remaining };
    }
    if (!more) return { items, revision, next: undefined, remaining: 0 };
  }
}
