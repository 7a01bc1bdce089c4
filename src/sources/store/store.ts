import type {
  Gap,
  Snapshot,
  SnapshotAccount,
  SnapshotBlock,
  SnapshotGuardrails,
} from '../../engine/analysis/snapshot/snapshot.ts';
import { emptySnapshot } from '../../engine/analysis/snapshot/snapshot.ts';
import { readBlockRecord } from '../../storage/records/blockrecord.ts';
import { accountsPrefix, blocksPrefix } from '../../storage/records/keys.ts';
import type { StorageReader } from '../../storage/storage.ts';
import { readAccount } from './account.ts';
import { type ClusterReading, readClusters } from './cluster.ts';

/** What a running server knows beside its store. */
export interface StoreSnapshotOptions extends ClusterReading {
  readonly storage: StorageReader;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Whose IAM and clusters; `all` accounts of the server. */
  readonly accounts: readonly string[] | 'all';
  /** Document of a policy of AWS's own. */
  readonly awsManagedPolicy: (arn: string) => string | undefined;
  /** Epoch milliseconds: when an access key or a principal was last used, by its id. */
  readonly lastUsed: (id: string) => Promise<number | undefined>;
  readonly guardrails?: SnapshotGuardrails;
}

/**
 * The snapshot of a running server, for the accounts that may be told.
 *
 * SECURITY: members are named one by one. Records hold sealed secrets, and an object of a cluster may hold anything: nothing
 * is copied whole.
 */
export async function snapshotOfStore(options: StoreSnapshotOptions): Promise<Snapshot> {
  const { storage, partition, now, guardrails } = options;
  const gaps: Gap[] = [];
  const accountIds = options.accounts === 'all' ? await allAccounts(storage) : options.accounts;
  const accounts = await Promise.all(accountIds.map((accountId) => readAccount(options, accountId, gaps)));
  const clusters = await readClusters(options, accountIds, gaps);
  return {
    ...emptySnapshot(partition, now),
    sources: [`server: ${accountIds.length === 1 ? 'account' : 'accounts'} ${accountIds.join(', ')}`],
    accounts,
    clusters,
    blocks: await readBlocks(storage, options.accounts === 'all' ? undefined : accounts),
    ...(guardrails !== undefined && { guardrails }),
    gaps,
  };
}

async function allAccounts(storage: StorageReader): Promise<readonly string[]> {
  const { entries } = await storage.list({ prefix: accountsPrefix });
  return entries.map(({ key }) => key.slice(accountsPrefix.length));
}

/** Blocks bind all accounts; each is told of those that are about its own principals. */
async function readBlocks(
  storage: StorageReader,
  told: readonly SnapshotAccount[] | undefined,
): Promise<readonly SnapshotBlock[]> {
  const { entries } = await storage.list({ prefix: blocksPrefix });
  const blocks = entries.map(({ key, value }): SnapshotBlock => {
    const { kind, target, until } = readBlockRecord(key, value).block;
    return { kind, target, ...(until !== undefined && { until }) };
  });
  if (told === undefined) return blocks;
  const ids = new Set(
    told.flatMap(({ users, roles }) => [...users, ...roles].map(({ principalId }) => principalId)),
  );
  const accountIds = told.map(({ accountId }) => accountId);
  return blocks.filter(
    ({ target }) =>
      ids.has(target.split(':')[0] ?? '') ||
      accountIds.some((accountId) => target.includes(`:${accountId}:`)),
  );
}
