import { isObject, type JsonObject, type JsonValue, own } from '../../wire/kube/json.ts';
import type { CustomScale } from '../../wire/kube/resources.ts';
import { listOf, objectOf, textOf, textsOf } from '../../wire/kube/schema/schema.ts';
import type { KubeObject } from '../objects/object.ts';

/** Holds a CustomResourceDefinition until its objects are gone. */
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';

/** The resource CustomResourceDefinitions are. */
export const definitionKind = {
  group: 'apiextensions.k8s.io',
  resource: 'customresourcedefinitions',
} as const;

export interface Names {
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
}

/** What a valid CustomResourceDefinition says, ready to be served. */
export interface Definition {
  readonly name: string;
  readonly group: string;
  /** As accepted; as asked for where its plural or kind is not. */
  readonly names: Names;
  readonly namespaced: boolean;
  readonly versions: readonly DefinitionVersion[];
  /** Its names are its own: it is served. */
  readonly isEstablished: boolean;
}

export interface DefinitionVersion {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly deprecated: boolean;
  /** '' for none of its own. */
  readonly deprecationWarning: string;
  readonly schema: JsonObject;
  readonly columns: readonly JsonObject[];
  readonly hasStatus: boolean;
  readonly scale: CustomScale | undefined;
  readonly selectableFields: readonly string[];
}

/** Reads a stored definition; what is not as validation left it reads as empty. */
export function readDefinition(object: KubeObject): Definition {
  const spec = objectOf(object, 'spec');
  const status = objectOf(object, 'status');
  const wanted = readNames(objectOf(spec, 'names'));
  const accepted = readNames(objectOf(status, 'acceptedNames'));
  // SECURITY: who may write the status of one definition must not serve, or delete, the objects of another under its name.
  const isOwn = accepted.plural === wanted.plural && accepted.kind !== '';
  return {
    name: object.metadata.name ?? '',
    group: textOf(spec, 'group'),
    names: isOwn ? accepted : wanted,
    namespaced: spec.scope === 'Namespaced',
    versions: objects(listOf(spec, 'versions')).map(readVersion),
    isEstablished: isOwn && conditionStatus(status, 'Established') === 'True',
  };
}

export function readNames(names: JsonObject): Names {
  return {
    plural: textOf(names, 'plural'),
    singular: textOf(names, 'singular'),
    kind: textOf(names, 'kind'),
    listKind: textOf(names, 'listKind'),
    shortNames: textsOf(names, 'shortNames'),
    categories: textsOf(names, 'categories'),
  };
}

function readVersion(version: JsonObject): DefinitionVersion {
  const subresources = objectOf(version, 'subresources');
  const scale = own(subresources, 'scale');
  return {
    name: textOf(version, 'name'),
    served: version.served === true,
    storage: version.storage === true,
    deprecated: version.deprecated === true,
    deprecationWarning: textOf(version, 'deprecationWarning'),
    schema: objectOf(objectOf(version, 'schema'), 'openAPIV3Schema'),
    columns: objects(listOf(version, 'additionalPrinterColumns')),
    hasStatus: isObject(own(subresources, 'status')),
    scale: isObject(scale)
      ? {
          specReplicasPath: textOf(scale, 'specReplicasPath'),
          statusReplicasPath: textOf(scale, 'statusReplicasPath'),
          labelSelectorPath: textOf(scale, 'labelSelectorPath') || undefined,
        }
      : undefined,
    selectableFields: objects(listOf(version, 'selectableFields')).map((one) => textOf(one, 'jsonPath')),
  };
}

function objects(list: readonly JsonValue[]): readonly JsonObject[] {
  return list.filter(isObject);
}

/** `True`, `False` or `Unknown` of a condition in a status; '' where it is not. */
export function conditionStatus(status: JsonObject, type: string): string {
  const found = objects(listOf(status, 'conditions')).find((one) => one.type === type);
  return found === undefined ? '' : textOf(found, 'status');
}
