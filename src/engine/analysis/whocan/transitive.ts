import { questionText } from '../explain/questiontext.ts';
import type { ReachGoal } from '../reach/goal.ts';
import { clusterAdminKey, nodeKey, nodeText } from '../reach/node.ts';
import type { Reach } from '../reach/reach.ts';
import type { ReachCondition, StepCode } from '../reach/step.ts';
import type { Gap } from '../snapshot/snapshot.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { World } from '../world/world.ts';
import type { WhoCanAnswer } from './answer.ts';
import { whoCan } from './whocan.ts';

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
 * Everybody who can become one of those who may, or an administrator of the cluster, or can permit itself what is asked for
 * and nothing else, with a shortest way: the longer answer to who can. Nobody of `answer` is among them.
 */
export function whoCanBecome(
  reach: Reach,
  cluster: ClusterWorld,
  answer: WhoCanAnswer,
): readonly TransitiveRow[] {
  const targets = [...answer.rows.map(({ key }) => key), clusterAdminKey];
  return reach
    .inCluster(cluster)
    .stepsTo(targets, { goal: goalOf(answer) })
    .chains.map(({ from, steps, certainty }) => ({
      ...{ key: nodeKey(from), who: nodeText(from), certainty },
      steps: steps.map((step) => ({
        ...{ code: step.code, message: step.message, certainty: step.certainty, conditions: step.conditions },
        ...{ becomes: nodeText(step.to), becomesKey: nodeKey(step.to) },
      })),
    }));
}

function goalOf({ question, namespaces }: WhoCanAnswer): ReachGoal {
  const isAny = namespaces === 'any';
  return {
    // As it stands among names, which have no backticks.
    text: `${questionText(question).replaceAll('`', '')}${isAny ? ' in some namespace' : ''}`,
    namespaces: isAny ? 'any' : { named: question.kind === 'resource' ? question.namespace : '' },
    ask(world, cluster) {
      const { rows, unclear } = whoCan(world, cluster, question, { namespaces, pathsPerRow: 1 });
      return {
        allowed: new Set(rows.map(({ key }) => key)),
        unclear: new Set(unclear.map(({ principalArn }) => principalArn)),
      };
    },
  };
}
