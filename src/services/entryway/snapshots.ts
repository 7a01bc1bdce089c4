import type { Snapshot } from '../../engine/analysis/snapshot/snapshot.ts';
import { defineOperation, type Operations } from '../operation.ts';
import type { EntrywayDeps } from './deps.ts';

/**
 * GetSnapshot: everything that grants in the caller's account, as analyses work on it; for the first account, whose
 * principals run the server, in all of them. One permission, because half a snapshot answers nothing rightly.
 */
export function snapshotOperations({
  readSnapshot,
  operatorAccountId,
}: Pick<EntrywayDeps, 'readSnapshot' | 'operatorAccountId'>): Operations {
  return {
    GetSnapshot: defineOperation<object, { readonly snapshot: Snapshot }>({
      authorization: () => ({ action: 'entryway:GetSnapshot', resources: ['*'] }),
      async handle(_input, { caller: { accountId }, now }) {
        return { snapshot: await readSnapshot(accountId === operatorAccountId ? 'all' : accountId, now) };
      },
    }),
  };
}
