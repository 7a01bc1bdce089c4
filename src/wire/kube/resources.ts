import { resourceLines } from './data/resources.ts';
import type { JsonObject } from './json.ts';
import { messageNameOf } from './messages.ts';

export interface SubresourceDefinition {
  readonly name: string;
  readonly kind: string;
  /** Group and version of `kind`; those of the parent unless they differ (scale, eviction, token). */
  readonly group: string;
  readonly version: string;
  readonly verbs: readonly string[];
}

/** What a CustomResourceDefinition says of one version beside its names. */
export interface CustomVersion {
  /** `openAPIV3Schema` as written; checked to be structural. The same object as long as the definition stays the same. */
  readonly schema: JsonObject;
  /** `additionalPrinterColumns` as written. */
  readonly printerColumns: readonly JsonObject[];
  readonly listKind: string;
  /** The version objects are stored in from now on; those that were stored before carry the name of another. */
  readonly storedVersion: string;
  /** The schemas of all versions by their names, of those that are not served, too. */
  readonly schemas: ReadonlyMap<string, JsonObject>;
  /** Paths like `.spec.color` that field selectors may name without their first dot. */
  readonly selectableFields: readonly string[];
  /** Of the scale subresource: `.spec.replicas` and the like. */
  readonly scale: CustomScale | undefined;
  /** What users of a deprecated version are told. */
  readonly deprecation: string | undefined;
}

export interface CustomScale {
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  readonly labelSelectorPath: string | undefined;
}

/** One resource of the API, as discovery describes it. */
export interface ResourceDefinition {
  readonly group: string;
  readonly version: string;
  /** Plural, lower case: the word of the path and of RBAC. */
  readonly resource: string;
  readonly kind: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly subresources: readonly SubresourceDefinition[];
  /** Message of the kind in our type data; undefined for the few groups whose types we do not carry. */
  readonly messageType: string | undefined;
  /** Of a resource that a CustomResourceDefinition adds. */
  readonly custom?: CustomVersion;
}

const storedVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const statusVerbs = ['get', 'patch', 'update'];

function words(text: string): readonly string[] {
  if (text === '*') return storedVerbs;
  if (text === '+') return statusVerbs;
  return text === '-' ? [] : text.split(',');
}

function groupVersion(text: string): readonly [group: string, version: string] {
  const slash = text.indexOf('/');
  return [text.slice(0, slash), text.slice(slash + 1)];
}

function parseSubresource(text: string, group: string, version: string): SubresourceDefinition {
  const [name = '', kind = '', verbs = '', other] = text.split(':');
  const [ofGroup, ofVersion] = other === undefined ? [group, version] : groupVersion(other);
  return { name, kind, group: ofGroup, version: ofVersion, verbs: words(verbs) };
}

function parseLine(line: string): ResourceDefinition {
  const [
    path = '',
    resource = '',
    kind = '',
    singular = '',
    scope,
    verbs = '',
    short = '',
    categories = '',
    ...subs
  ] = line.split(' ');
  const [group, version] = groupVersion(path);
  return {
    group,
    version,
    resource,
    kind,
    singular,
    namespaced: scope === 'n',
    verbs: words(verbs),
    shortNames: words(short),
    categories: words(categories),
    subresources: subs.map((text) => parseSubresource(text, group, version)),
    messageType: messageNameOf(group, version, kind),
  };
}

/** What one API server serves: Kubernetes' own resources, and in a cluster those its custom resources add. */
export interface ResourceTable {
  /** In the order of discovery (D1.2): the first version of a group is preferred. */
  readonly definitions: readonly ResourceDefinition[];
  /** Groups in the order of discovery; the core group ('') comes first. */
  readonly groupVersions: readonly GroupVersions[];
  /** The definition of `/apis/<group>/<version>/…/<resource>`, or undefined when nobody serves it. */
  find(group: string, version: string, resource: string): ResourceDefinition | undefined;
  /** The resource that stores a kind, or undefined. */
  findKind(group: string, version: string, kind: string): ResourceDefinition | undefined;
  /** The resources of one group version; empty when it is not served. */
  of(group: string, version: string): readonly ResourceDefinition[];
}

export interface GroupVersions {
  readonly group: string;
  /** Preferred version first. */
  readonly versions: readonly string[];
}

export function createResourceTable(definitions: readonly ResourceDefinition[]): ResourceTable {
  const byPath = new Map(definitions.map((one) => [`${one.group}/${one.version}/${one.resource}`, one]));
  const byKind = new Map(definitions.map((one) => [`${one.group}/${one.version}/${one.kind}`, one]));
  const byGroup = Map.groupBy(definitions, ({ group }) => group);
  const byVersion = Map.groupBy(definitions, ({ group, version }) => `${group}/${version}`);
  return {
    definitions,
    groupVersions: [...byGroup].map(([group, all]) => ({
      group,
      versions: [...new Set(all.map(({ version }) => version))],
    })),
    find: (group, version, resource) => byPath.get(`${group}/${version}/${resource}`),
    findKind: (group, version, kind) => byKind.get(`${group}/${version}/${kind}`),
    of: (group, version) => byVersion.get(`${group}/${version}`) ?? [],
  };
}

/** Every resource Kubernetes itself serves. */
export const builtInResources: ResourceTable = createResourceTable(resourceLines.split('\n').map(parseLine));
export const resourceDefinitions: readonly ResourceDefinition[] = builtInResources.definitions;
export const findResource: ResourceTable['find'] = builtInResources.find;

export function findSubresource(
  definition: ResourceDefinition,
  name: string,
): SubresourceDefinition | undefined {
  return definition.subresources.find((one) => one.name === name);
}

/** `v1` or `apps/v1`: the apiVersion of an object. */
export function apiVersionOf(target: { readonly group: string; readonly version: string }): string {
  return target.group === '' ? target.version : `${target.group}/${target.version}`;
}
