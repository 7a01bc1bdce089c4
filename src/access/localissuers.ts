import type { ClusterRecord } from '../storage/records/eks.ts';
import { oidcIssuerOf } from '../storage/records/issuer.ts';
import { allClustersPrefix } from '../storage/records/keys.ts';
import type { Storage } from '../storage/storage.ts';
import type { ServiceAccountTokens } from './serviceaccounts.ts';
import type { PublicSigningKey } from './signingkeys.ts';

const pageSize = 500;
/** Issuers whose place is remembered; the one looked for longest ago goes. */
const capacity = 1000;

/**
 * The keys behind an issuer that is one of this server's own clusters; undefined for every other URL. Asked on behalf of
 * people who have proven nothing yet, so nothing but a URL of a cluster's form is looked for.
 *
 * SECURITY: looking through a thousand clusters takes tens of milliseconds, so it is done once for each issuer, and not
 * for each token that anybody makes up.
 */
export function createLocalIssuers({
  storage,
  serviceAccounts,
}: {
  readonly storage: Pick<Storage, 'get' | 'list'>;
  readonly serviceAccounts: Pick<ServiceAccountTokens, 'publicKeys'>;
}): (issuer: string) => Promise<{ keys: PublicSigningKey[] } | undefined> {
  /**
   * Under which key the issuer's cluster was found; undefined when there was none.
   * INVARIANT: nobody knows an issuer before its cluster exists, and none comes back: its id is random.
   */
  const places = new Map<string, Promise<string | undefined>>();

  const search = async (issuer: string): Promise<string | undefined> => {
    let after: string | undefined;
    for (;;) {
      const page = await storage.list({
        prefix: allClustersPrefix,
        limit: pageSize,
        ...(after !== undefined && { after }),
      });
      for (const { key, value } of page.entries) {
        after = key;
        if (clusterWith(issuer, value) !== undefined) return key;
      }
      if (!page.more) return undefined;
    }
  };
  const placeOf = (issuer: string): Promise<string | undefined> => {
    const place = places.get(issuer) ?? search(issuer);
    places.delete(issuer);
    places.set(issuer, place);
    // A store that failed is asked again.
    place.catch(() => places.delete(issuer));
    const [oldest] = places.keys();
    if (places.size > capacity && oldest !== undefined) places.delete(oldest);
    return place;
  };
  return async (issuer) => {
    if (!/^https:\/\/oidc\.eks\.[a-z0-9-]+\.[a-z0-9.]+\/id\/[0-9A-F]{32}$/.test(issuer)) return undefined;
    const place = await placeOf(issuer);
    const entry = place === undefined ? undefined : await storage.get(place);
    // Deleted since, or made anew under its name: then it is another issuer.
    const cluster = entry && clusterWith(issuer, entry.value);
    return cluster && { keys: [...(await serviceAccounts.publicKeys(cluster))] };
  };
}

function clusterWith(issuer: string, record: string): ClusterRecord | undefined {
  const cluster = JSON.parse(record) as ClusterRecord;
  // The issuer of a connected cluster is its own: nothing of ours signs for it.
  return cluster.kind === 'builtIn' && oidcIssuerOf(cluster) === issuer ? cluster : undefined;
}
