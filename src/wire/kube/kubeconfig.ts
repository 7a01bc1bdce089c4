import { stringify } from 'yaml';

export interface KubeconfigOptions {
  /** Names cluster, context and user, as `aws eks update-kubeconfig` does (eks-access-facts H7). */
  readonly clusterArn: string;
  /** `https://…` of the cluster's API. */
  readonly endpoint: string;
  /** Base64 of the PEM, as DescribeCluster gives it. */
  readonly caData: string;
  readonly exec: {
    readonly command: string;
    readonly args: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  };
  /** Name of the context; the ARN unless given. */
  readonly contextName?: string;
  /** Name of the user; the ARN unless given. */
  readonly userName?: string;
}

/** The arguments of the exec plugin AWS writes (H7). */
export function getTokenArgs(options: {
  readonly region: string;
  readonly clusterName: string;
  readonly roleArn?: string;
}): readonly string[] {
  const { region, clusterName, roleArn } = options;
  const role = roleArn === undefined ? [] : ['--role', roleArn];
  return ['--region', region, 'eks', 'get-token', '--cluster-name', clusterName, '--output', 'json', ...role];
}

/** A kubeconfig with one cluster, as YAML. It holds no secret: tokens come from the exec plugin. */
export function kubeconfigFor(options: KubeconfigOptions): string {
  const { clusterArn, endpoint, caData, exec } = options;
  const context = options.contextName ?? clusterArn;
  const user = options.userName ?? clusterArn;
  const env = Object.entries(exec.env).map(([name, value]) => ({ name, value }));
  return stringify(
    {
      apiVersion: 'v1',
      clusters: [{ cluster: { 'certificate-authority-data': caData, server: endpoint }, name: clusterArn }],
      contexts: [{ context: { cluster: clusterArn, user }, name: context }],
      'current-context': context,
      kind: 'Config',
      preferences: {},
      users: [
        {
          name: user,
          user: {
            exec: {
              apiVersion: 'client.authentication.k8s.io/v1beta1',
              args: [...exec.args],
              command: exec.command,
              ...(env.length > 0 && { env }),
            },
          },
        },
      ],
    },
    { lineWidth: 0 },
  );
}
