import type { ClusterRecord } from '../storage/records/eks.ts';
import type { Authentication } from './access.ts';

/** Judges ID tokens of the identity provider a cluster is associated with (eks-access-facts K). */
export interface IdentityProviderTokens {
  /**
   * Undefined when the token does not claim to be of the cluster's provider, or the cluster has none. `now` is epoch
   * milliseconds. Never throws for anything in the token.
   */
  authenticate(
    cluster: ClusterRecord,
    token: string,
    options: { readonly now: number },
  ): Promise<Authentication | undefined>;
}
