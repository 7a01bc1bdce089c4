import type { RbacObject, RbacObjectRef, Subject } from '../rbac/objects.ts';
import { missingRoleError } from '../rbac/reasons.ts';
import type { PolicyRule } from '../rbac/rules.ts';
import type { UserInfo } from './attributes.ts';
import { type BindingNode, createBindingIndex, firstSubject, type SubjectBindings } from './bindingindex.ts';
import type { CompiledRequest } from './compiledrules.ts';
import { createRoleIndex, type RoleNode } from './roleindex.ts';

export interface RbacGrant {
  readonly node: BindingNode;
  readonly subject: Subject;
  readonly rule: PolicyRule;
}

/** All a binding gives, wherever it holds. */
export interface RbacGrants {
  readonly node: BindingNode;
  readonly subject: Subject;
  readonly rules: readonly PolicyRule[];
}

/** RBAC objects, indexed as they change. */
export interface RbacIndex {
  apply(object: RbacObject): void;
  remove(ref: RbacObjectRef): void;
  /**
   * The first binding that allows: ClusterRoleBindings, then those of the namespace (kubernetes-facts B5); within
   * these the user's own before its groups', by name.
   */
  find(user: UserInfo, request: CompiledRequest, namespace: string): RbacGrant | undefined;
  /** Every binding that applies to the user in the namespace, once, cluster ones first, by name. */
  applying(user: UserInfo, namespace: string): readonly BindingNode[];
  bindingsOf(user: UserInfo): readonly SubjectBindings[];
  /** Every binding of the user, once: cluster ones first, then by namespace and name. */
  grantsOf(user: UserInfo): readonly RbacGrants[];
  /** Errors of the applying bindings whose role does not exist, in their order (kubernetes-facts B7). */
  resolutionErrors(user: UserInfo, namespace: string): readonly string[];
  /**
   * Rules the applying bindings grant, in their order, of each role once, and the errors of those whose role is missing.
   * `isCut`: there are more.
   */
  rulesFor(
    user: UserInfo,
    namespace: string,
  ): {
    readonly rules: readonly PolicyRule[];
    readonly errors: readonly string[];
    readonly isCut: boolean;
  };
  /** Undefined where the role does not exist. */
  roleRules(kind: 'Role' | 'ClusterRole', namespace: string, name: string): readonly PolicyRule[] | undefined;
  /** The rule of the role that a decision over it would name; undefined where none fits or the role does not exist. */
  roleRule(
    kind: 'Role' | 'ClusterRole',
    namespace: string,
    name: string,
    request: CompiledRequest,
  ): PolicyRule | undefined;
  /** The rule of the binding's role that fits, whatever the binding's scope. */
  ruleOf(node: BindingNode, request: CompiledRequest): PolicyRule | undefined;
}

/**
 * Rules that are listed of one user. SECURITY: everybody may ask for their own, and thousands of bindings of long roles would
 * be more than the memory of the process holds.
 */
const maximumRules = 100_000;

/** With more bindings of one user, it is remembered for the decision which roles do not allow it. */
const fewBindings = 50;

export function createRbacIndex(): RbacIndex {
  const roles = createRoleIndex();
  const bindings = createBindingIndex(roles);

  const ruleOf = (node: BindingNode, request: CompiledRequest): PolicyRule | undefined =>
    roles.ruleOf(node.role, request);

  const findIn = (
    nodes: readonly BindingNode[] | undefined,
    user: UserInfo,
    request: CompiledRequest,
    refusing: Set<RoleNode> | undefined,
  ): RbacGrant | undefined => {
    if (nodes === undefined) return undefined;
    for (const node of nodes) {
      if (refusing?.has(node.role)) continue;
      const rule = ruleOf(node, request);
      if (rule === undefined) {
        refusing?.add(node.role);
        continue;
      }
      const subject = firstSubject(node, user);
      if (subject !== undefined) return { node, subject, rule };
    }
    return undefined;
  };

  const applyingOf = (
    user: UserInfo,
    namespace: string,
    isWanted: (node: BindingNode) => boolean,
  ): readonly BindingNode[] => {
    const cluster = new Set<BindingNode>();
    const inNamespace = new Set<BindingNode>();
    for (const entry of bindings.bindingsOf(user)) {
      for (const node of entry.cluster) if (isWanted(node)) cluster.add(node);
      for (const node of entry.byNamespace.get(namespace) ?? []) if (isWanted(node)) inNamespace.add(node);
    }
    return [...[...cluster].sort(byPlace), ...[...inNamespace].sort(byPlace)];
  };
  const applying = (user: UserInfo, namespace: string): readonly BindingNode[] =>
    applyingOf(user, namespace, () => true);

  return {
    apply(object) {
      switch (object.kind) {
        case 'ClusterRole':
        case 'Role':
          return roles.apply(object);
        case 'ClusterRoleBinding':
        case 'RoleBinding':
          return bindings.apply(object);
        default:
          return object satisfies never;
      }
    },
    remove({ kind, namespace, name }) {
      if (kind === 'ClusterRole' || kind === 'Role') roles.remove(kind, namespace, name);
      else bindings.remove(kind, namespace, name);
    },
    find(user, request, namespace) {
      const own = bindings.bindingsOf(user);
      let count = 0;
      for (const { cluster, byNamespace } of own) {
        count += cluster.length + (byNamespace.get(namespace)?.length ?? 0);
      }
      // Very many bindings name few roles over and over.
      const refusing = count > fewBindings ? new Set<RoleNode>() : undefined;
      for (const entry of own) {
        const grant = findIn(entry.cluster, user, request, refusing);
        if (grant !== undefined) return grant;
      }
      if (namespace === '') return undefined;
      for (const entry of own) {
        const grant = findIn(entry.byNamespace.get(namespace), user, request, refusing);
        if (grant !== undefined) return grant;
      }
      return undefined;
    },
    applying,
    bindingsOf: bindings.bindingsOf,
    grantsOf(user) {
      const own = bindings.bindingsOf(user);
      const nodes = new Set(
        own.flatMap(({ cluster, byNamespace }) => [...cluster, ...[...byNamespace.values()].flat()]),
      );
      return [...nodes].sort(byPlace).flatMap((node) => {
        const subject = firstSubject(node, user);
        return subject === undefined ? [] : [{ node, subject, rules: roles.rulesOf(node.role) ?? [] }];
      });
    },
    resolutionErrors(user, namespace) {
      const missing = (node: BindingNode): boolean => node.role.definition === undefined;
      // Refusals are frequent and missing roles are rare: look before collecting and sorting anything.
      const any = bindings
        .bindingsOf(user)
        .some((entry) => entry.cluster.some(missing) || entry.byNamespace.get(namespace)?.some(missing));
      if (!any) return [];
      return applyingOf(user, namespace, missing).map((node) => missingRoleError(node.binding.roleRef));
    },
    rulesFor(user, namespace) {
      const rules: PolicyRule[] = [];
      const errors: string[] = [];
      const seen = new Set<RoleNode>();
      for (const { role, binding } of applying(user, namespace)) {
        if (seen.has(role)) continue;
        seen.add(role);
        const granted = roles.rulesOf(role);
        if (granted === undefined) errors.push(missingRoleError(binding.roleRef));
        else if (rules.length + granted.length > maximumRules) return { rules, errors, isCut: true };
        else for (const rule of granted) rules.push(rule);
      }
      return { rules, errors, isCut: false };
    },
    roleRules(kind, namespace, name) {
      const node = roles.find(kind, namespace, name);
      return node === undefined ? undefined : roles.rulesOf(node);
    },
    roleRule(kind, namespace, name, request) {
      const node = roles.find(kind, namespace, name);
      return node === undefined ? undefined : roles.ruleOf(node, request);
    },
    ruleOf,
  };
}

function byPlace(one: BindingNode, other: BindingNode): number {
  if (one.namespace !== other.namespace) return one.namespace < other.namespace ? -1 : 1;
  return one.binding.name < other.binding.name ? -1 : 1;
}
