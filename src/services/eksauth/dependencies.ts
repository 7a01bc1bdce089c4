import type { ClusterRecord } from '../../storage/records/eks.ts';
import type { StorageReader } from '../../storage/storage.ts';
import type { CallerAuthorizer } from '../authorization/authorizer.ts';
import type { IsBlocked } from '../blocked.ts';
import type { ByteBox, RandomSource } from '../secrets.ts';

/** What EKS Auth is built from; `server` constructs it. */
export interface EksAuthDependencies {
  readonly storage: StorageReader;
  readonly authorizer: Pick<CallerAuthorizer, 'authorizeRoleSession'>;
  readonly secretBox: ByteBox;
  readonly random: RandomSource;
  readonly partition: string;
  readonly isBlocked: IsBlocked;
  readonly findCluster: FindCluster;
  readonly verifyPodToken: VerifyPodToken;
}

/** The cluster of that name as it is stored; undefined also for one whose record cannot be read. */
export type FindCluster = (accountId: string, region: string, name: string) => ClusterRecord | undefined;

/**
 * Is this the token of a pod of the cluster, for that audience, and is everything it is bound to still there? See
 * `access/podtokens.ts`. `now` is epoch milliseconds. Never throws for anything in the token.
 */
export type VerifyPodToken = (
  cluster: ClusterRecord,
  token: string,
  audience: string,
  now: number,
) => Promise<PodTokenAnswer>;

export type PodTokenAnswer =
  | { readonly outcome: 'verified'; readonly subject: PodSubject }
  /** Good until then, in epoch milliseconds. */
  | { readonly outcome: 'expired'; readonly at: number }
  /** `because` is a fragment that says which check failed and nothing of the token. */
  | { readonly outcome: 'refused'; readonly because: string }
  | { readonly outcome: 'unconfigured'; readonly missing: 'tokenIssuer' | 'outboundIssuers' }
  | { readonly outcome: 'unavailable'; readonly because: string };

/** Whom a pod's token speaks for; all of them names as Kubernetes has them. */
export interface PodSubject {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly pod: { readonly name: string; readonly uid: string };
}
