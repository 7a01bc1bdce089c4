import type { AccessScope } from '../../accesspolicies/scope.ts';
import { defaultRbacObjects } from '../../rbac/defaults.ts';
import { rbacManifest } from '../../rbac/manifest.ts';
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding, Subject } from '../../rbac/objects.ts';
import type { PolicyRule } from '../../rbac/rules.ts';
import type { SnapshotCluster } from '../snapshot/snapshot.ts';
import { awsCommand } from './awscommand.ts';
import type { Edit } from './edits.ts';
import { commandLine, withInput } from './shell.ts';

/**
 * The command that makes the edit: of the AWS CLI for entries and modes, of kubectl (whose context must be the cluster) for
 * RBAC and aws-auth, of Entryway for what is its own.
 */
export function commandOf(edit: Edit, { name, region }: SnapshotCluster): string {
  const aws = (
    operation: string,
    options: Parameters<typeof awsCommand>[2],
    clusterOption = 'cluster-name',
  ): string => awsCommand('eks', operation, { region, [clusterOption]: name, ...options });
  switch (edit.edit) {
    case 'createEntry': {
      const { principalArn, username, kubernetesGroups } = edit;
      return aws('create-access-entry', {
        'principal-arn': principalArn,
        username,
        'kubernetes-groups': kubernetesGroups.length === 0 ? undefined : kubernetesGroups,
      });
    }
    case 'updateEntry': {
      const { principalArn, username, kubernetesGroups } = edit;
      return aws('update-access-entry', {
        ...{ 'principal-arn': principalArn, username, 'kubernetes-groups': kubernetesGroups },
      });
    }
    case 'deleteEntry':
      return aws('delete-access-entry', { 'principal-arn': edit.principalArn });
    case 'associate':
      return edit.forTime === undefined
        ? aws('associate-access-policy', {
            ...{ 'principal-arn': edit.principalArn, 'policy-arn': edit.policyArn },
            'access-scope': scopeWord(edit.accessScope),
          })
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
    case 'setMode': {
      const update = aws(
        'update-cluster-config',
        { 'access-config': `authenticationMode=${edit.mode}` },
        'name',
      );
      // Entries are refused until the update is done.
      return `${update} && ${awsCommand('eks', 'wait cluster-active', { region, name })}`;
    }
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
        ...['kubectl', 'patch', ...(isOption(edit.name) ? [] : [edit.kind.toLowerCase(), edit.name])],
        ...(edit.namespace === '' ? [] : ['-n', edit.namespace]),
        ...['--type', 'json', '-p'],
        JSON.stringify([
          { op: 'test', path: `/rules/${edit.rule}/resources`, value: edit.resources },
          { op: 'add', path: `/rules/${edit.rule}/${edit.member}/-`, value: edit.value },
        ]),
        ...(isOption(edit.name) ? ['--', edit.kind.toLowerCase(), edit.name] : []),
      ]);
    case 'unblock':
      return commandLine(['entryway', 'block', 'remove', edit.target]);
    default:
      return edit satisfies never;
  }
}

/** As JSON where shorthand would read more than a name in one (`a,type=cluster`). */
function scopeWord(scope: AccessScope): string {
  const { type, namespaces } = scope;
  if (type === 'cluster') return 'type=cluster';
  return namespaces.every((one) => /^[a-z0-9*?.-]+$/i.test(one))
    ? `type=namespace,namespaces=${namespaces.join(',')}`
    : JSON.stringify({ type, namespaces });
}

const plainVerbs = new Set([
  ...['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'],
]);
const plainGroups = new Set([
  ...['', 'apps', 'autoscaling', 'batch', 'coordination.k8s.io', 'discovery.k8s.io', 'events.k8s.io'],
  ...['networking.k8s.io', 'policy', 'rbac.authorization.k8s.io', 'storage.k8s.io'],
]);
let plainResources: ReadonlySet<string> | undefined;

/** Resources that every cluster serves: `kubectl create role` looks each up, and refuses others and some verbs. */
function isPlain({ verbs, apiGroups, resources, nonResourceURLs }: PolicyRule): boolean {
  plainResources ??= new Set(
    defaultRbacObjects.flatMap((object) =>
      'rules' in object
        ? object.rules.flatMap((rule) =>
            rule.apiGroups.flatMap((group) =>
              rule.resources.map((resource) => `${resource.split('/')[0]} ${group}`),
            ),
          )
        : [],
    ),
  );
  const [group = '', ...others] = apiGroups;
  return (
    verbs.every((verb) => plainVerbs.has(verb)) &&
    others.length === 0 &&
    plainGroups.has(group) &&
    resources.every((resource) => plainResources?.has(`${resource.split('/')[0]} ${group}`)) &&
    // A comma would be read as the end of one.
    nonResourceURLs.every((url) => /^\/[\w/.*-]*$/.test(url))
  );
}

/** `kubectl create role …`; what that has no options for as a manifest. */
function roleCommand(role: Role | ClusterRole): string {
  const [rule, ...more] = role.rules;
  if (rule === undefined || more.length > 0 || !isPlain(rule) || isOption(role.name))
    return withInput('kubectl apply -f -', rbacManifest(role));
  const [group = ''] = rule.apiGroups;
  return commandLine([
    ...['kubectl', 'create', role.kind.toLowerCase(), role.name],
    ...rule.verbs.map((verb) => `--verb=${verb}`),
    ...rule.resources.map((resource) => `--resource=${withGroup(resource, group)}`),
    ...rule.resourceNames.map((resourceName) => `--resource-name=${resourceName}`),
    ...rule.nonResourceURLs.map((url) => `--non-resource-url=${url}`),
    ...(role.kind === 'Role' ? ['-n', role.namespace] : []),
  ]);
}

/** `deployments.apps/scale`: kubectl writes the group before the subresource. */
function withGroup(resource: string, group: string): string {
  const slash = resource.indexOf('/');
  if (group === '') return resource;
  return slash < 0 ? `${resource}.${group}` : `${resource.slice(0, slash)}.${group}${resource.slice(slash)}`;
}

/**
 * SECURITY: RBAC's names may begin with a dash; `--server=…` as the name of a role must not lead kubectl elsewhere. `kubectl
 * create` takes no name behind `--`, `kubectl patch` does.
 */
function isOption(name: string): boolean {
  return name.startsWith('-');
}

function bindCommand(binding: RoleBinding | ClusterRoleBinding): string {
  if (isOption(binding.name)) return withInput('kubectl apply -f -', rbacManifest(binding));
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
