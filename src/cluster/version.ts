import type { ClusterRecord } from '../storage/records/eks.ts';

/** The minor version of Kubernetes a cluster imitates: 35 for `1.35`. */
export function minorVersion(cluster: Pick<ClusterRecord, 'version'>): number {
  return Number(cluster.version.split('.')[1]);
}
