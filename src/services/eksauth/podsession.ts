import type { PodSubject } from '../../engine/podcredentials/podtoken.ts';
import type { ClusterRecord } from '../../storage/records/eks.ts';
import type { SessionTagging } from '../sts/sessiontags.ts';

/** Characters that are left of the names of cluster and pod in a session's name. */
const namePart = 10;

/**
 * `eks-CLUSTER-POD-UUID` (eks-access-facts J16), 62 characters at most. COMPAT: both names end after ten characters, as the
 * names of sessions show that CloudTrail samples of Pod Identity have.
 */
export function podSessionName(clusterName: string, { pod }: PodSubject, uuid: string): string {
  return ['eks', clusterName.slice(0, namePart), pod.name.slice(0, namePart), uuid].join('-');
}

/** The six tags, all transitive, in AWS's order (eks-access-facts J8). */
export function podSessionTags(
  { arn, name }: Pick<ClusterRecord, 'arn' | 'name'>,
  { namespace, serviceAccount, pod }: PodSubject,
): SessionTagging {
  const tags = [
    ['eks-cluster-arn', arn],
    ['eks-cluster-name', name],
    ['kubernetes-namespace', namespace],
    ['kubernetes-service-account', serviceAccount],
    ['kubernetes-pod-name', pod.name],
    ['kubernetes-pod-uid', pod.uid],
  ] as const;
  return {
    tags: tags.map(([Key, Value]) => ({ Key, Value })),
    transitiveTagKeys: tags.map(([key]) => key),
  };
}
