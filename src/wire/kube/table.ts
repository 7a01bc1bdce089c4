import { type JsonObject, own } from './json.ts';
import type { ResourceDefinition } from './resources.ts';
import { badRequest } from './status.ts';
import { columnsOf } from './table/columns.ts';

export type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface TableOptions {
  readonly includeObject: IncludeObject;
  /** What ages are counted to. */
  readonly now: Date;
  /** metadata of the list; for one object its resourceVersion. */
  readonly listMeta: JsonObject;
  /** `v1` unless the client asked for `v1beta1`. */
  readonly version?: string;
  /** Watch events after the first may leave the columns out (D3.3). */
  readonly withoutColumns?: boolean;
}

/**
 * The `includeObject` parameter; absent means `Metadata`.
 * @throws KubeStatusError 400
 */
export function parseIncludeObject(value: string | null): IncludeObject {
  switch (value) {
    case null:
    case '':
    case 'Metadata':
      return 'Metadata';
    case 'None':
    case 'Object':
      return value;
    default:
      throw badRequest('unrecognized includeObject value: must be one of None, Metadata, Object');
  }
}

/** PartialObjectMetadata of an object: its metadata and nothing else. */
export function partialObjectMetadata(object: JsonObject, version = 'v1'): JsonObject {
  return {
    kind: 'PartialObjectMetadata',
    apiVersion: `meta.k8s.io/${version}`,
    metadata: own(object, 'metadata') ?? {},
  };
}

/** A list of them, as `as=PartialObjectMetadataList` asks for. */
export function partialObjectMetadataList(
  objects: readonly JsonObject[],
  listMeta: JsonObject,
  version = 'v1',
): JsonObject {
  return {
    kind: 'PartialObjectMetadataList',
    apiVersion: `meta.k8s.io/${version}`,
    metadata: listMeta,
    items: objects.map((object) => partialObjectMetadata(object, version)),
  };
}

/** meta.k8s.io Table (D3.1) with the columns of E18. `objects` are stored objects of the resource. */
export function toTable(
  definition: Pick<ResourceDefinition, 'group' | 'resource' | 'custom'>,
  objects: readonly JsonObject[],
  options: TableOptions,
): JsonObject {
  const { includeObject, now, listMeta, version = 'v1', withoutColumns = false } = options;
  const columns = columnsOf(definition);
  const included = (object: JsonObject): JsonObject => {
    if (includeObject === 'None') return { object: null };
    return { object: includeObject === 'Object' ? object : partialObjectMetadata(object, version) };
  };
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${version}`,
    metadata: listMeta,
    columnDefinitions: withoutColumns
      ? null
      : columns.map(({ name, type, format, description = '', priority }) => ({
          name,
          type,
          format,
          description,
          priority,
        })),
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.cell(object, now)),
      ...included(object),
    })),
  };
}
