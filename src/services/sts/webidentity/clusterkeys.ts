import type { ClusterRecord } from '../../../storage/records/eks.ts';
import { keySetOf } from '../../../wire/jwks/keysets.ts';
import type { IssuerKeys, IssuerKeysAnswer } from '../dependencies.ts';

/**
 * Where the keys come from that judge the tokens of a connected cluster's service accounts: all keys of its issuer, among
 * them hopefully the one with this id. `notAsked` also for an issuer that is not the cluster's. `now` is epoch
 * milliseconds.
 */
export type ClusterKeys = (
  cluster: Pick<ClusterRecord, 'kind' | 'tokenIssuer'>,
  issuer: string,
  keyId: string,
  now: number,
) => Promise<IssuerKeysAnswer>;

/**
 * SECURITY: keys that were handed over for a cluster judge that cluster's tokens, and no other issuer's: they are read from
 * its own record. Where there are none its issuer is asked as any other is, and what somebody handed over for another
 * cluster does not answer.
 */
export function createClusterKeys({ issuerKeys }: { readonly issuerKeys: IssuerKeys }): ClusterKeys {
  return async ({ kind, tokenIssuer }, issuer, keyId, now) => {
    if (kind !== 'connected' || tokenIssuer?.url !== issuer) return { outcome: 'notAsked' };
    const { keys } = tokenIssuer;
    if (keys === undefined) return await issuerKeys.keysOf(issuer, keyId, now);
    return { outcome: 'keys', keys: keySetOf(keys) };
  };
}
