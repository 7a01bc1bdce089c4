import { objectKey } from '../../storage/records/keys.ts';
import type { Expectation, Put, Storage } from '../../storage/storage.ts';
import { type FieldError, invalidValue } from '../../wire/kube/fielderror.ts';
import { at, isObject, type JsonValue, printed } from '../../wire/kube/json.ts';
import { qualifiedNameFindings } from '../../wire/kube/names.ts';
import { forbiddenWith, namespaceTerminating, notFound } from '../../wire/kube/status.ts';
import { specFinalizers } from '../objects/deletion.ts';
import { type KubeObject, kubernetesTime } from '../objects/object.ts';
import { getObject, revisionOf, writeObject } from '../objects/store.ts';

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

/** The finalizer of a namespace's spec that goes when the namespace has been emptied. */
export const emptiedFinalizer = 'kubernetes';

/**
 * A namespace as the server completes it. A new one is held by `kubernetes` beside what its creator names; later its
 * finalizers are those that stand there, which `finalize` alone changes.
 */
export function completeNamespace(next: KubeObject, old: KubeObject | undefined): KubeObject {
  const name = next.metadata.name ?? '';
  const metadata = { ...next.metadata, labels: { ...next.metadata.labels, [nameLabel]: name } };
  const given = specFinalizers(next);
  const finalizers =
    old !== undefined || given.includes(emptiedFinalizer) ? given : [...given, emptiedFinalizer];
  const spec = { ...(isObject(next.spec) ? next.spec : {}) };
  const status = { ...(isObject(next.status) ? next.status : {}) };
  const phase = next.metadata.deletionTimestamp === undefined ? 'Active' : 'Terminating';
  return { ...next, metadata, spec: { ...spec, finalizers }, status: { ...status, phase } };
}

/** What is wrong with a namespace: its own finalizers are `kubernetes` or `domain/name`. */
export function validateNamespace(next: KubeObject): readonly FieldError[] {
  const finalizers = at(next, 'spec', 'finalizers');
  if (!Array.isArray(finalizers)) return [];
  return finalizers.flatMap((finalizer: JsonValue, index) => {
    const text = printed(finalizer);
    const field = `spec.finalizers[${index}]`;
    const findings = qualifiedNameFindings(text);
    if (findings.length > 0) return findings.map((finding) => invalidValue(field, text, finding));
    if (text.includes('/') || text === emptiedFinalizer) return [];
    return [invalidValue(field, text, 'name is neither a standard finalizer name nor is it fully qualified')];
  });
}

export interface ContentOptions {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly uuid: () => string;
  /** '' for none: then no namespace has a kube-root-ca.crt. */
  readonly caPem: string;
}

export const defaultAccountKey = (clusterId: string, namespace: string): string =>
  objectKey(clusterId, '', 'serviceaccounts', namespace, 'default');
export const rootCaName = 'kube-root-ca.crt';
export const rootCaKey = (clusterId: string, namespace: string): string =>
  objectKey(clusterId, '', 'configmaps', namespace, rootCaName);

/** What every namespace has from its first moment on (kubernetes-facts E10). */
export function namespaceContent(
  clusterId: string,
  namespace: string,
  options: ContentOptions,
): readonly Put[] {
  const account = writeObject(defaultAccountKey(clusterId, namespace), defaultAccount(namespace, options));
  if (options.caPem === '') return [account];
  return [account, writeObject(rootCaKey(clusterId, namespace), rootCaMap(namespace, options))];
}

export function defaultAccount(namespace: string, options: ContentOptions): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: newMetadata('default', namespace, options),
  };
}

export const rootCaDescription = {
  'kubernetes.io/description':
    'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.',
} as const;

export function rootCaMap(namespace: string, options: ContentOptions): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...newMetadata(rootCaName, namespace, options), annotations: rootCaDescription },
    data: { 'ca.crt': options.caPem },
  };
}

function newMetadata(name: string, namespace: string, { uuid, now }: ContentOptions) {
  return { name, namespace, uid: uuid(), creationTimestamp: kubernetesTime(now) };
}

export function isProtectedNamespace(name: string): boolean {
  return protectedNames.includes(name);
}

export function refuseProtectedNamespace(name: string): void {
  if (isProtectedNamespace(name)) {
    throw forbiddenWith({ ...namespaces, name }, 'this namespace may not be deleted');
  }
}
