import type { ClusterWorld } from '../world/cluster.ts';
import type { ClusterSubject } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import type { ReachNode } from './node.ts';
import type { ReachChain } from './step.ts';

/** Who can become whom, in a whole snapshot: through IAM, and through every cluster. Everything is found when it is asked. */
export interface Reach {
  /** The same seen from one cluster, where subjects have the keys that `ClusterWorld` knows. */
  inCluster(cluster: ClusterWorld): ClusterReach;
  /** Everybody who can become one of `targets`, each once with a shortest chain; none of the targets. */
  stepsTo(targets: readonly ReachNode[], options?: ReachOptions): readonly ReachChain[];
  /** Everybody whom `from` can become, each once with a shortest chain. */
  stepsFrom(from: ReachNode, options?: ReachOptions): readonly ReachChain[];
}

export interface ClusterReach {
  /**
   * Everybody who can become one of the subjects with these keys (`subjectKey`; `clusterAdminKey` for whoever may do
   * everything in this cluster) and is none of them. Whoever asks who may do something passes `clusterAdminKey` as well:
   * an administrator may do it, too.
   */
  stepsTo(targetKeys: Iterable<string>, options?: ReachOptions): ReachedFrom;
  /** Everybody whom the subject can become, also in other clusters. */
  stepsFrom(subject: ClusterSubject, options?: ReachOptions): readonly ReachChain[];
  /** The subjects that may do everything in this cluster by themselves: the targets that `clusterAdminKey` stands for. */
  clusterAdmins(): readonly ClusterSubject[];
}

export interface ReachOptions {
  /** Longer chains are not looked for; 10 when not given. */
  readonly maxSteps?: number;
  /** Steps that depend on something that is not known do not count. */
  readonly onlyCertain?: true;
}

export interface ReachedFrom {
  /** Shortest first, then by key. Also those of subjects of other clusters. */
  readonly chains: readonly ReachChain[];
  /** Of a subject of this cluster, or an IAM principal, by `subjectKey`. */
  of(subjectKey: string): ReachChain | undefined;
}

export type CreateReach = (world: World) => Reach;
