import type { JSONWebKeySet } from 'jose';
import { keySetOf } from '../wire/jwks/keysets.ts';
import type { ClusterIssuers } from './clusterissuers.ts';
import type { ServiceAccountTokens } from './serviceaccounts.ts';

/**
 * The keys behind an issuer that this server knows without asking anybody; undefined for every other URL. `accountId` is
 * whose OIDC provider, or whose cluster, believes the issuer; without it only built-in clusters answer. The same object as
 * long as it is the same answer.
 */
export type LocalIssuers = (issuer: string, accountId?: string) => Promise<JSONWebKeySet | undefined>;

/**
 * Built-in clusters answer with their own keys: this server signed what they verify, so whichever account made an OIDC
 * provider for the issuer may believe them (eks-access-facts I9).
 *
 * SECURITY: keys that somebody handed over for a connected cluster say whatever that account's administrators want. They
 * answer in the cluster's own account, and not at all where no account is asked for: else an account could speak for the
 * issuer that another one trusts.
 */
export function createLocalIssuers({
  issuers,
  serviceAccounts,
  address,
}: {
  readonly issuers: Pick<ClusterIssuers, 'builtIn' | 'connected'>;
  readonly serviceAccounts: Pick<ServiceAccountTokens, 'publicKeys'>;
  /** Below which this server's clusters have their issuers: `https://…`; absent: none of its own. */
  readonly address?: string | undefined;
}): LocalIssuers {
  return async (issuer, accountId) => {
    const cluster = issuers.builtIn(issuer);
    if (cluster !== undefined) return keySetOf(await serviceAccounts.publicKeys(cluster));
    // A cluster that is gone has no keys; asking the address for them would be asking ourselves.
    if (address !== undefined && issuer.startsWith(`${address}/id/`)) return { keys: [] };
    if (accountId === undefined) return undefined;
    const handedOver = issuers.connected(accountId, issuer)?.tokenIssuer?.keys;
    return handedOver && keySetOf(handedOver);
  };
}
