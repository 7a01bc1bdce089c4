import { decidesInClusters } from '../snapshot/gapareas.ts';
import type { Gap } from '../snapshot/snapshot.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { Question } from '../world/question.ts';
import type { ClusterSubject } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import { decisionStep } from './decisionstep.ts';
import type { Explanation } from './explanation.ts';
import { identitySteps } from './identitystep.ts';
import { decideIn } from './session.ts';
import { type ChangeOptions, smallestChanges } from './smallestchange.ts';

/**
 * Who a subject is in a cluster and what it may, step by step, from the decisions of the cluster's own deciders; where it is
 * refused, what would change that.
 */
export function explainRequest(
  world: World,
  cluster: ClusterWorld,
  subject: ClusterSubject,
  question: Question,
  options: ChangeOptions,
): Explanation {
  const decided = decideIn(cluster, subject, question, options.sessionName);
  return {
    allowed: decided.allowed,
    steps: [...identitySteps(world, cluster, subject, decided), decisionStep(decided, question)],
    changes: smallestChanges(world, cluster, subject, question, options),
    incomplete: gapsAbout(world, cluster, subject),
  };
}

/** What was not read and may change the answer: of the cluster, and of the account of whom it is about. */
function gapsAbout({ snapshot }: World, { cluster }: ClusterWorld, subject: ClusterSubject): readonly Gap[] {
  return snapshot.gaps.filter(
    ({ area, clusterArn, accountId }) =>
      decidesInClusters({ area }) &&
      (clusterArn === undefined || clusterArn === cluster.arn) &&
      (accountId === undefined ||
        accountId === cluster.accountId ||
        (subject.kind === 'iam' && accountId === subject.accountId)),
  );
}
