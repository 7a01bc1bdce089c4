import { lowerAscii } from '../../arn/case.ts';
import type { RbacObject, RoleRef, Subject } from '../../rbac/objects.ts';
import type { SnapshotCluster } from '../snapshot/snapshot.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { ClusterSubject } from '../world/subject.ts';
import type { KubernetesNeeds } from './kubernetes.ts';

/** Roles and bindings that give somebody what it needs, in the order in which they are applied. */
export interface ProposedRbac {
  readonly objects: readonly RbacObject[];
  /** Whom they bind. For an IAM principal, a group that its access entry must have (`kubernetesGroups`). */
  readonly subject: Subject;
}

export function proposedRbac(
  { everywhere, places }: Pick<KubernetesNeeds, 'everywhere' | 'places'>,
  subject: ClusterSubject,
  cluster: ClusterWorld,
): ProposedRbac {
  const name = freeName(`${nameOf(subject, cluster.cluster)}-used`, cluster.cluster);
  const bound: Subject =
    subject.kind === 'iam'
      ? { kind: 'Group', name, namespace: '' }
      : { kind: subject.kind, name: subject.name, namespace: subject.namespace };
  const subjects = [bound];
  const refTo = (kind: RoleRef['kind']): RoleRef => ({ kind, name });
  return {
    subject: bound,
    objects: [
      ...(everywhere.length === 0
        ? []
        : ([
            { kind: 'ClusterRole', name, labels: {}, rules: everywhere },
            { kind: 'ClusterRoleBinding', name, roleRef: refTo('ClusterRole'), subjects },
          ] as const)),
      ...places.flatMap(({ namespaces, rules }) =>
        namespaces.flatMap(
          (namespace) =>
            [
              { kind: 'Role', name, namespace, rules },
              { kind: 'RoleBinding', name, namespace, roleRef: refTo('Role'), subjects },
            ] as const,
        ),
      ),
    ],
  };
}

/**
 * SECURITY: a group of the name may be bound already, to something that was not used; another one is taken then. What this
 * very proposal made in a cluster before is replaced by it.
 */
function freeName(name: string, { rbac }: SnapshotCluster): string {
  const isTaken = (group: string): boolean =>
    rbac.some(
      (object) =>
        (object.kind === 'RoleBinding' || object.kind === 'ClusterRoleBinding') &&
        (object.name !== group || object.roleRef.name !== group) &&
        object.subjects.some(({ kind, name: bound }) => kind === 'Group' && bound === group),
    );
  let free = name;
  for (let at = 2; isTaken(free); at++) free = `${name}-${at}`;
  return free;
}

/**
 * A name Kubernetes takes (kubernetes-facts B12), another one for each subject: IAM's own names fit as they are, and say of
 * whom they are where that is not a role of the cluster's account.
 */
function nameOf(subject: ClusterSubject, { accountId }: SnapshotCluster): string {
  if (subject.kind !== 'iam') {
    const place = subject.namespace === '' ? '' : `${subject.namespace}-`;
    return plain(`${lowerAscii(subject.kind)}-${place}${subject.name}`);
  }
  const last = plain(
    subject.arn.slice(Math.max(subject.arn.lastIndexOf('/'), subject.arn.lastIndexOf(':')) + 1),
  );
  const type = subject.type === 'role' ? '' : `${lowerAscii(subject.type)}-`;
  return subject.accountId === accountId ? `${type}${last}` : `${subject.accountId}-${type}${last}`;
}

function plain(name: string): string {
  return name.replace(/[^\w+=,.@:-]+/g, '-').slice(0, 200);
}
