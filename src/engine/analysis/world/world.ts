import type { Snapshot } from '../snapshot/snapshot.ts';
import { type ClusterWorld, createClusterWorld } from './cluster.ts';
import { createPrincipals, type Principals } from './principals.ts';

/** A snapshot, ready to be asked. Everything in it is compiled once; asking changes nothing that can be seen. */
export interface World {
  readonly snapshot: Snapshot;
  /** Epoch milliseconds: the moment all answers are about (expiry, blocks). */
  readonly now: number;
  readonly principals: Principals;
  /** In the snapshot's order. */
  readonly clusters: readonly ClusterWorld[];
}

/** `now` is the moment the snapshot was taken when not given. */
export function createWorld(
  snapshot: Snapshot,
  { now = snapshot.takenAt }: { readonly now?: number } = {},
): World {
  const principals = createPrincipals(snapshot.accounts, snapshot.gaps);
  return {
    snapshot,
    now,
    principals,
    clusters: snapshot.clusters.map((cluster) => createClusterWorld(cluster, { snapshot, now, principals })),
  };
}
