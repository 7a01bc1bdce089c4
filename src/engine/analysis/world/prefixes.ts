/** Names, found by how they begin without looking at the others. */
export interface PrefixIndex {
  startingWith(prefix: string): Iterable<string>;
}

/** Sorted when first asked. `names` must not change from then on. */
export function createPrefixIndex(names: ReadonlySet<string>): PrefixIndex {
  let sorted: readonly string[] | undefined;
  return {
    *startingWith(prefix) {
      sorted ??= [...names].sort();
      let low = 0;
      for (let high = sorted.length; low < high; ) {
        const middle = (low + high) >> 1;
        if ((sorted[middle] ?? '') < prefix) low = middle + 1;
        else high = middle;
      }
      for (; low < sorted.length; low++) {
        const name = sorted[low] ?? '';
        if (!name.startsWith(prefix)) return;
        yield name;
      }
    },
  };
}
