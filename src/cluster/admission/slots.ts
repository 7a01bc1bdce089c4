import { CallError } from './call.ts';

/** A bounded number of calls at one moment; who comes later waits for a place or for the end of its time. */
export interface CallSlots {
  /** Takes a place for `of` and runs `call`; rejects with a CallError when `signal` ends before there is one. */
  run<T>(of: string, signal: AbortSignal, call: () => Promise<T>): Promise<T>;
}

/**
 * `all`: places together; `each`: how many of them one may hold at most, and never more than half of what the others
 * leave. So a few that hold what they can do not keep the rest waiting: there is a place left for the next one.
 */
export function createCallSlots({ all, each }: { readonly all: number; readonly each: number }): CallSlots {
  let held = 0;
  const heldBy = new Map<string, number>();
  const waiting = new Set<{ readonly of: string; readonly enter: () => void }>();
  const mayEnter = (of: string): boolean => (heldBy.get(of) ?? 0) < Math.min(each, all - held);
  const hold = (of: string): void => {
    held += 1;
    heldBy.set(of, (heldBy.get(of) ?? 0) + 1);
  };
  const release = (of: string): void => {
    held -= 1;
    const left = (heldBy.get(of) ?? 1) - 1;
    if (left === 0) heldBy.delete(of);
    else heldBy.set(of, left);
    for (const one of waiting) {
      if (!mayEnter(one.of)) continue;
      waiting.delete(one);
      hold(one.of);
      one.enter();
    }
  };
  const take = async (of: string, signal: AbortSignal): Promise<void> => {
    if (mayEnter(of)) {
      hold(of);
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const giveUp = (): void => {
        waiting.delete(one);
        reject(new CallError('too many webhooks are being called'));
      };
      const one = {
        of,
        enter(): void {
          signal.removeEventListener('abort', giveUp);
          resolve();
        },
      };
      if (signal.aborted) {
        giveUp();
        return;
      }
      waiting.add(one);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  };
  return {
    async run(of, signal, call) {
      await take(of, signal);
      try {
        return await call();
      } finally {
        release(of);
      }
    },
  };
}
