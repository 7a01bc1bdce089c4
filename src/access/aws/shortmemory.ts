/** Texts remembered for a moment, a bounded number of them. */
export interface ShortMemory {
  /** `now` is epoch milliseconds. */
  has(text: string, now: number): boolean;
  add(text: string, now: number): void;
}

/** When there is no more room, the oldest goes. */
export function createShortMemory({
  capacity,
  keptFor,
}: {
  readonly capacity: number;
  /** Milliseconds. */
  readonly keptFor: number;
}): ShortMemory {
  const since = new Map<string, number>();
  return {
    has(text, now) {
      const added = since.get(text);
      if (added === undefined) return false;
      const age = now - added;
      // After the clock was set back nobody knows how old it is.
      if (age >= 0 && age < keptFor) return true;
      since.delete(text);
      return false;
    },
    add(text, now) {
      since.delete(text);
      since.set(text, now);
      const [oldest] = since.keys();
      if (since.size > capacity && oldest !== undefined) since.delete(oldest);
    },
  };
}
