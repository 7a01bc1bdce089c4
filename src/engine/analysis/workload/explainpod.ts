import type { ExplainStep } from '../explain/explanation.ts';
import type { Certainty, IamCondition } from '../iamworld/answer.ts';
import type { ReachCondition } from '../reach/step.ts';
import type { WorkloadRole } from '../reach/workload.ts';
import type { Gap, SnapshotCluster } from '../snapshot/snapshot.ts';
import type { World } from '../world/world.ts';
import type { Attempt } from './attempt.ts';
import type { Mechanism } from './mechanism.ts';
import { actionNotes, fallbackNote, nodeNotes, workloadGaps } from './notes.ts';
import { smallestPodChanges, type WorkloadChange } from './podchanges.ts';
import { type Call, walkOf } from './walk.ts';
import { conditionText } from './waysteps.ts';
import type { Workload } from './workload.ts';

export interface PodExplanation {
  /** Whatever the rest of the request is. */
  readonly allowed: boolean;
  readonly certainty: Certainty;
  /** Whose credentials the containers have; absent where they have none. */
  readonly credentials?: {
    readonly mechanism: Mechanism;
    readonly roleArn: string;
    /** The role that is assumed on the way to a target role. */
    readonly viaRoleArn?: string;
  };
  readonly steps: readonly ExplainStep[];
  /** Of `sometimes`: what it depends on. */
  readonly conditions: readonly {
    readonly message: string;
    readonly condition: ReachCondition | IamCondition;
  }[];
  /** What would allow it, fewest commands first; each was tried on a copy of the snapshot. */
  readonly changes: readonly WorkloadChange[];
  /** What the answer leaves out. */
  readonly notes: readonly string[];
  readonly incomplete: readonly Gap[];
}

/** Conditions told, at most. */
const mostTold = 20;

/**
 * Whether the containers of a workload may call an AWS operation with the credentials that EKS gives them, step by step:
 * who runs them, what they are told, whether that leads to a role, and what the role's session may. What is not read does not
 * end the walk. With `limit` 0 no change is looked for.
 */
export function explainPod(
  world: World,
  cluster: SnapshotCluster,
  workload: Workload,
  call: Call,
  { limit = 3 }: { readonly limit?: number } = {},
): PodExplanation {
  const at: Attempt = { world, cluster, workload };
  const walk = walkOf(at, call);
  const { steps, certainty, way, conditions, stopped } = walk;
  const isFallback = way === undefined && (stopped === 'noMechanism' || stopped === 'notInjected');
  const owner = call.resource.split(':')[4] ?? '';
  const accounts = [owner, way?.role.accountId ?? '', way?.via?.accountId ?? ''];
  return {
    ...{ allowed: certainty === 'always', certainty },
    ...(way && way.certainty !== 'never' && { credentials: credentialsIn(way) }),
    steps,
    conditions: conditions
      .slice(0, mostTold)
      .map((condition) => ({ message: conditionText(condition), condition })),
    changes: certainty === 'never' && limit > 0 ? smallestPodChanges(at, call, walk).slice(0, limit) : [],
    notes: [
      ...(isFallback ? [fallbackNote] : []),
      ...nodeNotes(way?.mechanism, workload.pod?.nodeName),
      ...actionNotes(call.action),
    ],
    incomplete: workloadGaps(world.snapshot, [cluster], accounts),
  };
}

function credentialsIn({ mechanism, role, via }: WorkloadRole): NonNullable<PodExplanation['credentials']> {
  return { mechanism, roleArn: role.arn, ...(via && { viaRoleArn: via.arn }) };
}
