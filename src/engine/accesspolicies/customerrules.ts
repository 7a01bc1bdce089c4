import { allow, allowUrls } from '../rbac/allow.ts';
import type { PublishedRules } from './policy.ts';

const read = 'get list watch';
const write = 'create delete deletecollection patch update';

/**
 * Rules of the policies meant for people and their tools, row by row as the EKS user guide prints them
 * (eks-access-facts C1, C2). Not the upstream roles view, edit and admin: those grant more (C2a).
 */
export const customerRules: PublishedRules = {
  AmazonEKSAdminPolicy: [
    allow(
      write,
      'apps',
      'daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale',
    ),
    allow(
      read,
      'apps',
      'controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status',
    ),
    allow('create', 'authorization.k8s.io', 'localsubjectaccessreviews'),
    allow(write, 'autoscaling', 'horizontalpodautoscalers'),
    allow(read, 'autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status'),
    allow(write, 'batch', 'cronjobs jobs'),
    allow(read, 'batch', 'cronjobs cronjobs/status jobs jobs/status'),
    allow(read, 'discovery.k8s.io', 'endpointslices'),
    allow(
      write,
      'extensions',
      'daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale',
    ),
    allow(
      read,
      'extensions',
      'daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale',
    ),
    allow(read, 'networking.k8s.io', 'ingresses ingresses/status networkpolicies'),
    allow(write, 'networking.k8s.io', 'ingresses networkpolicies'),
    allow(write, 'policy', 'poddisruptionbudgets'),
    allow(read, 'policy', 'poddisruptionbudgets poddisruptionbudgets/status'),
    allow(
      'create delete deletecollection get list patch update watch',
      'rbac.authorization.k8s.io',
      'rolebindings roles',
    ),
    allow(
      read,
      'core',
      'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status',
    ),
    allow(read, 'core', 'pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy'),
    allow(
      write,
      'core',
      'configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy',
    ),
    allow(write, 'core', 'pods pods/attach pods/exec pods/portforward pods/proxy'),
    allow('impersonate', 'core', 'serviceaccounts'),
    allow(
      read,
      'core',
      'bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status',
    ),
    allow(read, 'core', 'namespaces'),
  ],
  AmazonEKSAdminViewPolicy: [allow(read, '*', '*')],
  AmazonEKSClusterAdminPolicy: [allow('*', '*', '*'), allowUrls('*', '*')],
  AmazonEKSEditPolicy: [
    allow(
      write,
      'apps',
      'daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale',
    ),
    allow(
      read,
      'apps',
      'controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status',
    ),
    allow(read, 'autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status'),
    allow(write, 'autoscaling', 'horizontalpodautoscalers'),
    allow(write, 'batch', 'cronjobs jobs'),
    allow(read, 'batch', 'cronjobs cronjobs/status jobs jobs/status'),
    allow(read, 'discovery.k8s.io', 'endpointslices'),
    allow(
      write,
      'extensions',
      'daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale',
    ),
    allow(
      read,
      'extensions',
      'daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale',
    ),
    allow(write, 'networking.k8s.io', 'ingresses networkpolicies'),
    allow(read, 'networking.k8s.io', 'ingresses ingresses/status networkpolicies'),
    allow(write, 'policy', 'poddisruptionbudgets'),
    allow(read, 'policy', 'poddisruptionbudgets poddisruptionbudgets/status'),
    allow(read, 'core', 'namespaces'),
    allow(read, 'core', 'pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy'),
    allow('impersonate', 'core', 'serviceaccounts'),
    allow(write, 'core', 'pods pods/attach pods/exec pods/portforward pods/proxy'),
    allow(
      write,
      'core',
      'configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy',
    ),
    allow(
      read,
      'core',
      'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status',
    ),
    allow(
      read,
      'core',
      'bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status',
    ),
  ],
  AmazonEKSSecretAdminPolicy: [allow('*', 'core', 'secrets')],
  AmazonEKSSecretReaderPolicy: [allow(read, 'core', 'secrets')],
  AmazonEKSViewPolicy: [
    allow(
      read,
      'apps',
      'controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status',
    ),
    allow(read, 'autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status'),
    allow(read, 'batch', 'cronjobs cronjobs/status jobs jobs/status'),
    allow(read, 'discovery.k8s.io', 'endpointslices'),
    allow(
      read,
      'extensions',
      'daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale',
    ),
    allow(read, 'networking.k8s.io', 'ingresses ingresses/status networkpolicies'),
    allow(read, 'policy', 'poddisruptionbudgets poddisruptionbudgets/status'),
    allow(
      read,
      'core',
      'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status',
    ),
    allow(
      read,
      'core',
      'bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status',
    ),
    allow(read, 'core', 'namespaces'),
  ],
};
