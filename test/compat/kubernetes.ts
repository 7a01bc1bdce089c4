/** Stock Kubernetes clients with a token made beforehand: the AWS CLI takes a second for each one it makes. */
import { createHash, createHmac } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DescribeClusterCommand } from '@aws-sdk/client-eks';
import { CoreV1Api, KubeConfig, RbacAuthorizationV1Api, Watch } from '@kubernetes/client-node';
import { SignatureV4 } from '@smithy/signature-v4';
import { type CommandResult, type KubectlVersion, kubectlDirectory, newestKubectl, run } from './clients.ts';
import type { Connection, Keys } from './process.ts';
import type { Clients } from './world.ts';

class NodeSha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', toBytes(secret));
  }
  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(toBytes(data));
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

function toBytes(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

/** A cluster token as EKS documents it (eks-access-facts H1), presigned by AWS's own signer. */
async function clusterToken(connection: Connection, keys: Keys, clusterName: string): Promise<string> {
  const { region } = connection;
  const hostname = `sts.${region}.amazonaws.com`;
  const signer = new SignatureV4({ service: 'sts', region, sha256: NodeSha256, credentials: keys });
  const { query = {} } = await signer.presign(
    {
      method: 'GET',
      protocol: 'https:',
      hostname,
      path: '/',
      query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
      headers: { host: hostname, 'x-k8s-aws-id': clusterName },
    },
    { expiresIn: 60, unhoistableHeaders: new Set(['x-k8s-aws-id']) },
  );
  const parameters = new URLSearchParams(query as Record<string, string>);
  return `k8s-aws-v1.${Buffer.from(`https://${hostname}/?${parameters}`).toString('base64url')}`;
}

export interface ClusterAddress {
  readonly name: string;
  readonly arn: string;
  readonly endpoint: string;
  /** Base64 of the CA's PEM, as DescribeCluster answers it. */
  readonly caData: string;
}

/** What `aws eks update-kubeconfig` reads. */
export async function clusterAddress({ eks }: Clients, name: string): Promise<ClusterAddress> {
  const { cluster } = await eks.send(new DescribeClusterCommand({ name }));
  return {
    name,
    arn: cluster?.arn ?? '',
    endpoint: cluster?.endpoint ?? '',
    caData: cluster?.certificateAuthority?.data ?? '',
  };
}

function kubeconfigOf({ arn, endpoint, caData }: ClusterAddress, token: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: arn, cluster: { server: endpoint, 'certificate-authority-data': caData } }],
    users: [{ name: arn, user: { token } }],
    contexts: [{ name: arn, context: { cluster: arn, user: arn } }],
    'current-context': arn,
  });
}

/** One identity in one cluster, through kubectl and through @kubernetes/client-node. */
export interface KubernetesUser {
  readonly token: string;
  readonly config: KubeConfig;
  readonly core: CoreV1Api;
  readonly rbac: RbacAuthorizationV1Api;
  readonly watch: Watch;
  kubectl(...args: readonly string[]): Promise<CommandResult>;
  /** `kubectl auth can-i …`: whether it said yes. Throws when it said neither yes nor no. */
  can(...request: readonly string[]): Promise<boolean>;
  /** `kubectl apply -f -`, which must succeed. */
  apply(...objects: readonly object[]): Promise<void>;
}

export async function openKubernetesUser(
  directory: string,
  connection: Connection,
  cluster: ClusterAddress,
  keys: Keys,
  version: KubectlVersion = newestKubectl,
): Promise<KubernetesUser> {
  const token = await clusterToken(connection, keys, cluster.name);
  const home = mkdtempSync(join(directory, 'kubectl-'));
  const text = kubeconfigOf(cluster, token);
  writeFileSync(join(home, 'config'), text, { mode: 0o600 });
  const env = {
    PATH: `${kubectlDirectory(version)}:${process.env.PATH ?? ''}`,
    HOME: home,
    KUBECONFIG: join(home, 'config'),
  };
  const config = new KubeConfig();
  config.loadFromString(text);
  const kubectl = (...args: readonly string[]): Promise<CommandResult> =>
    run('kubectl', args, { env, cwd: home });
  return {
    token,
    config,
    core: config.makeApiClient(CoreV1Api),
    rbac: config.makeApiClient(RbacAuthorizationV1Api),
    watch: new Watch(config),
    kubectl,
    async can(...request) {
      const result = await kubectl('auth', 'can-i', ...request);
      const answer = result.stdout.trim().split(' ')[0];
      if (answer !== 'yes' && answer !== 'no')
        throw new Error(`can-i ${request.join(' ')}: ${result.stdout}${result.stderr}`);
      return answer === 'yes';
    },
    async apply(...objects) {
      const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
      const result = await run('kubectl', ['apply', '-f', '-'], { env, cwd: home, input: list });
      if (result.code !== 0) throw new Error(`kubectl apply: ${result.stderr}`);
    },
  };
}

/** The HTTP status a call of @kubernetes/client-node ends with: 200 for every success. */
export async function statusOf(call: Promise<unknown>): Promise<number> {
  try {
    await call;
    return 200;
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (typeof code === 'number') return code;
    throw error;
  }
}

/** What kubectl prints for a refusal by the authorizer. */
export function forbidden(resource: string, user: string, verb: string, where: string, group = ''): string {
  return `Error from server (Forbidden): ${resource} is forbidden: User "${user}" cannot ${verb} resource "${resource.split(' ')[0]}" in API group "${group}" ${where}\n`;
}
