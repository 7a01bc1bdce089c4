/** Counts the watches that are open, in all and for each holder, and ends them together. */
export interface WatchSlots {
  /** A slot that must be released once; undefined when there is none left. `stop` is called by `close`. */
  take(holder: string, stop: () => void): { release(): void } | undefined;
  readonly open: number;
  /** Stops every watch and gives out no further slot. */
  close(): void;
}

export function createWatchSlots(limits: {
  readonly watches: number;
  readonly watchesPerUser: number;
}): WatchSlots {
  const perHolder = new Map<string, number>();
  const stops = new Set<() => void>();
  let closed = false;
  return {
    take(holder, stop) {
      const held = perHolder.get(holder) ?? 0;
      if (closed || stops.size >= limits.watches || held >= limits.watchesPerUser) return undefined;
      perHolder.set(holder, held + 1);
      const entry = (): void => stop();
      stops.add(entry);
      return {
        release() {
          if (!stops.delete(entry)) return;
          const left = (perHolder.get(holder) ?? 1) - 1;
          if (left === 0) perHolder.delete(holder);
          else perHolder.set(holder, left);
        },
      };
    },
    get open() {
      return stops.size;
    },
    close() {
      closed = true;
      for (const stop of [...stops]) stop();
    },
  };
}
