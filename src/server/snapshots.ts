import type { AccessRegistry } from '../access/access.ts';
import type { ClusterFollowers } from '../access/follow/followers.ts';
import type { UsageReader } from '../audit/usage.ts';
import type { EntrywayDeps } from '../services/entryway/deps.ts';
import { awsManagedPolicy } from '../services/iam/policies/managedpolicies.ts';
import { snapshotOfStore } from '../sources/store/store.ts';
import type { Storage } from '../storage/storage.ts';
import type { ServerConfig } from './config.ts';

/** Reads snapshots of this server: its store, and what is known beside it of how it is served. */
export function createSnapshotReader({
  storage,
  access,
  followers,
  usage,
  partition,
  config,
}: {
  readonly storage: Storage;
  readonly access: AccessRegistry;
  readonly followers: Pick<ClusterFollowers, 'state'>;
  readonly usage: UsageReader;
  readonly partition: string;
  readonly config: ServerConfig;
}): EntrywayDeps['readSnapshot'] {
  return (accountId, now) =>
    snapshotOfStore({
      ...{ storage, partition, now },
      accounts: accountId === 'all' ? 'all' : [accountId],
      ssoRoleMatch: config.ssoRoleMatch ?? false,
      awsAuthKeysKept: (clusterId) =>
        (access.cluster(clusterId)?.awsAuthState().keys ?? [])
          .filter(({ status }) => status === 'keptLastGood')
          .map(({ key }) => key),
      notFollowed(clusterId) {
        const following = followers.state(clusterId);
        if (following === undefined) {
          return 'this server has no connection to the cluster’s API: connect it with `entryway cluster connect`';
        }
        const { state, message } = following;
        return state === 'following'
          ? undefined
          : `the cluster’s API is not followed now (${state}${message === undefined ? '' : `: ${message}`})`;
      },
      awsManagedPolicy: (arn) => awsManagedPolicy(arn)?.document,
      lastUsed: async (id) => (await usage.lastUsed(id))?.at,
      ...(config.guardrailDocuments && { guardrails: config.guardrailDocuments }),
    });
}
