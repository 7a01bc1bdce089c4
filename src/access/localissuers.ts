import type { ClusterRecord } from '../storage/records/eks.ts';
import { oidcIssuerOf } from '../storage/records/issuer.ts';
import { allClustersPrefix } from '../storage/records/keys.ts';
import type { Storage } from '../storage/storage.ts';
import type { ServiceAccountTokens } from './serviceaccounts.ts';
import type { PublicSigningKey } from './signingkeys.ts';

const pageSize = 500;

/**
 * The keys behind an issuer that is one of this server's own clusters; undefined for every other URL. Asked on behalf of
 * people who have proven nothing yet, so nothing but a URL of a cluster's form is looked for.
 */
export function createLocalIssuers({
  storage,
  serviceAccounts,
}: {
  readonly storage: Pick<Storage, 'list'>;
  readonly serviceAccounts: Pick<ServiceAccountTokens, 'publicKeys'>;
}): (issuer: string) => Promise<{ keys: PublicSigningKey[] } | undefined> {
  const find = async (issuer: string): Promise<ClusterRecord | undefined> => {
    let after: string | undefined;
    for (;;) {
      const page = await storage.list({
        prefix: allClustersPrefix,
        limit: pageSize,
        ...(after !== undefined && { after }),
      });
      for (const { key, value } of page.entries) {
        after = key;
        const cluster = JSON.parse(value) as ClusterRecord;
        if (oidcIssuerOf(cluster) === issuer) return cluster;
      }
      if (!page.more) return undefined;
    }
  };
  return async (issuer) => {
    if (!/^https:\/\/oidc\.eks\.[a-z0-9-]+\.[a-z0-9.]+\/id\/[0-9A-F]{32}$/.test(issuer)) return undefined;
    const cluster = await find(issuer);
    return cluster && { keys: [...(await serviceAccounts.publicKeys(cluster))] };
  };
}
