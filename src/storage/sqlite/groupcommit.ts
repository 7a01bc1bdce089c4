import type { DatabaseSync, StatementSync } from 'node:sqlite';
import {
  type Batch,
  type Change,
  type Revision,
  RevisionConflictError,
  StorageError,
  type StoredEntry,
} from '../storage.ts';

interface Pending {
  readonly batch: Batch;
  readonly resolve: (revision: Revision) => void;
  readonly reject: (error: unknown) => void;
}

interface Applied {
  readonly pending: Pending;
  readonly changes: readonly Change[];
  readonly revision: Revision;
}

/** Batches in one transaction at most; bounds how long the event loop stands still. */
const maximumGroup = 512;
/** Writes that may wait; more are refused at once instead of filling memory. */
const maximumWaiting = 20_000;

/**
 * Writes batches in groups: what arrives in one turn of the event loop shares one transaction and one fsync, which is
 * nearly all that a commit costs. Every batch keeps its own revision and its own expectations, judged in order of
 * arrival with the effect of those before it.
 */
export class GroupCommit {
  readonly #database: DatabaseSync;
  readonly #publish: (changes: readonly Change[], revision: Revision) => void;
  readonly #get: StatementSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #setRevision: StatementSync;
  readonly #getRevision: StatementSync;
  #waiting: Pending[] = [];
  #scheduled = false;
  #revision: Revision;
  /** Set when it is no longer known what is stored; nothing is written after that. */
  #broken: StorageError | undefined;
  #idle: (() => void)[] = [];

  constructor(
    database: DatabaseSync,
    revision: Revision,
    publish: (changes: readonly Change[], revision: Revision) => void,
  ) {
    this.#database = database;
    this.#revision = revision;
    this.#publish = publish;
    this.#get = database.prepare('SELECT key, value, revision FROM entries WHERE key = ?');
    this.#put = database.prepare(
      `INSERT INTO entries (key, value, revision) VALUES (?1, ?2, ?3)
       ON CONFLICT (key) DO UPDATE SET value = excluded.value, revision = excluded.revision`,
    );
    this.#delete = database.prepare('DELETE FROM entries WHERE key = ?');
    this.#setRevision = database.prepare("UPDATE counters SET value = ? WHERE name = 'revision'");
    this.#getRevision = database.prepare("SELECT value FROM counters WHERE name = 'revision'");
  }

  get revision(): Revision {
    return this.#revision;
  }

  commit(batch: Batch): Promise<Revision> {
    if (this.#waiting.length >= maximumWaiting) {
      return Promise.reject(
        new StorageError('storageFailed', `more than ${maximumWaiting} writes are waiting`),
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batch, resolve, reject });
      this.#schedule();
    });
  }

  /** Resolves once nothing waits any more. */
  settled(): Promise<void> {
    if (this.#waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => void this.#idle.push(resolve));
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // The end of this turn: requests that were read from their sockets together are written together.
    setImmediate(() => {
      this.#scheduled = false;
      const group = this.#waiting.splice(0, maximumGroup);
      this.#write(group);
      if (this.#waiting.length > 0) {
        this.#schedule();
        return;
      }
      const idle = this.#idle;
      this.#idle = [];
      for (const resolve of idle) resolve();
    });
  }

  #write(group: readonly Pending[]): void {
    if (this.#broken !== undefined) {
      for (const { reject } of group) reject(this.#broken);
      return;
    }
    let applied: readonly Applied[];
    const refused: { readonly pending: Pending; readonly error: unknown }[] = [];
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      applied = this.#applyAll(group, (pending, error) => refused.push({ pending, error }));
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#recover(error);
      const alone = group[0];
      if (group.length === 1 && alone !== undefined) {
        alone.reject(
          this.#broken ??
            new StorageError('storageFailed', 'the write could not be stored', { cause: error }),
        );
      } else {
        // One batch may have spoilt it for its neighbours (a value too large, …): each gets its own transaction.
        for (const pending of group) this.#write([pending]);
      }
      return;
    }
    for (const { pending, changes, revision } of applied) {
      this.#revision = revision;
      this.#publish(changes, revision);
      pending.resolve(revision);
    }
    for (const { pending, error } of refused) pending.reject(error);
  }

  #applyAll(
    group: readonly Pending[],
    refuse: (pending: Pending, error: unknown) => void,
  ): readonly Applied[] {
    const applied: Applied[] = [];
    let revision = this.#revision;
    for (const pending of group) {
      const conflict = this.#conflict(pending.batch);
      if (conflict !== undefined) {
        refuse(pending, conflict);
        continue;
      }
      revision++;
      applied.push({ pending, changes: this.#apply(pending.batch, revision), revision });
    }
    if (revision !== this.#revision) this.#setRevision.run(revision);
    return applied;
  }

  #conflict(batch: Batch): RevisionConflictError | undefined {
    for (const { key, revision } of batch.expect ?? []) {
      const actual = this.#read(key)?.revision ?? 0;
      if (actual !== revision) return new RevisionConflictError(key, revision, actual);
    }
    return undefined;
  }

  #apply(batch: Batch, revision: Revision): readonly Change[] {
    const changes: Change[] = [];
    for (const change of batch.changes) {
      const previous = this.#read(change.key);
      if (change.type === 'put') {
        this.#put.run(change.key, change.value, revision);
        changes.push({ key: change.key, revision, value: change.value, previous });
      } else if (previous !== undefined) {
        this.#delete.run(change.key);
        changes.push({ key: change.key, revision, value: undefined, previous });
      }
    }
    return changes;
  }

  #read(key: string): StoredEntry | undefined {
    return this.#get.get(key) as StoredEntry | undefined;
  }

  /**
   * After a failed transaction: rolls back and makes sure that the file says what we believe. Where it does not (a
   * COMMIT that failed and yet took effect), watchers could never be told rightly: stop writing, a restart reads anew.
   */
  #recover(cause: unknown): void {
    try {
      this.#database.exec('ROLLBACK');
    } catch {
      // SQLite has already rolled back, as it does when the disk is full.
    }
    try {
      if (Number(this.#getRevision.get()?.value) === this.#revision) return;
    } catch {
      // Unreadable: the same as unknown.
    }
    this.#broken = new StorageError(
      'storageFailed',
      'the store is in an unknown state; restart the process',
      { cause },
    );
  }
}
