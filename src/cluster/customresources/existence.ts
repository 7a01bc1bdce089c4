import { objectKey } from '../../storage/records/keys.ts';
import type { Expectation, Storage } from '../../storage/storage.ts';
import type { ResourceDefinition } from '../../wire/kube/resources.ts';
import { forbiddenWith, pathNotFound } from '../../wire/kube/status.ts';
import { readObject } from '../objects/store.ts';
import { definitionKind } from './definition.ts';

export function definitionKey(
  clusterId: string,
  { group, resource }: Pick<ResourceDefinition, 'group' | 'resource'>,
): string {
  return objectKey(clusterId, definitionKind.group, definitionKind.resource, '', `${resource}.${group}`);
}

/**
 * That a new object's definition is there and stays, which must hold when the object is stored: nothing may come into being
 * behind a definition that is being emptied.
 *
 * @throws KubeStatusError 403 while the definition is being deleted
 */
export async function expectDefinition(
  storage: Storage,
  clusterId: string,
  resource: ResourceDefinition,
  name: string,
): Promise<Expectation> {
  const key = definitionKey(clusterId, resource);
  const entry = await storage.get(key);
  if (entry === undefined) throw pathNotFound();
  if (readObject(entry).metadata.deletionTimestamp !== undefined) {
    const detail = 'create not allowed while custom resource definition is terminating';
    throw forbiddenWith({ ...resource, name }, detail);
  }
  return { key, revision: entry.revision };
}
