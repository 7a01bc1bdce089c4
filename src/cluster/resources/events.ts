import type { ResourceDefinition } from '../../wire/kube/resources.ts';
import type { KubeObject } from '../objects/object.ts';

/**
 * Events are one resource served in two groups: stored as core/v1 has them (storage/records/keys.ts), and shown in
 * events.k8s.io/v1 under the names that group has for the same members (upstream's pkg/apis/events/v1/conversion.go).
 */
const coreNames: ReadonlyMap<string, string> = new Map([
  ['regarding', 'involvedObject'],
  ['note', 'message'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
  ['reportingController', 'reportingComponent'],
]);
const eventsNames: ReadonlyMap<string, string> = new Map(
  [...coreNames].map(([events, core]) => [core, events]),
);

export function isEventsGroup({ group, resource }: Pick<ResourceDefinition, 'group' | 'resource'>): boolean {
  return group === 'events.k8s.io' && resource === 'events';
}

export function toCoreEvent(event: KubeObject): KubeObject {
  return { ...renamed(event, coreNames), apiVersion: 'v1' };
}

export function fromCoreEvent(event: KubeObject): KubeObject {
  return { ...renamed(event, eventsNames), apiVersion: 'events.k8s.io/v1' };
}

function renamed(event: KubeObject, names: ReadonlyMap<string, string>): KubeObject {
  const members = Object.entries(event).map(([name, value]) => [names.get(name) ?? name, value]);
  return Object.fromEntries(members) as KubeObject;
}
