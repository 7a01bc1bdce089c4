import type { RbacObjectRef, Subject } from '../../rbac/objects.ts';
import { subjectNamespace } from '../../rbac/subjects.ts';

/** `ClusterRole ops`, `RoleBinding dev/ops`. */
export function objectLabel({
  kind,
  namespace,
  name,
}: Omit<RbacObjectRef, 'kind'> & { readonly kind: string }): string {
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
}

/** `Group devs`, `ServiceAccount kube-system/cni`. */
export function subjectLabel(subject: Subject, bindingNamespace: string): string {
  const namespace = subjectNamespace(subject, bindingNamespace);
  return `${subject.kind} ${namespace === '' ? '' : `${namespace}/`}${subject.name}`;
}

/** The service account a subject is: also by the username it has, as which a binding may name it. */
export function serviceAccountOf(
  subject: Subject,
  bindingNamespace: string,
): { readonly namespace: string; readonly name: string } | undefined {
  if (subject.kind === 'ServiceAccount')
    return { namespace: subjectNamespace(subject, bindingNamespace), name: subject.name };
  if (subject.kind !== 'User') return undefined;
  const [, namespace = '', name = ''] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(subject.name) ?? [];
  return name === '' ? undefined : { namespace, name };
}

/** Whether programs in Pods are meant: a service account, or all of a namespace. */
export function isProgram(subject: Subject, bindingNamespace: string): boolean {
  return (
    serviceAccountOf(subject, bindingNamespace) !== undefined ||
    (subject.kind === 'Group' && subject.name.startsWith('system:serviceaccounts:'))
  );
}

const everybody: ReadonlyMap<string, string> = new Map([
  ['Group system:authenticated', 'everybody with credentials, service accounts included'],
  ['Group system:unauthenticated', 'everybody who reaches the API server, without credentials'],
  ['User system:anonymous', 'everybody who reaches the API server, without credentials'],
  ['Group system:serviceaccounts', 'every program in every Pod'],
]);

/** Who is meant by a name that stands for everybody; undefined for any other. */
export function everybodyIn({ kind, name }: Subject): string | undefined {
  return everybody.get(`${kind} ${name}`);
}

/** `AmazonEKSViewPolicy` of its ARN. */
export function policyName(policyArn: string): string {
  return policyArn.slice(policyArn.lastIndexOf('/') + 1);
}

/** A role that AWS's services make for themselves; nobody else can assume or change one (eks-access-facts B13, B14). */
export function isServiceLinked(principalArn: string): boolean {
  return /:role\/aws-service-role\//.test(principalArn);
}
