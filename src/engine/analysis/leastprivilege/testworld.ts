import type { RbacObject } from '../../rbac/objects.ts';
import { stockRbac, testArn, testEntry, testRole, testTakenAt, testWorld } from '../testworld.ts';
import type { AccessUse } from '../usage/use.ts';
import type { KnownResource } from '../whatcan/closest.ts';
import type { Question } from '../world/question.ts';
import type { ClusterSubject, IamSubject } from '../world/subject.ts';
import { collectUses, leastPrivilege } from './leastprivilege.ts';

/** What a Kubernetes serves that has little. */
const universe: readonly KnownResource[] = [
  ['', 'pods', true],
  ['', 'pods/log', true],
  ['', 'pods/exec', true],
  ['', 'secrets', true],
  ['', 'configmaps', true],
  ['', 'nodes', false],
  ['apps', 'deployments', true],
  ['apps', 'deployments/scale', true],
].map(([apiGroup, resource, isNamespaced]) => ({
  ...{ apiGroup: String(apiGroup), resource: String(resource), isNamespaced: isNamespaced === true },
  verbs: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'],
}));
export const ops: IamSubject = {
  kind: 'iam',
  type: 'role',
  arn: testArn('role/ops'),
  accountId: '111122223333',
  principalId: 'AROAOPS',
  standing: 'exists',
};
const range = { since: 0, until: testTakenAt };
export const asOps = { principalArn: ops.arn, principalId: ops.principalId };

/** `get core pods/log in dev named p`. */
export function ask(text: string): Question {
  const [, verb = '', group = '', target = '', namespace = '', name = ''] =
    /^(\S+) (\S+) (\S+)(?: in (\S+))?(?: named (\S+))?$/.exec(text) ?? [];
  const [resource = '', subresource = ''] = target.split('/');
  return {
    kind: 'resource',
    ...{ verb, resource, subresource, namespace, name, apiGroup: group === 'core' ? '' : group },
  };
}
export const use = (question: Question, change: Partial<AccessUse> = {}): AccessUse => ({
  ...{ at: testTakenAt - 1000, who: asOps, did: { kind: 'kubernetes', question }, allowed: true },
  ...change,
});
export const call = (
  action: string,
  resources: readonly string[] = [],
  change: Partial<AccessUse> = {},
): AccessUse => ({
  ...{ at: testTakenAt - 1000, who: asOps, did: { kind: 'aws', action, resources }, allowed: true },
  ...change,
});

export type Given = NonNullable<Parameters<typeof testWorld>[0]>;
export function shrink(
  given: Given,
  uses: readonly AccessUse[],
  { subject = ops, ...options }: { subject?: ClusterSubject; roundUp?: boolean; names?: boolean } = {},
) {
  const { world, cluster } = testWorld(given);
  const { add, ledger } = collectUses(cluster, subject, range);
  for (const one of uses) add(one);
  return leastPrivilege(world, cluster, { subject, usage: ledger(), universe, ...options });
}
export const withPolicies = (
  policies: Readonly<Record<string, readonly string[]>>,
  rbac: readonly RbacObject[] = [],
): Given => ({
  account: { roles: [testRole('ops')] },
  cluster: {
    accessEntries: [testEntry(ops.arn, policies, { kubernetesGroups: ['ops'] })],
    rbac: [...stockRbac, ...rbac],
  },
});
export const admin = withPolicies({ AmazonEKSClusterAdminPolicy: [] });
