import { fileURLToPath } from 'node:url';
import { createAwsClient } from '../clients/aws.ts';
import { type IdentityOptions, rootCredentials } from '../server/operatoridentity.ts';
import { kubeconfigFor } from '../wire/kube/kubeconfig.ts';
import { type ConnectionOptions, readConnection } from './connection.ts';
import { CommandError } from './failure.ts';

interface DescribedCluster {
  readonly arn: string;
  /** Of a connected cluster not before its connection is stored. */
  readonly endpoint?: string;
  readonly certificateAuthority?: { readonly data: string };
}

/** Prints a kubeconfig like `aws eks update-kubeconfig` writes, whose user runs this very program instead of `aws`. */
export async function printKubeconfig(
  name: string,
  options: ConnectionOptions & IdentityOptions,
): Promise<void> {
  const connection = readConnection(options);
  const aws = createAwsClient({
    endpoint: connection.awsEndpoint,
    region: connection.region,
    credentials: rootCredentials(connection),
  });
  const { cluster } = await aws.call<{ cluster: DescribedCluster }>('eks', 'DescribeCluster', { name });
  const { arn, endpoint, certificateAuthority } = cluster;
  if (endpoint === undefined || certificateAuthority === undefined) {
    throw new CommandError(
      'failure',
      `cluster \`${name}\` is connected, and where its API server is has not been told`,
      'store a connection to it, or take the address from its own kubeconfig',
    );
  }
  const identity = Object.entries({ '--role': options.role, '--user': options.user })
    .filter(([, value]) => value !== undefined)
    .flatMap(([option, value]) => [option, value ?? '']);
  process.stdout.write(
    kubeconfigFor({
      clusterArn: arn,
      endpoint,
      caData: certificateAuthority.data,
      exec: {
        // The Node that runs now, by path: kubectl may be started where neither npx nor the right Node is found.
        command: process.execPath,
        args: [
          fileURLToPath(new URL('../../bin/entryway.js', import.meta.url)),
          'token',
          '--cluster-name',
          name,
          ...(options.readyFile === undefined
            ? ['--data', connection.dataDir]
            : ['--ready-file', options.readyFile]),
          ...identity,
        ],
        env: {},
      },
    }),
  );
}
