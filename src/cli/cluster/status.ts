import { AwsError } from '../../wire/protocols/errors.ts';
import type { ConnectionOptions } from '../connection.ts';
import { printable } from '../render/printable.ts';
import { type ClusterClient, openClusterClient } from './client.ts';
import { type ClusterConnection, describe } from './connect.ts';

export interface StatusOptions extends ConnectionOptions {
  readonly output: 'text' | 'json';
}

interface Checked {
  readonly kind: string;
  readonly findings?: readonly {
    readonly severity: string;
    readonly code: string;
    readonly message: string;
  }[];
}

/** How following a connected cluster goes, and what is served of its aws-auth. */
export async function showStatus(clusterName: string, options: StatusOptions): Promise<void> {
  const client = openClusterClient(options);
  const { kind, findings = [] } = await client.aws.call<Checked>('entryway', 'CheckCluster', { clusterName });
  const connection = kind === 'connected' ? await connectionOf(client, clusterName) : undefined;
  const awsAuth = findings.filter(({ code }) => code.startsWith('awsAuth')).map(({ message }) => message);
  process.stdout.write(
    options.output === 'json'
      ? `${JSON.stringify({ clusterName, kind, connection, awsAuth }, undefined, 2)}\n`
      : asText(clusterName, kind, connection, awsAuth),
  );
}

async function connectionOf(
  client: ClusterClient,
  clusterName: string,
): Promise<ClusterConnection | undefined> {
  try {
    return await describe(client, clusterName);
  } catch (error) {
    if (error instanceof AwsError && error.code === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

function asText(
  clusterName: string,
  kind: string,
  connection: ClusterConnection | undefined,
  awsAuth: readonly string[],
): string {
  const rows: (readonly [title: string, text: string])[] = [
    ['cluster', `${clusterName} (${kind === 'connected' ? 'connected' : 'built in'})`],
  ];
  if (connection !== undefined) {
    const { server, state, message, objects = 0, lastSeenAt, credentialExpiresAt } = connection;
    rows.push(
      ['API', server],
      ['state', message === undefined ? state : `${state}: ${message}`],
      ['objects', String(objects)],
      ['last seen', lastSeenAt?.toISOString() ?? 'not since the server started'],
      [
        'credential',
        credentialExpiresAt ? `ends ${credentialExpiresAt.toISOString()}` : 'does not say when it ends',
      ],
    );
  } else if (kind === 'connected') {
    rows.push(['state', 'not followed: `entryway cluster connect` gives the server a kubeconfig']);
  }
  for (const line of awsAuth) rows.push(['aws-auth', line]);
  return rows.map(([title, text]) => `${title.padEnd(12)}${printable(text)}\n`).join('');
}
