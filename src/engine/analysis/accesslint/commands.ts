import type { AccessScope } from '../../accesspolicies/scope.ts';
import type { Subject } from '../../rbac/objects.ts';
import { commandLine } from '../explain/shell.ts';
import type { SnapshotAccessEntry } from '../snapshot/snapshot.ts';

/** A command as it may be pasted into a shell, whatever names are in it. */
export function command(...words: readonly string[]): string {
  return commandLine(words);
}

export function deleteEntry(clusterName: string, principalArn: string): string {
  return command(
    ...['aws', 'eks', 'delete-access-entry', '--cluster-name', clusterName],
    ...['--principal-arn', principalArn],
  );
}

/** The entry with all that it gives: what is not said is what EKS gives by itself. */
export function createEntry(
  clusterName: string,
  {
    principalArn,
    type,
    username,
    kubernetesGroups = [],
    associatedPolicies = [],
  }: {
    readonly principalArn: string;
    readonly type: string;
    readonly username?: string | undefined;
    readonly kubernetesGroups?: readonly string[];
    readonly associatedPolicies?: readonly Pick<AssociatedPolicy, 'policyArn' | 'accessScope'>[];
  },
): string {
  const isStandard = type === 'STANDARD';
  return [
    command(
      ...['aws', 'eks', 'create-access-entry', '--cluster-name', clusterName],
      ...['--principal-arn', principalArn, '--type', type],
      // Of the other types EKS takes neither (eks-access-facts B23).
      ...(isStandard && username !== undefined ? ['--username', username] : []),
      ...(isStandard && kubernetesGroups.length > 0 ? ['--kubernetes-groups', ...kubernetesGroups] : []),
    ),
    ...associatedPolicies.map(({ policyArn, accessScope }) =>
      associate(clusterName, principalArn, policyArn, accessScope),
    ),
  ].join(' && ');
}

type AssociatedPolicy = SnapshotAccessEntry['associatedPolicies'][number];

export function associate(
  clusterName: string,
  principalArn: string,
  policyArn: string,
  { type, namespaces }: AccessScope,
): string {
  return command(
    ...['aws', 'eks', 'associate-access-policy', '--cluster-name', clusterName],
    ...['--principal-arn', principalArn, '--policy-arn', policyArn, '--access-scope'],
    type === 'cluster' ? 'type=cluster' : `type=namespace,namespaces=${namespaces.join(',')}`,
  );
}

export function disassociate(clusterName: string, principalArn: string, policyArn: string): string {
  return command(
    ...['aws', 'eks', 'disassociate-access-policy', '--cluster-name', clusterName],
    ...['--principal-arn', principalArn, '--policy-arn', policyArn],
  );
}

/** The kind and the name are one word, so that no name is taken for an option. */
export function deleteObject(kind: string, namespace: string, name: string): string {
  return command(
    ...['kubectl', 'delete', `${kind.toLowerCase()}/${name}`],
    ...(namespace === '' ? [] : ['--namespace', namespace]),
  );
}

/**
 * Takes one subject out of a binding, which keeps the others.
 *
 * SECURITY: a binding that somebody changed meanwhile has another subject at the place: the test refuses the whole patch.
 */
export function removeSubject(
  {
    kind,
    name,
    subjects,
  }: { readonly kind: string; readonly name: string; readonly subjects: readonly Subject[] },
  namespace: string,
  subject: Subject,
): string {
  if (subjects.length === 1) return deleteObject(kind, namespace, name);
  const path = `/subjects/${subjects.indexOf(subject)}`;
  const patch = [
    { op: 'test', path: `${path}/kind`, value: subject.kind },
    { op: 'test', path: `${path}/name`, value: subject.name },
    { op: 'remove', path },
  ];
  return command(
    ...['kubectl', 'patch', `${kind.toLowerCase()}/${name}`],
    ...(namespace === '' ? [] : ['--namespace', namespace]),
    ...['--type', 'json', '--patch', JSON.stringify(patch)],
  );
}
