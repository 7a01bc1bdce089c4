import { type AwsClient, createAwsClient } from '../../clients/aws.ts';
import { createKubernetesClient, type KubernetesAnswer } from '../../clients/kubernetes.ts';
import { identityOf } from '../../server/operatoridentity.ts';
import { createToken } from '../../wire/token/create.ts';
import { readConnection } from '../connection.ts';
import { CommandError } from '../failure.ts';
import type { CallerOptions } from '../ours.ts';
import type { Mode } from './target.ts';

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

/** A cluster of the running server, as whom the options name: AWS's services beside its Kubernetes API. */
export interface ClusterConnection {
  readonly call: AwsClient['call'];
  describe(): Promise<DescribedCluster['cluster']>;
  /** Undefined where it is not there; throws where the cluster refuses. */
  read(path: string): Promise<unknown>;
  /** Throws where the cluster refuses. */
  change(method: string, path: string, body?: unknown, contentType?: string): Promise<void>;
  close(): void;
}

/** Throws CommandError where the cluster is another than the plan's, or its address is not known: `without` says what then. */
export async function openCluster(
  options: CallerOptions,
  { clusterName, clusterArn }: { readonly clusterName: string; readonly clusterArn: string },
  without: string,
): Promise<ClusterConnection> {
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
      `the address of cluster \`${clusterName}\` is not known here, so ${without} in it`,
      'use --output script, which kubectl and the AWS CLI carry out',
    );
  }
  const kubernetes = createKubernetesClient(
    server,
    Buffer.from(certificateAuthority.data, 'base64').toString('utf8'),
  );
  const send = (
    method: string,
    path: string,
    more: { readonly body?: unknown; readonly contentType?: string } = {},
  ): Promise<KubernetesAnswer> => {
    const token = createToken({ credentials, region, clusterName, now: Date.now() });
    return kubernetes.send({ token, method, path, ...more });
  };
  const change: ClusterConnection['change'] = async (method, path, body, contentType) => {
    const answer = await send(method, path, {
      ...(body !== undefined && { body }),
      ...(contentType !== undefined && { contentType }),
    });
    if (answer.status >= 300) throw refused(method, path, answer);
  };
  /** Undefined where it is not there. */
  const read = async (path: string): Promise<unknown> => {
    const answer = await send('GET', path);
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw refused('GET', path, answer);
    return answer.body;
  };

  return { call: aws.call, describe, read, change, close: () => kubernetes.close() };
}

function refused(method: string, path: string, { status, body }: KubernetesAnswer): CommandError {
  const { message } = (typeof body === 'object' && body !== null ? body : {}) as {
    readonly message?: unknown;
  };
  return new CommandError(
    status === 401 || status === 403 ? 'denied' : 'failure',
    `the cluster refused \`${method} ${path}\`: ${typeof message === 'string' ? message : status}`,
    'this is the cluster’s own: be one of its administrators with --role ARN or --user NAME',
  );
}
