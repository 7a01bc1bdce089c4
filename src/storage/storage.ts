/**
 * The storage contract: ordered keys with text values under one global revision.
 *
 * Everything durable in Entryway goes through this interface; `conformance/` holds the suite every
 * implementation must pass. The global revision is also Kubernetes' `resourceVersion`.
 */

/** The global revision: a positive integer that grows by one with every committed batch. 0 = "nothing yet". */
export type Revision = number;

export interface StoredEntry {
  readonly key: string;
  readonly value: string;
  /** Revision of the batch that wrote this value. */
  readonly revision: Revision;
}

export interface Put {
  readonly type: 'put';
  readonly key: string;
  readonly value: string;
}

export interface Delete {
  readonly type: 'delete';
  readonly key: string;
}

/** What must be true for a batch to be applied: the key's current revision, 0 for "the key does not exist". */
export interface Expectation {
  readonly key: string;
  readonly revision: Revision;
}

export interface Batch {
  readonly expect?: readonly Expectation[];
  /** At least one change; no key twice. Deleting a missing key is no change and no event. */
  readonly changes: readonly (Put | Delete)[];
}

export interface ListOptions {
  readonly prefix: string;
  /** Exclusive lower bound: only keys after this one (a full key, with the prefix). */
  readonly after?: string;
  /** At most this many entries; without it, all. */
  readonly limit?: number;
}

export interface ListResult {
  readonly entries: readonly StoredEntry[];
  /** The store's revision at the moment of the read. */
  readonly revision: Revision;
  readonly more: boolean;
}

/** One key's change within a committed batch. `value` is absent when the key was deleted. */
export interface Change {
  readonly key: string;
  readonly revision: Revision;
  readonly value: string | undefined;
  readonly previous: StoredEntry | undefined;
}

export type WatchListener = (changes: readonly Change[], revision: Revision) => void;

export interface Watch {
  close(): void;
}

export interface Storage {
  /** The revision of the last committed batch. */
  revision(): Revision;
  get(key: string): Promise<StoredEntry | undefined>;
  getMany(keys: readonly string[]): Promise<readonly (StoredEntry | undefined)[]>;
  /** Entries in bytewise (UTF-8) key order, from one consistent moment. */
  list(options: ListOptions): Promise<ListResult>;
  /** How many keys have the prefix. */
  count(prefix: string): Promise<number>;
  /**
   * Applies the batch atomically and resolves with its revision once it is durable ("acknowledged means
   * durable"). Rejects with `RevisionConflictError`, changing nothing, when an expectation does not hold.
   *
   * INVARIANT: every watch listener of this process has been called with the batch before the promise
   * resolves, so that a compiled index that follows the store already contains an acknowledged write.
   */
  commit(batch: Batch): Promise<Revision>;
  /**
   * Calls the listener with every later change under the prefix, in revision order, each batch once.
   * With `after`, first replays the retained changes after that revision, synchronously, before returning;
   * throws `RevisionCompactedError` when they are no longer all retained. A listener must not throw.
   *
   * Changes below a journal prefix (`trail/`, `usage/`) are told only to watches whose own prefix lies below it, and
   * never retained: they must not crowd out what Kubernetes' watchers come back for.
   */
  watch(options: { readonly prefix: string; readonly after?: Revision }, listener: WatchListener): Watch;
  /** Waits for commits under way, then closes; later calls reject with `StorageClosedError`. */
  close(): Promise<void>;
}

/** The store for those who only look. */
export type StorageReader = Pick<Storage, 'get' | 'getMany' | 'list' | 'count'>;

export type StorageErrorCode =
  | 'revisionConflict'
  | 'revisionCompacted'
  | 'storageClosed'
  | 'storageHeld'
  | 'storageFailed';

export class StorageError extends Error {
  readonly code: StorageErrorCode;
  constructor(code: StorageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StorageError';
    this.code = code;
  }
}

/** An expectation of a batch did not hold. `actual` is the key's current revision (0 = missing). */
export class RevisionConflictError extends StorageError {
  readonly key: string;
  readonly expected: Revision;
  readonly actual: Revision;
  constructor(key: string, expected: Revision, actual: Revision) {
    super('revisionConflict', `key \`${key}\` is at revision ${actual}, not ${expected}`);
    this.key = key;
    this.expected = expected;
    this.actual = actual;
  }
}

/** The changes after the asked revision are no longer retained; `oldest` is the first revision one can watch from. */
export class RevisionCompactedError extends StorageError {
  readonly asked: Revision;
  readonly oldest: Revision;
  constructor(asked: Revision, oldest: Revision) {
    super(
      'revisionCompacted',
      `changes after revision ${asked} are no longer retained; the oldest is ${oldest}`,
    );
    this.asked = asked;
    this.oldest = oldest;
  }
}
