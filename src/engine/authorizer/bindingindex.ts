import type { ClusterRoleBinding, RoleBinding, Subject } from '../rbac/objects.ts';
import { subjectIdentity } from '../rbac/subjects.ts';
import type { UserInfo } from './attributes.ts';
import type { RoleIndex, RoleNode } from './roleindex.ts';

export interface BindingNode {
  readonly binding: ClusterRoleBinding | RoleBinding;
  /** '' for a ClusterRoleBinding. */
  readonly namespace: string;
  readonly role: RoleNode;
}

/** Bindings of one user or group, in order of their names. */
export interface SubjectBindings {
  readonly cluster: BindingNode[];
  readonly byNamespace: Map<string, BindingNode[]>;
}

/** Bindings by subject, then scope. */
export interface BindingIndex {
  apply(binding: ClusterRoleBinding | RoleBinding): void;
  remove(kind: 'ClusterRoleBinding' | 'RoleBinding', namespace: string, name: string): void;
  /** What binds the user: by its name first, then by its groups in their order. */
  bindingsOf(user: UserInfo): readonly SubjectBindings[];
}

export function createBindingIndex(roles: RoleIndex): BindingIndex {
  const clusterBindings = new Map<string, BindingNode>();
  const bindingsByNamespace = new Map<string, Map<string, BindingNode>>();
  const byUser = new Map<string, SubjectBindings>();
  const byGroup = new Map<string, SubjectBindings>();

  const remove = (kind: BindingNode['binding']['kind'], namespace: string, name: string): void => {
    const bindings = kind === 'ClusterRoleBinding' ? clusterBindings : bindingsByNamespace.get(namespace);
    const node = bindings?.get(name);
    if (bindings === undefined || node === undefined) return;
    bindings.delete(name);
    if (kind === 'RoleBinding' && bindings.size === 0) bindingsByNamespace.delete(namespace);
    for (const { is, name: subject } of identities(node)) {
      const index = is === 'user' ? byUser : byGroup;
      const entry = index.get(subject);
      if (entry === undefined) continue;
      withdraw(entry, node);
      if (entry.cluster.length === 0 && entry.byNamespace.size === 0) index.delete(subject);
    }
    roles.release(node.role);
  };

  return {
    apply(binding) {
      if (!holdsSomewhere(binding)) {
        remove(binding.kind, namespaceOf(binding), binding.name);
        return;
      }
      const namespace = namespaceOf(binding);
      // The new role is counted before the old one is released, so that an unchanged one is never forgotten between.
      const node: BindingNode = { binding, namespace, role: roles.acquire(binding.roleRef, namespace) };
      remove(binding.kind, namespace, binding.name);
      if (binding.kind === 'ClusterRoleBinding') clusterBindings.set(binding.name, node);
      else {
        const known = bindingsByNamespace.get(namespace);
        if (known === undefined) bindingsByNamespace.set(namespace, new Map([[binding.name, node]]));
        else known.set(binding.name, node);
      }
      for (const { is, name } of identities(node)) {
        const index = is === 'user' ? byUser : byGroup;
        let entry = index.get(name);
        if (entry === undefined) {
          entry = { cluster: [], byNamespace: new Map() };
          index.set(name, entry);
        }
        insert(entry, node);
      }
    },
    remove,
    bindingsOf(user) {
      const found: SubjectBindings[] = [];
      const own = byUser.get(user.username);
      if (own !== undefined) found.push(own);
      for (const group of user.groups) {
        const bindings = byGroup.get(group);
        if (bindings !== undefined) found.push(bindings);
      }
      return found;
    },
  };
}

/**
 * Whether the binding is one that Kubernetes could have: a RoleBinding is in a namespace, and a ClusterRoleBinding binds a
 * ClusterRole (kubernetes-facts B13).
 *
 * SECURITY: no API server asks a RoleBinding of no namespace (B5), so that one which a file or a record tells of must not hold,
 * least of all everywhere.
 */
export function holdsSomewhere(binding: ClusterRoleBinding | RoleBinding): boolean {
  return binding.kind === 'RoleBinding' ? binding.namespace !== '' : binding.roleRef.kind === 'ClusterRole';
}

function namespaceOf(binding: ClusterRoleBinding | RoleBinding): string {
  return binding.kind === 'RoleBinding' ? binding.namespace : '';
}

/** Each user and group the binding names, once. */
function identities(node: BindingNode): readonly { readonly is: 'user' | 'group'; readonly name: string }[] {
  const found = new Map<string, { readonly is: 'user' | 'group'; readonly name: string }>();
  for (const subject of node.binding.subjects) {
    const identity = subjectIdentity(subject, node.namespace);
    if (identity !== undefined) found.set(`${identity.is} ${identity.name}`, identity);
  }
  return [...found.values()];
}

/** Where the binding of this name stands or would stand. */
function place(bindings: readonly BindingNode[], name: string): number {
  let low = 0;
  let high = bindings.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const there = bindings[middle];
    if (there !== undefined && there.binding.name < name) low = middle + 1;
    else high = middle;
  }
  return low;
}

function insert(entry: SubjectBindings, node: BindingNode): void {
  let bindings = entry.cluster;
  if (node.namespace !== '') {
    bindings = entry.byNamespace.get(node.namespace) ?? [];
    entry.byNamespace.set(node.namespace, bindings);
  }
  bindings.splice(place(bindings, node.binding.name), 0, node);
}

function withdraw(entry: SubjectBindings, node: BindingNode): void {
  const bindings = node.namespace === '' ? entry.cluster : entry.byNamespace.get(node.namespace);
  if (bindings === undefined) return;
  const at = place(bindings, node.binding.name);
  if (bindings[at] === node) bindings.splice(at, 1);
  if (node.namespace !== '' && bindings.length === 0) entry.byNamespace.delete(node.namespace);
}

/** How many subjects are tried one by one; beyond it their identities are looked up. */
const fewSubjects = 16;
const firstSubjects = new WeakMap<BindingNode, ReadonlyMap<string, number>>();

/**
 * The first subject of the binding that the user is (kubernetes-facts B6). A binding with very many subjects answers
 * as fast as a short one.
 */
export function firstSubject(node: BindingNode, user: UserInfo): Subject | undefined {
  const { subjects } = node.binding;
  if (subjects.length <= fewSubjects) {
    return subjects.find((subject) => {
      const identity = subjectIdentity(subject, node.namespace);
      if (identity === undefined) return false;
      return identity.is === 'user' ? identity.name === user.username : user.groups.includes(identity.name);
    });
  }
  let places = firstSubjects.get(node);
  if (places === undefined) {
    const first = new Map<string, number>();
    for (const [index, subject] of subjects.entries()) {
      const identity = subjectIdentity(subject, node.namespace);
      if (identity === undefined) continue;
      const key = `${identity.is} ${identity.name}`;
      if (!first.has(key)) first.set(key, index);
    }
    firstSubjects.set(node, first);
    places = first;
  }
  let best = places.get(`user ${user.username}`) ?? Number.POSITIVE_INFINITY;
  for (const group of user.groups) best = Math.min(best, places.get(`group ${group}`) ?? best);
  return subjects[best];
}
