import type { Snapshot, SnapshotAccount, SnapshotCluster } from '../snapshot/snapshot.ts';
import type { AccessUse } from '../usage/use.ts';
import type { Suppression } from './suppressions.ts';

/** A small snapshot that shows what a rule is about: one account and one cluster, whose other members are as usual. */
export interface Example {
  readonly account?: Partial<SnapshotAccount>;
  /** RBAC beside what Kubernetes has itself. */
  readonly cluster?: Partial<SnapshotCluster>;
  /** Besides, where one is not enough. */
  readonly otherClusters?: readonly Partial<SnapshotCluster>[];
  readonly gaps?: Snapshot['gaps'];
  /** Who did what in the last 30 days. */
  readonly uses?: readonly AccessUse[];
  readonly suppressions?: readonly Suppression[];
}

/** What a rule finds something in, and the better form, in which it finds nothing. */
export interface Examples {
  readonly triggers: Example;
  readonly passes: Example;
}
