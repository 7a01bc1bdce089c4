import type { ClusterRoleBinding, RoleBinding, RoleRef } from '../../rbac/objects.ts';
import { isEverything } from '../accesspolicylint/reach.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { ClusterSubject } from '../world/subject.ts';
import { assuming, both, type Permitted, surest } from './asking.ts';
import type { ClusterIndex } from './clusterindex.ts';
import { type Asked, first, type KubeAsking, rbacGroup } from './kubeasking.ts';
import { accountsBy } from './kubepowers.ts';

type Binding = ClusterRoleBinding | RoleBinding;
/** What a role is worth to whoever wants to be somebody: enough, perhaps enough, or nothing. */
type Worth = 'always' | 'sometimes' | undefined;

/** Roles that somebody gives itself: by a binding, or by widening one that it has (kubernetes-facts B16 to B18). */
export function createBindWays(
  cluster: ClusterWorld,
  index: ClusterIndex,
  { may, mayAny, maySome }: KubeAsking,
) {
  const bindings = new Map<string, Binding[]>();
  const aggregated = new Set<string>();
  /** Of those whose rules are their own. */
  const roleNames = new Map<string, Set<string>>();
  for (const object of cluster.cluster.rbac) {
    if (object.kind === 'ClusterRole' && object.aggregationRule !== undefined) aggregated.add(object.name);
    else if (object.kind === 'ClusterRole' || object.kind === 'Role') {
      const key = `${object.kind} ${object.kind === 'Role' ? object.namespace : ''}`;
      roleNames.set(key, (roleNames.get(key) ?? new Set()).add(object.name));
    }
    if (object.kind === 'ClusterRole' || object.kind === 'Role') continue;
    const place = object.kind === 'RoleBinding' ? object.namespace : '';
    const known = bindings.get(place);
    if (known === undefined) bindings.set(place, [object]);
    else known.push(object);
  }

  const rulesOf = ({ kind, name }: RoleRef, namespace: string) =>
    cluster.authorizer.roleRules(kind, kind === 'Role' ? namespace : '', name) ?? [];
  const worthOf = remembered((key, ref: RoleRef, namespace: string): Worth => {
    const rules = rulesOf(ref, namespace);
    return key.startsWith('admin') ? (rules.some(isEverything) ? 'always' : undefined) : accountsBy(rules);
  });

  const mayBind = (subject: ClusterSubject, { kind, name }: RoleRef, namespace: string) =>
    may(subject, {
      ...{ verb: 'bind', apiGroup: rbacGroup, namespace, name },
      resource: kind === 'Role' ? 'roles' : 'clusterroles',
    });
  const widens = (subject: ClusterSubject, asked: Omit<Asked, 'verb'>): Permitted | undefined => {
    const written = mayAny(subject, ['update', 'patch'], asked);
    const raised = written && may(subject, { verb: 'escalate', ...asked });
    return written && raised && both(written, raised);
  };

  const bindsWith = (
    subject: ClusterSubject,
    resource: 'clusterrolebindings' | 'rolebindings',
    namespace: string,
    aim: 'admin' | 'accounts',
  ): Permitted | undefined => {
    const place = resource === 'rolebindings' ? namespace : '';
    const asked = { apiGroup: rbacGroup, namespace: place } as const;
    const worth = (ref: RoleRef): Worth => worthOf(`${aim} ${place} ${ref.kind} ${ref.name}`, ref, place);
    const bound = (ref: RoleRef): Permitted | undefined => {
      const value = worth(ref);
      const by = value && mayBind(subject, ref, place);
      return value === 'sometimes' && by
        ? assuming(by, `what \`${ref.name}\` allows is enough to become the service account`)
        : by;
    };
    const creates = may(subject, { verb: 'create', ...asked, resource });
    if (creates !== undefined) {
      const some = (kind: RoleRef['kind'], names: readonly string[]) =>
        names.map((name) => bound({ kind, name }));
      const by =
        mayBind(subject, { kind: 'ClusterRole', name: '' }, place) ??
        surest([
          ...some('ClusterRole', ['cluster-admin', ...index.namesOf(rbacGroup, 'clusterroles')]),
          ...(place === '' ? [] : some('Role', index.namesOf(rbacGroup, 'roles'))),
        ]);
      if (by !== undefined) return both(creates, by);
    }
    // The role of a binding cannot be changed (B14): one more subject for what it gives.
    if (maySome(subject, ['update', 'patch'], { ...asked, resource }) === undefined) return undefined;
    return surest(
      (bindings.get(place) ?? []).map(({ name, roleRef }) => {
        if (worth(roleRef) === undefined) return undefined;
        const changed = mayAny(subject, ['update', 'patch'], { ...asked, resource, name });
        const by = changed && bound(roleRef);
        return changed && by && both(changed, by);
      }),
    );
  };

  /**
   * What an aggregated role has comes of others: nobody short of everything changes it by itself (B15, B17), and whoever makes
   * or changes one of the others widens it.
   */
  const widensAggregated = (subject: ClusterSubject): Permitted | undefined => {
    const asked = { apiGroup: rbacGroup, resource: 'clusterroles' } as const;
    const made = may(subject, { verb: 'create', ...asked });
    const escalated = made && may(subject, { verb: 'escalate', ...asked });
    if (made && escalated) return both(made, escalated);
    return first(['', ...index.namesOf(rbacGroup, 'clusterroles')], (name) => {
      return aggregated.has(name) ? undefined : widens(subject, { ...asked, name });
    });
  };

  const bindingsOf = (place: string) => [
    ...(place === '' ? [] : [{ resource: 'rolebindings', place } as const]),
    { resource: 'clusterrolebindings', place: '' } as const,
  ];

  return {
    /** A role of those that are enough where they are bound, and which. */
    *bindsOneOf(
      subject: ClusterSubject,
      namespace: string,
      rolesIn: (namespace: string) => readonly RoleRef[],
    ): Generator<{ readonly ref: RoleRef; readonly place: string; readonly by: Permitted }> {
      for (const { resource, place } of bindingsOf(namespace)) {
        const asked = { apiGroup: rbacGroup, namespace: place } as const;
        const creates = may(subject, { verb: 'create', ...asked, resource });
        if (!creates && !maySome(subject, ['update', 'patch'], { ...asked, resource })) continue;
        for (const ref of rolesIn(place)) {
          const changes = (): Permitted | undefined =>
            first(bindings.get(place) ?? [], ({ name, roleRef }) =>
              roleRef.name === ref.name && roleRef.kind === ref.kind
                ? mayAny(subject, ['update', 'patch'], { ...asked, resource, name })
                : undefined,
            );
          const by = mayBind(subject, ref, place);
          const written = by && (creates ?? changes());
          if (by && written) yield { ref, place, by: both(written, by) };
        }
      }
    },
    /** A role of its own making, or one that it widens, bound in the namespace. */
    makesRole(subject: ClusterSubject, namespace: string): Permitted | undefined {
      const bound = may(subject, {
        ...{ verb: 'create', apiGroup: rbacGroup, resource: 'rolebindings', namespace },
      });
      if (bound === undefined) return undefined;
      return first(['Role', 'ClusterRole'] as const, (kind) => {
        const resource = kind === 'Role' ? 'roles' : 'clusterroles';
        const asked = { apiGroup: rbacGroup, resource, namespace: kind === 'Role' ? namespace : '' };
        const made = may(subject, { verb: 'create', ...asked });
        const raised = made && may(subject, { verb: 'escalate', ...asked });
        const makes = made && raised && both(made, raised);
        const ofRole = (name: string, written: Permitted | undefined): Permitted | undefined => {
          const by = written && mayBind(subject, { kind, name }, namespace);
          return by && written && both(both(written, by), bound);
        };
        const there = roleNames.get(`${kind} ${asked.namespace}`) ?? new Set<string>();
        const free = index.namesOf(rbacGroup, resource).filter((name) => !there.has(name));
        return (
          first(['', ...free], (name) => ofRole(name, makes)) ??
          (maySome(subject, ['escalate'], asked)
            ? first(there, (name) => ofRole(name, widens(subject, { ...asked, name })))
            : undefined)
        );
      });
    },
    /** A role of everything, in the whole cluster. */
    bindsAdmin: (subject: ClusterSubject) => bindsWith(subject, 'clusterrolebindings', '', 'admin'),
    /** A role by which it becomes the service accounts of the namespace. */
    bindsAccounts: (subject: ClusterSubject, namespace: string) =>
      surest([
        bindsWith(subject, 'rolebindings', namespace, 'accounts'),
        bindsWith(subject, 'clusterrolebindings', namespace, 'accounts'),
      ]),
    /** Widening a role that is bound to it already: in the namespace, or cluster-wide for ''. */
    escalates: (subject: ClusterSubject, namespace: string): Permitted | undefined =>
      surest(
        index.boundRoles(subject, namespace).map(({ kind, name }) => {
          if (kind === 'ClusterRole' && aggregated.has(name)) return widensAggregated(subject);
          const resource = kind === 'Role' ? 'roles' : 'clusterroles';
          return widens(subject, {
            ...{ apiGroup: rbacGroup, resource, name, namespace: kind === 'Role' ? namespace : '' },
          });
        }),
      ),
  };
}

function remembered<Rest extends readonly unknown[], Value>(
  make: (key: string, ...rest: Rest) => Value,
): (key: string, ...rest: Rest) => Value {
  const made = new Map<string, { readonly value: Value }>();
  return (key, ...rest) => {
    let found = made.get(key);
    if (found === undefined) {
      found = { value: make(key, ...rest) };
      made.set(key, found);
    }
    return found.value;
  };
}
