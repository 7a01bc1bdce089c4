import { compareKeys } from '../../storage/order.ts';
import type { Revision, Storage, StoredEntry } from '../../storage/storage.ts';

export interface Page {
  readonly entries: readonly StoredEntry[];
  readonly more: boolean;
}

/**
 * Reads what was under the prefix at an earlier revision: the present, with the later changes undone from the
 * change log. That is how the pages of one list stay one consistent list without keeping snapshots.
 *
 * Throws `RevisionCompactedError` when the changes since then are no longer all retained.
 */
export async function listAt(
  storage: Storage,
  options: {
    readonly prefix: string;
    readonly revision: Revision;
    readonly after: string;
    readonly limit: number;
  },
): Promise<Page> {
  const { prefix, revision, after, limit } = options;
  /** Changed keys → what they held at `revision`; undefined when they did not exist. */
  const undone = new Map<string, StoredEntry | undefined>();
  const watch = storage.watch({ prefix, after: revision }, (changes) => {
    for (const change of changes) {
      if (!undone.has(change.key)) undone.set(change.key, change.previous);
    }
  });
  try {
    // The watch stays open over the read: a write between replay and read is undone as well.
    const now = await storage.list({ prefix, after, limit: limit + undone.size + 1 });
    const last = now.more ? now.entries.at(-1)?.key : undefined;
    const then = now.entries.filter((entry) => !undone.has(entry.key));
    for (const [key, previous] of undone) {
      const inWindow = compareKeys(key, after) > 0 && (last === undefined || compareKeys(key, last) <= 0);
      if (previous !== undefined && inWindow) then.push(previous);
    }
    then.sort((a, b) => compareKeys(a.key, b.key));
    return { entries: then.slice(0, limit), more: now.more || then.length > limit };
  } finally {
    watch.close();
  }
}
