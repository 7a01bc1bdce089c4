import type { ResourceDefinition } from '../../wire/kube/resources.ts';
import type { ResourceRequest } from '../context.ts';
import type { KubeObject } from '../objects/object.ts';
import { kindRules } from './kinds.ts';
import { fromStoredVersion, isStoredVersion } from './versions.ts';

/** A stored object as the reader of this request sees it: in the asked version, with what is worked out on reading. */
export function viewObject(
  request: Pick<ResourceRequest, 'cluster' | 'resource'>,
  object: KubeObject,
): KubeObject {
  const { resource, cluster } = request;
  return fromStoredVersion(resource, kindRules(resource).view?.(cluster, object) ?? object);
}

/**
 * Whether `viewObject` shows every object of a resource just as it is stored, so that its text can be sent without being
 * read. INVARIANT: false for whatever `viewObject` may change.
 */
export function isShownAsStored(resource: ResourceDefinition): boolean {
  return resource.custom === undefined && kindRules(resource).view === undefined && isStoredVersion(resource);
}
