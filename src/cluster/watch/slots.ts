import type { UserInfo } from '../../engine/authorizer/attributes.ts';

/** Why a watch ends before its time. */
export type WatchEnding = 'blocked' | 'closing';

/** Counts the watches that are open, in all and for each holder, and ends them before their time. */
export interface WatchSlots {
  /**
   * A slot that must be released once; undefined when there is none left. `holder` is who the request counts as and
   * `caller` who asked, before impersonation; `stop` is called by `stopThose` (blocked) and `close` (closing).
   */
  take(
    who: { readonly clusterId: string; readonly holder: string; readonly caller: UserInfo },
    stop: (why: WatchEnding) => void,
  ): { release(): void } | undefined;
  readonly open: number;
  /** Stops the watches of callers in a cluster to whom it applies. */
  stopThose(applies: (caller: UserInfo, clusterId: string) => boolean): void;
  /** Stops every watch and gives out no further slot. */
  close(): void;
}

export function createWatchSlots(limits: {
  readonly watches: number;
  readonly watchesPerUser: number;
}): WatchSlots {
  const perHolder = new Map<string, number>();
  const opened = new Set<{
    readonly clusterId: string;
    readonly caller: UserInfo;
    readonly stop: (why: WatchEnding) => void;
  }>();
  let closed = false;
  return {
    take({ clusterId, holder, caller }, stop) {
      const key = `${clusterId} ${holder}`;
      const held = perHolder.get(key) ?? 0;
      if (closed || opened.size >= limits.watches || held >= limits.watchesPerUser) return undefined;
      perHolder.set(key, held + 1);
      const entry = { clusterId, caller, stop };
      opened.add(entry);
      return {
        release() {
          if (!opened.delete(entry)) return;
          const left = (perHolder.get(key) ?? 1) - 1;
          if (left === 0) perHolder.delete(key);
          else perHolder.set(key, left);
        },
      };
    },
    get open() {
      return opened.size;
    },
    stopThose(applies) {
      for (const { clusterId, caller, stop } of [...opened]) if (applies(caller, clusterId)) stop('blocked');
    },
    close() {
      closed = true;
      for (const { stop } of [...opened]) stop('closing');
    },
  };
}
