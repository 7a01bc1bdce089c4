import type { Attributes, ResourceAttributes, UserInfo } from '../../src/engine/authorizer/attributes.ts';
import type {
  ClusterRole,
  ClusterRoleBinding,
  RbacObject,
  RoleBinding,
  Subject,
} from '../../src/engine/rbac/objects.ts';
import type { PolicyRule } from '../../src/engine/rbac/rules.ts';

/**
 * RBAC as kube-apiserver's authorizer goes about it, written plainly: walk all ClusterRoleBindings, then the
 * RoleBindings of the namespace; where a subject fits, try the rules of the role. Roles by name and bindings by
 * namespace are found through maps, as through its informers. It keeps no evidence.
 */
export function createLinearRbac(objects: Iterable<RbacObject>): (attributes: Attributes) => boolean {
  const roles = new Map<string, ClusterRole>();
  const clusterBindings: ClusterRoleBinding[] = [];
  const bindings = new Map<string, RoleBinding[]>();
  for (const object of objects) {
    if (object.kind === 'ClusterRole') roles.set(object.name, object);
    else if (object.kind === 'ClusterRoleBinding') clusterBindings.push(object);
    else if (object.kind === 'RoleBinding') {
      const there = bindings.get(object.namespace);
      if (there === undefined) bindings.set(object.namespace, [object]);
      else there.push(object);
    }
  }
  const grants = (binding: ClusterRoleBinding | RoleBinding, attributes: ResourceAttributes): boolean =>
    binding.subjects.some((subject) => isSubject(subject, attributes.user)) &&
    (roles.get(binding.roleRef.name)?.rules.some((rule) => ruleAllows(rule, attributes)) ?? false);
  return (attributes) => {
    if (attributes.kind !== 'resource') return false;
    return (
      clusterBindings.some((binding) => grants(binding, attributes)) ||
      (bindings.get(attributes.namespace)?.some((binding) => grants(binding, attributes)) ?? false)
    );
  };
}

function isSubject({ kind, name }: Subject, user: UserInfo): boolean {
  return kind === 'User' ? user.username === name : kind === 'Group' && user.groups.includes(name);
}

function ruleAllows(
  rule: PolicyRule,
  { verb, apiGroup, resource, subresource, name }: ResourceAttributes,
): boolean {
  const asked = subresource === '' ? resource : `${resource}/${subresource}`;
  return (
    has(rule.verbs, verb) &&
    has(rule.apiGroups, apiGroup) &&
    has(rule.resources, asked) &&
    (rule.resourceNames.length === 0 || rule.resourceNames.includes(name))
  );
}

function has(list: readonly string[], value: string): boolean {
  return list.includes('*') || list.includes(value);
}
