import type {
  ListPodIdentityAssociationsRequest,
  ListPodIdentityAssociationsResponse,
  PodIdentityAssociationSummary,
} from '@aws-sdk/client-eks';
import { podIdentityKey, podIdentityPrefix } from '../../../storage/records/keys.ts';
import type { PodIdentityAssociationRecord } from '../../../storage/records/podidentity.ts';
import type { Storage } from '../../../storage/storage.ts';
import type { Home } from '../arns.ts';
import type { PageBounds } from '../paging.ts';
import { summaryOf } from './record.ts';

/** How many associations one read looks at while they are searched for a service account. */
const SEARCH_CHUNK = 500;

type Filter = Pick<ListPodIdentityAssociationsRequest, 'namespace' | 'serviceAccount'>;

/**
 * One page, by namespace and then service account: at most one read of the store, but where a service account is looked
 * for in every namespace. Positions of `bounds` are keys without their common prefix.
 */
export async function listAssociations(
  storage: Pick<Storage, 'list' | 'get'>,
  context: Home,
  cluster: { readonly clusterId: string; readonly name: string },
  { namespace, serviceAccount }: Filter,
  bounds: PageBounds,
): Promise<ListPodIdentityAssociationsResponse> {
  const { clusterId, name } = cluster;
  const all = podIdentityPrefix(clusterId);
  const shown = (value: string) =>
    summaryOf(context, name, JSON.parse(value) as PodIdentityAssociationRecord);
  if (namespace !== undefined && serviceAccount !== undefined) {
    const stored = await storage.get(podIdentityKey(clusterId, namespace, serviceAccount));
    return { associations: stored === undefined ? [] : [shown(stored.value)] };
  }
  const prefix = podIdentityPrefix(clusterId, namespace);
  const limit = serviceAccount === undefined ? bounds.limit + 1 : SEARCH_CHUNK;
  const associations: PodIdentityAssociationSummary[] = [];
  let last = bounds.after === undefined ? undefined : all + bounds.after;
  let after = last;
  for (;;) {
    const read = await storage.list({ prefix, limit, ...(after !== undefined && { after }) });
    for (const { key, value } of read.entries) {
      if (serviceAccount !== undefined && key.slice(key.lastIndexOf('/') + 1) !== serviceAccount) continue;
      if (associations.length === bounds.limit && last !== undefined) {
        return { associations, nextToken: bounds.nextTokenAfter(last.slice(all.length)) };
      }
      associations.push(shown(value));
      last = key;
    }
    if (!read.more) return { associations };
    after = read.entries.at(-1)?.key;
  }
}
