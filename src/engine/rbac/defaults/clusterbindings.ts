import type { ClusterRoleBinding } from '../objects.ts';
import { controllerRoles } from './controllerroles.ts';
import { clusterBinding, group, serviceAccount, user } from './role.ts';

/**
 * Who the default ClusterRoles are bound to. Nobody for system:node, which is the Node authorizer's; callers without
 * credentials get system:public-info-viewer alone.
 */
export const defaultClusterRoleBindings: readonly ClusterRoleBinding[] = [
  clusterBinding('cluster-admin', 'cluster-admin', [group('system:masters')]),
  clusterBinding('system:basic-user', 'system:basic-user', [group('system:authenticated')]),
  clusterBinding('system:discovery', 'system:discovery', [group('system:authenticated')]),
  clusterBinding('system:kube-controller-manager', 'system:kube-controller-manager', [
    user('system:kube-controller-manager'),
  ]),
  clusterBinding('system:kube-dns', 'system:kube-dns', [serviceAccount('kube-dns')]),
  clusterBinding('system:kube-scheduler', 'system:kube-scheduler', [user('system:kube-scheduler')]),
  clusterBinding('system:monitoring', 'system:monitoring', [group('system:monitoring')]),
  clusterBinding('system:node', 'system:node', []),
  clusterBinding('system:node-proxier', 'system:node-proxier', [user('system:kube-proxy')]),
  clusterBinding('system:public-info-viewer', 'system:public-info-viewer', [
    group('system:authenticated'),
    group('system:unauthenticated'),
  ]),
  clusterBinding('system:service-account-issuer-discovery', 'system:service-account-issuer-discovery', [
    group('system:serviceaccounts'),
  ]),
  clusterBinding('system:volume-scheduler', 'system:volume-scheduler', [user('system:kube-scheduler')]),
];

/** Each controller's role is bound to the service account of the same name in kube-system. */
export const controllerRoleBindings: readonly ClusterRoleBinding[] = controllerRoles.map(({ name }) =>
  clusterBinding(name, name, [serviceAccount(name.slice('system:controller:'.length))]),
);
