import { stringify } from 'yaml';

export type KubeconfigOptions = KubeconfigNames & (KubeconfigPlugin | KubeconfigToken);

interface KubeconfigNames {
  /** Names cluster, context and user, as `aws eks update-kubeconfig` does (eks-access-facts H7). */
  readonly clusterArn: string;
  /** `https://…` of the cluster's API. */
  readonly endpoint: string;
  /** Base64 of the PEM, as DescribeCluster gives it. */
  readonly caData: string;
  /** Name of the context; the ARN unless given. */
  readonly contextName?: string;
  /** Name of the user; the ARN unless given. */
  readonly userName?: string;
}

/** A program that makes tokens. */
interface KubeconfigPlugin {
  readonly exec: {
    readonly command: string;
    readonly args: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  };
}

/** SECURITY: whoever reads the kubeconfig can use it. */
interface KubeconfigToken {
  readonly token: string;
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

/** A kubeconfig with one cluster, as YAML. It holds no secret where tokens come from an exec plugin. */
export function kubeconfigFor(options: KubeconfigOptions): string {
  const { clusterArn, endpoint, caData } = options;
  const context = options.contextName ?? clusterArn;
  const user = options.userName ?? clusterArn;
  return stringify(
    {
      apiVersion: 'v1',
      clusters: [{ cluster: { 'certificate-authority-data': caData, server: endpoint }, name: clusterArn }],
      contexts: [{ context: { cluster: clusterArn, user }, name: context }],
      'current-context': context,
      kind: 'Config',
      preferences: {},
      users: [{ name: user, user: credentialOf(options) }],
    },
    { lineWidth: 0 },
  );
}

function credentialOf(options: KubeconfigPlugin | KubeconfigToken): object {
  if ('token' in options) return { token: options.token };
  const { command, args } = options.exec;
  const env = Object.entries(options.exec.env).map(([name, value]) => ({ name, value }));
  const apiVersion = 'client.authentication.k8s.io/v1beta1';
  return { exec: { apiVersion, args: [...args], command, ...(env.length > 0 && { env }) } };
}
