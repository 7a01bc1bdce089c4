import { journalPrefixes } from './records/keys.ts';
import {
  type Change,
  type Revision,
  RevisionCompactedError,
  type Watch,
  type WatchListener,
} from './storage.ts';

export interface RetentionOptions {
  /** How many changes stay available to `watch({ after })`; 20,000 by default. */
  readonly retainedChanges?: number;
  /** How many characters of keys and values they may hold together; 64 Mi by default. */
  readonly retainedCharacters?: number;
}

interface CommittedBatch {
  readonly revision: Revision;
  readonly changes: readonly Change[];
  readonly characters: number;
}

/**
 * Who watches, and the latest changes for those who come late. Held in memory by every store: after a restart nothing
 * older is retained and watchers list again, as they do when a Kubernetes API server restarts. Changes below a journal
 * prefix are told and forgotten (storage.ts).
 */
export class Watches {
  readonly #retainedChanges: number;
  readonly #retainedCharacters: number;
  readonly #watches = new Set<{ readonly prefix: string; readonly listener: WatchListener }>();
  #log: CommittedBatch[] = [];
  /** Index of the oldest retained batch; what lies before it is dropped now and then. */
  #first = 0;
  #changes = 0;
  #characters = 0;
  #compacted: Revision;

  /** `revision` is the store's revision at this moment: nothing before it can be replayed. */
  constructor(revision: Revision, options: RetentionOptions = {}) {
    this.#compacted = revision;
    this.#retainedChanges = options.retainedChanges ?? 20_000;
    this.#retainedCharacters = options.retainedCharacters ?? 64 * 2 ** 20;
  }

  /** Tells every watch of a committed batch; batches come in revision order. */
  publish(changes: readonly Change[], revision: Revision): void {
    const retained = changes.some(({ key }) => isJournal(key))
      ? changes.filter(({ key }) => !isJournal(key))
      : changes;
    if (retained === changes || retained.length > 0) this.#remember(retained, revision);
    for (const watch of [...this.#watches]) {
      const seen = under(watch.prefix, isJournal(watch.prefix) ? changes : retained);
      if (seen.length > 0 && this.#watches.has(watch)) call(watch.listener, seen, revision);
    }
  }

  watch(options: { readonly prefix: string; readonly after?: Revision }, listener: WatchListener): Watch {
    const { prefix, after } = options;
    if (after !== undefined) this.#replay(prefix, after, listener);
    const watch = { prefix, listener };
    this.#watches.add(watch);
    return { close: () => void this.#watches.delete(watch) };
  }

  close(): void {
    this.#watches.clear();
  }

  #replay(prefix: string, after: Revision, listener: WatchListener): void {
    if (after < this.#compacted) throw new RevisionCompactedError(after, this.#compacted);
    let low = this.#first;
    let high = this.#log.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#log[middle] as CommittedBatch).revision <= after) low = middle + 1;
      else high = middle;
    }
    for (const { changes, revision } of this.#log.slice(low)) {
      const seen = under(prefix, changes);
      if (seen.length > 0) call(listener, seen, revision);
    }
  }

  #remember(changes: readonly Change[], revision: Revision): void {
    let characters = 0;
    for (const { key, value, previous } of changes) {
      characters += key.length + (value?.length ?? 0) + (previous?.value.length ?? 0);
    }
    this.#log.push({ revision, changes, characters });
    this.#changes += changes.length;
    this.#characters += characters;
    while (
      this.#first < this.#log.length &&
      (this.#changes > this.#retainedChanges || this.#characters > this.#retainedCharacters)
    ) {
      const oldest = this.#log[this.#first++] as CommittedBatch;
      this.#changes -= oldest.changes.length;
      this.#characters -= oldest.characters;
      this.#compacted = oldest.revision;
    }
    // Batches without changes count for nothing above, so the number of batches has its own bound.
    while (this.#log.length - this.#first > this.#retainedChanges) {
      this.#compacted = (this.#log[this.#first++] as CommittedBatch).revision;
    }
    if (this.#first > 1000 && this.#first * 2 > this.#log.length) {
      this.#log = this.#log.slice(this.#first);
      this.#first = 0;
    }
  }
}

function isJournal(keyOrPrefix: string): boolean {
  return journalPrefixes.some((journal) => keyOrPrefix.startsWith(journal));
}

function under(prefix: string, changes: readonly Change[]): readonly Change[] {
  if (prefix === '') return changes;
  return changes.every(({ key }) => key.startsWith(prefix))
    ? changes
    : changes.filter(({ key }) => key.startsWith(prefix));
}

/** A listener must not throw. If one does, the write stands all the same and the others hear of it; the bug is loud. */
function call(listener: WatchListener, changes: readonly Change[], revision: Revision): void {
  try {
    listener(changes, revision);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
