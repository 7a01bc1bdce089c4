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
  readonly cluster: readonly BindingNode[];
  readonly byNamespace: ReadonlyMap<string, readonly BindingNode[]>;
}

/** Bindings by subject, then scope. */
export interface BindingIndex {
  apply(binding: ClusterRoleBinding | RoleBinding): void;
  remove(kind: 'ClusterRoleBinding' | 'RoleBinding', namespace: string, name: string): void;
  /** What binds the user: by its name first, then by its groups in their order. */
  bindingsOf(user: UserInfo): readonly SubjectBindings[];
}

/** The node of a binding's name, through every change of the binding. */
type LivingNode = { -readonly [Member in keyof BindingNode]: BindingNode[Member] };

export function createBindingIndex(roles: RoleIndex): BindingIndex {
  const clusterBindings = new Map<string, LivingNode>();
  const bindingsByNamespace = new Map<string, Map<string, LivingNode>>();
  const byUser = new Map<string, Entry>();
  const byGroup = new Map<string, Entry>();

  const enter = (index: Map<string, Entry>, name: string, node: BindingNode): void => {
    let entry = index.get(name);
    if (entry === undefined) {
      entry = { cluster: nowhere, byNamespace: inNone };
      index.set(name, entry);
    }
    insert(entry, node);
  };
  const leave = (index: Map<string, Entry>, name: string, node: BindingNode): void => {
    const entry = index.get(name);
    if (entry === undefined) return;
    withdraw(entry, node);
    if (entry.cluster.length === 0 && entry.byNamespace.size === 0) index.delete(name);
  };
  /** `change` does nothing where a subject that is named twice comes again. */
  const forSubjects = (node: BindingNode, change: typeof enter): void => {
    for (const subject of node.binding.subjects) {
      const identity = subjectIdentity(subject, node.namespace);
      if (identity !== undefined) change(identity.is === 'user' ? byUser : byGroup, identity.name, node);
    }
  };

  const remove = (kind: BindingNode['binding']['kind'], namespace: string, name: string): void => {
    const bindings = kind === 'ClusterRoleBinding' ? clusterBindings : bindingsByNamespace.get(namespace);
    const node = bindings?.get(name);
    if (bindings === undefined || node === undefined) return;
    bindings.delete(name);
    if (kind === 'RoleBinding' && bindings.size === 0) bindingsByNamespace.delete(namespace);
    forSubjects(node, leave);
    roles.release(node.role);
  };

  const add = (binding: BindingNode['binding'], namespace: string): void => {
    const node = { binding, namespace, role: roles.acquire(binding.roleRef, namespace) };
    if (binding.kind === 'ClusterRoleBinding') clusterBindings.set(binding.name, node);
    else {
      const known = bindingsByNamespace.get(namespace);
      if (known === undefined) bindingsByNamespace.set(namespace, new Map([[binding.name, node]]));
      else known.set(binding.name, node);
    }
    forSubjects(node, enter);
  };

  const replace = (node: LivingNode, binding: BindingNode['binding']): void => {
    // The new role is counted before the old one is released, so that an unchanged one is never forgotten between.
    const role = roles.acquire(binding.roleRef, node.namespace);
    roles.release(node.role);
    node.role = role;
    if (Math.max(binding.subjects.length, node.binding.subjects.length) <= fewSubjects) {
      forSubjects(node, leave);
      node.binding = binding;
      forSubjects(node, enter);
      return;
    }
    // One subject more or less among thousands costs no more than finding out which.
    const [before, after] = [placesOf(node), placesOf({ ...node, binding })];
    for (const name of before.users.keys()) if (!after.users.has(name)) leave(byUser, name, node);
    for (const name of before.groups.keys()) if (!after.groups.has(name)) leave(byGroup, name, node);
    node.binding = binding;
    for (const name of after.users.keys()) if (!before.users.has(name)) enter(byUser, name, node);
    for (const name of after.groups.keys()) if (!before.groups.has(name)) enter(byGroup, name, node);
  };

  return {
    apply(binding) {
      const namespace = namespaceOf(binding);
      if (!holdsSomewhere(binding)) {
        remove(binding.kind, namespace, binding.name);
        return;
      }
      const bindings =
        binding.kind === 'ClusterRoleBinding' ? clusterBindings : bindingsByNamespace.get(namespace);
      const node = bindings?.get(binding.name);
      if (node === undefined) add(binding, namespace);
      else replace(node, binding);
    },
    remove,
    bindingsOf(user) {
      const found: SubjectBindings[] = [];
      const own = byUser.get(user.username);
      if (own !== undefined) found.push(own);
      // SECURITY: a review may name one group a hundred thousand times, each time with all its bindings.
      const groups = user.groups.length > fewGroups ? new Set(user.groups) : user.groups;
      for (const group of groups) {
        const bindings = byGroup.get(group);
        if (bindings !== undefined) found.push(bindings);
      }
      return found;
    },
  };
}

/** Among so few, one that is named twice does no harm. */
const fewGroups = 16;

/** Most users have bindings of one kind only: an empty list and an empty map of their own for each would cost more. */
interface Entry {
  cluster: BindingNode[];
  byNamespace: Map<string, BindingNode[]>;
}
/** INVARIANT: never written to. */
const nowhere: BindingNode[] = [];
const inNone = new Map<string, BindingNode[]>();

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

function insert(entry: Entry, node: BindingNode): void {
  let bindings = node.namespace === '' ? entry.cluster : (entry.byNamespace.get(node.namespace) ?? nowhere);
  if (bindings === nowhere) {
    bindings = [];
    if (node.namespace === '') entry.cluster = bindings;
    else if (entry.byNamespace === inNone) entry.byNamespace = new Map([[node.namespace, bindings]]);
    else entry.byNamespace.set(node.namespace, bindings);
  }
  const at = place(bindings, node.binding.name);
  if (bindings[at] !== node) bindings.splice(at, 0, node);
}

function withdraw(entry: Entry, node: BindingNode): void {
  const bindings = node.namespace === '' ? entry.cluster : entry.byNamespace.get(node.namespace);
  if (bindings === undefined) return;
  const at = place(bindings, node.binding.name);
  if (bindings[at] === node) bindings.splice(at, 1);
  if (node.namespace !== '' && bindings.length === 0) entry.byNamespace.delete(node.namespace);
}

/** How many subjects are tried one by one; beyond it their identities are looked up. */
const fewSubjects = 16;

/** Who the subjects of a binding are, with the place of the first subject that is this user or group. */
interface SubjectPlaces {
  readonly users: ReadonlyMap<string, number>;
  readonly groups: ReadonlyMap<string, number>;
}
const knownPlaces = new WeakMap<BindingNode['binding'], SubjectPlaces>();

function placesOf({ binding, namespace }: BindingNode): SubjectPlaces {
  const known = knownPlaces.get(binding);
  if (known !== undefined) return known;
  const [users, groups] = [new Map<string, number>(), new Map<string, number>()];
  for (const [place, subject] of binding.subjects.entries()) {
    const identity = subjectIdentity(subject, namespace);
    if (identity === undefined) continue;
    const places = identity.is === 'user' ? users : groups;
    if (!places.has(identity.name)) places.set(identity.name, place);
  }
  const places = { users, groups };
  knownPlaces.set(binding, places);
  return places;
}

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
  const { users, groups } = placesOf(node);
  let best = users.get(user.username) ?? Number.POSITIVE_INFINITY;
  for (const group of user.groups) best = Math.min(best, groups.get(group) ?? best);
  return subjects[best];
}
