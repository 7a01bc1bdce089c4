import { createAwsClient } from '../../clients/aws.ts';
import { createKubernetesClient, type KubernetesAnswer } from '../../clients/kubernetes.ts';
import { type IdentityOptions, rootCredentials } from '../../server/operatoridentity.ts';
import type { ReadyFile } from '../../server/readyfile.ts';
import { createToken } from '../../wire/token/create.ts';
import { operatorCredentials } from '../agent/credentials.ts';
import { CommandError } from '../failure.ts';
import type { Pod, TokenFile } from './container.ts';
import type { IssuedToken } from './tokenfiles.ts';

/** A built-in cluster, as its pods are seen by whom the options name. */
export interface OpenedCluster {
  /** `NAMESPACE/NAME`. */
  pod(name: string): Promise<Pod>;
  token(pod: Pod, file: TokenFile): Promise<IssuedToken>;
  close(): void;
}

export async function openCluster(
  connection: ReadyFile,
  options: IdentityOptions & { readonly cluster: string },
): Promise<OpenedCluster> {
  const { awsEndpoint: endpoint, region } = connection;
  const aws = createAwsClient({ endpoint, region, credentials: rootCredentials(connection) });
  const { cluster } = await aws.call<{
    cluster: { readonly endpoint?: string; readonly certificateAuthority?: { readonly data: string } };
  }>('eks', 'DescribeCluster', { name: options.cluster });
  if (cluster.endpoint === undefined || cluster.certificateAuthority === undefined) {
    throw new CommandError(
      'misuse',
      `cluster \`${options.cluster}\` is connected: its pods run on its nodes`,
      'name a built-in cluster with --cluster',
    );
  }
  const identity = operatorCredentials(connection, options);
  const caPem = Buffer.from(cluster.certificateAuthority.data, 'base64').toString('utf8');
  const client = createKubernetesClient(cluster.endpoint, caPem);
  const send = async <Body>(method: string, path: string, body?: unknown): Promise<Body> => {
    const credentials = await identity();
    const token = createToken({ credentials, region, clusterName: options.cluster, now: Date.now() });
    const answer = await client.send({ token, method, path, ...(body !== undefined && { body }) });
    if (answer.status >= 300) throw refused(answer);
    return answer.body as Body;
  };
  return {
    pod(text) {
      const [, namespace, name] = /^([^/]+)\/([^/]+)$/.exec(text) ?? [];
      if (namespace === undefined || name === undefined) {
        throw new CommandError('misuse', `\`${text}\` is not NAMESPACE/NAME of a pod`);
      }
      return send(
        'GET',
        `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`,
      );
    },
    async token({ metadata: { namespace, name, uid }, spec }, { audience, expirationSeconds }) {
      const { serviceAccountName: account = 'default' } = spec;
      const { status } = await send<{ status: { token: string; expirationTimestamp: string } }>(
        'POST',
        `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(account)}/token`,
        {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: {
            audiences: audience === undefined ? [] : [audience],
            expirationSeconds,
            boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
          },
        },
      );
      return { token: status.token, expiresAt: Date.parse(status.expirationTimestamp) };
    },
    close: () => client.close(),
  };
}

function refused({ status, body }: KubernetesAnswer): CommandError {
  const { message } = (body ?? {}) as { readonly message?: unknown };
  const isDenied = status === 401 || status === 403;
  const hints: Readonly<Record<number, string>> = {
    401: 'the cluster does not know who asks: name somebody it knows with --role or --user',
    403: 'name somebody who may with --role or --user',
    404: 'see what there is: kubectl get pods --all-namespaces',
  };
  return new CommandError(
    isDenied ? 'denied' : 'failure',
    typeof message === 'string' ? message : `the cluster answered ${status}`,
    hints[status],
  );
}
