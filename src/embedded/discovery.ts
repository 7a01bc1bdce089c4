import { aggregatedDiscoveryMediaType } from '../wire/kube/discovery.ts';
import { apiVersionOf } from '../wire/kube/resources.ts';

/** What one group version calls a resource, and its kind. */
export interface DiscoveredResource {
  readonly group: string;
  readonly version: string;
  /** Plural. */
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Names besides `resource`: singular and short ones. */
  readonly otherNames: readonly string[];
}

interface GroupDiscovery {
  readonly metadata: { readonly name?: string };
  readonly versions: readonly {
    readonly version: string;
    readonly resources: readonly {
      readonly resource: string;
      readonly responseKind: { readonly kind: string };
      readonly scope: 'Namespaced' | 'Cluster';
      readonly singularResource: string;
      readonly shortNames?: readonly string[];
    }[];
  }[];
}

/** What the cluster serves at this moment, in the order of discovery. `read` sends a GET as the administrator. */
export async function discover(
  read: (path: string, accept: string) => Promise<unknown>,
): Promise<readonly DiscoveredResource[]> {
  const [core, groups] = (await Promise.all([
    read('/api', aggregatedDiscoveryMediaType),
    read('/apis', aggregatedDiscoveryMediaType),
  ])) as { readonly items: readonly GroupDiscovery[] }[];
  return [...(core?.items ?? []), ...(groups?.items ?? [])].flatMap(({ metadata, versions }) =>
    versions.flatMap(({ version, resources }) =>
      resources.map(({ resource, responseKind, scope, singularResource, shortNames = [] }) => ({
        group: metadata.name ?? '',
        version,
        resource,
        kind: responseKind.kind,
        namespaced: scope === 'Namespaced',
        otherNames: [singularResource, ...shortNames],
      })),
    ),
  );
}

export function findKind(
  served: readonly DiscoveredResource[],
  apiVersion: string,
  kind: string,
): DiscoveredResource | undefined {
  return served.find((one) => one.kind === kind && apiVersionOf(one) === apiVersion);
}

/** By `pods`, `po`, `deployments.apps` or `deployments.v1.apps`, as kubectl reads it: the first that discovery names. */
export function findResource(
  served: readonly DiscoveredResource[],
  text: string,
): DiscoveredResource | undefined {
  const [name = '', ...rest] = text.split('.');
  const place = rest.join('.');
  return served.find(
    ({ group, version, resource, otherNames }) =>
      (resource === name || otherNames.includes(name)) &&
      (place === '' || place === group || place === (group === '' ? version : `${version}.${group}`)),
  );
}

/** Where objects of the resource are, below the cluster's endpoint; `namespace` counts for a namespaced one alone. */
export function objectPath(
  { group, version, resource, namespaced }: DiscoveredResource,
  namespace: string,
  name: string,
): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const within = namespaced ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${within}/${resource}/${encodeURIComponent(name)}`;
}
