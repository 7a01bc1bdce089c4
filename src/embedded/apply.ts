import type { Administrator } from './administrator.ts';
import { ClusterError, type KubernetesObject, type Manifests } from './cluster.ts';
import { type DiscoveredResource, discover, findKind, objectPath } from './discovery.ts';
import { type ManifestObject, readManifests } from './manifests.ts';

const fieldManager = 'entryway';

/** What others need to be there already, in the order in which they need it. */
const firstKinds = ['CustomResourceDefinition', 'Namespace'];

/** See `Cluster.apply`. */
export async function applyManifests(
  { administrator, idle }: { readonly administrator: Administrator; readonly idle: () => Promise<void> },
  manifests: readonly Manifests[],
): Promise<readonly KubernetesObject[]> {
  const objects = inOrder(await readManifests(manifests));
  const applied: KubernetesObject[] = [];
  let served: readonly DiscoveredResource[] | undefined;
  for (const one of objects) {
    served ??= await discovered(administrator);
    const resource = findKind(served, one.apiVersion, one.kind);
    if (resource === undefined) {
      throw new ClusterError(
        'manifest',
        `${one.label}: the cluster serves no kind \`${one.kind}\` in \`${one.apiVersion}\``,
      );
    }
    applied.push(await applyOne(administrator, resource, one));
    if (one.kind === 'CustomResourceDefinition') {
      // Served once its names are accepted, which is a controller's work.
      await idle();
      served = undefined;
    }
  }
  return applied;
}

function inOrder(objects: readonly ManifestObject[]): readonly ManifestObject[] {
  const place = ({ kind }: ManifestObject): number => {
    const index = firstKinds.indexOf(kind);
    return index === -1 ? firstKinds.length : index;
  };
  return objects.toSorted((one, other) => place(one) - place(other));
}

/** What the cluster serves now. */
export function discovered(administrator: Administrator): Promise<readonly DiscoveredResource[]> {
  return discover((path, accept) => administrator.call('discovery', { method: 'GET', path, accept }));
}

async function applyOne(
  administrator: Administrator,
  resource: DiscoveredResource,
  { namespace, name, object, label }: ManifestObject,
): Promise<KubernetesObject> {
  const path = objectPath(resource, namespace === '' ? 'default' : namespace, name);
  const answer = await administrator.call(label, {
    method: 'PATCH',
    path: `${path}?fieldManager=${fieldManager}&force=true`,
    contentType: 'application/apply-patch+yaml',
    body: object,
  });
  return answer as KubernetesObject;
}
