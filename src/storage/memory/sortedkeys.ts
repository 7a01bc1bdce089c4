import { compareKeys } from '../order.ts';

const maximumBlock = 512;

/** A place in the order: block and index within it. */
interface Position {
  readonly block: number;
  readonly index: number;
}

/**
 * Distinct keys in bytewise order, in blocks of bounded size: one array would move half of all keys with every
 * insertion (100,000 commits of one key in random order: 7 s with one array, 0.4 s with blocks).
 */
export class SortedKeys {
  #blocks: string[][] = [[]];

  add(key: string): void {
    const { block, index } = this.#find(key);
    const keys = this.#blocks[block] as string[];
    if (keys[index] === key) return;
    keys.splice(index, 0, key);
    if (keys.length > maximumBlock) this.#blocks.splice(block + 1, 0, keys.splice(maximumBlock / 2));
  }

  delete(key: string): void {
    const { block, index } = this.#find(key);
    const keys = this.#blocks[block] as string[];
    if (keys[index] !== key) return;
    keys.splice(index, 1);
    if (keys.length === 0 && this.#blocks.length > 1) this.#blocks.splice(block, 1);
  }

  /** Keys with the prefix, in order, after the exclusive bound where one is given. */
  *under(prefix: string, after?: string): Generator<string> {
    const start = after !== undefined && compareKeys(after, prefix) >= 0 ? after : prefix;
    let { block, index } = this.#find(start);
    for (; block < this.#blocks.length; block++, index = 0) {
      const keys = this.#blocks[block] as string[];
      for (; index < keys.length; index++) {
        const key = keys[index] as string;
        if (key === after) continue;
        if (!key.startsWith(prefix)) return;
        yield key;
      }
    }
  }

  /** Where the key is, or where it would be inserted. */
  #find(key: string): Position {
    // The last block whose first key is not after the key.
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (compareKeys((this.#blocks[middle] as string[])[0] as string, key) <= 0) low = middle;
      else high = middle - 1;
    }
    const keys = this.#blocks[low] as string[];
    let from = 0;
    let to = keys.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (compareKeys(keys[middle] as string, key) < 0) from = middle + 1;
      else to = middle;
    }
    return { block: low, index: from };
  }
}
