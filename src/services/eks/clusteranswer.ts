import type { Cluster, ClusterStatus } from '@aws-sdk/client-eks';
import type { ClusterRecord } from '../../storage/records/eks.ts';
import { oidcIssuerOf } from '../../storage/records/issuer.ts';
import type { EksDeps } from './deps.ts';

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
    name: record.name,
    arn: record.arn,
    createdAt: new Date(record.createdAt),
    version: record.version,
    platformVersion: 'eks.1',
    status,
    endpoint: deps.endpointOf(record),
    certificateAuthority: { data: deps.certificateAuthorityData() },
    roleArn: record.roleArn,
    accessConfig: {
      authenticationMode: record.authenticationMode,
      bootstrapClusterCreatorAdminPermissions: record.bootstrapClusterCreatorAdminPermissions,
    },
    identity: { oidc: { issuer: oidcIssuerOf(record) } },
    health: { issues: [] },
    tags: { ...record.tags },
  };
}
