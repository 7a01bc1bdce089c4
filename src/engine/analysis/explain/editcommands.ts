import type { AccessScope } from '../../accesspolicies/scope.ts';
import { rbacManifest } from '../../rbac/manifest.ts';
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding, Subject } from '../../rbac/objects.ts';
import type { PolicyRule } from '../../rbac/rules.ts';
import type { SnapshotCluster } from '../snapshot/snapshot.ts';
import type { Edit } from './edits.ts';
import { commandLine, withInput } from './shell.ts';

/**
 * The command that makes the edit: of the AWS CLI for entries and modes, of kubectl (whose context must be the cluster) for
 * RBAC and aws-auth, of Entryway for what is its own.
 */
export function commandOf(edit: Edit, { name, region }: SnapshotCluster): string {
  const aws = (operation: string, ...words: readonly string[]): string =>
    commandLine(['aws', 'eks', operation, '--region', region, '--cluster-name', name, ...words]);
  switch (edit.edit) {
    case 'createEntry':
      return aws(
        'create-access-entry',
        ...['--principal-arn', edit.principalArn],
        ...(edit.username === undefined ? [] : ['--username', edit.username]),
        ...(edit.kubernetesGroups.length === 0 ? [] : ['--kubernetes-groups', ...edit.kubernetesGroups]),
      );
    case 'updateEntry':
      return aws(
        'update-access-entry',
        ...['--principal-arn', edit.principalArn],
        ...(edit.username === undefined ? [] : ['--username', edit.username]),
        ...(edit.kubernetesGroups === undefined ? [] : groupWords(edit.kubernetesGroups)),
      );
    case 'deleteEntry':
      return aws('delete-access-entry', '--principal-arn', edit.principalArn);
    case 'associate':
      return edit.forTime === undefined
        ? aws(
            'associate-access-policy',
            ...['--principal-arn', edit.principalArn, '--policy-arn', edit.policyArn],
            ...['--access-scope', scopeWord(edit.accessScope)],
          )
        : commandLine([
            ...['entryway', 'associate', name, edit.principalArn, edit.policyArn],
            ...(edit.accessScope.type === 'cluster' ? [] : ['--namespace', ...edit.accessScope.namespaces]),
            ...['--for', edit.forTime],
          ]);
    case 'createPolicy':
      return withInput(
        commandLine(['entryway', 'policy', 'create', edit.name, '-f', '-']),
        edit.rules.map(shortRule),
      );
    case 'setMode':
      return commandLine([
        ...['aws', 'eks', 'update-cluster-config', '--region', region, '--name', name],
        ...['--access-config', `authenticationMode=${edit.mode}`],
      ]);
    case 'replaceInAwsAuth':
      return commandLine([
        ...['kubectl', '-n', 'kube-system', 'patch', 'configmap', 'aws-auth', '--type', 'merge'],
        ...['-p', JSON.stringify({ data: { [edit.key]: edit.text } })],
      ]);
    case 'createRole':
      return roleCommand(edit.role);
    case 'bind':
      return bindCommand(edit.binding);
    case 'addToRule':
      return commandLine([
        ...['kubectl', 'patch', edit.kind.toLowerCase(), edit.name],
        ...(edit.namespace === '' ? [] : ['-n', edit.namespace]),
        ...['--type', 'json', '-p'],
        JSON.stringify([
          { op: 'test', path: `/rules/${edit.rule}/resources`, value: edit.resources },
          { op: 'add', path: `/rules/${edit.rule}/${edit.member}/-`, value: edit.value },
        ]),
      ]);
    case 'unblock':
      return commandLine(['entryway', 'block', 'remove', edit.target]);
    default:
      return edit satisfies never;
  }
}

/** An empty list clears the groups (eks-access-facts B29), which the AWS CLI takes as JSON alone. */
function groupWords(groups: readonly string[]): readonly string[] {
  return ['--kubernetes-groups', ...(groups.length === 0 ? ['[]'] : groups)];
}

function scopeWord({ type, namespaces }: AccessScope): string {
  return type === 'cluster' ? 'type=cluster' : `type=namespace,namespaces=${namespaces.join(',')}`;
}

/** `kubectl create role …`; what that has no options for as a manifest. */
function roleCommand(role: Role | ClusterRole): string {
  const [rule, ...more] = role.rules;
  const inNamespace = role.kind === 'Role' ? ['-n', role.namespace] : [];
  const isPlain =
    rule !== undefined &&
    more.length === 0 &&
    ![...rule.verbs, ...rule.apiGroups, ...rule.resources].includes('*') &&
    rule.apiGroups.length <= 1;
  if (!isPlain) return withInput('kubectl apply -f -', rbacManifest(role));
  const [group = ''] = rule.apiGroups;
  return commandLine([
    ...['kubectl', 'create', role.kind.toLowerCase(), role.name],
    ...rule.verbs.map((verb) => `--verb=${verb}`),
    ...rule.resources.map((resource) => `--resource=${withGroup(resource, group)}`),
    ...rule.resourceNames.map((resourceName) => `--resource-name=${resourceName}`),
    ...rule.nonResourceURLs.map((url) => `--non-resource-url=${url}`),
    ...inNamespace,
  ]);
}

/** `deployments.apps/scale`: kubectl writes the group before the subresource. */
function withGroup(resource: string, group: string): string {
  const slash = resource.indexOf('/');
  if (group === '') return resource;
  return slash < 0 ? `${resource}.${group}` : `${resource.slice(0, slash)}.${group}${resource.slice(slash)}`;
}

function bindCommand(binding: RoleBinding | ClusterRoleBinding): string {
  return commandLine([
    ...['kubectl', 'create', binding.kind.toLowerCase(), binding.name],
    `--${binding.roleRef.kind.toLowerCase()}=${binding.roleRef.name}`,
    ...binding.subjects.map(subjectWord),
    ...(binding.kind === 'RoleBinding' ? ['-n', binding.namespace] : []),
  ]);
}

function subjectWord({ kind, name, namespace }: Subject): string {
  switch (kind) {
    case 'User':
      return `--user=${name}`;
    case 'Group':
      return `--group=${name}`;
    case 'ServiceAccount':
      return `--serviceaccount=${namespace}:${name}`;
    default:
      return kind satisfies never;
  }
}

function shortRule(rule: PolicyRule): Partial<PolicyRule> {
  return Object.fromEntries(
    Object.entries(rule).filter(([, list]: [string, readonly string[]]) => list.length > 0),
  );
}
