import type { IamWorld } from '../iamworld/iamworld.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { KubernetesSubject } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import { assuming, both, iamNode, type Permitted, stepOf, surest } from './asking.ts';
import { nodeKey, type ReachNode } from './node.ts';
import type { StepRules } from './rules.ts';
import type { ReachStep } from './step.ts';
import type { KnownRole, Trusts } from './trusts.ts';

/** The service that gets roles for Pods (eks-access-facts J7). */
export const podIdentityService = 'pods.eks.amazonaws.com';

/**
 * From a service account to the roles that Pod Identity may give its Pods: those of the cluster's account whose trust policy
 * lets it. Which association there is stands in no snapshot.
 */
export function createPodIdentitySteps(
  world: World,
  { iam, trusts }: { readonly iam: IamWorld; readonly trusts: Trusts },
): StepRules {
  const remembered = new Map<string, Permitted | undefined>();

  const asks = (
    role: KnownRole,
    action: string,
    context: Readonly<Record<string, string | readonly string[]>>,
  ) => {
    const { certainty, decision, ...answer } = iam.askOutsider({
      ...{ outsider: { kind: 'service', name: podIdentityService }, action, role, context },
    });
    if (certainty === 'never') return undefined;
    return {
      certainty,
      get conditions() {
        return answer.conditions;
      },
      evidence: [{ kind: 'iam', action, resource: role.record.arn, decision }],
    } as const;
  };

  /** With the tags of the session, or without, as an association may have it (eks-access-facts J8). */
  const trusted = (role: KnownRole, { cluster }: ClusterWorld, account: KubernetesSubject) => {
    const tags = {
      'aws:RequestTag/eks-cluster-arn': cluster.arn,
      'aws:RequestTag/eks-cluster-name': cluster.name,
      'aws:RequestTag/kubernetes-namespace': account.namespace,
      'aws:RequestTag/kubernetes-service-account': account.name,
    };
    const podTags = ['aws:RequestTag/kubernetes-pod-name', 'aws:RequestTag/kubernetes-pod-uid'];
    const without = Object.fromEntries([...Object.keys(tags), ...podTags].map((key) => [key, []]));
    const assumed = asks(role, 'sts:AssumeRole', tags);
    const tagged = assumed && asks(role, 'sts:TagSession', tags);
    return surest([assumed && tagged && both(assumed, tagged), asks(role, 'sts:AssumeRole', without)]);
  };

  const answerOf = (role: KnownRole, cluster: ClusterWorld, account: KubernetesSubject) => {
    // One answer for all where the policy does not speak of tags: there are thousands of service accounts.
    const isSame = !/requesttag|tagkeys/i.test(role.record.trustPolicy);
    const own = isSame ? '' : ` ${account.namespace}/${account.name}`;
    const key = `${role.record.arn} ${cluster.cluster.arn}${own}`;
    if (!remembered.has(key)) remembered.set(key, trusted(role, cluster, account));
    return remembered.get(key);
  };

  const step = (
    role: KnownRole,
    cluster: ClusterWorld,
    account: KubernetesSubject,
  ): ReachStep | undefined => {
    // The role is of the cluster's account (eks-access-facts J6).
    if (role.accountId !== cluster.cluster.accountId) return undefined;
    if (!trusts.of(role).services.includes(podIdentityService)) return undefined;
    const by = answerOf(role, cluster, account);
    if (by === undefined) return undefined;
    const from: ReachNode = { kind: 'kubernetes', clusterArn: cluster.cluster.arn, subject: account };
    const message = `gets role \`${role.record.arn}\` by Pod Identity`;
    const associated = `an association of cluster \`${cluster.cluster.name}\` gives it the role`;
    return stepOf('podIdentity', { from, to: iamNode(role) }, message, assuming(by, associated));
  };

  return {
    *into(to, isKnown) {
      const role = to.kind === 'iam' ? world.principals.named(to.subject.arn) : undefined;
      if (role?.kind !== 'role' || to.kind !== 'iam' || to.subject.arn !== role.record.arn) return;
      if (!trusts.of(role).services.includes(podIdentityService)) return;
      for (const cluster of world.clusters) {
        for (const subject of cluster.subjects()) {
          if (subject.kind !== 'ServiceAccount') continue;
          const from: ReachNode = { kind: 'kubernetes', clusterArn: cluster.cluster.arn, subject };
          const found = isKnown(nodeKey(from)) ? undefined : step(role, cluster, subject);
          if (found !== undefined) yield found;
        }
      }
    },
    *from(from, isKnown) {
      if (from.kind !== 'kubernetes' || from.subject.kind !== 'ServiceAccount') return;
      const cluster = world.clusters.find(({ cluster: { arn } }) => arn === from.clusterArn);
      if (cluster === undefined) return;
      for (const role of trusts.ofService(podIdentityService)) {
        if (isKnown(nodeKey(iamNode(role)))) continue;
        const found = step(role, cluster, from.subject);
        if (found !== undefined) yield found;
      }
    },
  };
}
