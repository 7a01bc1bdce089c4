import { createHash } from 'node:crypto';
import type { Cluster, ClusterStatus } from '@aws-sdk/client-eks';
import type { ClusterRecord } from '../../storage/records/eks.ts';
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
    identity: { oidc: { issuer: oidcIssuer(record) } },
    health: { issues: [] },
    tags: { ...record.tags },
  };
}

const dnsSuffixes: Readonly<Record<string, string>> = {
  'aws-cn': 'amazonaws.com.cn',
  'aws-iso': 'c2s.ic.gov',
  'aws-iso-b': 'sc2s.sgov.gov',
};

/** Stable per cluster, different after re-creation, in EKS's form (eks-access-facts I1). */
function oidcIssuer(record: ClusterRecord): string {
  const partition = record.arn.split(':')[1] ?? '';
  const suffix = dnsSuffixes[partition] ?? 'amazonaws.com';
  const id = createHash('sha256').update(`oidc issuer of ${record.clusterId}`).digest('hex').slice(0, 32);
  return `https://oidc.eks.${record.region}.${suffix}/id/${id.toUpperCase()}`;
}
