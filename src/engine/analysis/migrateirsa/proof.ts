import type { Certainty } from '../iamworld/answer.ts';
import type { AccountName, WorkloadRole } from '../reach/workload.ts';
import { createWorkloadRoles } from '../reach/workloadroles.ts';
import type { Gap } from '../snapshot/snapshot.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { World } from '../world/world.ts';
import { afterStep, type IrsaStep } from './after.ts';
import { type DecisionChange, decisionChanges } from './decisions.ts';
import { irsaGaps } from './gaps.ts';
import type { IrsaPlan } from './plan.ts';
import { letsInNobodyElse } from './trustdocument.ts';

/** Whose access to AWS a plan changes: every service account and every role of it, before and after each step. */
export interface IrsaProof {
  /** Pairs that are not as before; of the many others `unchanged` is the number. */
  readonly pairs: readonly PairChange[];
  readonly unchanged: number;
  /** What the sessions of Pod Identity may and those of IRSA may not, or the other way round. */
  readonly decisions: readonly DecisionChange[];
  /** Why it is not known who has which role; nothing is safe then. */
  readonly unread: readonly string[];
  /** Whether nobody gains, nobody loses, and nothing is open. */
  readonly isSafe: boolean;
  readonly incomplete: readonly Gap[];
}

/** A service account and a role that it has before or after. */
export interface PairChange {
  readonly clusterArn: string;
  readonly namespace: string;
  /** `*` and `?` stand for what they do in policies: of service accounts that somebody may make. */
  readonly serviceAccount: string;
  readonly roleArn: string;
  readonly step: IrsaStep;
  readonly verdict: 'gains' | 'loses';
  readonly before: Certainty;
  readonly after: Certainty;
}

/**
 * Compares who has which role, by tokens or by associations, before and after each step of the plan, and what the sessions may
 * do with it. By the engine's own decisions.
 */
export function proveIrsaMigration(
  world: World,
  cluster: ClusterWorld,
  plan: Pick<IrsaPlan, 'clusterArn' | 'associations' | 'roles'>,
): IrsaProof {
  const steps: readonly IrsaStep[] = ['prepared', 'finished'];
  const scope = {
    // What the plan does not touch is as it was: neither the role's trust nor the account's association is another.
    roles: new Set([...plan.roles, ...plan.associations].map(({ roleArn }) => roleArn)),
    clusterArn: plan.clusterArn,
    accounts: plan.associations.map(({ namespace, serviceAccount: name }) => ({ namespace, name })),
  };
  const before = pairsIn(world, scope);
  const pairs: PairChange[] = [];
  const all = new Set(before.keys());
  for (const step of steps) {
    const after = pairsIn(afterStep(world, plan, step), scope);
    for (const [key, pair] of new Map([...before, ...after])) {
      all.add(key);
      const [was, is] = [before.get(key)?.certainty ?? 'never', after.get(key)?.certainty ?? 'never'];
      if (was === is) continue;
      const { certainty: _, ...who } = pair;
      pairs.push({
        ...{ ...who, step, before: was, after: is },
        verdict: rank[is] > rank[was] ? 'gains' : 'loses',
      });
    }
  }
  const decisions = decisionChanges(world, afterStep(world, plan, 'prepared'), plan);
  const incomplete = irsaGaps(world, cluster);
  const unread = [
    ...incomplete.flatMap(({ area, reason }) => (area === 'file' ? [] : [reason])),
    ...plan.roles
      .filter((role) => {
        const own = plan.associations.filter(({ roleArn }) => roleArn === role.roleArn);
        const accounts = own.map(({ namespace, serviceAccount: name }) => ({ namespace, name }));
        const of = { clusterArn: plan.clusterArn, accounts };
        return steps.some((step) => !letsInNobodyElse(role.before, role[step], of));
      })
      .map(({ roleArn }) => `what is to be written for \`${roleArn}\` lets in others than Pod Identity`),
  ];
  return {
    pairs,
    unchanged: all.size - new Set(pairs.map(pairKey)).size,
    ...{ decisions, unread, incomplete },
    isSafe: unread.length === 0 && pairs.length === 0 && decisions.length === 0,
  };
}

const rank: Readonly<Record<Certainty, number>> = { never: 0, sometimes: 1, always: 2 };

interface Pair extends Pick<PairChange, 'clusterArn' | 'namespace' | 'serviceAccount' | 'roleArn'> {
  readonly certainty: Certainty;
}

interface Scope {
  readonly roles: ReadonlySet<string>;
  readonly clusterArn: string;
  readonly accounts: readonly AccountName[];
}

/** Who has which role, by whatever way is surest; by key. */
function pairsIn(world: World, { roles, clusterArn, accounts }: Scope): ReadonlyMap<string, Pair> {
  const found = new Map<string, Pair>();
  const add = (pair: Pair): void => {
    const key = pairKey(pair);
    if (rank[found.get(key)?.certainty ?? 'never'] < rank[pair.certainty]) found.set(key, pair);
  };
  const addWay = (way: WorkloadRole): void => {
    // Of an association that nobody has read there may be one before and after alike.
    if (way.mechanism === 'podIdentity' && way.association === undefined) return;
    const { cluster, account, role, certainty } = way;
    add({
      ...{ clusterArn: cluster.cluster.arn, namespace: account.namespace, serviceAccount: account.name },
      ...{ roleArn: role.arn, certainty },
    });
  };
  const workloads = createWorkloadRoles(world);
  for (const roleArn of roles) {
    const { ways, patterns } = workloads.accountsOf(roleArn);
    for (const way of ways) addWay(way);
    for (const { cluster, mechanism, namespace, name, example } of patterns) {
      if (mechanism === 'podIdentity') continue;
      const { certainty } = example;
      add({ clusterArn: cluster.cluster.arn, namespace, serviceAccount: name, roleArn, certainty });
    }
  }
  const cluster = world.clusters.find((one) => one.cluster.arn === clusterArn);
  if (cluster !== undefined) {
    for (const account of accounts) for (const way of workloads.rolesOf(cluster, account)) addWay(way);
  }
  return found;
}

function pairKey({
  clusterArn,
  namespace,
  serviceAccount,
  roleArn,
}: Pick<Pair, 'clusterArn' | 'namespace' | 'serviceAccount' | 'roleArn'>): string {
  return `${clusterArn} ${namespace}/${serviceAccount} ${roleArn}`;
}
