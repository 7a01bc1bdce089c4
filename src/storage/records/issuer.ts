import { createHash } from 'node:crypto';
import type { ClusterRecord } from './eks.ts';

const dnsSuffixes: Readonly<Record<string, string>> = {
  'aws-cn': 'amazonaws.com.cn',
  'aws-iso': 'c2s.ic.gov',
  'aws-iso-b': 'sc2s.sgov.gov',
};

/**
 * The issuer of a cluster's service account tokens: what DescribeCluster shows and what the tokens say. Stable per
 * cluster, different after re-creation, in EKS's form (eks-access-facts I1).
 */
export function oidcIssuerOf(record: Pick<ClusterRecord, 'clusterId' | 'arn' | 'region'>): string {
  const partition = record.arn.split(':')[1] ?? '';
  const suffix = dnsSuffixes[partition] ?? 'amazonaws.com';
  const id = createHash('sha256').update(`oidc issuer of ${record.clusterId}`).digest('hex').slice(0, 32);
  return `https://oidc.eks.${record.region}.${suffix}/id/${id.toUpperCase()}`;
}
