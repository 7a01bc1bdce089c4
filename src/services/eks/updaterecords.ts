import type { Update, UpdateParamType, UpdateType } from '@aws-sdk/client-eks';
import type { ClusterUpdateRecord } from '../../storage/records/eks.ts';
import { updateKey, updatesPrefix } from '../../storage/records/keys.ts';
import type { Delete, Put } from '../../storage/storage.ts';
import type { OperationContext } from '../operation.ts';
import type { EksDeps } from './deps.ts';

/** Updates kept per cluster; older ones are forgotten. */
const MAX_KEPT_UPDATES = 100;

export interface UpdateWish {
  readonly type: UpdateType;
  readonly params: readonly { readonly type: UpdateParamType; readonly value: string }[];
  readonly clientRequestToken: string | undefined;
}

/** An update that was made before, or one to be stored together with what it changes. */
export type PlannedUpdate =
  | { readonly isRepeated: true; readonly update: Update }
  | { readonly isRepeated: false; readonly update: Update; readonly changes: readonly (Put | Delete)[] };

/** The update that a request makes, unless its token says that it has been made (A14). */
export async function planUpdate(
  { storage, random }: Pick<EksDeps, 'storage' | 'random'>,
  context: Pick<OperationContext, 'now'>,
  clusterId: string,
  wish: UpdateWish,
): Promise<PlannedUpdate> {
  const { entries } = await storage.list({ prefix: updatesPrefix(clusterId), limit: 2 * MAX_KEPT_UPDATES });
  const kept = entries.map(({ value }) => JSON.parse(value) as ClusterUpdateRecord);
  const repeated = kept.find((update) => isSameUpdate(update, wish));
  if (repeated !== undefined) return { isRepeated: true, update: shownUpdate(repeated) };
  const { type, params, clientRequestToken } = wish;
  const update: ClusterUpdateRecord = {
    updateId: random.uuid(),
    type,
    // COMPAT: AWS answers InProgress and takes minutes; here the change holds when the answer leaves.
    status: 'Successful',
    params,
    createdAt: context.now,
    ...(clientRequestToken !== undefined && { clientRequestToken }),
  };
  const forgotten = kept
    .toSorted((a, b) => b.createdAt - a.createdAt)
    .slice(MAX_KEPT_UPDATES - 1)
    .map(({ updateId }): Delete => ({ type: 'delete', key: updateKey(clusterId, updateId) }));
  const put: Put = {
    type: 'put',
    key: updateKey(clusterId, update.updateId),
    value: JSON.stringify(update),
  };
  return { isRepeated: false, update: shownUpdate(update), changes: [put, ...forgotten] };
}

function isSameUpdate(
  update: ClusterUpdateRecord,
  { type, params, clientRequestToken }: UpdateWish,
): boolean {
  return (
    clientRequestToken !== undefined &&
    update.clientRequestToken === clientRequestToken &&
    update.type === type &&
    JSON.stringify(update.params) === JSON.stringify(params)
  );
}

export function shownUpdate(record: ClusterUpdateRecord): Update {
  return {
    id: record.updateId,
    status: record.status,
    type: record.type as UpdateType,
    params: record.params.map(({ type, value }) => ({ type: type as UpdateParamType, value })),
    createdAt: new Date(record.createdAt),
    errors: [],
  };
}
