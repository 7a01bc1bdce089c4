import type {
  ClusterRole,
  ClusterRoleBinding,
  Role,
  RoleBinding,
  RoleRef,
  Subject,
} from '../../../rbac/objects.ts';
import { subjectIdentity } from '../../../rbac/subjects.ts';
import { isEverything } from '../../accesspolicylint/reach.ts';
import { rulesAllow } from '../../whatcan/rules.ts';
import type { SubjectIdentity } from '../../world/cluster.ts';
import type { Question } from '../../world/question.ts';
import type { Edit } from '../edits.ts';
import { breadth, exactRule, questionName } from '../questiontext.ts';
import { type Bindable, bindableAs } from './bindable.ts';
import { type Candidate, freeName, type Wanted } from './candidate.ts';
import { namespaceOf } from './policies.ts';

/**
 * What RBAC can do: mend a role or a binding that nearly allows, bind the narrowest role there is, bind a new one that allows
 * nothing else.
 */
export function roleCandidates(wanted: Wanted, identity: SubjectIdentity): readonly Candidate[] {
  const bindables = bindableAs(wanted, identity);
  return [
    ...mendedRoles(wanted, identity),
    ...missingRoles(wanted, identity),
    ...bindables.flatMap((bindable) => [...existingRole(wanted, bindable), newRole(wanted, bindable)]),
  ];
}

type Binding = RoleBinding | ClusterRoleBinding;

/** Bindings that hold for the user where the request is. Those of everybody say nothing about this one. */
function applyingBindings({ cluster, question }: Wanted, { user }: SubjectIdentity): readonly Binding[] {
  const namespace = namespaceOf(question);
  const groups = new Set(user.groups.filter((group) => !everybody.has(group)));
  return cluster.cluster.rbac.filter((object): object is Binding => {
    if (object.kind === 'ClusterRole' || object.kind === 'Role') return false;
    if (object.kind === 'RoleBinding' && object.namespace !== namespace) return false;
    return object.subjects.some((subject) => {
      const identity = subjectIdentity(subject, object.kind === 'RoleBinding' ? object.namespace : '');
      return identity?.is === 'user' ? identity.name === user.username : groups.has(identity?.name ?? '');
    });
  });
}

const everybody = new Set(['system:authenticated', 'system:unauthenticated']);

function roleOf({ cluster }: Wanted, ref: RoleRef, namespace: string): Role | ClusterRole | undefined {
  return cluster.cluster.rbac.find(
    (object): object is Role | ClusterRole =>
      object.kind === ref.kind &&
      object.name === ref.name &&
      (object.kind === 'ClusterRole' || (object.kind === 'Role' && object.namespace === namespace)),
  );
}

const bindingNamespace = (binding: Binding): string =>
  binding.kind === 'RoleBinding' ? binding.namespace : '';

/** A rule of a role the user has that lacks nothing but the verb, or nothing but the name. */
function mendedRoles(wanted: Wanted, identity: SubjectIdentity): readonly Candidate[] {
  const { question } = wanted;
  if (question.kind === 'nonResource') return [];
  const roles = new Set<Role | ClusterRole>();
  for (const binding of applyingBindings(wanted, identity)) {
    const role = roleOf(wanted, binding.roleRef, bindingNamespace(binding));
    // Kubernetes writes its own roles anew, and collects those of an aggregation.
    if (role !== undefined && !isKubernetesOwn(role) && !isAggregated(role)) roles.add(role);
  }
  return [...roles].flatMap((role) =>
    role.rules.flatMap((rule, at): readonly Candidate[] => {
      const namespace = role.kind === 'Role' ? role.namespace : '';
      const { resources } = rule;
      const of = {
        edit: 'addToRule',
        kind: role.kind,
        namespace,
        name: role.name,
        rule: at,
        resources,
      } as const;
      const where = `rule ${at + 1} of ${role.kind} \`${role.name}\``;
      if (rulesAllow([{ ...rule, verbs: [question.verb] }], question)) {
        return [
          {
            kind: 'mendedRole',
            summary: `add verb \`${question.verb}\` to ${where}`,
            edits: [{ ...of, member: 'verbs', value: question.verb }],
          },
        ];
      }
      if (
        rule.resourceNames.length > 0 &&
        rulesAllow([{ ...rule, resourceNames: [question.name] }], question)
      ) {
        return [
          {
            kind: 'mendedRole',
            summary: `add name \`${question.name}\` to ${where}`,
            edits: [{ ...of, member: 'resourceNames', value: question.name }],
          },
        ];
      }
      return [];
    }),
  );
}

/** A role that the user is bound to and that does not exist. */
function missingRoles(wanted: Wanted, identity: SubjectIdentity): readonly Candidate[] {
  return applyingBindings(wanted, identity).flatMap((binding): readonly Candidate[] => {
    const { roleRef } = binding;
    const namespace = bindingNamespace(binding);
    if (roleOf(wanted, roleRef, namespace) !== undefined) return [];
    const role = roleNamed(roleRef, namespace, wanted.question);
    return [
      {
        kind: 'mendedRole',
        summary: `make the missing ${roleRef.kind} \`${roleRef.name}\`, with this alone in it`,
        edits: [{ edit: 'createRole', role }],
      },
    ];
  });
}

function roleNamed({ kind, name }: RoleRef, namespace: string, question: Question): Role | ClusterRole {
  const rules = [exactRule(question)];
  return kind === 'Role' ? { kind, name, namespace, rules } : { kind, name, labels: {}, rules };
}

/** The narrowest role of the cluster that allows it and is no more than it has to be. */
function existingRole(wanted: Wanted, bindable: Bindable): readonly Candidate[] {
  const { cluster, question } = wanted;
  const namespace = namespaceOf(question);
  const asksAll = isEverything(exactRule(question));
  let best: { readonly role: Role | ClusterRole; readonly breadth: number } | undefined;
  for (const role of cluster.cluster.rbac) {
    if (role.kind !== 'ClusterRole' && (role.kind !== 'Role' || role.namespace !== namespace)) continue;
    // What Kubernetes needs itself changes with its versions.
    if (role.name.startsWith('system:')) continue;
    const rules =
      cluster.authorizer.roleRules(role.kind, role.kind === 'Role' ? role.namespace : '', role.name) ?? [];
    const size = breadth(rules);
    if (best !== undefined && best.breadth <= size) continue;
    // SECURITY: never everything, where less was asked for.
    if (!rulesAllow(rules, question) || (!asksAll && rules.some(isEverything))) continue;
    best = { role, breadth: size };
  }
  if (best === undefined) return [];
  const { kind, name } = best.role;
  return [
    {
      kind: 'existingRole',
      summary: `bind ${kind} \`${name}\` to ${bindable.text}${whereText(namespace)}`,
      edits: [...bindable.before, bindEdit(wanted, { kind, name }, bindable)],
    },
  ];
}

/** A role with this alone in it. */
function newRole(wanted: Wanted, bindable: Bindable): Candidate {
  const { cluster, question } = wanted;
  const namespace = namespaceOf(question);
  const kind = namespace === '' ? 'ClusterRole' : 'Role';
  const name = freeName(questionName(question), (taken) =>
    cluster.cluster.rbac.some((object) =>
      // A binding may name a role that is not there: it would come to give this one to whomever it binds.
      'roleRef' in object
        ? object.roleRef.kind === kind && object.roleRef.name === taken
        : object.kind === kind && object.name === taken,
    ),
  );
  const edits: readonly Edit[] = [
    ...bindable.before,
    { edit: 'createRole', role: roleNamed({ kind, name }, namespace, question) },
    bindEdit(wanted, { kind, name }, bindable),
  ];
  return {
    kind: 'newRole',
    summary: `make ${kind} \`${name}\`, which allows this alone, and bind it to ${bindable.text}${whereText(namespace)}`,
    edits,
  };
}

function bindEdit({ cluster, question }: Wanted, roleRef: RoleRef, { subject }: Bindable): Edit {
  const namespace = namespaceOf(question);
  const kind = namespace === '' ? 'ClusterRoleBinding' : 'RoleBinding';
  const part = bindingPart(subject);
  // A group that was made for the role is called like it.
  const name = freeName(part === roleRef.name ? part : `${roleRef.name}-${part}`, (taken) =>
    cluster.cluster.rbac.some((object) => object.kind === kind && object.name === taken),
  );
  const subjects = [subject];
  return {
    edit: 'bind',
    binding:
      kind === 'RoleBinding'
        ? { kind, name, namespace, roleRef, subjects }
        : { kind, name, roleRef, subjects },
  };
}

/** What of the subject may stand in a name. */
function bindingPart({ name }: Subject): string {
  const part = name
    .slice(name.lastIndexOf('/') + 1)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return part === '' ? 'binding' : part.slice(0, 60);
}

function whereText(namespace: string): string {
  return namespace === '' ? ' in the whole cluster' : ` in namespace \`${namespace}\``;
}

function isAggregated(role: Role | ClusterRole): boolean {
  return role.kind === 'ClusterRole' && role.aggregationRule !== undefined;
}

function isKubernetesOwn(role: Role | ClusterRole): boolean {
  return (
    role.name.startsWith('system:') ||
    (role.kind === 'ClusterRole' && 'kubernetes.io/bootstrapping' in role.labels)
  );
}
