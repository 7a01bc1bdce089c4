import { chmodSync, closeSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StorageError } from '../storage.ts';

/** Who holds a data directory. */
export interface Holder {
  readonly pid: number;
  readonly host: string;
  /** ISO 8601 */
  readonly since: string;
}

/** Another process, or another store in this one, has the data directory open. */
export class StorageHeldError extends StorageError {
  readonly directory: string;
  /** Undefined in the instant between taking the lock and writing the note. */
  readonly holder: Holder | undefined;
  constructor(directory: string, holder: Holder | undefined, options?: ErrorOptions) {
    const by =
      holder === undefined
        ? 'another process'
        : `process ${holder.pid} on host \`${holder.host}\` since ${holder.since}`;
    super('storageHeld', `data directory \`${directory}\` is held by ${by}`, options);
    this.directory = directory;
    this.holder = holder;
  }
}

export interface DirectoryLock {
  release(): void;
}

const lockName = 'lock';
const noteName = 'holder.json';

/**
 * Takes the data directory for this process, or throws `StorageHeldError`.
 *
 * INVARIANT: the lock is the operating system's (an exclusive SQLite lock on the empty file `lock`), so it ends with
 * the process, also by `kill -9`, and two processes that start together cannot both have it. Nothing is decided from
 * process ids, which are reused; `holder.json` only tells people whom to ask.
 */
export function lockDirectory(directory: string, now: () => number): DirectoryLock {
  const path = join(directory, lockName);
  createFile(path);
  chmodSync(path, 0o600);
  // Two that try at the same instant can block each other; the short wait lets one of them through.
  const database = new DatabaseSync(path, { timeout: 250 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    // Only "busy" means held; anything else (no permission, full disk) must not be told as somebody else's fault.
    if (isBusy(error)) throw new StorageHeldError(directory, readNote(directory), { cause: error });
    throw new StorageError('storageFailed', `data directory \`${directory}\` cannot be locked`, {
      cause: error,
    });
  }
  const note = join(directory, noteName);
  const release = (): void => {
    rmSync(note, { force: true });
    database.close();
  };
  const holder: Holder = { pid: process.pid, host: hostname(), since: new Date(now()).toISOString() };
  try {
    writeFileSync(`${note}.new`, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
    renameSync(`${note}.new`, note);
  } catch (error) {
    release();
    throw new StorageError('storageFailed', `data directory \`${directory}\` cannot be written`, {
      cause: error,
    });
  }
  return { release };
}

/**
 * INVARIANT: never opens a lock file that exists. POSIX ends all locks a process has on a file when it closes any
 * handle of that file, so opening and closing it here would unlock another store of this process.
 */
function createFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'EEXIST') return;
    throw new StorageError('storageFailed', `lock file \`${path}\` cannot be created`, { cause: error });
  }
}

/** SQLITE_BUSY or SQLITE_LOCKED. */
function isBusy(error: unknown): boolean {
  const code = (error as { readonly errcode?: unknown }).errcode;
  return typeof code === 'number' && ((code & 0xff) === 5 || (code & 0xff) === 6);
}

function readNote(directory: string): Holder | undefined {
  try {
    const read = JSON.parse(readFileSync(join(directory, noteName), 'utf8')) as Partial<Holder>;
    const { pid, host, since } = read;
    if (typeof pid !== 'number' || typeof host !== 'string' || typeof since !== 'string') return undefined;
    return { pid, host, since };
  } catch {
    return undefined;
  }
}
