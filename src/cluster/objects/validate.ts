import type { FieldError } from '../../wire/kube/fielderror.ts';
import { metadataErrors } from '../../wire/kube/names.ts';
import type { ResourceDefinition } from '../../wire/kube/resources.ts';
import { kindRules } from '../resources/kinds.ts';
import { validateHolders, validateMetadataUpdate } from './metadata.ts';
import type { KubeObject } from './object.ts';

/** Everything that is wrong with an object about to be stored; `old` is undefined on create, `minor` 35 for 1.35. */
export function validateObject(
  resource: ResourceDefinition,
  next: KubeObject,
  old: KubeObject | undefined,
  minor: number,
): readonly FieldError[] {
  return [
    ...metadataErrors(resource, next.metadata),
    ...validateHolders(resource, next.metadata, old?.metadata),
    ...(old === undefined ? [] : validateMetadataUpdate(next.metadata, old.metadata)),
    ...(kindRules(resource).validate?.(next, old, minor) ?? []),
  ];
}
