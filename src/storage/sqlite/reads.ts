import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { compareKeys, prefixEnd } from '../order.ts';
import type { ListOptions, ListResult, Revision, StoredEntry } from '../storage.ts';

/** Rows read at one go: some milliseconds of the event loop. */
const pageSize = 2000;

const listSql =
  'SELECT key, value, revision FROM entries WHERE key >= :from AND key < :end ORDER BY key LIMIT :limit';

/** Half-open range of keys. */
interface Range {
  readonly from: string;
  readonly end: string | Uint8Array;
}

/**
 * Both bounds are plain comparisons, so that SQLite seeks to the first row and stops at the last. The next key after
 * K in byte order is K and a NUL; an empty BLOB is above every TEXT.
 */
function rangeOf(prefix: string, after: string | undefined): Range {
  const from = after !== undefined && compareKeys(after, prefix) >= 0 ? `${after}\0` : prefix;
  return { from, end: prefixEnd(prefix) ?? new Uint8Array(0) };
}

/** Reading statements of one connection. */
export class Reads {
  readonly #get: StatementSync;
  readonly #list: StatementSync;
  readonly #count: StatementSync;
  readonly #path: string;
  /** Long lists under way; the store waits for them before it closes. */
  readonly #open = new Set<Promise<unknown>>();

  constructor(database: DatabaseSync, path: string) {
    this.#get = database.prepare('SELECT key, value, revision FROM entries WHERE key = ?');
    this.#list = database.prepare(listSql);
    this.#count = database.prepare('SELECT count(*) AS n FROM entries WHERE key >= :from AND key < :end');
    this.#path = path;
  }

  get(key: string): StoredEntry | undefined {
    // An ill-formed key would be looked up as another one; no such key can have been stored.
    return key.isWellFormed() ? (this.#get.get(key) as StoredEntry | undefined) : undefined;
  }

  count(prefix: string): number {
    return Number(this.#count.get({ ...rangeOf(prefix, undefined) })?.n);
  }

  /** `revision` is the store's revision now, before anything else can run. */
  list(options: ListOptions, revision: Revision): Promise<ListResult> | ListResult {
    const limit = options.limit ?? Number.POSITIVE_INFINITY;
    const range = rangeOf(options.prefix, options.after);
    // One more than wanted tells whether there is more.
    const first = page(this.#list, range, Math.min(limit, pageSize) + 1);
    if (first.length <= Math.min(limit, pageSize)) return { entries: first, revision, more: false };
    if (limit <= pageSize) return { entries: first.slice(0, limit), revision, more: true };
    const rest = this.#listLong(first, range, limit, revision);
    this.#open.add(rest);
    return rest.finally(() => this.#open.delete(rest));
  }

  /**
   * The rest of a long list from a connection of its own, whose snapshot is taken in the same turn as the first page:
   * one moment of the store, although other work runs between the pages.
   */
  async #listLong(
    first: StoredEntry[],
    range: Range,
    limit: number,
    revision: Revision,
  ): Promise<ListResult> {
    const entries = first;
    const snapshot = new DatabaseSync(this.#path, { readOnly: true });
    try {
      const list = snapshot.prepare(listSql);
      snapshot.exec('BEGIN');
      for (;;) {
        const asked = Math.min(pageSize, limit + 1 - entries.length);
        const last = (entries.at(-1) as StoredEntry).key;
        const next = page(list, { ...range, from: `${last}\0` }, asked);
        for (const entry of next) entries.push(entry);
        if (next.length < asked) return { entries, revision, more: false };
        if (entries.length > limit) return { entries: entries.slice(0, limit), revision, more: true };
        await nextTurn();
      }
    } finally {
      snapshot.close();
    }
  }

  async settled(): Promise<void> {
    await Promise.allSettled([...this.#open]);
  }
}

function page(statement: StatementSync, range: Range, limit: number): StoredEntry[] {
  return statement.all({ ...range, limit }) as unknown as StoredEntry[];
}
