import type { Subject } from './objects.ts';

/** The username of a service account. */
function serviceAccountUsername(namespace: string, name: string): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

/**
 * Who a subject is: the one username or the one group it stands for; undefined for a service account without a
 * namespace in a ClusterRoleBinding, which nobody is (kubernetes-facts B6). `bindingNamespace` is '' for
 * ClusterRoleBindings.
 */
export function subjectIdentity(
  subject: Subject,
  bindingNamespace: string,
): { readonly is: 'user' | 'group'; readonly name: string } | undefined {
  switch (subject.kind) {
    case 'User':
      return { is: 'user', name: subject.name };
    case 'Group':
      return { is: 'group', name: subject.name };
    case 'ServiceAccount': {
      const namespace = subject.namespace === '' ? bindingNamespace : subject.namespace;
      return namespace === ''
        ? undefined
        : { is: 'user', name: serviceAccountUsername(namespace, subject.name) };
    }
    default:
      return subject.kind satisfies never;
  }
}

/** The namespace a subject is printed with: the binding's own where a service account names none. */
export function subjectNamespace(subject: Subject, bindingNamespace: string): string {
  if (subject.kind !== 'ServiceAccount') return '';
  return subject.namespace === '' ? bindingNamespace : subject.namespace;
}
