import { allow, allowUrls } from '../allow.ts';
import type { ClusterRole } from '../objects.ts';
import { role } from './role.ts';

const read = 'get list watch';
const record = 'create patch update';

/** Roles of the components of a cluster and of everybody who is logged in (kubernetes-facts B21). */
export const systemRoles: readonly ClusterRole[] = [
  role('system:auth-delegator', [
    allow('create', 'authentication.k8s.io', 'tokenreviews'),
    allow('create', 'authorization.k8s.io', 'subjectaccessreviews'),
  ]),
  role('system:basic-user', [
    allow('create', 'authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews'),
    allow('create', 'authentication.k8s.io', 'selfsubjectreviews'),
  ]),
  role('system:certificates.k8s.io:certificatesigningrequests:nodeclient', [
    allow('create', 'certificates.k8s.io', 'certificatesigningrequests/nodeclient'),
  ]),
  role('system:certificates.k8s.io:certificatesigningrequests:selfnodeclient', [
    allow('create', 'certificates.k8s.io', 'certificatesigningrequests/selfnodeclient'),
  ]),
  role('system:certificates.k8s.io:kube-apiserver-client-approver', [
    allow('approve', 'certificates.k8s.io', 'signers', 'kubernetes.io/kube-apiserver-client'),
  ]),
  role('system:certificates.k8s.io:kube-apiserver-client-kubelet-approver', [
    allow('approve', 'certificates.k8s.io', 'signers', 'kubernetes.io/kube-apiserver-client-kubelet'),
  ]),
  role('system:certificates.k8s.io:kubelet-serving-approver', [
    allow('approve', 'certificates.k8s.io', 'signers', 'kubernetes.io/kubelet-serving'),
  ]),
  role('system:certificates.k8s.io:legacy-unknown-approver', [
    allow('approve', 'certificates.k8s.io', 'signers', 'kubernetes.io/legacy-unknown'),
  ]),
  role('system:discovery', [
    allowUrls(
      'get',
      '/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/',
    ),
  ]),
  role('system:heapster', [
    allow(read, 'core', 'events namespaces nodes pods'),
    allow(read, 'extensions', 'deployments'),
  ]),
  role('system:kube-aggregator', [allow(read, 'core', 'endpoints services')]),
  role('system:kube-controller-manager', [
    allow(record, 'core events.k8s.io', 'events'),
    allow('create', 'coordination.k8s.io', 'leases'),
    allow('get update', 'coordination.k8s.io', 'leases', 'kube-controller-manager'),
    allow('create', 'core', 'secrets serviceaccounts'),
    allow('delete', 'core', 'secrets'),
    allow('get', 'core', 'configmaps namespaces secrets serviceaccounts'),
    allow('update', 'core', 'secrets serviceaccounts'),
    allow('create', 'authentication.k8s.io', 'tokenreviews'),
    allow('create', 'authorization.k8s.io', 'subjectaccessreviews'),
    allow('list watch', '*', '*'),
    allow('create', 'core', 'serviceaccounts/token'),
  ]),
  role('system:kube-dns', [allow('list watch', 'core', 'endpoints services')]),
  role('system:kube-scheduler', [
    allow(record, 'core events.k8s.io', 'events'),
    allow('create', 'coordination.k8s.io', 'leases'),
    allow('get list update watch', 'coordination.k8s.io', 'leases', 'kube-scheduler'),
    allow(
      'create delete deletecollection get list patch update watch',
      'coordination.k8s.io',
      'leasecandidates',
    ),
    allow(read, 'core', 'nodes'),
    allow('delete get list watch', 'core', 'pods'),
    allow('create', 'core', 'bindings pods/binding'),
    allow('patch update', 'core', 'pods/status'),
    allow(read, 'core', 'replicationcontrollers services'),
    allow(read, 'apps extensions', 'replicasets'),
    allow(read, 'apps', 'statefulsets'),
    allow(read, 'policy', 'poddisruptionbudgets'),
    allow(read, 'core', 'persistentvolumeclaims persistentvolumes'),
    allow('create', 'authentication.k8s.io', 'tokenreviews'),
    allow('create', 'authorization.k8s.io', 'subjectaccessreviews'),
    allow(read, 'storage.k8s.io', 'csinodes'),
    allow(read, 'storage.k8s.io', 'volumeattachments'),
    allow(read, 'core', 'namespaces'),
    allow(read, 'storage.k8s.io', 'csidrivers'),
    allow(read, 'storage.k8s.io', 'csistoragecapacities'),
    allow(read, 'resource.k8s.io', 'deviceclasses'),
    allow('get list patch update watch', 'resource.k8s.io', 'resourceclaims'),
    allow('get list patch update watch', 'resource.k8s.io', 'resourceclaims/status'),
    allow('update', 'core', 'pods/finalizers'),
    allow(read, 'resource.k8s.io', 'resourceslices'),
    allow('create delete', 'resource.k8s.io', 'resourceclaims'),
  ]),
  role('system:kubelet-api-admin', [
    allow(read, 'core', 'nodes'),
    allow('proxy', 'core', 'nodes'),
    allow('*', 'core', 'nodes/log nodes/metrics nodes/proxy nodes/stats'),
    allow('*', 'core', 'nodes/configz nodes/healthz nodes/pods'),
  ]),
  role('system:monitoring', [
    allowUrls('get', '/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/* /statusz'),
    allow('get', 'core', 'nodes/metrics'),
  ]),
  role('system:node', [
    allow('create', 'authentication.k8s.io', 'tokenreviews'),
    allow('create', 'authorization.k8s.io', 'localsubjectaccessreviews subjectaccessreviews'),
    allow(read, 'core', 'services'),
    allow('create get list watch', 'core', 'nodes'),
    allow('patch update', 'core', 'nodes/status'),
    allow('patch update', 'core', 'nodes'),
    allow(record, 'core events.k8s.io', 'events'),
    allow(read, 'core', 'pods'),
    allow('create delete', 'core', 'pods'),
    allow('patch update', 'core', 'pods/status'),
    allow('create', 'core', 'pods/eviction'),
    allow(read, 'core', 'configmaps secrets'),
    allow('get', 'core', 'persistentvolumeclaims persistentvolumes'),
    allow('get', 'core', 'endpoints'),
    allow('create get list watch', 'certificates.k8s.io', 'certificatesigningrequests'),
    allow('create delete get patch update', 'coordination.k8s.io', 'leases'),
    allow('get', 'storage.k8s.io', 'volumeattachments'),
    allow('create', 'core', 'serviceaccounts/token'),
    allow('get patch update', 'core', 'persistentvolumeclaims/status'),
    allow(read, 'storage.k8s.io', 'csidrivers'),
    allow('create delete get patch update', 'storage.k8s.io', 'csinodes'),
    allow(read, 'node.k8s.io', 'runtimeclasses'),
    allow('get', 'resource.k8s.io', 'resourceclaims'),
    allow('deletecollection', 'resource.k8s.io', 'resourceslices'),
    allow('get', 'core', 'serviceaccounts'),
  ]),
  role('system:node-bootstrapper', [
    allow('create get list watch', 'certificates.k8s.io', 'certificatesigningrequests'),
  ]),
  role('system:node-problem-detector', [
    allow('get', 'core', 'nodes'),
    allow('patch', 'core', 'nodes/status'),
    allow(record, 'core events.k8s.io', 'events'),
  ]),
  role('system:node-proxier', [
    allow('list watch', 'core', 'endpoints services'),
    allow(read, 'core', 'nodes'),
    allow(record, 'core events.k8s.io', 'events'),
    allow('list watch', 'networking.k8s.io', 'servicecidrs'),
    allow('list watch', 'discovery.k8s.io', 'endpointslices'),
  ]),
  role('system:persistent-volume-provisioner', [
    allow('create delete get list watch', 'core', 'persistentvolumes'),
    allow('get list update watch', 'core', 'persistentvolumeclaims'),
    allow(read, 'storage.k8s.io', 'storageclasses'),
    allow('watch', 'core', 'events'),
    allow(record, 'core events.k8s.io', 'events'),
  ]),
  role('system:public-info-viewer', [allowUrls('get', '/healthz /livez /readyz /version /version/')]),
  role('system:service-account-issuer-discovery', [
    allowUrls(
      'get',
      '/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/',
    ),
  ]),
  role('system:volume-scheduler', [
    allow('get list patch update watch', 'core', 'persistentvolumes'),
    allow(read, 'storage.k8s.io', 'storageclasses'),
    allow('get list patch update watch', 'core', 'persistentvolumeclaims'),
  ]),
];
