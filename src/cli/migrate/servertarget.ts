import type { PlannedEntry } from '../../engine/analysis/migrate/plan.ts';
import { type RbacMetadata, rbacManifest } from '../../engine/rbac/manifest.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import { CommandError } from '../failure.ts';
import type { CallerOptions } from '../ours.ts';
import { openCluster } from './clusterconnection.ts';
import { creation } from './script.ts';
import type { FoundEntry, MigrationTarget, PlannedBinding } from './target.ts';

const pollMs = 200;
const deadlineMs = 60_000;

/** A cluster of the running server, through the EKS API and its Kubernetes API, as whom the options name. */
export async function openServerTarget(
  options: CallerOptions,
  { clusterName, clusterArn }: { readonly clusterName: string; readonly clusterArn: string },
): Promise<MigrationTarget & { close(): void }> {
  const connection = await openCluster(options, { clusterName, clusterArn }, 'aws-auth cannot be looked at');
  const { describe, read, change, close } = connection;
  const eks = <Output>(operation: string, input: Readonly<Record<string, unknown>>): Promise<Output> =>
    connection.call<Output>('eks', operation, input);
  const configMaps = '/api/v1/namespaces/kube-system/configmaps';

  return {
    mode: async () => (await describe()).accessConfig.authenticationMode,
    async switchMode(authenticationMode) {
      await eks('UpdateClusterConfig', { name: clusterName, accessConfig: { authenticationMode } });
      const deadline = Date.now() + deadlineMs;
      for (;;) {
        const { status, accessConfig } = await describe();
        if (status === 'ACTIVE' && accessConfig.authenticationMode === authenticationMode) return;
        if (Date.now() > deadline) {
          throw new CommandError(
            'failure',
            `the cluster is still not in mode ${authenticationMode}`,
            'run it again',
          );
        }
        await new Promise((resolve) => setTimeout(resolve, pollMs));
      }
    },
    async entry(principalArn) {
      const key = { clusterName, principalArn };
      try {
        const { accessEntry } = await eks<{
          accessEntry: Omit<FoundEntry, 'policies' | 'createdAt'> & { createdAt: Date | number };
        }>('DescribeAccessEntry', key);
        const { associatedAccessPolicies } = await eks<{ associatedAccessPolicies: FoundEntry['policies'] }>(
          'ListAssociatedAccessPolicies',
          key,
        );
        const { type, username, kubernetesGroups, createdAt } = accessEntry;
        return {
          ...{ type, username, kubernetesGroups, createdAt: new Date(createdAt).getTime() },
          policies: associatedAccessPolicies.map(
            ({ policyArn, accessScope: { type: scope, namespaces } }) => ({
              policyArn,
              accessScope: { type: scope, namespaces },
            }),
          ),
        };
      } catch (error) {
        if (error instanceof AwsError && error.code === 'ResourceNotFoundException') return undefined;
        throw error;
      }
    },
    createEntry: async (entry: PlannedEntry) =>
      void (await eks('CreateAccessEntry', creation({ clusterName }, entry))),
    async associate(principalArn, { policyArn, accessScope: { type, namespaces } }) {
      const accessScope = { type, ...(type === 'namespace' && { namespaces }) };
      await eks('AssociateAccessPolicy', { clusterName, principalArn, policyArn, accessScope });
    },
    deleteEntry: async (principalArn) => void (await eks('DeleteAccessEntry', { clusterName, principalArn })),
    async binding(binding) {
      const found = (await read(bindingPath(binding))) as BindingManifest | undefined;
      if (found === undefined) return 'absent';
      return meaningOf(found) === meaningOf(rbacManifest(binding)) ? 'same' : 'other';
    },
    createBinding: (binding) => change('POST', collectionPath(binding), rbacManifest(binding)),
    deleteBinding: (binding) => change('DELETE', bindingPath(binding)),
    async awsAuth() {
      const found = (await read(`${configMaps}/aws-auth`)) as
        | { readonly data?: Record<string, string> }
        | undefined;
      return found && (found.data ?? {});
    },
    createAwsAuth: (data) =>
      change('POST', configMaps, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'aws-auth', namespace: 'kube-system' },
        data,
      }),
    deleteAwsAuth: () => change('DELETE', `${configMaps}/aws-auth`),
    close,
  };
}

interface BindingManifest {
  readonly kind: string;
  readonly metadata: RbacMetadata;
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly kind: string; readonly name: string }[];
}

/** Role and subjects: what makes two bindings of one name the same. */
function meaningOf({ roleRef, subjects = [] }: BindingManifest): string {
  const names = subjects.map(({ kind, name }) => `${kind} ${name}`).sort();
  return JSON.stringify([roleRef?.kind, roleRef?.name, names]);
}

function collectionPath(binding: PlannedBinding): string {
  const group = '/apis/rbac.authorization.k8s.io/v1';
  return binding.kind === 'RoleBinding'
    ? `${group}/namespaces/${encodeURIComponent(binding.namespace)}/rolebindings`
    : `${group}/clusterrolebindings`;
}

function bindingPath(binding: PlannedBinding): string {
  return `${collectionPath(binding)}/${encodeURIComponent(binding.name)}`;
}
