import { createAwsClient } from '../../clients/aws.ts';
import { createKubernetesClient, type KubernetesAnswer } from '../../clients/kubernetes.ts';
import type { PlannedEntry } from '../../engine/analysis/migrate/plan.ts';
import { type RbacMetadata, rbacManifest } from '../../engine/rbac/manifest.ts';
import { identityOf } from '../../server/operatoridentity.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import { createToken } from '../../wire/token/create.ts';
import { readConnection } from '../connection.ts';
import { CommandError } from '../failure.ts';
import type { CallerOptions } from '../ours.ts';
import { creation } from './script.ts';
import type { FoundEntry, MigrationTarget, Mode, PlannedBinding } from './target.ts';

interface DescribedCluster {
  readonly cluster: {
    readonly arn: string;
    readonly status: string;
    /** Absent of a connected cluster that told no address. */
    readonly endpoint?: string;
    readonly certificateAuthority?: { readonly data: string };
    readonly accessConfig: { readonly authenticationMode: Mode };
  };
}

const pollMs = 200;
const deadlineMs = 60_000;

/** A cluster of the running server, through the EKS API and its Kubernetes API, as whom the options name. */
export async function openServerTarget(
  options: CallerOptions,
  { clusterName, clusterArn }: { readonly clusterName: string; readonly clusterArn: string },
): Promise<MigrationTarget & { close(): void }> {
  const connection = readConnection(options);
  const { awsEndpoint: endpoint, region } = connection;
  const credentials = await identityOf(connection, options);
  const aws = createAwsClient({ endpoint, region, credentials });
  const eks = <Output>(operation: string, input: Readonly<Record<string, unknown>>): Promise<Output> =>
    aws.call<Output>('eks', operation, input);
  const describe = async (): Promise<DescribedCluster['cluster']> =>
    (await eks<DescribedCluster>('DescribeCluster', { name: clusterName })).cluster;

  const { arn, endpoint: server, certificateAuthority } = await describe();
  if (arn !== clusterArn) {
    throw new CommandError(
      'misuse',
      `the cluster of that name is \`${arn}\`, the plan is for \`${clusterArn}\``,
      'name the server the plan was made on with --data',
    );
  }
  if (server === undefined || certificateAuthority === undefined) {
    throw new CommandError(
      'misuse',
      `the address of cluster \`${clusterName}\` is not known here, so aws-auth cannot be looked at in it`,
      'use --output script, which kubectl and the AWS CLI carry out',
    );
  }
  const kubernetes = createKubernetesClient(
    server,
    Buffer.from(certificateAuthority.data, 'base64').toString('utf8'),
  );
  const send = (method: string, path: string, body?: unknown): Promise<KubernetesAnswer> => {
    const token = createToken({ credentials, region, clusterName, now: Date.now() });
    return kubernetes.send({ token, method, path, ...(body !== undefined && { body }) });
  };
  const change = async (method: string, path: string, body?: unknown): Promise<void> => {
    const answer = await send(method, path, body);
    if (answer.status >= 300) throw refused(method, path, answer);
  };
  /** Undefined where it is not there. */
  const read = async (path: string): Promise<unknown> => {
    const answer = await send('GET', path);
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw refused('GET', path, answer);
    return answer.body;
  };
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
    close: () => kubernetes.close(),
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

function refused(method: string, path: string, { status, body }: KubernetesAnswer): CommandError {
  const { message } = (typeof body === 'object' && body !== null ? body : {}) as {
    readonly message?: unknown;
  };
  return new CommandError(
    status === 401 || status === 403 ? 'denied' : 'failure',
    `the cluster refused \`${method} ${path}\`: ${typeof message === 'string' ? message : status}`,
    'bindings and aws-auth are the cluster’s: be one of its administrators with --role ARN or --user NAME',
  );
}
