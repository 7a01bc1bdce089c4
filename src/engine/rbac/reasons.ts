import type { ClusterRoleBinding, RoleBinding, RoleRef, Subject } from './objects.ts';
import { quote } from './quote.ts';
import { subjectNamespace } from './subjects.ts';

/** The reason of an allow, exactly as Kubernetes prints it (kubernetes-facts B8): name before namespace. */
export function allowReason(
  binding: Pick<ClusterRoleBinding, 'kind' | 'name' | 'roleRef'> | Omit<RoleBinding, 'subjects'>,
  subject: Subject,
): string {
  const namespace = binding.kind === 'RoleBinding' ? binding.namespace : '';
  const name = binding.kind === 'RoleBinding' ? `${binding.name}/${namespace}` : binding.name;
  const who =
    subject.kind === 'ServiceAccount'
      ? `${subject.name}/${subjectNamespace(subject, namespace)}`
      : subject.name;
  return (
    `RBAC: allowed by ${binding.kind} ${quote(name)} of ${binding.roleRef.kind} ` +
    `${quote(binding.roleRef.name)} to ${subject.kind} ${quote(who)}`
  );
}

/** The error of a binding whose role does not exist (kubernetes-facts B9). */
export function missingRoleError(role: RoleRef): string {
  return `${role.kind.toLowerCase()}.rbac.authorization.k8s.io ${quote(role.name)} not found`;
}

/**
 * The same error as the escalation check words it: there the role is looked for in storage, which names its resource, and
 * not in the authorizer's cache, which names its kind.
 */
export function asStorageError(missingRole: string): string {
  return missingRole.replace(/^((?:cluster)?role)\./, '$1s.');
}

/** Errors told in one text. Nobody reads more, and the bindings of one user can name thousands of missing roles. */
const mostErrors = 100;

/**
 * Several errors as Kubernetes joins them: each text once; brackets as soon as there are two.
 * COMPAT: beyond a hundred their number is told; Kubernetes tells all.
 */
export function joinErrors(errors: readonly string[]): string {
  const texts = [...new Set(errors)];
  const left = texts.length - mostErrors;
  if (left > 0) texts.splice(mostErrors, left, `and ${left} more`);
  return texts.length > 1 ? `[${texts.join(', ')}]` : (texts[0] ?? '');
}
