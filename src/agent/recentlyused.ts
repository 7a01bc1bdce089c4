/** A bounded number of values; when there is no more room, the one goes that nobody has asked for the longest. */
export interface RecentlyUsed<Value> extends Iterable<readonly [key: string, value: Value]> {
  readonly size: number;
  /** Counts as use. */
  get(key: string): Value | undefined;
  /** As `get`, and does not count as use. */
  peek(key: string): Value | undefined;
  /** Counts as use. */
  set(key: string, value: Value): void;
  /** Another value where there is one, which does not count as use. */
  replace(key: string, value: Value): void;
  delete(key: string): void;
}

export function createRecentlyUsed<Value>(
  capacity: number,
  evicted: (value: Value) => void,
): RecentlyUsed<Value> {
  /** In the order of their last use. */
  const values = new Map<string, Value>();
  return {
    get size() {
      return values.size;
    },
    get(key) {
      const value = values.get(key);
      if (value === undefined) return undefined;
      values.delete(key);
      values.set(key, value);
      return value;
    },
    peek: (key) => values.get(key),
    set(key, value) {
      values.delete(key);
      values.set(key, value);
      if (values.size <= capacity) return;
      const [oldest] = values;
      if (oldest === undefined) return;
      values.delete(oldest[0]);
      evicted(oldest[1]);
    },
    replace(key, value) {
      if (values.has(key)) values.set(key, value);
    },
    delete: (key) => void values.delete(key),
    [Symbol.iterator]: () => values.entries(),
  };
}
