import type { StorageReader } from '../../storage/storage.ts';
import { createQuota, type Quota } from '../quota.ts';
import { limitExceeded } from './refusals.ts';

/** Clusters per account and region, EKS's default quota. */
export const MAX_CLUSTERS = 100;

/**
 * Counts clusters of both kinds under `clustersPrefix`; who makes one asks the same quota.
 * COMPAT: EKS counts registered clusters apart, ten at first and more on request.
 */
export function createClusterQuota(storage: Pick<StorageReader, 'count'>): Quota {
  return createQuota(storage, MAX_CLUSTERS, () =>
    limitExceeded(`An account can have at most ${MAX_CLUSTERS} clusters in a region`),
  );
}
