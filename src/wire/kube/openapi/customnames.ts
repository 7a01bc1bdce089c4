import type { ResourceDefinition } from '../resources.ts';

/** `com.example.v1.Widget`: the group turned around, the version and the kind. */
export function customName({
  group,
  version,
  kind,
}: Pick<ResourceDefinition, 'group' | 'version' | 'kind'>): string {
  return `${group.split('.').reverse().join('.')}.${version}.${kind}`;
}

/** The component of a list of them. */
export function customListName(one: ResourceDefinition): string {
  return customName({ ...one, kind: listKindOf(one) });
}

/** What a list of them calls itself. */
export function listKindOf({ kind, custom }: Pick<ResourceDefinition, 'kind' | 'custom'>): string {
  return custom?.listKind ?? `${kind}List`;
}
