import type { RbacObjectRef, Subject } from '../../rbac/objects.ts';
import { subjectNamespace } from '../../rbac/subjects.ts';

/** `ClusterRole ops`, `RoleBinding dev/ops`. */
export function objectLabel({ kind, namespace, name }: RbacObjectRef): string {
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
}

/** `Group devs`, `ServiceAccount kube-system/cni`. */
export function subjectLabel(subject: Subject, bindingNamespace: string): string {
  const namespace = subjectNamespace(subject, bindingNamespace);
  return `${subject.kind} ${namespace === '' ? '' : `${namespace}/`}${subject.name}`;
}

/** `AmazonEKSViewPolicy` of its ARN. */
export function policyName(policyArn: string): string {
  return policyArn.slice(policyArn.lastIndexOf('/') + 1);
}

/** A role that AWS's services make for themselves; nobody else can assume or change one (eks-access-facts B13, B14). */
export function isServiceLinked(principalArn: string): boolean {
  return /:role\/aws-service-role\//.test(principalArn);
}
