import { subjectOf } from '../iamworld/allowers.ts';
import { createIamWorld, type IamWorld } from '../iamworld/iamworld.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { ClusterSubject } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import { type ClusterIndex, createClusterIndex } from './clusterindex.ts';
import { createEksSteps } from './ekssteps.ts';
import { createFederationSteps } from './federation.ts';
import type { ReachGoal } from './goal.ts';
import { createIamSteps } from './iamsteps.ts';
import { createIssuerSteps } from './issuersteps.ts';
import { createKubeSteps } from './kubesteps.ts';
import { clusterAdminKey, nodeKey, type ReachNode } from './node.ts';
import { isInstanceRole } from './nodes.ts';
import { createPodTokenSteps } from './podtokensteps.ts';
import { createRaises } from './raises.ts';
import type { IsKnown, StepRules } from './rules.ts';
import { type SearchOptions, searchBackwards, searchForwards } from './search.ts';
import type { ReachChain } from './step.ts';
import { createTrial, type Trial, type TrialOf } from './trial.ts';
import { createTrusts, type KnownRole } from './trusts.ts';
import { createWorkloadRoles, type WorkloadRoles } from './workloadroles.ts';
import { createWorkloadSteps } from './workloadsteps.ts';

/** Who can become whom, in a whole snapshot: through IAM, and through every cluster. Everything is found when it is asked. */
export interface Reach {
  /** The same seen from one cluster, where subjects have the keys that `ClusterWorld` knows. */
  inCluster(cluster: ClusterWorld): ClusterReach;
  /** Everybody who can become one of `targets`, each once with a shortest chain; none of the targets. */
  stepsTo(targets: readonly ReachNode[], options?: ReachOptions): readonly ReachChain[];
  /** Everybody whom `from` can become, each once with a shortest chain. */
  stepsFrom(from: ReachNode, options?: ReachOptions): readonly ReachChain[];
  /** What it asks of IAM. */
  readonly iam: IamWorld;
  readonly workload: WorkloadRoles;
}

export interface ClusterReach {
  /**
   * Everybody who can become one of the subjects with these keys (`subjectKey`; `clusterAdminKey` for whoever may do
   * everything in this cluster) and is none of them. Whoever asks who may do something passes `clusterAdminKey` as well:
   * an administrator may do it, too. A key of nobody is ignored.
   */
  stepsTo(
    targetKeys: Iterable<string>,
    options?: ReachOptions & {
      /** Also whoever can permit itself this, by what is enough for it and no more. */
      readonly goal?: ReachGoal;
    },
  ): ReachedFrom;
  /** Everybody whom the subject can become, also in other clusters. */
  stepsFrom(subject: ClusterSubject, options?: ReachOptions): readonly ReachChain[];
  /** The subjects that may do everything in this cluster by themselves: the targets that `clusterAdminKey` stands for. */
  clusterAdmins(): readonly ClusterSubject[];
}

export interface ReachOptions {
  /** Longer chains are not looked for; not given: as long as they are. */
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

export function createReach(world: World, iam: IamWorld = createIamWorld(world)): Reach {
  const trusts = createTrusts(world, iam);
  const workload = createWorkloadRoles(world, { iam, trusts });
  const raises = createRaises(
    world,
    iam,
    (principal): Iterable<KnownRole> => trusts.rolesTrusting(subjectOf(principal)),
  );
  const indexes = new Map<string, { readonly cluster: ClusterWorld; readonly index: () => ClusterIndex }>(
    world.clusters.map((cluster) => {
      const { arn } = cluster.cluster;
      return [arn, { cluster, index: once(() => createClusterIndex(world, cluster)) }];
    }),
  );
  const trials = new WeakMap<ReachGoal, Map<ClusterWorld, Trial>>();
  const trialOf: TrialOf = (cluster, goal) => {
    const known = trials.get(goal) ?? new Map<ClusterWorld, Trial>();
    trials.set(goal, known);
    const found = known.get(cluster) ?? createTrial(world, cluster, goal);
    known.set(cluster, found);
    return found;
  };
  const rules: readonly StepRules[] = [
    createIamSteps(world, { iam, trusts, raises }),
    createEksSteps(world, { iam, trusts, raises, trialOf }),
    createFederationSteps(world, { iam, raises }),
    createWorkloadSteps(world, workload),
    createIssuerSteps(world, { iam, trusts }),
    createPodTokenSteps(world, { iam, workload }),
    ...[...indexes.values()].map(({ cluster, index }) => lazily(cluster, { index, trialOf })),
  ];

  const indexOf = (clusterArn: string): ClusterIndex | undefined => indexes.get(clusterArn)?.index();
  const withAdmins = (targets: readonly ReachNode[]): readonly ReachNode[] =>
    targets.flatMap((target): readonly ReachNode[] => {
      if (target.kind !== 'clusterAdmin') return [target];
      const { clusterArn } = target;
      const found = indexOf(clusterArn)?.admins() ?? [];
      return [target, ...found.map((subject) => nodeOf(subject, clusterArn))];
    });

  const stepsTo: Reach['stepsTo'] = (targets, options) =>
    sorted(searchBackwards(rules, withAdmins(targets), withDefaults(options)), ({ from }) => from).filter(
      ({ from }) => from.kind !== 'clusterAdmin',
    );
  const stepsFrom: Reach['stepsFrom'] = (from, options) => {
    // Who may do everything needs no step to be an administrator.
    const steps = searchForwards(rules, from, withDefaults(options));
    return sorted(steps, ({ steps: all }) => all.at(-1)?.to ?? from);
  };

  return {
    iam,
    workload,
    stepsTo,
    stepsFrom,
    inCluster(cluster) {
      const clusterArn = cluster.cluster.arn;
      return {
        stepsTo(targetKeys, options) {
          const { subjects } = indexOf(clusterArn) ?? { subjects: new Map<string, ClusterSubject>() };
          const targets = [...targetKeys].flatMap((key): readonly ReachNode[] => {
            if (key === clusterAdminKey) return [{ kind: 'clusterAdmin', clusterArn }];
            const subject = subjects.get(key);
            return subject === undefined ? [] : [nodeOf(subject, clusterArn)];
          });
          const { goal } = options ?? {};
          // Last: whoever can become an administrator, or somebody who may, is told of that.
          const all =
            goal === undefined ? targets : [...targets, { kind: 'permitted', clusterArn, goal } as const];
          return reachedFrom(stepsTo(all, options), clusterArn);
        },
        stepsFrom: (subject, options) => stepsFrom(nodeOf(subject, clusterArn), options),
        clusterAdmins: () => indexOf(clusterArn)?.admins() ?? [],
      };
    },
  };
}

/** Holds on to the chains alone: what was made to find them may go. */
function reachedFrom(chains: readonly ReachChain[], clusterArn: string): ReachedFrom {
  const byKey = new Map(chains.map((chain) => [nodeKey(chain.from), chain]));
  return { chains, of: (key) => byKey.get(key) ?? byKey.get(`${clusterArn} ${key}`) };
}

/** A subject of a cluster as a node. */
export function nodeOf(subject: ClusterSubject, clusterArn: string): ReachNode {
  return subject.kind === 'iam' ? { kind: 'iam', subject } : { kind: 'kubernetes', clusterArn, subject };
}

function withDefaults({
  maxSteps = Number.POSITIVE_INFINITY,
  onlyCertain = false,
}: {
  maxSteps?: number;
  onlyCertain?: boolean;
} = {}): SearchOptions {
  return { maxSteps, onlyCertain };
}

function sorted(chains: readonly ReachChain[], by: (chain: ReachChain) => ReachNode): readonly ReachChain[] {
  const keyed = chains.map((chain) => ({ chain, key: nodeKey(by(chain)) }));
  keyed.sort(
    (one, other) =>
      one.chain.steps.length - other.chain.steps.length ||
      (one.key < other.key ? -1 : one.key > other.key ? 1 : 0),
  );
  return keyed.map(({ chain }) => chain);
}

/** The index of a cluster is made when somebody gets as far as that. */
function lazily(
  cluster: ClusterWorld,
  { index, trialOf }: { readonly index: () => ClusterIndex; readonly trialOf: TrialOf },
): StepRules {
  const steps = once(() => createKubeSteps(cluster, index(), trialOf));
  const { arn } = cluster.cluster;
  const concerns = (node: ReachNode): boolean => node.kind === 'iam' || node.clusterArn === arn;
  return {
    *into(to, isKnown: IsKnown) {
      if (to.kind === 'iam' ? isInstanceRole(cluster, to.subject) : to.clusterArn === arn)
        yield* steps().into(to, isKnown);
    },
    *from(from, isKnown: IsKnown) {
      if (concerns(from)) yield* steps().from(from, isKnown);
    },
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
