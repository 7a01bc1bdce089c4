import { type AwsClient, createAwsClient } from '../../clients/aws.ts';
import { rootCredentials } from '../../server/operatoridentity.ts';
import type { ReadyFile } from '../../server/readyfile.ts';
import { type ConnectionOptions, readConnection } from '../connection.ts';
import { credentialsFromEnvironment } from '../identity.ts';

export interface ClusterClient {
  readonly connection: ReadyFile;
  readonly aws: AwsClient;
}

/** A client of the running server with the keys of the environment, whose permissions then count; else as root. */
export function openClusterClient(options: ConnectionOptions): ClusterClient {
  const connection = readConnection(options);
  const { awsEndpoint: endpoint, region } = connection;
  const credentials = credentialsFromEnvironment() ?? rootCredentials(connection);
  return { connection, aws: createAwsClient({ endpoint, region, credentials }) };
}
