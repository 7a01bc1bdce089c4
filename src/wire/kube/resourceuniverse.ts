import type { KnownResource } from '../../engine/analysis/whatcan/closest.ts';
import { resourceDefinitions } from './resources.ts';

/** Every resource and subresource of Kubernetes itself, each group's once. */
export function knownResources(): readonly KnownResource[] {
  const known = resourceDefinitions.flatMap(
    ({ group: apiGroup, resource, verbs, namespaced: isNamespaced, subresources }): KnownResource[] => [
      { apiGroup, resource, verbs, isNamespaced },
      ...subresources.map(({ name, verbs: own }) => ({
        ...{ apiGroup, resource: `${resource}/${name}`, verbs: own, isNamespaced },
      })),
    ],
  );
  return [...new Map(known.map((one) => [`${one.apiGroup}/${one.resource}`, one])).values()];
}
