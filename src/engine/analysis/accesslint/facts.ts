import { createIamWorld, type IamWorld } from '../iamworld/iamworld.ts';
import { clusterAdminKey } from '../reach/node.ts';
import { createPodIdentity, type PodIdentity } from '../reach/podidentity.ts';
import { createReach, type ReachedFrom } from '../reach/reach.ts';
import { createTrusts } from '../reach/trusts.ts';
import { createWebIdentity, type WebIdentity } from '../reach/webidentity.ts';
import type { SnapshotAccessEntry } from '../snapshot/snapshot.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { Question } from '../world/question.ts';
import { type ClusterSubject, subjectKey } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import { type LintedBinding, ownBindings } from './bindings.ts';
import { type Grant, grantsOf } from './grants.ts';
import { createMappings, type Mappings } from './mappings.ts';
import { type Standing, standingsOf } from './standing.ts';
import type { Usage } from './usage.ts';
import { createUseIndex, type UseIndex } from './useindex.ts';
import { type Workload, workloadsByRole } from './workload/workloads.ts';

/** What the rules look at, each part made once and only when a rule asks for it. */
export interface Facts {
  readonly world: World;
  readonly now: number;
  readonly iam: IamWorld;
  /** Which roles tokens of service accounts get, and which associations do. */
  readonly webIdentity: WebIdentity;
  readonly podIdentity: PodIdentity;
  /** Service accounts of all clusters by the ARN of the role that an annotation or an association gives them. */
  readonly workloads: ReadonlyMap<string, readonly Workload[]>;
  /** Who used the cluster; undefined where there are no records of it. */
  use(cluster: ClusterWorld): UseIndex | undefined;
  /** Whoever can become administrator of the cluster in one or two steps, perhaps, and is not. */
  pathsToAdmin(cluster: ClusterWorld): ReachedFrom;
  bindings(cluster: ClusterWorld): readonly LintedBinding[];
  grants(cluster: ClusterWorld): readonly Grant[];
  mappings(cluster: ClusterWorld): Mappings;
  /** Whether the principal of each entry is who was meant. */
  standings(cluster: ClusterWorld): ReadonlyMap<SnapshotAccessEntry, Standing>;
  /** Whether the subject may do everything in the cluster. */
  isAdmin(cluster: ClusterWorld, subject: ClusterSubject): boolean;
  /** Whether it is administrator, or can for certain become one in two steps. */
  reachesAdmin(cluster: ClusterWorld, subject: ClusterSubject): boolean;
}

/** Whoever may do this may do everything: only a rule of stars answers it. */
const everything: Question = {
  ...{ kind: 'resource', verb: '*', apiGroup: '*', resource: '*' },
  ...{ subresource: '', namespace: '', name: '' },
};

export function createFacts(world: World, { usage }: { readonly usage?: Usage | undefined }): Facts {
  let iamWorld: IamWorld | undefined;
  const iam = (): IamWorld => {
    iamWorld ??= createIamWorld(world);
    return iamWorld;
  };
  let ways: { readonly webIdentity: WebIdentity; readonly podIdentity: PodIdentity } | undefined;
  const workloadWays = (): NonNullable<typeof ways> => {
    if (ways === undefined) {
      const asking = { iam: iam(), trusts: createTrusts(world, iam()) };
      ways = { webIdentity: createWebIdentity(world, asking), podIdentity: createPodIdentity(world, asking) };
    }
    return ways;
  };
  let workloads: Facts['workloads'] | undefined;
  const mappings = rememberedLast((cluster: ClusterWorld) => createMappings(cluster, world));
  const grants = rememberedLast((cluster: ClusterWorld) => grantsOf(cluster, world, mappings(cluster)));
  /** Keys of subjects, by cluster: the rules about accounts come back to every cluster. */
  const certainAdmins = new Map<ClusterWorld, ReadonlySet<string>>();
  const pathsToAdmin = rememberedLast((cluster: ClusterWorld) => {
    // One for each cluster: its index of who has what is large, and only the answer is kept.
    const found = createReach(world, iam()).inCluster(cluster).stepsTo([clusterAdminKey], { maxSteps: 2 });
    const keys = cluster.subjects().map(subjectKey);
    certainAdmins.set(cluster, new Set(keys.filter((key) => found.of(key)?.certainty === 'always')));
    return found;
  });
  const becomesAdmin = (cluster: ClusterWorld, key: string): boolean => {
    if (!certainAdmins.has(cluster)) pathsToAdmin(cluster);
    return certainAdmins.get(cluster)?.has(key) === true;
  };
  const isAdmin: Facts['isAdmin'] = (cluster, subject) => cluster.can(subject, everything).allowed;
  return {
    world,
    now: world.now,
    get iam() {
      return iam();
    },
    get webIdentity() {
      return workloadWays().webIdentity;
    },
    get podIdentity() {
      return workloadWays().podIdentity;
    },
    get workloads() {
      workloads ??= workloadsByRole(world.snapshot.clusters);
      return workloads;
    },
    use: rememberedLast((cluster) => usage && createUseIndex(cluster, usage)),
    pathsToAdmin,
    bindings: rememberedLast(ownBindings),
    grants,
    mappings,
    standings: rememberedLast((cluster: ClusterWorld) => standingsOf(cluster, world.principals)),
    isAdmin,
    reachesAdmin: (cluster, subject) =>
      isAdmin(cluster, subject) || becomesAdmin(cluster, subjectKey(subject)),
  };
}

/** Of the last key alone: rules look at one cluster after the other, and of large ones not all must be kept. */
function rememberedLast<Key, Value>(make: (key: Key) => Value): (key: Key) => Value {
  let last: { readonly key: Key; readonly value: Value } | undefined;
  return (key) => {
    if (last === undefined || last.key !== key) last = { key, value: make(key) };
    return last.value;
  };
}
