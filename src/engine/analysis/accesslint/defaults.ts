import {
  controllerRoles,
  defaultClusterRoles,
  defaultRbacObjects,
  defaultRoles,
} from '../../rbac/defaults.ts';
import type { ClusterRoleBinding, RbacObject, RoleBinding, Subject } from '../../rbac/objects.ts';
import type { PolicyRule } from '../../rbac/rules.ts';

type Binding = ClusterRoleBinding | RoleBinding;

const keyOf = (object: RbacObject): string =>
  `${object.kind} ${'namespace' in object ? object.namespace : ''} ${object.name}`;

const defaultSubjects: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  defaultRbacObjects.flatMap((object) =>
    object.kind === 'ClusterRoleBinding' || object.kind === 'RoleBinding'
      ? [[`${keyOf(object)} ${object.roleRef.name}`, new Set(object.subjects.map(subjectText))] as const]
      : [],
  ),
);

const defaultRules: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  [...defaultClusterRoles, ...controllerRoles, ...defaultRoles].map(
    (role) => [keyOf(role), new Set(role.rules.map(ruleText))] as const,
  ),
);

/**
 * The subjects that somebody gave a binding: not those Kubernetes gives its own, and not the users EKS works as, unless
 * aws-auth lets somebody be one of them (`isMapped`).
 *
 * SECURITY: a binding counts as Kubernetes' own subject by subject, never by its name: whoever adds themselves to
 * `system:node` must be told of.
 */
export function givenSubjects(binding: Binding, isMapped: (name: string) => boolean): readonly Subject[] {
  const own = defaultSubjects.get(`${keyOf(binding)} ${binding.roleRef.name}`);
  const given = binding.subjects.filter(
    (subject) =>
      (!isServiceSubject(subject) || isMapped(subject.name)) && own?.has(subjectText(subject)) !== true,
  );
  return given.length === binding.subjects.length ? binding.subjects : given;
}

/** Whether Kubernetes gives the role this rule itself. */
export function isDefaultRule(role: RbacObject, rule: PolicyRule): boolean {
  return defaultRules.get(keyOf(role))?.has(ruleText(rule)) === true;
}

/** Whether the binding is there in every cluster, whoever was added to it. */
export function isDefaultBinding(binding: Binding): boolean {
  return defaultSubjects.has(`${keyOf(binding)} ${binding.roleRef.name}`);
}

const controllers: ReadonlySet<string> = new Set(
  defaultRbacObjects.flatMap((object) =>
    'subjects' in object
      ? object.subjects.flatMap(({ kind, namespace, name }) =>
          kind === 'ServiceAccount' ? [`${namespace}/${name}`] : [],
        )
      : [],
  ),
);

/** Whether a part of Kubernetes' own control plane works as the service account. */
export function isController(namespace: string, name: string): boolean {
  return controllers.has(`${namespace}/${name}`);
}

/** Names no customer can have through an access entry, of EKS itself (eks-access-facts B21, B28). */
function isServiceSubject({ kind, name }: Subject): boolean {
  return (kind === 'User' || kind === 'Group') && name.startsWith('eks:');
}

function subjectText({ kind, namespace, name }: Subject): string {
  return `${kind} ${namespace}/${name}`;
}

function ruleText({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule): string {
  return JSON.stringify(
    [verbs, apiGroups, resources, resourceNames, nonResourceURLs].map((list) => [...list].sort()),
  );
}
