import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Question } from '../world/question.ts';
import type { ClusterSubject } from '../world/subject.ts';
import { createWorld } from '../world/world.ts';
import { applyEdits } from './applyedits.ts';
import type { ProposedChange } from './proposedchange.ts';

/** For tests: whether the request is allowed in a world made anew from the changed snapshot. */
export function allowsAfter(
  snapshot: Snapshot,
  { edits }: ProposedChange,
  subject: ClusterSubject,
  question: Question,
): boolean {
  const [cluster, ...others] = snapshot.clusters;
  if (cluster === undefined) throw new Error('no cluster');
  const after = applyEdits({ snapshot, cluster }, edits, snapshot.takenAt);
  const world = createWorld({ ...after.snapshot, clusters: [after.cluster, ...others] });
  return world.clusters[0]?.can(subject, question).allowed === true;
}
