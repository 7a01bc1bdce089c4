import type { JWK } from 'jose';
import type { ClusterIssuers } from './clusterissuers.ts';
import { asText } from './json.ts';
import type { ServiceAccountTokens } from './serviceaccounts.ts';

/**
 * The keys behind an issuer that this server knows without asking anybody; undefined for every other URL. `accountId` is
 * whose OIDC provider, or whose cluster, believes the issuer; without it only built-in clusters answer. The same object as
 * long as it is the same answer.
 */
export type LocalIssuers = (issuer: string, accountId?: string) => Promise<KeySet | undefined>;

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

interface KeySet {
  readonly keys: JWK[];
}

/** One set for one list, which is never changed: whoever asks keeps what it made of it. */
const keySets = new WeakMap<object, KeySet>();

function keySetOf(list: readonly object[]): KeySet {
  const known = keySets.get(list) ?? { keys: list.flatMap(asKey) };
  keySets.set(list, known);
  return known;
}

function asKey(key: object): readonly JWK[] {
  const kty = 'kty' in key ? asText(key.kty) : undefined;
  return kty === undefined ? [] : [{ ...key, kty }];
}
