import { parseArn } from '../../arn/arn.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { World } from '../world/world.ts';

/** Which OIDC providers stand for which cluster's issuer of tokens. */
export interface Issuers {
  /** Whether the host of a provider is, or may be, the issuer of the cluster. */
  standingOf(cluster: ClusterWorld, host: string): 'certain' | 'possible' | 'no';
}

/**
 * Where the snapshot tells a cluster's issuer, it is that and no other. Where it does not, every provider that looks like a
 * cluster's of the region may be, but for those of other clusters.
 *
 * SECURITY: what annotations name proves nothing: whoever annotates could give a cluster another one's issuer, and hide what
 * its own gives.
 */
export function createIssuers({ clusters }: Pick<World, 'clusters'>): Issuers {
  const told = new Set(
    clusters.flatMap(({ cluster: { issuer } }) =>
      issuer === undefined ? [] : [issuer.replace(/^https:\/\//, '')],
    ),
  );
  return {
    standingOf({ cluster: { issuer, region: here } }, host) {
      if (issuer !== undefined) return issuer.replace(/^https:\/\//, '') === host ? 'certain' : 'no';
      if (told.has(host) || !isClusterIssuer(host)) return 'no';
      const region = /^oidc\.eks\.([a-z0-9-]+)\./.exec(host)?.[1];
      // What stands for a region that files do not tell has no number.
      return region === undefined || region === here || !/-[0-9]+$/.test(here) ? 'possible' : 'no';
    },
  };
}

/** What stands before the claim in a condition key: the provider without its ARN. */
export function hostOf(provider: string): string {
  return (parseArn(provider)?.resource ?? provider).replace(/^oidc-provider\//, '');
}

/** A cluster's issuer ends in `/id/` and an id; those of forges and clouds do not. */
function isClusterIssuer(host: string): boolean {
  return /\/id\/[A-Za-z0-9-]+$/.test(host);
}
