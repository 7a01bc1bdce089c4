/** Something that looks at the time now and then. */
export type Ticking = (now: number) => void;

/** One timer for all watches: bookmarks, lifetimes and peers that do not read need no better. */
export interface WatchClock {
  /** Called every `resolution` milliseconds until the function returned is called. */
  add(ticking: Ticking): () => void;
  /** Milliseconds from some moment on. */
  now(): number;
}

export function createWatchClock(resolution: number): WatchClock {
  const all = new Set<Ticking>();
  const now = (): number => performance.now();
  let timer: NodeJS.Timeout | undefined;
  return {
    add(ticking) {
      all.add(ticking);
      timer ??= setInterval(() => {
        const moment = now();
        for (const each of all) each(moment);
      }, resolution);
      return () => {
        all.delete(ticking);
        if (all.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
    now,
  };
}
