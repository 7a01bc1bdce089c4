/** A server in this process with a built-in cluster whose API a connected cluster of the same server is followed from. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { clusterManifest } from '../../src/cli/cluster/manifest.ts';
import { type AwsClient, createAwsClient } from '../../src/clients/aws.ts';
import { createKubernetesClient, type KubernetesClient } from '../../src/clients/kubernetes.ts';
import { type RunningServer, startServer } from '../../src/server/server.ts';
import type { SigningCredentials } from '../../src/wire/sigv4/sign.ts';
import { createToken } from '../../src/wire/token/create.ts';

export const accountId = '111122223333';
const region = 'us-east-1';
const namespace = 'entryway';

export interface FollowWorld {
  readonly server: RunningServer;
  readonly aws: AwsClient;
  /** Requests to the built-in cluster as its creator; rejects unless the status is 2xx. */
  kube(method: string, path: string, body?: unknown, contentType?: string): Promise<unknown>;
  /** Endpoint and authority of the built-in cluster. */
  readonly source: { readonly endpoint: string; readonly caData: string };
  /** A token of the manifest's service account; made anew each time. */
  serviceAccountToken(): Promise<string>;
  /** Points the connected cluster at the built-in one. */
  connect(token: string): Promise<void>;
  /** A token of a new IAM user for the connected cluster, with the user's ARN. */
  user(name: string): Promise<{ readonly arn: string; token(): string }>;
  close(): Promise<void>;
}

/** The manifest that we hand out is what gives the follower its rights: what it lacks, the tests lack. */
export async function openFollowWorld(): Promise<FollowWorld> {
  const directory = mkdtempSync(join(tmpdir(), 'entryway-follow-'));
  const listen = { host: '127.0.0.1', port: 0 };
  const server = await startServer({
    dataDirectory: directory,
    awsListen: listen,
    kubeListen: listen,
    accountId,
    region,
    readyFile: undefined,
    logLevel: 'silent',
    logFormat: 'text',
  });
  const { connection } = server;
  const credentials = connection as SigningCredentials;
  const aws = createAwsClient({ endpoint: connection.awsEndpoint, region, credentials });
  const roleArn = `arn:aws:iam::${accountId}:role/cluster`;
  await aws.call('iam', 'CreateRole', {
    RoleName: 'cluster',
    AssumeRolePolicyDocument: JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { Service: ['eks.amazonaws.com', 'ssm.amazonaws.com'] },
          Action: 'sts:AssumeRole',
        },
      ],
    }),
  });
  const { cluster } = await aws.call<{
    cluster: { endpoint: string; certificateAuthority: { data: string } };
  }>('eks', 'CreateCluster', { name: 'source', roleArn, resourcesVpcConfig: { subnetIds: ['subnet-1'] } });
  await aws.call('eks', 'RegisterCluster', {
    name: 'fleet',
    connectorConfig: { roleArn, provider: 'OTHER' },
  });

  const tokenFor = (clusterName: string, keys: SigningCredentials): string =>
    createToken({ credentials: keys, region, clusterName, now: Date.now() });
  const client: KubernetesClient = createKubernetesClient(
    cluster.endpoint,
    readFileSync(connection.caFile, 'utf8'),
  );
  const kube: FollowWorld['kube'] = async (method, path, body, contentType) => {
    const token = tokenFor('source', credentials);
    const call = { token, method, path, body, ...(contentType !== undefined && { contentType }) };
    const answer = await client.send(call);
    if (answer.status >= 300)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  for (const document of parseAllDocuments(clusterManifest(namespace))) {
    const object = document.toJS() as Manifest | null;
    if (object !== null && object.kind !== 'Secret') await kube('POST', pathOf(object), object);
  }
  return {
    server,
    aws,
    kube,
    source: { endpoint: cluster.endpoint, caData: cluster.certificateAuthority.data },
    async serviceAccountToken() {
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts/entryway-follower/token`;
      const made = (await kube('POST', path, {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: {},
      })) as { status: { token: string } };
      return made.status.token;
    },
    async connect(token) {
      await aws.call('entryway', 'PutClusterConnection', {
        clusterName: 'fleet',
        server: cluster.endpoint,
        certificateAuthorityData: cluster.certificateAuthority.data,
        bearerToken: token,
      });
    },
    async user(name) {
      const { User } = await aws.call<{ User: { Arn: string } }>('iam', 'CreateUser', { UserName: name });
      const { AccessKey } = await aws.call<{
        AccessKey: { AccessKeyId: string; SecretAccessKey: string };
      }>('iam', 'CreateAccessKey', { UserName: name });
      const keys = { accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey };
      return { arn: User.Arn, token: () => tokenFor('fleet', keys) };
    },
    async close() {
      client.close();
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly namespace?: string };
}

function pathOf({ apiVersion, kind, metadata }: Manifest): string {
  const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  const where = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
  return `${root}${where}/${kind.toLowerCase()}s`;
}

/** Asks again until the answer is what is awaited; fails with the last one after the deadline. */
export async function eventually<T>(
  read: () => T | Promise<T>,
  isAwaited: (value: T) => boolean,
  deadlineMs = 10_000,
): Promise<T> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const value = await read();
    if (isAwaited(value)) return value;
    if (Date.now() > end) throw new Error(`not within ${deadlineMs} ms; last: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
