import type { Snapshot, SnapshotAccount, SnapshotCluster } from '../snapshot/snapshot.ts';
import { associationsOf } from '../world/associations.ts';
import { createPrincipals } from '../world/principals.ts';
import type { World } from '../world/world.ts';
import type { Workload } from './workload.ts';

/** A workload in a world as it is, or as it would be after some commands. */
export interface Attempt {
  readonly world: World;
  readonly cluster: SnapshotCluster;
  readonly workload: Workload;
}

/** What commands change of accounts and of the one cluster; never of its RBAC and entries. */
export interface AttemptChange {
  readonly accounts?: readonly SnapshotAccount[];
  readonly cluster?: Partial<Pick<SnapshotCluster, 'serviceAccounts' | 'podIdentityAssociations' | 'pods'>>;
  readonly workload?: Workload;
}

/** The same afterwards; what was there is not changed. */
export function attemptAfter(
  before: Attempt,
  { accounts, cluster: change, workload }: AttemptChange,
): Attempt {
  const { world } = before;
  const cluster = { ...before.cluster, ...change };
  const snapshot: Snapshot = {
    ...world.snapshot,
    ...(accounts && { accounts }),
    clusters: world.snapshot.clusters.map((one) => (one.arn === cluster.arn ? cluster : one)),
  };
  return {
    cluster,
    workload: workload ?? before.workload,
    world: {
      ...world,
      snapshot,
      principals: accounts === undefined ? world.principals : createPrincipals(accounts, snapshot.gaps),
      // What was compiled of it is RBAC and entries, which stay: compiling a large cluster again takes seconds.
      clusters: world.clusters.map((one) =>
        one.cluster.arn === cluster.arn
          ? { ...one, cluster, associations: associationsOf(cluster, snapshot.gaps) }
          : one,
      ),
    },
  };
}
