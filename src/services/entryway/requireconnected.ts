import type { ClusterRecord } from '../../storage/records/eks.ts';
import { invalidRequest } from '../eks/refusals.ts';

/** Refuses a built-in cluster. `what` is what only connected clusters do: `call webhooks`. */
export function requireConnected(cluster: ClusterRecord, what: string): ClusterRecord {
  if (cluster.kind === 'connected') return cluster;
  throw invalidRequest(`Cluster ${cluster.name} is built in: only connected clusters ${what}`, cluster.name);
}
