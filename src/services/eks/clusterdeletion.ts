import type { Cluster } from '@aws-sdk/client-eks';
import type { ClusterRecord } from '../../storage/records/eks.ts';
import type { Storage } from '../../storage/storage.ts';
import type { OperationContext } from '../operation.ts';
import { findCluster } from './lookup.ts';
import { deleteChildren } from './orphans.ts';
import { atomically } from './retrying.ts';

/** Ends a cluster with all that hangs on it. `goodbye` answers how it is shown last, or throws to keep it. */
export async function endCluster(
  storage: Storage,
  context: OperationContext,
  name: string,
  goodbye: (record: ClusterRecord) => Cluster,
): Promise<{ cluster: Cluster }> {
  const { clusterId, output } = await atomically(async () => {
    const { record, unchanged, key } = await findCluster(storage, context, name);
    const batch = { expect: [unchanged], changes: [{ type: 'delete', key }] } as const;
    const output = await context.commit(batch, { cluster: goodbye(record) });
    return { clusterId: record.clusterId, output };
  });
  // The cluster is gone with its record. What is left hangs on an id nobody will look up again, and the next
  // start sweeps what a failure leaves behind; so a failure here is not the caller's.
  await deleteChildren(storage, clusterId).catch(() => undefined);
  return output;
}
