import { compareKeys, prefixEnd } from '../../storage/order.ts';
import type { Change, StoredEntry } from '../../storage/storage.ts';

/** The entries of a collection as they are now, in order of their keys, shared by everybody who reads them. */
export interface LiveEntries {
  apply(change: Change): void;
  /** What lies under the prefix at this moment; never changed afterwards. */
  under(prefix: string): readonly StoredEntry[];
  /** How many characters of keys and values it holds. */
  readonly characters: number;
}

const nothing: readonly StoredEntry[] = [];

/** `entries` in order of their keys; the array is left as it is. */
export function createLiveEntries(entries: readonly StoredEntry[]): LiveEntries {
  let current = entries;
  /** Ours alone, and not given to a reader yet; undefined when it must be copied before it changes. */
  let own: StoredEntry[] | undefined;
  /** Parts that were given to readers since the last change: all who ask for one get the same. */
  const parts = new Map<string, readonly StoredEntry[]>();
  let characters = entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
  return {
    apply({ key, value, revision }) {
      const at = lowerBound(current, key);
      const old = current[at]?.key === key ? current[at] : undefined;
      if (old === undefined && value === undefined) return;
      parts.clear();
      own ??= [...current];
      current = own;
      if (old !== undefined) characters -= sizeOf(old);
      if (value === undefined) {
        own.splice(at, 1);
        return;
      }
      const entry = { key, value, revision };
      characters += sizeOf(entry);
      if (old === undefined) own.splice(at, 0, entry);
      else own[at] = entry;
    },
    under(prefix) {
      const known = parts.get(prefix);
      if (known !== undefined) return known;
      const end = prefixEnd(prefix);
      const from = lowerBound(current, prefix);
      const to = end === undefined ? current.length : lowerBound(current, end);
      const isPart = from > 0 || to < current.length;
      // Not remembered: anybody can ask for as many empty parts as there are names.
      if (isPart && from === to) return nothing;
      const part = isPart ? current.slice(from, to) : current;
      if (!isPart) own = undefined;
      parts.set(prefix, part);
      return part;
    },
    get characters() {
      return characters;
    },
  };
}

const sizeOf = ({ key, value }: StoredEntry): number => key.length + value.length;

/** Index of the first entry whose key is not before `key`. */
export function lowerBound(entries: readonly StoredEntry[], key: string): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys((entries[middle] as StoredEntry).key, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
