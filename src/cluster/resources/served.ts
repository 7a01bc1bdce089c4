import type { ClusterRecord } from '../../storage/records/eks.ts';
import { builtInResourcesOf } from '../../wire/kube/builtin.ts';
import type { ResourceDefinition, ResourceTable } from '../../wire/kube/resources.ts';
import { minorVersion } from '../version.ts';

/** What each cluster serves. */
export interface ServedResources {
  of(cluster: Pick<ClusterRecord, 'clusterId' | 'version'>): ResourceTable;
}

export function createServedResources(): ServedResources {
  return { of: (cluster) => builtInResourcesOf(minorVersion(cluster)) };
}

/**
 * One definition for each resource whose objects are stored, whatever the number of versions it is served in: what is
 * gone through when everything of a namespace or a cluster is meant.
 */
export function storedResources(table: ResourceTable): readonly ResourceDefinition[] {
  const stored = new Map<string, ResourceDefinition>();
  for (const one of table.definitions) {
    const key = `${one.group}/${one.resource}`;
    if (one.verbs.includes('delete') && !stored.has(key)) stored.set(key, one);
  }
  return [...stored.values()];
}
