import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { checkBatch } from '../batch.ts';
import { type Batch, type Revision, type Storage, StorageError } from '../storage.ts';
import { type RetentionOptions, Watches } from '../watches.ts';
import { GroupCommit } from './groupcommit.ts';
import { lockDirectory } from './lock.ts';
import { Reads } from './reads.ts';
import { prepareSchema } from './schema.ts';

export interface SqliteOptions extends RetentionOptions {
  /** Made with mode 0700 where it does not exist; everything in it is 0600. */
  readonly directory: string;
  /** Size the database may have; writes beyond it are refused like those on a full disk. Without it, SQLite's own limit. */
  readonly maximumBytes?: number;
  /** Epoch milliseconds; for the note about who holds the directory. */
  readonly now?: () => number;
}

/** SQLite's default, stated when the file is made. */
const pageBytes = 4096;

/** How long a write waits for a stranger (`sqlite3` in a shell) that locks the database; the event loop waits too. */
const busyMs = 500;

/** Name of the database within the data directory. */
export const databaseName = 'entryway.db';

/**
 * The embedded store: one SQLite database, held by one process. Writes are durable when acknowledged (WAL,
 * `synchronous=FULL`); commits of one turn of the event loop share one fsync. Throws `StorageHeldError` when the
 * directory is in use and `StorageError` when the database is damaged, foreign, or from a newer release.
 */
export function openSqliteStorage(options: SqliteOptions): Storage {
  const { directory } = options;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const lock = lockDirectory(directory, options.now ?? Date.now);
  const path = join(directory, databaseName);
  let database: DatabaseSync | undefined;
  try {
    database = openDatabase(directory, path);
    if (options.maximumBytes !== undefined) {
      database.exec(`PRAGMA max_page_count = ${Math.floor(options.maximumBytes / pageBytes)}`);
    }
    return createStorage(database, path, lock, options);
  } catch (error) {
    database?.close();
    lock.release();
    if (error instanceof StorageError) throw error;
    throw new StorageError('storageFailed', `database \`${path}\` cannot be opened`, { cause: error });
  }
}

function openDatabase(directory: string, path: string): DatabaseSync {
  // Made by us first: SQLite gives its WAL the mode of the database, and would give the database the umask's.
  closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600);
  syncDirectory(directory);
  const database = new DatabaseSync(path, { timeout: busyMs });
  try {
    database.exec(`PRAGMA page_size = ${pageBytes}`);
    database.exec("PRAGMA encoding = 'UTF-8'; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -16384");
    const mode = database.prepare('PRAGMA journal_mode = WAL').get()?.journal_mode;
    if (mode !== 'wal')
      throw new StorageError('storageFailed', `file system of \`${path}\` does not support WAL`);
    // INVARIANT: FULL syncs the WAL on every commit; NORMAL would acknowledge writes that a power cut takes back.
    database.exec('PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864');
    prepareSchema(database, path);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** A new file is only there after a power cut when its directory was synced as well. */
function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function createStorage(
  database: DatabaseSync,
  path: string,
  lock: { release(): void },
  options: RetentionOptions,
): Storage {
  const reads = new Reads(database, path);
  const stored = Number(database.prepare("SELECT value FROM counters WHERE name = 'revision'").get()?.value);
  const watches = new Watches(stored, options);
  const writes = new GroupCommit(database, stored, (changes, revision) => watches.publish(changes, revision));
  let closing: Promise<void> | undefined;

  const checkOpen = (): void => {
    if (closing !== undefined) throw new StorageError('storageClosed', 'the store is closed');
  };
  const reading = async <T>(read: () => T | Promise<T>): Promise<T> => {
    checkOpen();
    try {
      return await read();
    } catch (error) {
      throw new StorageError('storageFailed', 'the database could not be read', { cause: error });
    }
  };
  const close = async (): Promise<void> => {
    await writes.settled();
    await reads.settled();
    watches.close();
    database.close();
    lock.release();
  };

  return {
    revision: () => writes.revision,
    get: (key) => reading(() => reads.get(key)),
    getMany: (keys) => reading(() => keys.map((key) => reads.get(key))),
    list: (listOptions) => reading(() => reads.list(listOptions, writes.revision)),
    count: (prefix) => reading(() => reads.count(prefix)),
    async commit(batch: Batch): Promise<Revision> {
      checkOpen();
      checkBatch(batch);
      return writes.commit(batch);
    },
    watch(watchOptions, listener) {
      checkOpen();
      return watches.watch(watchOptions, listener);
    },
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}
