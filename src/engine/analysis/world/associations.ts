import type { Gap, SnapshotCluster, SnapshotPodIdentityAssociation } from '../snapshot/snapshot.ts';

/** What is known of a cluster's Pod Identity associations. */
export interface Associations {
  readonly listed: readonly SnapshotPodIdentityAssociation[];
  /** Whether there are no others: a service account without one gets no role by Pod Identity. */
  readonly areAll: boolean;
  of(namespace: string, serviceAccount: string): SnapshotPodIdentityAssociation | undefined;
  /** Those whose pods get credentials of the role: its target where there is one. */
  leadingTo(roleArn: string): readonly SnapshotPodIdentityAssociation[];
}

export function associationsOf(
  { arn, podIdentityAssociations }: Pick<SnapshotCluster, 'arn' | 'podIdentityAssociations'>,
  gaps: readonly Gap[],
): Associations {
  const listed = podIdentityAssociations ?? [];
  const byAccount = new Map(listed.map((one) => [`${one.namespace}/${one.serviceAccount}`, one]));
  const areSome = gaps.some(
    ({ area, clusterArn }) => area === 'podIdentity' && (clusterArn === undefined || clusterArn === arn),
  );
  let byRole: Map<string, SnapshotPodIdentityAssociation[]> | undefined;
  return {
    listed,
    leadingTo(roleArn) {
      byRole ??= Map.groupBy(listed, (one) => one.targetRoleArn ?? one.roleArn);
      return byRole.get(roleArn) ?? [];
    },
    areAll: podIdentityAssociations !== undefined && !areSome,
    of: (namespace, serviceAccount) => byAccount.get(`${namespace}/${serviceAccount}`),
  };
}
