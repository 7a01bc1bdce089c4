import type { ServedResources } from '../../engine/analysis/accesspolicylint/rule.ts';
import { resourceDefinitions } from './resources.ts';

let served: ServedResources | undefined;

/** What Kubernetes itself serves, for those who judge rules that name resources. */
export function servedResources(): ServedResources {
  if (served !== undefined) return served;
  const byGroup = new Map<string, Set<string>>();
  for (const { group, resource, subresources } of resourceDefinitions) {
    const names = byGroup.get(group) ?? new Set();
    byGroup.set(group, names);
    names.add(resource);
    for (const { name } of subresources) names.add(`${resource}/${name}`);
  }
  served = byGroup;
  return byGroup;
}
