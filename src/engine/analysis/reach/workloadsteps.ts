import type { World } from '../world/world.ts';
import { assuming, type Permitted, stepOf } from './asking.ts';
import { nodeKey, type ReachNode } from './node.ts';
import type { StepRules } from './rules.ts';
import type { ReachStep } from './step.ts';
import type { AccountName, WorkloadRole } from './workload.ts';
import type { WorkloadRoles } from './workloadroles.ts';

/** From a service account to the roles that its Pods get: by Pod Identity, or for a token. */
export function createWorkloadSteps(world: World, workload: WorkloadRoles): StepRules {
  return {
    *into(to, isKnown) {
      if (to.kind !== 'iam' || to.subject.type !== 'role') return;
      const ways = workload.waysTo(
        to.subject.arn,
        ({ cluster }, account) => !isKnown(nodeKey(accountNode(cluster.arn, account))),
      );
      for (const way of ways) yield* stepsBy(way);
    },
    *from(from, isKnown) {
      if (from.kind !== 'kubernetes' || from.subject.kind !== 'ServiceAccount') return;
      const cluster = world.clusters.find(({ cluster: { arn } }) => arn === from.clusterArn);
      if (cluster === undefined) return;
      for (const way of workload.rolesOf(cluster, from.subject)) {
        if (!isKnown(nodeKey({ kind: 'iam', subject: way.role }))) yield* stepsBy(way);
      }
    },
  };
}

function accountNode(clusterArn: string, { namespace, name }: AccountName): ReachNode {
  return { kind: 'kubernetes', clusterArn, subject: { kind: 'ServiceAccount', namespace, name } };
}

/** What a way comes to; undefined where it is of no use. A session policy leaves the role not all that it has. */
export function permittedByWay(way: WorkloadRole): Permitted | undefined {
  const { certainty, evidence, session } = way;
  if (certainty === 'never') return undefined;
  const by: Permitted = {
    ...{ certainty, evidence },
    get conditions() {
      return way.conditions;
    },
  };
  return session.policy === undefined
    ? by
    : assuming(by, 'the session policy of the association leaves it what it takes');
}

/** None where the way is of no use. */
function stepsBy(way: WorkloadRole): readonly ReachStep[] {
  const { cluster, account, role, mechanism } = way;
  const by = permittedByWay(way);
  if (by === undefined) return [];
  const ends = {
    from: accountNode(cluster.cluster.arn, account),
    to: { kind: 'iam', subject: role },
  } as const;
  return [stepOf(mechanism === 'irsa' ? 'webIdentity' : 'podIdentity', ends, messageOf(way), by)];
}

function messageOf({ mechanism, role, via, token }: WorkloadRole): string {
  if (mechanism === 'irsa') {
    const why = token?.isAnnotated ? 'as its annotation says' : 'which no annotation names';
    return `gets role \`${role.arn}\` for its token, ${why}`;
  }
  const way = via === undefined ? '' : ` through role \`${via.arn}\``;
  return `gets role \`${role.arn}\` by Pod Identity${way}`;
}
