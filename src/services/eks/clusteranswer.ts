import { createHash } from 'node:crypto';
import type { Cluster, ClusterStatus, ConnectorConfigResponse } from '@aws-sdk/client-eks';
import type { ClusterConnectionRecord, WebhookCredentialRecord } from '../../storage/records/connections.ts';
import type { ClusterRecord, ConnectorRecord } from '../../storage/records/eks.ts';
import { oidcIssuerOf } from '../../storage/records/issuer.ts';
import { clusterConnectionKey, webhookCredentialsPrefix } from '../../storage/records/keys.ts';
import type { EksDeps } from './deps.ts';

/** The cluster as DescribeCluster shows it. `now` is epoch milliseconds. */
export async function describedCluster(deps: EksDeps, record: ClusterRecord, now: number): Promise<Cluster> {
  if (record.connector === undefined) return shownCluster(deps, record);
  const { storage } = deps;
  const stored = await storage.get(clusterConnectionKey(record.clusterId));
  const connection = stored && (JSON.parse(stored.value) as ClusterConnectionRecord);
  const isConnected = connection !== undefined || (await hasWebhookCredential(deps, record.clusterId, now));
  return shownConnectedCluster(record, record.connector, isConnected ? 'ACTIVE' : 'PENDING', connection);
}

/**
 * COMPAT: a built-in cluster is ACTIVE, with endpoint and CA, from the first answer on: waiters and
 * `update-kubeconfig` (which wants ACTIVE or UPDATING, eks-access-facts H7) accept that, and nothing is being built.
 */
export function shownCluster(
  deps: EksDeps,
  record: ClusterRecord,
  status: ClusterStatus = 'ACTIVE',
): Cluster {
  return {
    ...record.echoed,
    ...commonMembers(record, status),
    version: record.version,
    platformVersion: 'eks.1',
    endpoint: deps.endpointOf(record),
    certificateAuthority: { data: deps.certificateAuthorityData() },
    roleArn: record.roleArn,
    identity: { oidc: { issuer: oidcIssuerOf(record) } },
    health: { issues: [] },
  };
}

/**
 * A connected cluster has its own version, which nobody told us, and its own issuer, which somebody may have.
 *
 * COMPAT: EKS shows neither an access config nor an endpoint nor an issuer of a registered cluster. Here access entries
 * hold on it, and with a stored connection `aws eks update-kubeconfig` writes the address and the CA of its own API server.
 */
export function shownConnectedCluster(
  record: ClusterRecord,
  connector: ConnectorRecord,
  status: ClusterStatus,
  connection?: ClusterConnectionRecord,
): Cluster {
  return {
    ...commonMembers(record, status),
    connectorConfig: shownConnector(connector),
    ...(record.tokenIssuer !== undefined && { identity: { oidc: { issuer: record.tokenIssuer.url } } }),
    ...(connection !== undefined && {
      endpoint: connection.server,
      certificateAuthority: { data: connection.certificateAuthorityData },
    }),
  };
}

/** What RegisterCluster alone shows as well. */
export function registeredCluster(record: ClusterRecord, connector: ConnectorRecord): Cluster {
  return {
    ...shownConnectedCluster(record, connector, 'PENDING'),
    connectorConfig: { ...shownConnector(connector), activationCode: activationCodeOf(record) },
  };
}

const commonMembers = (record: ClusterRecord, status: ClusterStatus) => ({
  name: record.name,
  arn: record.arn,
  createdAt: new Date(record.createdAt),
  status,
  accessConfig: {
    authenticationMode: record.authenticationMode,
    bootstrapClusterCreatorAdminPermissions: record.bootstrapClusterCreatorAdminPermissions,
  },
  tags: { ...record.tags },
});

const shownConnector = (connector: ConnectorRecord): ConnectorConfigResponse => ({
  activationId: connector.activationId,
  activationExpiry: new Date(connector.activationExpiry),
  provider: connector.provider,
  roleArn: connector.roleArn,
});

/**
 * COMPAT: AWS's agent activates itself with this code. Nothing here takes it, so it is not kept: made of the cluster's id,
 * it is the same when the registration is repeated.
 */
function activationCodeOf({ clusterId }: ClusterRecord): string {
  return createHash('sha256').update(`activation code of ${clusterId}`).digest('base64url').slice(0, 20);
}

/** The cluster's API server has been given what it calls our webhooks with. */
async function hasWebhookCredential(
  { storage }: Pick<EksDeps, 'storage'>,
  clusterId: string,
  now: number,
): Promise<boolean> {
  const { entries } = await storage.list({ prefix: webhookCredentialsPrefix(clusterId) });
  return entries.some(({ value }) => {
    const { revokedAt, expiresAt } = JSON.parse(value) as WebhookCredentialRecord;
    return revokedAt === undefined && expiresAt > now;
  });
}
