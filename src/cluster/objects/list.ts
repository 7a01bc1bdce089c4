import { prefixEnd } from '../../storage/order.ts';
import type { Revision, Storage, StoredEntry } from '../../storage/storage.ts';
import { createTurns } from '../turns.ts';
import type { Snapshot } from '../watch/follower.ts';
import { lowerBound } from '../watch/liveentries.ts';
import type { KubeObject } from './object.ts';
import { listAt } from './snapshot.ts';
import { readObject } from './store.ts';

/** Where the next page of a list starts: what a `continue` token carries. */
export interface ListPosition {
  /** The snapshot the list shows; undefined for the one that is there when the page is asked for. */
  readonly revision?: Revision;
  /** Last key looked at. */
  readonly after: string;
  /** How many entries the snapshot had behind it, selected or not; undefined when they were not counted. */
  readonly left?: number;
}

export interface ListSlice {
  readonly entries: readonly StoredEntry[];
  readonly revision: Revision;
  readonly next: ListPosition | undefined;
}

export interface ListQuery {
  readonly prefix: string;
  /** What can be told by the key alone, before an object is read; undefined when nothing can. */
  readonly matchesKey?: ((key: string) => boolean) | undefined;
  readonly matches: ((object: KubeObject) => boolean) | undefined;
  readonly limit: number;
  readonly from?: ListPosition;
  readonly exactly?: Revision;
}

/** Entries read at once while a selector thins them out. */
const chunkSize = 500;

/** At most `limit` selected objects under the prefix, as `listEntries` finds them. */
export async function listObjects(
  storage: Storage,
  query: ListQuery,
): Promise<{ readonly items: readonly KubeObject[]; readonly revision: Revision }> {
  const { entries, revision } = await listEntries(storage, query);
  return { items: entries.map(readObject), revision };
}

/**
 * At most `limit` selected entries under the prefix, from one moment: that of `from`, of `exactly`, or now. A page costs
 * what it holds, not what the collection does, unless a selector has to look at everything.
 * Throws `RevisionCompactedError` when that moment can no longer be read.
 */
export async function listEntries(storage: Storage, query: ListQuery): Promise<ListSlice> {
  const { prefix, limit, from } = query;
  const { matches } = query;
  const revision = from?.revision ?? query.exactly;
  let after = from?.after ?? prefix;
  let left = from?.left;
  const collector = createCollector(query);
  let moment = revision;
  for (;;) {
    const missing = limit - collector.selected.length;
    const size = matches === undefined ? missing : Math.max(chunkSize, missing);
    const page =
      moment === undefined
        ? await storage.list({ prefix, limit: size, after })
        : { ...(await listAt(storage, { prefix, revision: moment, after, limit: size })), revision: moment };
    moment = page.revision;
    const looked = await collector.take(page.entries);
    after = page.entries[looked - 1]?.key ?? after;
    const hasMore = page.more || looked < page.entries.length;
    if (!hasMore) return { entries: collector.selected, revision: moment, next: undefined };
    if (collector.selected.length < limit) continue;
    // Counted once for all pages, and only for lists that tell it: a store counts by looking at everything.
    if (matches === undefined && from === undefined) left = await storage.count(prefix);
    if (left !== undefined) left = Math.max(1, left - collector.looked);
    const next = { revision: moment, after, ...(left !== undefined && { left }) };
    return { entries: collector.selected, revision: moment, next };
  }
}

/** The same from a snapshot of the collection that somebody holds; `from` and `exactly` are of its revision. */
export async function listSnapshot(
  snapshot: Pick<Snapshot, 'entries' | 'revision'>,
  query: ListQuery,
): Promise<ListSlice> {
  const { prefix, matches, limit, from } = query;
  const { entries, revision } = snapshot;
  const end = prefixEnd(prefix);
  const to = end === undefined ? entries.length : lowerBound(entries, end);
  const begin = lowerBound(entries, from === undefined ? prefix : `${from.after}\0`);
  const collector = createCollector(query);
  if (matches === undefined && to - begin <= limit) {
    const all = begin === 0 && to === entries.length ? entries : entries.slice(begin, to);
    return { entries: all, revision, next: undefined };
  }
  const looked = begin + (await collector.take(entries, begin, to));
  if (looked === to) return { entries: collector.selected, revision, next: undefined };
  const next = { revision, after: (entries[looked - 1] as StoredEntry).key, left: to - looked };
  return { entries: collector.selected, revision, next };
}

/** Takes entries until there are `limit` selected ones, in turns when objects have to be read. */
function createCollector({ matchesKey, matches, limit }: ListQuery) {
  const selected: StoredEntry[] = [];
  const turns = createTurns();
  let looked = 0;
  return {
    selected,
    get looked() {
      return looked;
    },
    /** How many of these were looked at. */
    async take(entries: readonly StoredEntry[], begin = 0, end = entries.length): Promise<number> {
      for (let at = begin; at < end; at += 1) {
        const entry = entries[at] as StoredEntry;
        looked += 1;
        if (matches !== undefined) {
          if (matchesKey !== undefined && !matchesKey(entry.key)) continue;
          if (turns.isOver()) await turns.next();
          if (!matches(readObject(entry))) continue;
        }
        selected.push(entry);
        if (selected.length === limit) return at + 1 - begin;
      }
      return end - begin;
    },
  };
}
