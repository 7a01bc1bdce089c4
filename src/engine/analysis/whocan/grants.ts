import type { AccessScope } from '../../accesspolicies/scope.ts';
import { holdsSomewhere } from '../../authorizer/bindingindex.ts';
import { type CompiledRequest, compileRules, findRule } from '../../authorizer/compiledrules.ts';
import type { Association, IndexedEntry, KnownPolicy } from '../../authorizer/policyindex.ts';
import type { ClusterRoleBinding, RoleBinding } from '../../rbac/objects.ts';
import type { PolicyRule } from '../../rbac/rules.ts';
import { subjectIdentity } from '../../rbac/subjects.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { PathGrant } from './answer.ts';
import { addTo } from './holders.ts';

/** In which namespace a question is asked: '' for none, `any` for each there is and none. */
export type AskedIn = { readonly namespace: string } | 'any';

/** A role that somebody is bound to, with its bindings. */
interface BoundRole {
  readonly kind: 'ClusterRole' | 'Role';
  readonly name: string;
  /** '' of a ClusterRole. */
  readonly namespace: string;
  readonly cluster: ClusterRoleBinding[];
  readonly byNamespace: Map<string, RoleBinding[]>;
}

/** What bindings give: found from the rules that allow, through roles to bindings. */
export interface BindingGrants {
  /** Every binding whose role allows and that holds there, with each user and group it names, once. */
  find(request: CompiledRequest, asked: AskedIn): Iterable<Extract<PathGrant, { readonly by: 'rbac' }>>;
}

export function createBindingGrants({ cluster, authorizer }: ClusterWorld): BindingGrants {
  const clusterRoles = new Map<string, BoundRole>();
  const rolesByNamespace = new Map<string, Map<string, BoundRole>>();

  const roleOf = (binding: ClusterRoleBinding | RoleBinding): BoundRole => {
    const { kind, name } = binding.roleRef;
    const namespace = binding.kind === 'RoleBinding' ? binding.namespace : '';
    let roles = clusterRoles;
    if (kind === 'Role') {
      roles = rolesByNamespace.get(namespace) ?? new Map();
      rolesByNamespace.set(namespace, roles);
    }
    let role = roles.get(name);
    if (role === undefined) {
      role = {
        ...{ kind, name, namespace: kind === 'Role' ? namespace : '' },
        ...{ cluster: [], byNamespace: new Map() },
      };
      roles.set(name, role);
    }
    return role;
  };

  // Of bindings of one name the last counts, as for the decider.
  const bindings = new Map<string, ClusterRoleBinding | RoleBinding>();
  for (const object of cluster.rbac) {
    if (object.kind === 'ClusterRole' || object.kind === 'Role' || !holdsSomewhere(object)) continue;
    if (object.kind === 'ClusterRoleBinding') bindings.set(`/${object.name}`, object);
    else bindings.set(`${object.namespace}/${object.name}`, object);
  }
  for (const binding of bindings.values()) {
    const role = roleOf(binding);
    if (binding.kind === 'ClusterRoleBinding') role.cluster.push(binding);
    else addTo(role.byNamespace, binding.namespace, binding);
  }

  return {
    *find(request, asked) {
      const local =
        asked === 'any'
          ? [...rolesByNamespace.values()]
          : [rolesByNamespace.get(asked.namespace) ?? new Map<string, BoundRole>()];
      for (const roles of [clusterRoles, ...local]) {
        for (const role of roles.values()) {
          // The one the decider names; of a role that is not there there is none.
          const rule = authorizer.roleRule(role.kind, role.namespace, role.name, request);
          if (rule === undefined) continue;
          for (const binding of role.cluster) yield* grantsOf(binding, role, rule);
          for (const binding of bindingsIn(role, asked)) yield* grantsOf(binding, role, rule);
        }
      }
    },
  };
}

function bindingsIn({ byNamespace }: BoundRole, asked: AskedIn): readonly RoleBinding[] {
  if (asked === 'any') return [...byNamespace.values()].flat();
  return asked.namespace === '' ? [] : (byNamespace.get(asked.namespace) ?? []);
}

function* grantsOf(
  binding: ClusterRoleBinding | RoleBinding,
  { kind, name }: BoundRole,
  rule: PolicyRule,
): Generator<Extract<PathGrant, { readonly by: 'rbac' }>, undefined> {
  const namespace = binding.kind === 'RoleBinding' ? binding.namespace : '';
  const told = new Set<string>();
  for (const subject of binding.subjects) {
    const through = subjectIdentity(subject, namespace);
    if (through === undefined) continue;
    const key = `${through.is} ${through.name}`;
    if (told.has(key)) continue;
    told.add(key);
    yield {
      by: 'rbac',
      through,
      binding: { kind: binding.kind, name: binding.name, namespace },
      role: { kind, name },
      rule,
    };
  }
  return undefined;
}

/** An entry with one of its associations. */
export interface AssociatedPolicy {
  readonly entry: IndexedEntry;
  readonly association: Association;
}

/** What associations give: found from the policies that allow, through associations to entries. */
export interface PolicyGrants {
  find(
    request: CompiledRequest,
    asked: AskedIn,
  ): Iterable<{
    readonly entry: IndexedEntry;
    readonly grant: Extract<PathGrant, { readonly by: 'accessPolicy' }>;
    /** Place of the association in its entry. */
    readonly position: number;
  }>;
  /** Associations that hold there and of whose policy it is not known whether it allows. */
  unclear(
    request: CompiledRequest,
    asked: AskedIn,
  ): Iterable<AssociatedPolicy & { readonly policy: KnownPolicy | undefined }>;
}

/** Of the entries that are somebody's. */
export function createPolicyGrants(
  { authorizer }: ClusterWorld,
  entries: Iterable<IndexedEntry>,
): PolicyGrants {
  const byPolicy = new Map<string, (AssociatedPolicy & { readonly position: number })[]>();
  for (const entry of entries) {
    const told = new Set<string>();
    for (const [position, association] of entry.associations.entries()) {
      // EKS keeps one association of a policy (eks-access-facts C4); a file may tell the same twice.
      const { policyArn, accessScope, expiresAt } = association;
      const key = JSON.stringify([policyArn, accessScope, expiresAt ?? null]);
      if (told.has(key)) continue;
      told.add(key);
      // The moment is one for all questions, so what is over then is over.
      if (authorizer.isExpired(association)) continue;
      addTo(byPolicy, policyArn, { entry, association, position });
    }
  }
  const holds = ({ holdsIn, accessScope }: Association, asked: AskedIn): boolean =>
    asked === 'any' ? isSomewhere(accessScope) : holdsIn(asked.namespace);

  return {
    *find(request, asked) {
      for (const associated of byPolicy.values()) {
        const [first] = associated;
        const policy = first && authorizer.policyOf(first.association);
        const rule = policy && findRule(policy.compiled, request);
        if (policy === undefined || rule === undefined) continue;
        for (const { entry, association, position } of associated) {
          const { policyArn, accessScope, expiresAt } = association;
          if (!holds(association, asked)) continue;
          const grant = {
            by: 'accessPolicy',
            principalArn: entry.principalArn,
            ...{ policyArn, policyName: policy.name, accessScope },
            ...(expiresAt !== undefined && { expiresAt }),
            rule,
          } as const;
          yield { entry, grant, position };
        }
      }
    },
    *unclear(request, asked) {
      for (const associated of byPolicy.values()) {
        const [first] = associated;
        const policy = first && authorizer.policyOf(first.association);
        if (policy !== undefined && !mayHide(policy, request)) continue;
        for (const { entry, association } of associated) {
          if (holds(association, asked)) yield { entry, association, policy };
        }
      }
    },
  };
}

/** A scope of namespaces that names none holds nowhere. */
function isSomewhere({ type, namespaces }: AccessScope): boolean {
  return type === 'cluster' || namespaces.some((name) => name !== '');
}

/** Whether what AWS does not publish of the policy could be what is asked. */
function mayHide({ rules, compiled }: KnownPolicy, request: CompiledRequest): boolean {
  if (rules === undefined) return true;
  return findRule(compiled, request) === undefined && findRule(compileRules(rules), request) !== undefined;
}
