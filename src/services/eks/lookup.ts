import type { AccessEntryRecord, ClusterRecord } from '../../storage/records/eks.ts';
import { accessEntryKey, clusterKey } from '../../storage/records/keys.ts';
import type { Expectation, Storage, StoredEntry } from '../../storage/storage.ts';
import type { AuthorizationTarget, OperationContext } from '../operation.ts';
import { clusterArn, missingEntryArn } from './arns.ts';
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
  return found<ClusterRecord>(stored);
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
  return { cluster, entry: found<AccessEntryRecord>(stored) };
}

export function onCluster(action: string, context: OperationContext, name: string): AuthorizationTarget {
  return { action, resources: [clusterArn(context, name)] };
}

/** Authorization on the entry's own ARN (eks-access-facts E2), which only the store knows. */
export async function onAccessEntry(
  action: string,
  storage: Storage,
  context: OperationContext,
  clusterName: string,
  principalArn: string,
): Promise<AuthorizationTarget> {
  const cluster = await storage.get(clusterKey(context.caller.accountId, context.region, clusterName));
  const stored =
    cluster &&
    (await storage.get(accessEntryKey(found<ClusterRecord>(cluster).record.clusterId, principalArn)));
  const resource = stored
    ? found<AccessEntryRecord>(stored).record.accessEntryArn
    : missingEntryArn(context, clusterName, namedPrincipal(principalArn));
  return { action, resources: [resource] };
}

function found<Record>(stored: StoredEntry): Found<Record> {
  return {
    key: stored.key,
    record: JSON.parse(stored.value) as Record,
    unchanged: { key: stored.key, revision: stored.revision },
  };
}
