import { clusterAdminKey, nodeKey, nodeText } from '../reach/node.ts';
import type { Reach } from '../reach/reach.ts';
import type { ReachCondition, StepCode } from '../reach/step.ts';
import type { Gap } from '../snapshot/snapshot.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { World } from '../world/world.ts';
import type { WhoCanAnswer } from './answer.ts';

/** Somebody who may not, and can become somebody who may. Plain data. */
export interface TransitiveRow {
  /** Unique: `nodeKey`. */
  readonly key: string;
  readonly who: string;
  /** `sometimes`: only where what the steps are `conditions` of holds. */
  readonly certainty: 'always' | 'sometimes';
  /** At least one; each from where the one before led. */
  readonly steps: readonly TransitiveStep[];
}

export interface TransitiveStep {
  readonly code: StepCode;
  readonly message: string;
  /** Who one is then. */
  readonly becomes: string;
  readonly becomesKey: string;
  readonly certainty: 'always' | 'sometimes';
  readonly conditions: readonly ReachCondition[];
}

/** What was not read and could change who can become whom: chains lead through all accounts and clusters. */
export function gapsOfBecoming({ snapshot }: Pick<World, 'snapshot'>): readonly Gap[] {
  return snapshot.gaps.filter(({ area }) => area !== 'usage');
}

/**
 * Everybody who can become one of those who may, or an administrator of the cluster, with a shortest way: the longer answer
 * to who can. Nobody of `answer` is among them.
 */
export function whoCanBecome(
  reach: Reach,
  cluster: ClusterWorld,
  answer: WhoCanAnswer,
): readonly TransitiveRow[] {
  const targets = [...answer.rows.map(({ key }) => key), clusterAdminKey];
  return reach
    .inCluster(cluster)
    .stepsTo(targets)
    .chains.map(({ from, steps, certainty }) => ({
      ...{ key: nodeKey(from), who: nodeText(from), certainty },
      steps: steps.map((step) => ({
        ...{ code: step.code, message: step.message, certainty: step.certainty, conditions: step.conditions },
        ...{ becomes: nodeText(step.to), becomesKey: nodeKey(step.to) },
      })),
    }));
}
