import { parseArn } from '../../arn/arn.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { World } from '../world/world.ts';

/** Which OIDC providers stand for which cluster's issuer of tokens. */
export interface Issuers {
  /** Whether the host of a provider is, or may be, the issuer of the cluster. */
  standingOf(cluster: ClusterWorld, host: string): 'certain' | 'possible' | 'no';
}

/**
 * Where the snapshot tells a cluster's issuer, it is that and no other. Where it does not, the annotations of its service
 * accounts do (`annotatedHosts`), and where there are none every provider that looks like a cluster's may be.
 */
export function createIssuers(
  world: World,
  annotatedHosts: (cluster: ClusterWorld) => Iterable<string>,
): Issuers {
  let hosts: ReadonlyMap<ClusterWorld, ReadonlySet<string>> | undefined;
  const own = (): ReadonlyMap<ClusterWorld, ReadonlySet<string>> => {
    hosts ??= new Map(
      world.clusters.map((cluster) => {
        const { issuer } = cluster.cluster;
        const known = issuer === undefined ? annotatedHosts(cluster) : [issuer.replace(/^https:\/\//, '')];
        return [cluster, new Set(known)] as const;
      }),
    );
    return hosts;
  };
  return {
    standingOf(cluster, host) {
      const ours = own().get(cluster)?.has(host) === true;
      if (cluster.cluster.issuer !== undefined) return ours ? 'certain' : 'no';
      const others = [...own()].filter(([other, known]) => other !== cluster && known.has(host));
      if (others.some(([{ cluster: other }]) => other.issuer !== undefined)) return 'no';
      // An issuer is that of one cluster: where annotations of two say it is theirs, those of one are mistaken.
      if (ours) return others.length > 0 ? 'possible' : 'certain';
      if (others.length > 0 || !isClusterIssuer(host)) return 'no';
      const region = /^oidc\.eks\.([a-z0-9-]+)\./.exec(host)?.[1];
      return region === undefined || region === cluster.cluster.region ? 'possible' : 'no';
    },
  };
}

/** What stands before the claim in a condition key: the provider without its ARN. */
export function hostOf(provider: string): string {
  return (parseArn(provider)?.resource ?? provider).replace(/^oidc-provider\//, '');
}

/** A cluster's issuer ends in `/id/` and an id; those of forges and clouds do not. */
export function isClusterIssuer(host: string): boolean {
  return /\/id\/[A-Za-z0-9-]+$/.test(host);
}
