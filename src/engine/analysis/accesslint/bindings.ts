import type { ClusterRoleBinding, RbacObjectRef, RoleBinding } from '../../rbac/objects.ts';
import type { PlacedThing } from '../snapshot/places.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import { deleteObject } from './commands.ts';
import { isDefaultBinding } from './defaults.ts';
import { objectLabel } from './names.ts';

/** A binding of the cluster, with what every remark on it needs. */
export interface LintedBinding {
  readonly binding: ClusterRoleBinding | RoleBinding;
  /** '' for ClusterRoleBindings. */
  readonly namespace: string;
  readonly label: string;
  /** Of the role. */
  readonly roleLabel: string;
  readonly at: PlacedThing;
  /** `kubectl delete …` */
  readonly remove: () => string;
}

/** All bindings that are not there in every cluster. */
export function ownBindings({ cluster }: ClusterWorld): readonly LintedBinding[] {
  return cluster.rbac.flatMap((object) =>
    object.kind === 'ClusterRole' || object.kind === 'Role' || isDefaultBinding(object)
      ? []
      : [linted(object, cluster.arn)],
  );
}

function linted(binding: ClusterRoleBinding | RoleBinding, clusterArn: string): LintedBinding {
  const namespace = binding.kind === 'RoleBinding' ? binding.namespace : '';
  const ref: RbacObjectRef = { kind: binding.kind, namespace, name: binding.name };
  const { kind, name } = binding.roleRef;
  return {
    ...{ binding, namespace },
    label: objectLabel(ref),
    roleLabel: objectLabel({ kind, namespace: kind === 'Role' ? namespace : '', name }),
    at: { thing: 'rbac', clusterArn, ref },
    remove: () => deleteObject(binding.kind, namespace, binding.name),
  };
}
