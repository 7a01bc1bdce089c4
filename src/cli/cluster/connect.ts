import { closeSync, openSync, readSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type KubeconfigData, KubeconfigError, readKubeconfig } from '../../wire/kube/kubeconfigread.ts';
import type { ConnectionOptions } from '../connection.ts';
import { CommandError } from '../failure.ts';
import { printable } from '../render/printable.ts';
import { readText } from '../textfile.ts';
import { type ClusterClient, openClusterClient } from './client.ts';

export interface ConnectOptions extends ConnectionOptions {
  readonly kubeconfig: string;
  readonly context?: string;
}

/** What DescribeClusterConnection answers. */
export interface ClusterConnection {
  readonly clusterName: string;
  readonly server: string;
  readonly state: string;
  readonly message?: string;
  readonly objects?: number;
  readonly lastSeenAt?: Date;
  readonly credentialExpiresAt?: Date;
  readonly savedAt: Date;
}

/** How long the first look at a cluster is waited for. */
const patience = 15_000;

/** Gives the server what a kubeconfig says about one cluster and one user, and waits for how it goes. */
export async function connectCluster(clusterName: string, options: ConnectOptions): Promise<void> {
  const input = inputOf(options);
  const client = openClusterClient(options);
  await client.aws.call('entryway', 'PutClusterConnection', { clusterName, ...input });
  const connection = await settled(client, clusterName);
  const { state, message, server, objects } = connection;
  if (state === 'disconnected') {
    throw new CommandError(
      'failure',
      `the connection is stored, but ${printable(server)} cannot be followed: ${printable(message ?? state)}`,
      'the server goes on trying; `entryway cluster status` tells how it goes',
    );
  }
  const how =
    state === 'following'
      ? `follows ${objects} objects`
      : `${state}${message ? `: ${printable(message)}` : ''}`;
  process.stdout.write(`cluster ${clusterName} is connected to ${printable(server)}: ${how}\n`);
}

export interface DisconnectOptions extends ConnectionOptions {
  readonly yes?: true;
}

/** Without `--yes` it only says what would happen: who got in by aws-auth no longer does. */
export async function disconnectCluster(clusterName: string, options: DisconnectOptions): Promise<void> {
  const client = openClusterClient(options);
  const { server, objects = 0 } = await describe(client, clusterName);
  process.stdout.write(
    `cluster ${clusterName} is followed at ${printable(server)}: ${objects} objects\n` +
      'without the connection its aws-auth maps nobody any more, at once; access entries go on counting\n',
  );
  if (options.yes === undefined) {
    throw new CommandError('misuse', 'nothing was changed', 'run it again with --yes to disconnect');
  }
  await client.aws.call('entryway', 'DeleteClusterConnection', { clusterName });
  process.stdout.write(`cluster ${clusterName} is no longer connected\n`);
}

export async function describe(client: ClusterClient, clusterName: string): Promise<ClusterConnection> {
  const { connection } = await client.aws.call<{ readonly connection: ClusterConnection }>(
    'entryway',
    'DescribeClusterConnection',
    { clusterName },
  );
  return connection;
}

async function settled(client: ClusterClient, clusterName: string): Promise<ClusterConnection> {
  const end = Date.now() + patience;
  for (;;) {
    const connection = await describe(client, clusterName);
    if (connection.state !== 'connecting' || Date.now() > end) return connection;
    await new Promise((wake) => setTimeout(wake, 200));
  }
}

/** Members of PutClusterConnection. Files are read relative to the kubeconfig. */
export function inputOf({
  kubeconfig,
  context,
}: Pick<ConnectOptions, 'kubeconfig' | 'context'>): Readonly<Record<string, string>> {
  const folder = kubeconfig === '-' ? '.' : dirname(kubeconfig);
  const base64 = (data: KubeconfigData): string =>
    'data' in data ? data.data.replace(/\s/g, '') : readBytes(resolve(folder, data.file)).toString('base64');
  try {
    const { server, certificateAuthority, tlsServerName, credential } = readKubeconfig(
      readText(kubeconfig),
      context,
    );
    const connection = {
      server,
      certificateAuthorityData: base64(certificateAuthority),
      ...(tlsServerName !== undefined && { tlsServerName }),
    };
    switch (credential.kind) {
      case 'token':
        return { ...connection, bearerToken: credential.token };
      case 'tokenFile':
        return {
          ...connection,
          bearerToken: readBytes(resolve(folder, credential.file)).toString('utf8').trim(),
        };
      case 'certificate':
        return {
          ...connection,
          clientCertificateData: base64(credential.certificate),
          clientKeyData: base64(credential.key),
        };
      default:
        return credential satisfies never;
    }
  } catch (error) {
    if (error instanceof KubeconfigError) {
      throw new CommandError('misuse', `\`${kubeconfig}\`: ${printable(error.message)}`, error.hint);
    }
    throw error;
  }
}

/** A certificate, a key or a token; what the server takes is smaller. */
const longestFile = 1024 * 1024;

/** A kubeconfig that somebody else wrote may name anything, also what never ends. */
function readBytes(path: string): Buffer {
  const bytes = Buffer.alloc(longestFile + 1);
  let length = 0;
  try {
    const file = openSync(path, 'r');
    try {
      for (let read = -1; read !== 0 && length < bytes.length; length += read) {
        read = readSync(file, bytes, length, bytes.length - length, null);
      }
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const { code = 'error' } = error as NodeJS.ErrnoException;
    throw new CommandError('misuse', `\`${path}\`, which the kubeconfig names, cannot be read (${code})`);
  }
  if (length > longestFile) {
    throw new CommandError('misuse', `\`${path}\`, which the kubeconfig names, is larger than 1 MiB`);
  }
  return bytes.subarray(0, length);
}
