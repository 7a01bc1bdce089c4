import type { Storage } from '../../storage/storage.ts';
import { createQuota, type Quota } from '../quota.ts';
import { limitExceeded } from './refusals.ts';

/** Access entries per cluster, not adjustable (eks-access-facts B32). */
export const MAX_ENTRIES_PER_CLUSTER = 3000;

const quotas = new WeakMap<Pick<Storage, 'count'>, Quota>();

/** The one quota of a store under `accessEntriesPrefix`: exact only while whoever makes an entry asks it. */
export function entryQuota(storage: Pick<Storage, 'count'>): Quota {
  let quota = quotas.get(storage);
  if (quota === undefined) {
    quota = createQuota(storage, MAX_ENTRIES_PER_CLUSTER, () =>
      limitExceeded(`A cluster can have at most ${MAX_ENTRIES_PER_CLUSTER} access entries`),
    );
    quotas.set(storage, quota);
  }
  return quota;
}
