import type { PodTokenAnswer } from '../../engine/podcredentials/podtoken.ts';
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
