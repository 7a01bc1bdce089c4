import { objectKey, resourcePrefix } from '../../storage/records/keys.ts';
import type { ApiContext, ResourceRequest } from '../context.ts';
import type { Snapshot } from '../watch/follower.ts';

/** What a request for a collection can see. */
export interface CollectionScope {
  /** Prefix of the resource, in all namespaces. */
  readonly resource: string;
  /** Prefix of what is asked for: the resource or one namespace of it. */
  readonly prefix: string;
  /** Key of the one object that is asked for, when the request names one and its key follows. */
  readonly key: string | undefined;
  /** The narrowest of them: a prefix, which ends with `/`, or a key, which does not. */
  readonly text: string;
}

export function scopeOf(
  request: Pick<ResourceRequest, 'resource' | 'cluster' | 'namespace' | 'name'>,
): CollectionScope {
  const { resource, namespace, name } = request;
  const { clusterId } = request.cluster.cluster;
  // `/api/v1/namespaces/x` is one object, so a collection of a cluster-wide resource never has a namespace.
  const inNamespace = resource.namespaced && namespace !== '' ? namespace : undefined;
  const prefix = resourcePrefix(clusterId, resource.group, resource.resource, inNamespace);
  const isOne = name !== '' && (!resource.namespaced || inNamespace !== undefined);
  const key = isOne
    ? objectKey(clusterId, resource.group, resource.resource, inNamespace ?? '', name)
    : undefined;
  return {
    resource: resourcePrefix(clusterId, resource.group, resource.resource),
    prefix,
    key,
    text: key ?? prefix,
  };
}

/** Everything in the scope now, shared where it can be; undefined when it is more than a list may hold. */
export async function snapshotOf(
  { storage, watching, limits }: Pick<ApiContext, 'storage' | 'watching' | 'limits'>,
  { resource, prefix, key }: CollectionScope,
): Promise<Snapshot | undefined> {
  if (key !== undefined) {
    const { entries, revision } = await storage.list({ prefix: key, limit: 1 });
    return { entries: entries.filter((entry) => entry.key === key), revision, since: revision };
  }
  const shared = await watching.collections.follow(resource).snapshot(prefix, { load: true });
  if (shared !== undefined) return shared.entries.length > limits.listItems ? undefined : shared;
  const { entries, revision, more } = await storage.list({ prefix, limit: limits.listItems });
  return more ? undefined : { entries, revision, since: revision };
}
