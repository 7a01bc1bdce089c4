import { emptyContext, type RequestContext } from '../../engine/iam/request.ts';
import type { AccessEntryRecord, ClusterRecord } from '../../storage/records/eks.ts';
import { accessEntryKey, clusterKey } from '../../storage/records/keys.ts';
import type { Expectation, Storage, StoredEntry } from '../../storage/storage.ts';
import { resourceWithKeys } from '../conditionkeys.ts';
import type { AuthorizationTarget, OperationContext } from '../operation.ts';
import { clusterArn, missingEntryArn } from './arns.ts';
import { entryKeys, missingEntryKeys, ownTagKeys } from './entrykeys.ts';
import { namedPrincipal } from './principals.ts';
import { accessEntriesOff, noSuchCluster, noSuchEntry } from './refusals.ts';

/** A record with where it is stored and the expectation that nobody changed it since it was read. */
export interface Found<Record> {
  readonly key: string;
  readonly record: Record;
  readonly unchanged: Expectation;
}

/** A cluster of the caller's account and region. Throws F21. */
export async function findCluster(
  storage: Storage,
  context: OperationContext,
  name: string,
): Promise<Found<ClusterRecord>> {
  const stored = await storage.get(clusterKey(context.caller.accountId, context.region, name));
  if (stored === undefined) throw noSuchCluster(name);
  return foundRecord<ClusterRecord>(stored);
}

/** The same for operations on access entries, which answer F2 while the mode is CONFIG_MAP. */
export async function findEntryCluster(
  storage: Storage,
  context: OperationContext,
  name: string,
): Promise<Found<ClusterRecord>> {
  const cluster = await findCluster(storage, context, name);
  if (cluster.record.authenticationMode === 'CONFIG_MAP') throw accessEntriesOff(name);
  return cluster;
}

/** Throws F21, F2 and F4, in this order. */
export async function findAccessEntry(
  storage: Storage,
  context: OperationContext,
  clusterName: string,
  principalArn: string,
): Promise<{ readonly cluster: Found<ClusterRecord>; readonly entry: Found<AccessEntryRecord> }> {
  const cluster = await findEntryCluster(storage, context, clusterName);
  const stored = await storage.get(accessEntryKey(cluster.record.clusterId, principalArn));
  if (stored === undefined) throw noSuchEntry(clusterName);
  return { cluster, entry: foundRecord<AccessEntryRecord>(stored) };
}

/** Authorization on a cluster, with its tags where it exists; `keys` are those of the request. */
export async function onCluster(
  action: string,
  storage: Storage,
  context: OperationContext,
  name: string,
  keys: RequestContext = emptyContext,
): Promise<AuthorizationTarget> {
  const stored = await storage.get(clusterKey(context.caller.accountId, context.region, name));
  const tags =
    stored === undefined ? emptyContext : ownTagKeys(foundRecord<ClusterRecord>(stored).record.tags);
  return { action, resources: [resourceWithKeys(clusterArn(context, name), tags)], context: keys };
}

/**
 * Authorization on the entry's own ARN (eks-access-facts E2), which only the store knows. `keysOf` tells the keys of the
 * request, from the entry where that matters.
 */
export async function onAccessEntry(
  action: string,
  storage: Storage,
  context: OperationContext,
  clusterName: string,
  principalArn: string,
  keysOf: (entry: AccessEntryRecord | undefined) => RequestContext = () => emptyContext,
): Promise<AuthorizationTarget> {
  const cluster = await storage.get(clusterKey(context.caller.accountId, context.region, clusterName));
  const stored =
    cluster &&
    (await storage.get(accessEntryKey(foundRecord<ClusterRecord>(cluster).record.clusterId, principalArn)));
  const entry = stored && foundRecord<AccessEntryRecord>(stored).record;
  const resource = entry
    ? { arn: entry.accessEntryArn, context: entryKeys(entry) }
    : {
        arn: missingEntryArn(context, clusterName, namedPrincipal(principalArn)),
        context: missingEntryKeys(clusterName, principalArn),
      };
  return { action, resources: [resource], context: keysOf(entry) };
}

/** Reads a record of ours. */
export function foundRecord<Record>(stored: StoredEntry): Found<Record> {
  return {
    key: stored.key,
    record: JSON.parse(stored.value) as Record,
    unchanged: { key: stored.key, revision: stored.revision },
  };
}
