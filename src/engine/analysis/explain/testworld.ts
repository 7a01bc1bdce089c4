import type { Snapshot } from '../snapshot/snapshot.ts';
import { testAccountId, testArn, testRole, testUser } from '../testworld.ts';
import type { Question } from '../world/question.ts';
import type { ClusterSubject, IamSubject } from '../world/subject.ts';
import { createWorld } from '../world/world.ts';
import { applyEdits } from './applyedits.ts';
import type { Explanation } from './explanation.ts';
import type { ProposedChange } from './proposedchange.ts';
import { explainRequest } from './request.ts';

export const getSecrets: Extract<Question, { readonly kind: 'resource' }> = {
  ...{ kind: 'resource', verb: 'get', apiGroup: '', resource: 'secrets', subresource: '' },
  ...{ namespace: 'prod', name: '' },
};
export const ops: IamSubject = {
  ...{ kind: 'iam', type: 'role', arn: testArn('role/ops'), accountId: testAccountId },
  ...{ principalId: 'AROAOPS', standing: 'exists' },
};
export const ada: IamSubject = { ...ops, type: 'user', arn: testArn('user/ada'), principalId: 'AIDAADA' };
export const people = { roles: [testRole('ops')], users: [testUser('ada')] };
const emptyAwsAuth = { roles: [], users: [], accounts: [] };
export const mapped = (rolearn: string, username = 'ops', groups = ['devs']) => ({
  ...emptyAwsAuth,
  roles: [{ rolearn, username, groups }],
});

export function explain(
  snapshot: Snapshot,
  subject: ClusterSubject = ops,
  question: Question = getSecrets,
  extensions = true,
): Explanation {
  const world = createWorld(snapshot);
  const [cluster] = world.clusters;
  if (cluster === undefined) throw new Error('no cluster');
  return explainRequest(world, cluster, subject, question, { extensions });
}

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
