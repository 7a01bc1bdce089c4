import type { AccessRegistry } from '../access/access.ts';
import type { ClusterFollowers } from '../access/follow/followers.ts';
import type { UsageReader } from '../audit/usage.ts';
import type { Snapshot } from '../engine/analysis/snapshot/snapshot.ts';
import type { EntrywayDeps } from '../services/entryway/deps.ts';
import { awsManagedPolicy } from '../services/iam/policies/managedpolicies.ts';
import { snapshotOfStore } from '../sources/store/store.ts';
import type { Storage, Watch } from '../storage/storage.ts';
import type { ServerConfig } from './config.ts';

/** Below these something may change what a snapshot holds (`storage/records/keys.ts`). */
const prefixes = [
  'account/',
  'iam/',
  'access-key/',
  'eks/',
  'access-entry/',
  'access-policy/',
  'identity-provider-config/',
  'object/',
  'block/',
  'aws-auth-good/',
];

/** Tells of each change to what a snapshot holds. */
export function watchSnapshots(storage: Pick<Storage, 'watch'>, changed: () => void): Watch {
  const watches = prefixes.map((prefix) => storage.watch({ prefix }, changed));
  return {
    close() {
      for (const watch of watches) watch.close();
    },
  };
}

/** Reads begun anew because something changed meanwhile; a store that is always written to is told as it is then. */
const attempts = 3;

/**
 * What `read` reads, of one moment: a snapshot takes many reads, and a role that is deleted between two of them would stand
 * in one half of it.
 */
export async function readAtOnce(
  storage: Pick<Storage, 'watch'>,
  read: () => Promise<Snapshot>,
): Promise<Snapshot> {
  let changes = 0;
  const watch = watchSnapshots(storage, () => void changes++);
  try {
    for (let left = attempts; ; left--) {
      const before = changes;
      const snapshot = await read();
      if (changes === before) return snapshot;
      if (left > 1) continue;
      const reason = 'the server was written to while it was read: things may be of different moments';
      return { ...snapshot, gaps: [...snapshot.gaps, { area: 'cluster', reason }] };
    }
  } finally {
    watch.close();
  }
}

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
  const read: EntrywayDeps['readSnapshot'] = (accountId, now) =>
    snapshotOfStore({
      ...{ storage, partition, now },
      accounts: accountId === 'all' ? 'all' : [accountId],
      ssoRoleMatch: config.ssoRoleMatch ?? false,
      awsAuthState: (clusterId) => access.cluster(clusterId)?.awsAuthState(),
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
  return (accountId, now) => readAtOnce(storage, () => read(accountId, now));
}
