import type { FieldError } from '../../wire/kube/fielderror.ts';
import { isObject, type JsonObject, type JsonValue } from '../../wire/kube/json.ts';
import type { ResourceDefinition } from '../../wire/kube/resources.ts';
import { changedPodErrors, ephemeralErrors } from '../resources/podrules.ts';
import { isPodKind } from './deletion.ts';
import type { KubeObject } from './object.ts';

/** Which part of an object a write through one address may change; '' is the object's own address. */
export type Part = '' | 'binding' | 'ephemeralcontainers' | 'finalize' | 'resize' | 'status';

/**
 * The stored object with what the subresource is for taken from the given one.
 *
 * SECURITY: everything else stays as it is stored; who may write a part was not asked about the whole.
 */
export function withPart(stored: KubeObject, given: KubeObject, part: Exclude<Part, ''>): KubeObject {
  switch (part) {
    case 'status':
      return withMember(stored, 'status', given.status);
    case 'finalize':
      return withMember(stored, 'spec', given.spec);
    case 'binding':
      // Made from the stored pod (binding.ts): nothing of the client's is in it but a node and annotations.
      return given;
    case 'ephemeralcontainers': {
      const { ephemeralContainers, ...spec } = objectOf(stored.spec);
      const next = objectOf(given.spec).ephemeralContainers ?? ephemeralContainers;
      return withMember(stored, 'spec', next === undefined ? spec : { ...spec, ephemeralContainers: next });
    }
    case 'resize': {
      const spec = objectOf(stored.spec);
      const wanted = objectOf(given.spec);
      return withMember(stored, 'spec', {
        ...spec,
        ...resized('containers', spec, wanted),
        ...resized('initContainers', spec, wanted),
      });
    }
    default:
      return part satisfies never;
  }
}

/** What is wrong with a write of the part beside what is wrong with any object. */
export function partErrors(
  resource: Pick<ResourceDefinition, 'group' | 'resource'>,
  stored: KubeObject,
  next: KubeObject,
  part: Part,
): readonly FieldError[] {
  if (!isPodKind(resource)) return [];
  if (part === '') return changedPodErrors(next, stored);
  return part === 'ephemeralcontainers' ? ephemeralErrors(next, stored) : [];
}

/** `member` without its value when there is none to write. */
export function withMember(
  object: KubeObject,
  member: 'spec' | 'status',
  value: JsonValue | undefined,
): KubeObject {
  const { [member]: _, ...others } = object;
  return { ...(others as KubeObject), ...(value === undefined ? {} : { [member]: value }) };
}

/** The stored containers with the resources and resize policies that the given ones of the same name have. */
function resized(
  member: 'containers' | 'initContainers',
  stored: JsonObject,
  given: JsonObject,
): Readonly<Record<string, JsonValue>> {
  const containers = stored[member];
  if (!Array.isArray(containers)) return {};
  const wanted = namedItems(given[member]);
  const next = containers.map((container: JsonValue): JsonValue => {
    const from = isObject(container) ? wanted.get(container.name) : undefined;
    if (!isObject(container) || from === undefined) return container;
    const { resources, resizePolicy, ...others } = container;
    return {
      ...others,
      ...present('resources', from, resources),
      ...present('resizePolicy', from, resizePolicy),
    };
  });
  return { [member]: next };
}

const present = (member: string, from: JsonObject, otherwise: JsonValue | undefined): JsonObject => {
  const value = from[member] ?? otherwise;
  return value === undefined ? {} : { [member]: value };
};

function namedItems(list: JsonValue | undefined): ReadonlyMap<JsonValue | undefined, JsonObject> {
  const items = Array.isArray(list) ? list.filter(isObject) : [];
  return new Map(items.map((item) => [item.name, item]));
}

const objectOf = (value: JsonValue | undefined): JsonObject => (isObject(value) ? value : {});
