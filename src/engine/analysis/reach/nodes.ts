import type { SnapshotPod } from '../snapshot/snapshot.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import { type ClusterSubject, type KubernetesSubject, subjectKey } from '../world/subject.ts';
import { assuming, type Permitted } from './asking.ts';

/** All nodes of a cluster, as the one that somebody becomes who becomes any of them. */
export const nodesGroup: KubernetesSubject = { kind: 'Group', namespace: '', name: 'system:nodes' };

export function isNodeName(kind: 'User' | 'Group', name: string): boolean {
  return kind === 'Group' ? name === nodesGroup.name : name.startsWith('system:node:');
}

/** Whether the subject is a node in one of its sessions: the Node authorizer knows them by their group (kubernetes-facts F5). */
export function isNode(cluster: ClusterWorld, subject: ClusterSubject): boolean {
  if (subject.kind === 'Group') return subject.name === nodesGroup.name;
  return cluster.identitiesOf(subject).identities.some(({ user }) => user.groups.includes(nodesGroup.name));
}

/** Whether an instance has credentials of the role that a Pod on it can get at; Fargate's Pods have a machine each. */
export function isInstanceRole(cluster: ClusterWorld, subject: ClusterSubject): boolean {
  if (subject.kind !== 'iam' || subject.type !== 'role' || !isNode(cluster, subject)) return false;
  return cluster.entry(subject.arn)?.type !== 'FARGATE_LINUX';
}

/** A node makes tokens for the service accounts of its Pods (kubernetes-facts F5). */
export const podsOfNode: Permitted = assuming(
  { certainty: 'always', conditions: [], evidence: [] },
  'a Pod of the service account runs on the node',
);

export const roleOfNode: Permitted = assuming(
  { certainty: 'always', conditions: [], evidence: [] },
  'an instance with this role is the node',
);

/** A Pod in the node's network asks the instance for its credentials, as any process of the node does. */
export const roleOfHost: Permitted = assuming(
  roleOfNode,
  'the instance answers Pods that ask for its credentials',
);

/** Service accounts with a Pod in the network of its node, each with one such Pod. */
export function accountsInHosts({ cluster }: ClusterWorld): ReadonlyMap<string, SnapshotPod> {
  const pods = (cluster.pods ?? []).filter(({ hostNetwork }) => hostNetwork);
  return new Map(
    pods.map((pod) => {
      const { namespace, serviceAccount: name } = pod;
      return [subjectKey({ kind: 'ServiceAccount', namespace, name }), pod];
    }),
  );
}
