import { createHash } from 'node:crypto';
import type { ClusterRecord } from './eks.ts';

const dnsSuffixes: Readonly<Record<string, string>> = {
  'aws-cn': 'amazonaws.com.cn',
  'aws-iso': 'c2s.ic.gov',
  'aws-iso-b': 'sc2s.sgov.gov',
};

/**
 * The issuer of a built-in cluster's service account tokens: what DescribeCluster shows and what the tokens say. Stable
 * per cluster, different after re-creation, in EKS's form (eks-access-facts I1) or at the address that the server had for
 * issuers when the cluster was made. For clusters of both kinds: `tokenIssuerOf`.
 */
export function oidcIssuerOf(
  record: Pick<ClusterRecord, 'clusterId' | 'arn' | 'region' | 'oidcIssuer'>,
): string {
  if (record.oidcIssuer !== undefined) return record.oidcIssuer;
  const partition = record.arn.split(':')[1] ?? '';
  const suffix = dnsSuffixes[partition] ?? 'amazonaws.com';
  return issuerAt(`https://oidc.eks.${record.region}.${suffix}`, record.clusterId);
}

/** The issuer of a cluster's tokens, whoever signs them; undefined for a connected cluster whose issuer nobody has told. */
export function tokenIssuerOf(
  record: Pick<ClusterRecord, 'clusterId' | 'arn' | 'region' | 'oidcIssuer' | 'kind' | 'tokenIssuer'>,
): string | undefined {
  return record.kind === 'builtIn' ? oidcIssuerOf(record) : record.tokenIssuer?.url;
}

/** The issuer of a cluster at an address: `https://…`, perhaps with a path, without a slash at its end. */
export function issuerAt(address: string, clusterId: string): string {
  return `${address}/id/${issuerIdOf(clusterId)}`;
}

/** 32 hex digits in upper case: how issuers name a cluster. Who knows the issuer learns nothing of the cluster's own id. */
export function issuerIdOf(clusterId: string): string {
  const known = issuerIds.get(clusterId);
  if (known !== undefined) return known;
  const id = createHash('sha256')
    .update(`oidc issuer of ${clusterId}`)
    .digest('hex')
    .slice(0, 32)
    .toUpperCase();
  if (issuerIds.size === idsKept) issuerIds.clear();
  issuerIds.set(clusterId, id);
  return id;
}

/** Asked for every token of a cluster. */
const issuerIds = new Map<string, string>();
const idsKept = 1000;
