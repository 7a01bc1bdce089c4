import type { Gap } from './snapshot.ts';

/**
 * Whether what was not read there may change who somebody is in a cluster and what they may do in it. Which AWS credentials
 * its pods have does not, and neither does what was used.
 */
export function decidesInClusters({ area }: Pick<Gap, 'area'>): boolean {
  return area !== 'usage' && area !== 'pods' && area !== 'podIdentity';
}
