import { defaultObjectMetadata, defaultRbacObjects } from '../engine/rbac/defaults.ts';
import { rbacManifest } from '../engine/rbac/manifest.ts';
import type { RbacObject } from '../engine/rbac/objects.ts';
import { objectKey } from '../storage/records/keys.ts';
import type { Put } from '../storage/storage.ts';
import type { RandomSource } from './context.ts';
import { type KubeObject, kubernetesTime, type ObjectMeta } from './objects/object.ts';
import { writeObject } from './objects/store.ts';
import { completeNamespace, namespaceContent, namespaceKey } from './resources/namespaces.ts';
import { rbacGroup } from './resources/rbacrules.ts';

const namespaces = ['default', 'kube-node-lease', 'kube-public', 'kube-system'] as const;

const rbacResources = {
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
  Role: 'roles',
  RoleBinding: 'rolebindings',
} as const;

/**
 * What a new built-in cluster holds: the namespaces with what controllers put into them, the default RBAC objects
 * (kubernetes-facts B21) and the `kubernetes` service. `aws-auth` is not among them: on EKS, too, it appears only when
 * somebody writes it. `now` is epoch milliseconds, `caPem` the CA that kube-root-ca.crt shows.
 */
export function bootstrapChanges(
  clusterId: string,
  now: number,
  options: { readonly caPem: string; readonly random: RandomSource },
): readonly Put[] {
  const uuid = (): string => options.random.uuid();
  const metadata = (given: ObjectMeta): ObjectMeta => ({
    ...given,
    uid: uuid(),
    creationTimestamp: kubernetesTime(now),
  });
  return [
    ...namespaces.flatMap((name) => [
      writeObject(
        namespaceKey(clusterId, name),
        completeNamespace({ kind: 'Namespace', apiVersion: 'v1', metadata: metadata({ name }) }, undefined),
      ),
      ...namespaceContent(clusterId, name, { now, uuid, caPem: options.caPem }),
    ]),
    ...defaultRbacObjects.map((object) => {
      const manifest = defaultManifest(object);
      return writeObject(rbacKey(clusterId, object), { ...manifest, metadata: metadata(manifest.metadata) });
    }),
    writeObject(objectKey(clusterId, '', 'services', 'default', 'kubernetes'), {
      kind: 'Service',
      apiVersion: 'v1',
      metadata: metadata({
        name: 'kubernetes',
        namespace: 'default',
        labels: { component: 'apiserver', provider: 'kubernetes' },
      }),
      spec: {
        clusterIP: '10.100.0.1',
        clusterIPs: ['10.100.0.1'],
        internalTrafficPolicy: 'Cluster',
        ipFamilies: ['IPv4'],
        ipFamilyPolicy: 'SingleStack',
        ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 443 }],
        sessionAffinity: 'None',
        type: 'ClusterIP',
      },
      status: { loadBalancer: {} },
    }),
  ];
}

export function rbacKey(clusterId: string, object: RbacObject): string {
  const namespace = 'namespace' in object ? object.namespace : '';
  return objectKey(clusterId, rbacGroup, rbacResources[object.kind], namespace, object.name);
}

/** A default object as it is stored; of aggregated roles with the rules of the default roles they select. */
export function defaultManifest(object: RbacObject): KubeObject {
  return rbacManifest(object, defaultObjectMetadata) as unknown as KubeObject;
}
