import type { JsonObject } from '../json.ts';
import { messageNamed, messageNameOf } from '../messages.ts';
import { builtInResources, type ResourceDefinition } from '../resources.ts';

/** Group, version and kind as `x-kubernetes-group-version-kind` has them. */
export interface GroupVersionKind extends JsonObject {
  readonly group: string;
  readonly kind: string;
  readonly version: string;
}

let kindsByType: ReadonlyMap<string, readonly GroupVersionKind[]> | undefined;

/** The kinds a message of the type data is; none for the parts of objects. */
export function kindsOf(type: string): readonly GroupVersionKind[] {
  kindsByType ??= collectKinds();
  return kindsByType.get(type) ?? [];
}

function collectKinds(): ReadonlyMap<string, readonly GroupVersionKind[]> {
  const kinds = new Map<string, GroupVersionKind[]>();
  const add = (type: string | undefined, group: string, version: string, kind: string): void => {
    if (type === undefined || messageNamed(type) === undefined) return;
    const known = kinds.get(type) ?? [];
    kinds.set(type, known);
    const isKnown = known.some((one) => one.group === group && one.version === version && one.kind === kind);
    if (!isKnown) known.push({ group, kind, version });
  };
  for (const one of builtInResources.definitions) {
    add(one.messageType, one.group, one.version, one.kind);
    add(listType(one), one.group, one.version, `${one.kind}List`);
    for (const sub of one.subresources) {
      if (!sub.kind.endsWith('Options')) {
        add(messageNameOf(sub.group, sub.version, sub.kind), sub.group, sub.version, sub.kind);
      }
    }
  }
  for (const { group, versions } of builtInResources.groupVersions) {
    for (const version of versions) {
      add('meta.v1.DeleteOptions', group, version, 'DeleteOptions');
      add('meta.v1.WatchEvent', group, version, 'WatchEvent');
    }
  }
  add('meta.v1.Status', '', 'v1', 'Status');
  return kinds;
}

/** The message of a resource's list; undefined for resources nobody lists. */
export function listType(one: ResourceDefinition): string | undefined {
  if (one.messageType === undefined || !one.verbs.includes('list')) return undefined;
  return `${one.messageType}List`;
}
