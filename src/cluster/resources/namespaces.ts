import type { ClusterRecord } from '../../storage/records/eks.ts';
import { objectKey, resourcePrefix } from '../../storage/records/keys.ts';
import {
  type Batch,
  type Delete,
  type Expectation,
  type Put,
  RevisionConflictError,
  type Storage,
} from '../../storage/storage.ts';
import { forbiddenWith, namespaceTerminating, notFound } from '../../wire/kube/status.ts';
import type { ApiContext } from '../context.ts';
import { type KubeObject, kubernetesTime } from '../objects/object.ts';
import { getObject, readObject, revisionOf, writeObject } from '../objects/store.ts';
import { storedResources } from './served.ts';

const nameLabel = 'kubernetes.io/metadata.name';
const namespaces = { group: '', resource: 'namespaces' } as const;
/** Namespaces that cannot be deleted (kubernetes-facts E9). */
const protectedNames: readonly string[] = ['default', 'kube-system', 'kube-public'];

export const namespaceKey = (clusterId: string, name: string): string =>
  objectKey(clusterId, '', 'namespaces', '', name);

/**
 * That the namespace exists and takes new objects, as an expectation of the batch that writes into it: a namespace
 * deleted at the same moment makes the write fail instead of leaving an object behind.
 */
export async function expectActiveNamespace(
  storage: Storage,
  clusterId: string,
  namespace: string,
  subject: { readonly group: string; readonly resource: string; readonly name: string },
): Promise<Expectation> {
  const key = namespaceKey(clusterId, namespace);
  const found = await getObject(storage, key);
  if (found === undefined) throw notFound(namespaces, namespace);
  if (found.metadata.deletionTimestamp !== undefined) {
    throw namespaceTerminating(subject, namespace);
  }
  return { key, revision: revisionOf(found) };
}

/** A namespace as the server completes it on create and update. */
export function completeNamespace(object: KubeObject): KubeObject {
  const name = object.metadata.name ?? '';
  return {
    ...object,
    metadata: { ...object.metadata, labels: { ...object.metadata.labels, [nameLabel]: name } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: object.metadata.deletionTimestamp === undefined ? 'Active' : 'Terminating' },
  };
}

/** What controllers put into each new namespace (kubernetes-facts E10). */
export function namespaceContent(
  clusterId: string,
  namespace: string,
  options: { readonly now: number; readonly uuid: () => string; readonly caPem: string },
): readonly Put[] {
  const metadata = (name: string) => ({
    name,
    namespace,
    uid: options.uuid(),
    creationTimestamp: kubernetesTime(options.now),
  });
  const account: KubeObject = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: metadata('default'),
  };
  const puts = [writeObject(objectKey(clusterId, '', 'serviceaccounts', namespace, 'default'), account)];
  if (options.caPem !== '') {
    const name = 'kube-root-ca.crt';
    puts.push(
      writeObject(objectKey(clusterId, '', 'configmaps', namespace, name), {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: {
          ...metadata(name),
          annotations: {
            'kubernetes.io/description':
              'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.',
          },
        },
        data: { 'ca.crt': options.caPem },
      }),
    );
  }
  return puts;
}

export function refuseProtectedNamespace(name: string): void {
  if (protectedNames.includes(name)) {
    throw forbiddenWith({ ...namespaces, name }, 'this namespace may not be deleted');
  }
}

type ServedCluster = Pick<ClusterRecord, 'clusterId' | 'version'>;

/** How many objects go in one batch when a namespace is emptied. */
const batchSize = 500;

/**
 * Empties a terminating namespace and removes it once nothing is left. An object with finalizers is marked as deleted
 * and stays, and so does the namespace until `finishNamespace` is called after the last of them has gone.
 */
export async function emptyNamespace(
  context: Pick<ApiContext, 'storage' | 'now' | 'served'>,
  cluster: ServedCluster,
  namespace: string,
): Promise<void> {
  const { storage } = context;
  const { clusterId } = cluster;
  for (const resource of storedResources(context.served(cluster))) {
    if (!resource.namespaced) continue;
    const prefix = resourcePrefix(clusterId, resource.group, resource.resource, namespace);
    let after = prefix;
    for (;;) {
      const page = await storage.list({ prefix, after, limit: batchSize });
      const last = page.entries.at(-1);
      if (last === undefined) break;
      const changes = page.entries.flatMap((entry): readonly (Put | Delete)[] => {
        const object = readObject(entry);
        if ((object.metadata.finalizers ?? []).length === 0) return [{ type: 'delete', key: entry.key }];
        if (object.metadata.deletionTimestamp !== undefined) return [];
        const deletionTimestamp = kubernetesTime(context.now());
        const metadata = { ...object.metadata, deletionTimestamp, deletionGracePeriodSeconds: 0 };
        return [writeObject(entry.key, { ...object, metadata })];
      });
      const expect = page.entries.map(({ key, revision }) => ({ key, revision }));
      // Somebody wrote one of them meanwhile: the page is read again. New objects cannot come into the namespace.
      if (changes.length > 0 && !(await committed(storage, { expect, changes }))) continue;
      after = last.key;
      if (!page.more) break;
    }
  }
  await finishNamespace(context, cluster, namespace);
}

/** Removes a terminating namespace if it is empty. Safe to call at any moment, for any name. */
export async function finishNamespace(
  context: Pick<ApiContext, 'storage' | 'served'>,
  cluster: ServedCluster,
  namespace: string,
): Promise<void> {
  const { storage } = context;
  const { clusterId } = cluster;
  const key = namespaceKey(clusterId, namespace);
  const found = await getObject(storage, key);
  if (found?.metadata.deletionTimestamp === undefined) return;
  if ((found.metadata.finalizers ?? []).length > 0) return;
  for (const resource of storedResources(context.served(cluster))) {
    if (!resource.namespaced) continue;
    const prefix = resourcePrefix(clusterId, resource.group, resource.resource, namespace);
    if ((await storage.count(prefix)) > 0) return;
  }
  const batch = {
    expect: [{ key, revision: revisionOf(found) }],
    changes: [{ type: 'delete', key }],
  } as const;
  // Written meanwhile, by another finisher for one: what is there now decides.
  if (!(await committed(storage, batch))) await finishNamespace(context, cluster, namespace);
}

/** False when something that was read has been written since. */
async function committed(storage: Storage, batch: Batch): Promise<boolean> {
  try {
    await storage.commit(batch);
    return true;
  } catch (error) {
    if (error instanceof RevisionConflictError) return false;
    throw error;
  }
}

/** Goes on with deletions that a stopped process left half done. */
export async function resumeNamespaceDeletions(
  context: Pick<ApiContext, 'storage' | 'now' | 'served'>,
  cluster: ServedCluster,
): Promise<void> {
  const { clusterId } = cluster;
  const { entries } = await context.storage.list({ prefix: resourcePrefix(clusterId, '', 'namespaces', '') });
  for (const entry of entries) {
    const { deletionTimestamp, name = '' } = readObject(entry).metadata;
    if (deletionTimestamp !== undefined) await emptyNamespace(context, cluster, name);
  }
}
