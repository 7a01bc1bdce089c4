import { lowerAscii } from '../../arn/case.ts';
import type { RbacObject, RoleRef, Subject } from '../../rbac/objects.ts';
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
): ProposedRbac {
  const name = `${nameOf(subject)}-used`;
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

/** A name Kubernetes takes, from the last part of an ARN or name. */
function nameOf(subject: ClusterSubject): string {
  const text = subject.kind === 'iam' ? subject.arn : subject.name;
  const last = text.slice(Math.max(text.lastIndexOf('/'), text.lastIndexOf(':')) + 1);
  const plain = lowerAscii(last)
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, 200)
    .replace(/^-+|-+$/g, '');
  return plain === '' ? 'somebody' : plain;
}
