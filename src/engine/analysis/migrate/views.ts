import { decidesInClusters } from '../snapshot/gapareas.ts';
import type { Gap, SnapshotCluster } from '../snapshot/snapshot.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import { createWorld, type World } from '../world/world.ts';

/**
 * A cluster as it is or would be, ready to be asked. Blocks are left out: one ends some day, and whoever is blocked today is
 * moved and compared like everybody else.
 */
export function viewOf({ snapshot, now }: World, cluster: SnapshotCluster): ClusterWorld {
  const [view] = createWorld({ ...snapshot, blocks: [], clusters: [cluster] }, { now }).clusters;
  if (view === undefined) throw new Error('a world has the clusters of its snapshot');
  return view;
}

/** Files need not tell it, and no account of AWS is called so. */
export function isAccountKnown({ accountId }: Pick<SnapshotCluster, 'accountId'>): boolean {
  return accountId !== '000000000000';
}

/** A cluster without any RBAC does not exist: then nobody told. */
export function isRbacKnown({ snapshot }: World, { arn, rbac }: SnapshotCluster): boolean {
  return rbac.length > 0 && !snapshot.gaps.some((gap) => gap.area === 'rbac' && isAbout(gap, arn));
}

/** What was not read and may change what is said here. */
export function gapsAbout(world: World, cluster: SnapshotCluster): readonly Gap[] {
  const known = world.snapshot.gaps.filter(
    (gap) => isAbout(gap, cluster.arn) && decidesInClusters(gap) && gap.area !== 'serviceAccounts',
  );
  return cluster.rbac.length > 0 || known.some(({ area }) => area === 'rbac')
    ? known
    : [
        ...known,
        {
          area: 'rbac',
          clusterArn: cluster.arn,
          reason: `no RBAC of cluster \`${cluster.name}\` was read: what its bindings give to whom is not known`,
        },
      ];
}

function isAbout({ clusterArn }: Gap, arn: string): boolean {
  return clusterArn === undefined || clusterArn === arn;
}
