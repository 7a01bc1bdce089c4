import { resourcePrefix } from '../storage/records/keys.ts';
import type { Storage } from '../storage/storage.ts';
import type { WebhookLimits } from './limits.ts';

/** Pods that wait for their service accounts. */
export interface AccountWaits {
  /**
   * Resolves when the account is stored, when it has taken too long, and at once where too many of the cluster wait or no
   * account of it is known: it may not be read then, and every pod would wait in vain.
   */
  appears(clusterId: string, key: string): Promise<void>;
  /** Nobody waits any longer. */
  close(): void;
}

/**
 * Who applies an account and a pod at once has the pod made before the account has come here: an API server tells its
 * followers a moment later than its clients.
 */
export function createAccountWaits(options: {
  readonly storage: Pick<Storage, 'get' | 'list' | 'watch'>;
  readonly limits: Pick<WebhookLimits, 'accountWait' | 'accountWaitsPerCluster'>;
}): AccountWaits {
  const { storage, limits } = options;
  const waiting = new Map<string, number>();
  const endings = new Set<() => void>();

  const wait = async (key: string): Promise<void> => {
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const watch = storage.watch({ prefix: key }, (changes) => {
      if (changes.some((change) => change.key === key && change.value !== undefined)) end();
    });
    const timer = setTimeout(end, limits.accountWait).unref();
    endings.add(end);
    try {
      // It may have come before the watch began.
      if ((await storage.get(key)) === undefined) await ended;
    } finally {
      watch.close();
      clearTimeout(timer);
      endings.delete(end);
    }
  };

  return {
    async appears(clusterId, key) {
      const before = waiting.get(clusterId) ?? 0;
      if (before >= limits.accountWaitsPerCluster) return;
      waiting.set(clusterId, before + 1);
      try {
        const prefix = resourcePrefix(clusterId, '', 'serviceaccounts');
        const { entries } = await storage.list({ prefix, limit: 1 });
        if (entries.length > 0) await wait(key);
      } finally {
        const left = (waiting.get(clusterId) ?? 1) - 1;
        if (left === 0) waiting.delete(clusterId);
        else waiting.set(clusterId, left);
      }
    },
    close() {
      for (const end of endings) end();
    },
  };
}
