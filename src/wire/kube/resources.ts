import { resourceLines } from './data/resources.ts';
import { messageNameOf } from './messages.ts';

export interface SubresourceDefinition {
  readonly name: string;
  readonly kind: string;
  /** Group and version of `kind`; those of the parent unless they differ (scale, eviction, token). */
  readonly group: string;
  readonly version: string;
  readonly verbs: readonly string[];
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

/** Every resource the built-in API serves, in the order of discovery (D1.2): the first version of a group is preferred. */
export const resourceDefinitions: readonly ResourceDefinition[] = resourceLines.split('\n').map(parseLine);

const byPath = new Map(
  resourceDefinitions.map((one) => [`${one.group}/${one.version}/${one.resource}`, one]),
);

/** The definition of `/apis/<group>/<version>/…/<resource>`, or undefined when nobody serves it. */
export function findResource(
  group: string,
  version: string,
  resource: string,
): ResourceDefinition | undefined {
  return byPath.get(`${group}/${version}/${resource}`);
}

export function findSubresource(
  definition: ResourceDefinition,
  name: string,
): SubresourceDefinition | undefined {
  return definition.subresources.find((one) => one.name === name);
}

/** The resource that stores a kind, or undefined. */
export function findKind(group: string, version: string, kind: string): ResourceDefinition | undefined {
  return resourceDefinitions.find(
    (one) => one.kind === kind && one.group === group && one.version === version,
  );
}

export interface GroupVersions {
  readonly group: string;
  /** Preferred version first. */
  readonly versions: readonly string[];
}

/** Groups in the order of discovery; the core group ('') comes first. */
export const groupVersions: readonly GroupVersions[] = [
  ...new Set(resourceDefinitions.map((one) => one.group)),
].map((group) => ({
  group,
  versions: [...new Set(resourceDefinitions.filter((one) => one.group === group).map((one) => one.version))],
}));

/** The version clients should use, or undefined for an unknown group. */
export function preferredVersion(group: string): string | undefined {
  return groupVersions.find((one) => one.group === group)?.versions[0];
}

export function resourcesOf(group: string, version: string): readonly ResourceDefinition[] {
  return resourceDefinitions.filter((one) => one.group === group && one.version === version);
}

/** `v1` or `apps/v1`: the apiVersion of an object. */
export function apiVersionOf(target: { readonly group: string; readonly version: string }): string {
  return target.group === '' ? target.version : `${target.group}/${target.version}`;
}
