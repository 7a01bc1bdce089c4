import { findResource, type ResourceDefinition } from '../../wire/kube/resources.ts';

/** One kind of object that is followed in connected clusters. */
export interface FollowedKind {
  readonly definition: ResourceDefinition;
  /** Path of its collection in all namespaces, or of the one namespace that is looked at. */
  readonly path: string;
  /** Beside the words every list and watch has. */
  readonly query: Readonly<Record<string, string>>;
  /** The only object of the kind that counts; whatever else an API answers is not looked at. */
  readonly only?: { readonly namespace: string; readonly name: string };
}

const rbacGroup = 'rbac.authorization.k8s.io';

/** What access is decided and explained with, and nothing else: never Secrets, and of ConfigMaps aws-auth alone. */
export const followedKinds: readonly FollowedKind[] = [
  kindOf('', 'namespaces'),
  kindOf('', 'serviceaccounts'),
  kindOf(rbacGroup, 'clusterroles'),
  kindOf(rbacGroup, 'roles'),
  kindOf(rbacGroup, 'clusterrolebindings'),
  kindOf(rbacGroup, 'rolebindings'),
  {
    ...kindOf('', 'configmaps'),
    path: '/api/v1/namespaces/kube-system/configmaps',
    // A role with resourceNames allows list and watch of exactly this selector (kubernetes-facts A8, B3).
    query: { fieldSelector: 'metadata.name=aws-auth' },
    only: { namespace: 'kube-system', name: 'aws-auth' },
  },
];

function kindOf(group: string, resource: string): FollowedKind {
  const definition = findResource(group, 'v1', resource);
  if (definition === undefined) throw new Error(`\`${resource}\` is no resource`);
  const root = group === '' ? '/api/v1' : `/apis/${group}/v1`;
  return { definition, path: `${root}/${resource}`, query: {} };
}
