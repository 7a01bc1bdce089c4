import type { ClusterRecord } from '../../storage/records/eks.ts';
import type { Batch } from '../../storage/storage.ts';
import { findCluster, onCluster } from '../eks/lookup.ts';
import { invalidRequest } from '../eks/refusals.ts';
import { atomically } from '../eks/retrying.ts';
import { defineOperation, type Operations } from '../operation.ts';
import type { EntrywayDeps } from './deps.ts';

/** Makes new signing keys; see `SigningKeys.rotation` in `access/signingkeys.ts`. */
export type PrepareRotation = (
  cluster: ClusterRecord,
  how: 'announce' | 'replace',
) => Promise<{
  /** Undefined when a key is announced already. */
  readonly batch: Pick<Required<Batch>, 'expect' | 'changes'> | undefined;
  readonly keyId: string;
  /** Epoch milliseconds. */
  readonly signsFrom: number;
}>;

interface RotateInput {
  readonly clusterName: string;
  readonly revoke?: boolean;
}

interface RotateOutput {
  readonly clusterName: string;
  readonly keyId: string;
  readonly signsFrom: Date;
}

/**
 * RotateSigningKey: a new key for the service account tokens of a built-in cluster. It is published at once and signs from
 * tomorrow on; with `revoke` it signs at once, and every token made so far ends.
 */
export function signingKeyOperations({
  storage,
  prepareRotation,
}: Pick<EntrywayDeps, 'storage' | 'prepareRotation'>): Operations {
  return {
    RotateSigningKey: defineOperation<RotateInput, RotateOutput>({
      authorization: ({ clusterName }, context) =>
        onCluster('entryway:RotateSigningKey', storage, context, clusterName),
      handle: ({ clusterName, revoke = false }, context) =>
        atomically(async () => {
          const { record } = await findCluster(storage, context, clusterName);
          if (record.kind !== 'builtIn') {
            throw invalidRequest(
              `Cluster ${clusterName} is connected: its own API server signs its service account tokens`,
              clusterName,
            );
          }
          const rotation = await prepareRotation(record, revoke ? 'replace' : 'announce');
          const { batch, keyId } = rotation;
          const output = { clusterName, keyId, signsFrom: new Date(rotation.signsFrom) };
          return batch === undefined ? output : await context.commit(batch, output);
        }),
    }),
  };
}
