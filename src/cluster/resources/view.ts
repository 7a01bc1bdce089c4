import type { ResourceRequest } from '../context.ts';
import type { KubeObject } from '../objects/object.ts';
import { kindRules } from './kinds.ts';
import { fromStoredVersion } from './versions.ts';

/** A stored object as the reader of this request sees it: in the asked version, with what is worked out on reading. */
export function viewObject(
  request: Pick<ResourceRequest, 'cluster' | 'resource'>,
  object: KubeObject,
): KubeObject {
  const { resource, cluster } = request;
  return fromStoredVersion(resource, kindRules(resource).view?.(cluster, object) ?? object);
}
