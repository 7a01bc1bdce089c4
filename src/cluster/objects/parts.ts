import type { FieldError } from '../../wire/kube/fielderror.ts';
import { isObject, type JsonObject, type JsonValue } from '../../wire/kube/json.ts';
import type { ResourceDefinition } from '../../wire/kube/resources.ts';
import { changedPodErrors, ephemeralErrors, resizeErrors } from '../resources/podrules.ts';
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
  switch (part) {
    case '':
      return changedPodErrors(next, stored);
    case 'ephemeralcontainers':
      return ephemeralErrors(next, stored);
    case 'resize':
      return resizeErrors(next, stored);
    default:
      return [];
  }
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

/** The stored containers with the resources and resize policies of the given ones; other containers are for validation. */
function resized(
  member: 'containers' | 'initContainers',
  stored: JsonObject,
  given: JsonObject,
): Readonly<Record<string, JsonValue>> {
  const [containers, wanted] = [itemsOf(stored[member]), itemsOf(given[member])];
  const isSame =
    containers.length === wanted.length && containers.every((one, i) => one.name === wanted[i]?.name);
  if (!isSame) return { [member]: wanted };
  if (containers.length === 0) return {};
  const next = containers.map(({ resources, resizePolicy, ...others }, index): JsonObject => {
    const from = wanted[index] ?? {};
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

const itemsOf = (list: JsonValue | undefined): readonly JsonObject[] =>
  Array.isArray(list) ? list.filter(isObject) : [];

const objectOf = (value: JsonValue | undefined): JsonObject => (isObject(value) ? value : {});
