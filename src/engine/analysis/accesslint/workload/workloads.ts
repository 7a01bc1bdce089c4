import type { SnapshotCluster } from '../../snapshot/snapshot.ts';

/** A service account of a cluster to which a role is given by name. */
export interface Workload {
  readonly cluster: SnapshotCluster;
  readonly namespace: string;
  readonly name: string;
}

/** By the ARN of the role that an annotation or an association names; a service account once for each role. */
export function workloadsByRole(
  clusters: readonly SnapshotCluster[],
): ReadonlyMap<string, readonly Workload[]> {
  const found = new Map<string, Map<string, Workload>>();
  for (const cluster of clusters) {
    const add = (roleArn: string | undefined, namespace: string, name: string): void => {
      if (roleArn === undefined) return;
      const known = found.get(roleArn) ?? new Map<string, Workload>();
      found.set(roleArn, known);
      known.set(`${cluster.arn} ${namespace}/${name}`, { cluster, namespace, name });
    };
    for (const { namespace, name, roleArn } of cluster.serviceAccounts ?? []) add(roleArn, namespace, name);
    for (const { namespace, serviceAccount, roleArn, targetRoleArn } of cluster.podIdentityAssociations ??
      []) {
      add(roleArn, namespace, serviceAccount);
      add(targetRoleArn, namespace, serviceAccount);
    }
  }
  return new Map([...found].map(([roleArn, workloads]) => [roleArn, [...workloads.values()]]));
}

/** `ServiceAccount shop/api`: as findings name it. */
export function workloadLabel(namespace: string, name: string): string {
  return `ServiceAccount ${namespace}/${name}`;
}
