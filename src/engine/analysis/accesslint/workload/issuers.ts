import type { Snapshot } from '../../snapshot/snapshot.ts';

/** `oidc.eks.us-east-1.amazonaws.com/id/…` of the issuer’s URL: as providers and condition keys spell it (eks-access-facts I5). */
export function issuerHost(issuer: string): string {
  return issuer.replace(/^https:\/\//, '').replace(/\/$/, '');
}

/** Hosts of the clusters that were read. */
export function issuerHosts({ clusters }: Snapshot): ReadonlySet<string> {
  return new Set(clusters.flatMap(({ issuer }) => (issuer === undefined ? [] : [issuerHost(issuer)])));
}

/** Whether tokens of the host are a cluster’s: it is the issuer of one, or spelled like EKS’s. */
export function isClusterIssuer(host: string, known: ReadonlySet<string>): boolean {
  return known.has(host) || /^oidc(?:\.eks|-eks)\.[a-z0-9-]+\.[a-z.]+\/id\/[A-Za-z0-9]+$/.test(host);
}

/**
 * Whether the issuer would be among those that were read if it were there: EKS’s of a region of the account of which a cluster
 * was read, or of the same service as the issuer of another cluster. Nothing is told while the issuer of one is not known.
 */
export function wouldBeKnown(host: string, accountId: string, { clusters }: Snapshot): boolean {
  if (clusters.some(({ issuer }) => issuer === undefined)) return false;
  const region = /^oidc(?:\.eks|-eks)\.([a-z0-9-]+)\./.exec(host)?.[1];
  if (region !== undefined) {
    return clusters.some((cluster) => cluster.accountId === accountId && cluster.region === region);
  }
  const base = baseOf(host);
  return base !== undefined && clusters.some(({ issuer = '' }) => baseOf(issuerHost(issuer)) === base);
}

function baseOf(host: string): string | undefined {
  return /^(.+\/id\/)[A-Za-z0-9-]+$/.exec(host)?.[1];
}
