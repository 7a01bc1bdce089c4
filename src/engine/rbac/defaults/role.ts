import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding, Subject } from '../objects.ts';
import type { PolicyRule } from '../rules.ts';

const aggregationLabel = (into: string): string => `rbac.authorization.k8s.io/aggregate-to-${into}`;
const labelsFor = (into: string | undefined): Readonly<Record<string, string>> =>
  into === undefined ? {} : { [aggregationLabel(into)]: 'true' };

/** A default ClusterRole; `into` names the role it is aggregated into. */
export function role(name: string, rules: readonly PolicyRule[], into?: string): ClusterRole {
  return { kind: 'ClusterRole', name, labels: labelsFor(into), rules };
}

/** A default ClusterRole that collects the roles labelled for its own name. */
export function aggregated(name: string, into?: string): ClusterRole {
  const matchLabels = { [aggregationLabel(name)]: 'true' };
  return {
    ...role(name, [], into),
    aggregationRule: { clusterRoleSelectors: [{ matchLabels, matchExpressions: [] }] },
  };
}

export function controllerRole(controller: string, rules: readonly PolicyRule[]): ClusterRole {
  return role(`system:controller:${controller}`, rules);
}

export function clusterBinding(
  name: string,
  roleName: string,
  subjects: readonly Subject[],
): ClusterRoleBinding {
  return { kind: 'ClusterRoleBinding', name, roleRef: { kind: 'ClusterRole', name: roleName }, subjects };
}

export function namespacedRole(namespace: string, name: string, rules: readonly PolicyRule[]): Role {
  return { kind: 'Role', name, namespace, rules };
}

export function namespacedBinding(
  namespace: string,
  name: string,
  roleName: string,
  subjects: readonly Subject[],
): RoleBinding {
  return { kind: 'RoleBinding', name, namespace, roleRef: { kind: 'Role', name: roleName }, subjects };
}

export const user = (name: string): Subject => ({ kind: 'User', name, namespace: '' });
export const group = (name: string): Subject => ({ kind: 'Group', name, namespace: '' });
/** Every account the defaults name lives in kube-system. */
export const serviceAccount = (name: string): Subject => ({
  kind: 'ServiceAccount',
  name,
  namespace: 'kube-system',
});
