import {
  apiVersionOf,
  builtInResources,
  createResourceTable,
  type ResourceDefinition,
  type ResourceTable,
} from './resources.ts';

const newestMinor = 36;

/**
 * What Kubernetes has served only since a minor version: `group/version/resource[/subresource]`. The data is that of
 * 1.36; beta versions are not in it, because an API server does not serve them unless it is told to.
 */
const servedSince: Readonly<Record<string, number>> = {
  '/v1/pods/resize': 33,
  'networking.k8s.io/v1/ipaddresses': 33,
  'networking.k8s.io/v1/servicecidrs': 33,
  'storage.k8s.io/v1/volumeattributesclasses': 34,
  'resource.k8s.io/v1/deviceclasses': 34,
  'resource.k8s.io/v1/resourceclaims': 34,
  'resource.k8s.io/v1/resourceclaimtemplates': 34,
  'resource.k8s.io/v1/resourceslices': 34,
  'admissionregistration.k8s.io/v1/mutatingadmissionpolicies': 36,
  'admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings': 36,
};

const tables = new Map<number, ResourceTable>();

/**
 * What a cluster of Kubernetes 1.<minor> serves before anybody adds to it. The same table for each call, and the same
 * definitions in the tables of all minors that agree on them, so that what is made of a definition can be shared.
 */
export function builtInResourcesOf(minor: number): ResourceTable {
  const served = Math.min(minor, newestMinor);
  const known = tables.get(served);
  if (known !== undefined) return known;
  const definitions = builtInResources.definitions.flatMap((one) => servedIn(one, served));
  const table =
    definitions.length === builtInResources.definitions.length &&
    definitions.every((one, index) => one === builtInResources.definitions[index])
      ? builtInResources
      : createResourceTable(definitions);
  tables.set(served, table);
  return table;
}

function servedIn(one: ResourceDefinition, minor: number): readonly ResourceDefinition[] {
  const isServed = (path: string): boolean =>
    !Object.hasOwn(servedSince, path) || (servedSince[path] ?? 0) <= minor;
  const path = `${one.group}/${one.version}/${one.resource}`;
  if (!isServed(path)) return [];
  const subresources = one.subresources.filter(({ name }) => isServed(`${path}/${name}`));
  return [subresources.length === one.subresources.length ? one : { ...one, subresources }];
}

/** Kinds that are served and advised against: since when, and what is to be used instead. */
const deprecated: Readonly<Record<string, { readonly since: number; readonly use?: string }>> = {
  '/v1/componentstatuses': { since: 19 },
  '/v1/endpoints': { since: 33, use: 'discovery.k8s.io/v1 EndpointSlice' },
};

/**
 * What Kubernetes 1.<minor> says in a Warning header to whoever uses a resource that is advised against, undefined for
 * all others. COMPAT: the text of the API server for deprecated versions.
 */
export function deprecationWarning(one: ResourceDefinition, minor: number): string | undefined {
  if (one.custom !== undefined) return one.custom.deprecation;
  const path = `${one.group}/${one.version}/${one.resource}`;
  const found = Object.hasOwn(deprecated, path) ? deprecated[path] : undefined;
  if (found === undefined || minor < found.since) return undefined;
  const instead = found.use === undefined ? '' : `; use ${found.use}`;
  return `${apiVersionOf(one)} ${one.kind} is deprecated in v1.${found.since}+${instead}`;
}
