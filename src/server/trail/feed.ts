import { randomUUID } from 'node:crypto';
import type { TrailItem } from '../../audit/item.ts';
import type { Trail } from '../../audit/trail.ts';

/** New records for those who follow the trail: the last ones are held for a while, so that nobody must be quick. */
export interface TrailFeed {
  /**
   * What came after the cursor, or, as soon as there is something, at the latest after `waitMs`. `missed`: the cursor is too
   * old, or of another process; what came in between is to be read from the trail.
   */
  next(cursor: string | undefined, wish: { readonly waitMs: number }): Promise<FeedPage | 'busy'>;
  /** Answers everybody who waits. */
  close(): void;
}

export interface FeedPage {
  readonly items: readonly TrailItem[];
  readonly cursor: string;
  readonly missed: boolean;
}

export interface TrailFeedLimits {
  readonly records: number;
  /** Of the records as JSON. */
  readonly bytes: number;
  /** Who waits at the same time. */
  readonly waiting: number;
  /** Milliseconds without anybody asking, after which nothing is held any more. */
  readonly idleMs: number;
}

const defaultLimits: TrailFeedLimits = {
  records: 5_000,
  bytes: 8 * 1024 * 1024,
  waiting: 32,
  idleMs: 60_000,
};

export function createTrailFeed(
  trail: Pick<Trail, 'subscribe'>,
  given: Partial<TrailFeedLimits> = {},
): TrailFeed {
  const limits = { ...defaultLimits, ...given };
  const waiting = new Set<() => void>();
  /** Held records; the first has the number `begin`. */
  let held: { readonly item: TrailItem; readonly bytes: number }[] = [];
  let begin = 0;
  let bytes = 0;
  let id = '';
  let unsubscribe: (() => void) | undefined;
  let idle: NodeJS.Timeout | undefined;
  let closed = false;

  const hear = (items: readonly TrailItem[]): void => {
    for (const item of items) {
      const size = JSON.stringify(item).length;
      held.push({ item, bytes: size });
      bytes += size;
    }
    let drop = 0;
    while (held.length - drop > limits.records || (bytes > limits.bytes && drop < held.length)) {
      bytes -= held[drop]?.bytes ?? 0;
      drop += 1;
    }
    held.splice(0, drop);
    begin += drop;
    for (const answer of waiting) answer();
  };

  const stop = (): void => {
    unsubscribe?.();
    unsubscribe = undefined;
    clearTimeout(idle);
    held = [];
    begin = 0;
    bytes = 0;
  };

  /** Nothing is held for nobody. */
  const begun = (): void => {
    clearTimeout(idle);
    idle = setTimeout(stop, limits.idleMs).unref();
    if (unsubscribe !== undefined) return;
    // Numbers begin anew, so cursors of before mean nothing.
    id = randomUUID();
    unsubscribe = trail.subscribe(hear);
  };

  const end = (): string => `${id}/${begin + held.length}`;

  return {
    async next(cursor, { waitMs }) {
      if (waiting.size >= limits.waiting) return 'busy';
      if (!closed) begun();
      if (cursor === undefined) return { items: [], cursor: end(), missed: false };
      const [feed, number] = cursor.split('/');
      const from = feed === id && /^\d+$/.test(number ?? '') ? Number(number) : -1;
      if (from < begin || from > begin + held.length) return { items: [], cursor: end(), missed: true };
      if (from === begin + held.length && !closed && waitMs > 0) {
        await new Promise<void>((resolve) => {
          const answer = (): void => {
            clearTimeout(timer);
            waiting.delete(answer);
            resolve();
          };
          const timer = setTimeout(answer, waitMs);
          waiting.add(answer);
        });
      }
      // What came while it waited may have been more than is held.
      if (from < begin) return { items: [], cursor: end(), missed: true };
      return { items: held.slice(from - begin).map(({ item }) => item), cursor: end(), missed: false };
    },
    close() {
      closed = true;
      for (const answer of waiting) answer();
      stop();
    },
  };
}
