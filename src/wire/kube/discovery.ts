import type { JsonObject } from './json.ts';
import {
  apiVersionOf,
  type GroupVersions,
  type ResourceDefinition,
  type ResourceTable,
} from './resources.ts';

/** The content type of an aggregated answer, exactly as clients compare it (D1.2). */
export const aggregatedDiscoveryMediaType =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

function discoveredResource(one: ResourceDefinition): JsonObject {
  return {
    resource: one.resource,
    responseKind: { group: one.group, version: one.version, kind: one.kind },
    scope: one.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: one.singular,
    verbs: one.verbs,
    ...(one.shortNames.length > 0 && { shortNames: one.shortNames }),
    ...(one.categories.length > 0 && { categories: one.categories }),
    ...(one.subresources.length > 0 && {
      subresources: one.subresources.map((sub) => ({
        subresource: sub.name,
        responseKind: { group: sub.group, version: sub.version, kind: sub.kind },
        verbs: sub.verbs,
      })),
    }),
  };
}

function discoveredGroup(table: ResourceTable, { group, versions }: GroupVersions): JsonObject {
  return {
    metadata: group === '' ? {} : { name: group },
    versions: versions.map((version) => ({
      version,
      resources: table.of(group, version).map(discoveredResource),
      freshness: 'Current',
    })),
  };
}

/** APIGroupDiscoveryList v2 for `/api` (`core`) or `/apis` (`groups`) (D1.2). */
export function aggregatedDiscovery(table: ResourceTable, root: 'core' | 'groups'): JsonObject {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: table.groupVersions
      .filter((one) => (one.group === '') === (root === 'core'))
      .map((one) => discoveredGroup(table, one)),
  };
}

/** The plain answer of `/api` (D1.3). `serverAddress` is host and port. */
export function apiVersions(serverAddress: string): JsonObject {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  };
}

function groupEntry({ group, versions }: GroupVersions): JsonObject {
  const list = versions.map((version) => ({ groupVersion: apiVersionOf({ group, version }), version }));
  return { name: group, versions: list, preferredVersion: list[0] ?? null };
}

/** The plain answer of `/apis` (D1.3). */
export function apiGroupList(table: ResourceTable): JsonObject {
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: table.groupVersions.filter((one) => one.group !== '').map(groupEntry),
  };
}

/** `/apis/<group>`, or undefined for an unknown group. */
export function apiGroup(table: ResourceTable, group: string): JsonObject | undefined {
  const known = table.groupVersions.find((one) => one.group === group && group !== '');
  return known && { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(known) };
}

/** `/api/v1` or `/apis/<group>/<version>` (D1.4): subresources are rows of their own. Undefined when not served. */
export function apiResourceList(
  table: ResourceTable,
  group: string,
  version: string,
): JsonObject | undefined {
  const resources = table.of(group, version);
  if (resources.length === 0) return undefined;
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersionOf({ group, version }),
    resources: resources.flatMap((one) => [
      {
        name: one.resource,
        singularName: one.singular,
        namespaced: one.namespaced,
        kind: one.kind,
        verbs: one.verbs,
        ...(one.shortNames.length > 0 && { shortNames: one.shortNames }),
        ...(one.categories.length > 0 && { categories: one.categories }),
      },
      ...one.subresources.map((sub) => ({
        name: `${one.resource}/${sub.name}`,
        singularName: '',
        namespaced: one.namespaced,
        kind: sub.kind,
        verbs: sub.verbs,
        ...(sub.group !== one.group && { group: sub.group, version: sub.version }),
      })),
    ]),
  };
}

/** `/version` (D1.6) for a cluster of that Kubernetes minor, `1.33`. */
export function versionInfo(kubernetesVersion: string): JsonObject {
  const [major = '', minor = ''] = kubernetesVersion.split('.');
  return {
    major,
    minor,
    gitVersion: `v${major}.${minor}.0-entryway`,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: '',
    compiler: '',
    platform: 'linux/amd64',
  };
}
