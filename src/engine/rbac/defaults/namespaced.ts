import { allow } from '../allow.ts';
import type { Role, RoleBinding } from '../objects.ts';
import { namespacedBinding, namespacedRole, serviceAccount, user } from './role.ts';

const read = 'get list watch';
const record = 'create patch update';

/** Default Roles of kube-public and kube-system (kubernetes-facts B21). */
export const defaultRoles: readonly Role[] = [
  namespacedRole('kube-public', 'system:controller:bootstrap-signer', [
    allow(read, 'core', 'configmaps'),
    allow('update', 'core', 'configmaps', 'cluster-info'),
    allow(record, 'core events.k8s.io', 'events'),
  ]),
  namespacedRole('kube-system', 'extension-apiserver-authentication-reader', [
    allow(read, 'core', 'configmaps', 'extension-apiserver-authentication'),
  ]),
  namespacedRole('kube-system', 'system::leader-locking-kube-controller-manager', [
    allow('create get list update watch', 'coordination.k8s.io', 'leases'),
    allow('create get list update watch', 'coordination.k8s.io', 'leasecandidates'),
  ]),
  namespacedRole('kube-system', 'system::leader-locking-kube-scheduler', [
    allow('create get list update watch', 'coordination.k8s.io', 'leases'),
    allow('create get list update watch', 'coordination.k8s.io', 'leasecandidates'),
  ]),
  namespacedRole('kube-system', 'system:controller:bootstrap-signer', [allow(read, 'core', 'secrets')]),
  namespacedRole('kube-system', 'system:controller:cloud-provider', [
    allow('create get list watch', 'core', 'configmaps'),
  ]),
  namespacedRole('kube-system', 'system:controller:token-cleaner', [
    allow('delete get list watch', 'core', 'secrets'),
    allow(record, 'core events.k8s.io', 'events'),
  ]),
];

/** Default RoleBindings, each to a Role of its own namespace. */
export const defaultRoleBindings: readonly RoleBinding[] = [
  namespacedBinding(
    'kube-public',
    'system:controller:bootstrap-signer',
    'system:controller:bootstrap-signer',
    [serviceAccount('bootstrap-signer')],
  ),
  namespacedBinding(
    'kube-system',
    'system::extension-apiserver-authentication-reader',
    'extension-apiserver-authentication-reader',
    [user('system:kube-controller-manager'), user('system:kube-scheduler')],
  ),
  namespacedBinding(
    'kube-system',
    'system::leader-locking-kube-controller-manager',
    'system::leader-locking-kube-controller-manager',
    [
      user('system:kube-controller-manager'),
      serviceAccount('kube-controller-manager'),
      serviceAccount('leader-election-controller'),
    ],
  ),
  namespacedBinding(
    'kube-system',
    'system::leader-locking-kube-scheduler',
    'system::leader-locking-kube-scheduler',
    [user('system:kube-scheduler'), serviceAccount('kube-scheduler')],
  ),
  namespacedBinding(
    'kube-system',
    'system:controller:bootstrap-signer',
    'system:controller:bootstrap-signer',
    [serviceAccount('bootstrap-signer')],
  ),
  namespacedBinding('kube-system', 'system:controller:cloud-provider', 'system:controller:cloud-provider', [
    serviceAccount('cloud-provider'),
  ]),
  namespacedBinding('kube-system', 'system:controller:token-cleaner', 'system:controller:token-cleaner', [
    serviceAccount('token-cleaner'),
  ]),
];
