import { expect, test } from 'vitest';
import { createMemoryStorage } from '../storage/memory/memory.ts';
import { objectKey } from '../storage/records/keys.ts';
import { bootstrapChanges } from './bootstrap.ts';
import type { KubeObject } from './objects/object.ts';
import { getObject, writeObject } from './objects/store.ts';
import { reconcileDefaults } from './reconcile.ts';

const group = 'rbac.authorization.k8s.io';
const random = { bytes: (length: number) => new Uint8Array(length), uuid: () => crypto.randomUUID() };
const options = { now: 0, random };
const key = (resource: string, name: string) => objectKey('c', group, resource, '', name);

async function newCluster() {
  const storage = createMemoryStorage();
  await storage.commit({ changes: bootstrapChanges('c', 0, { caPem: 'PEM', random }) });
  const get = async (resource: string, name: string): Promise<KubeObject> => {
    const object = await getObject(storage, key(resource, name));
    if (object === undefined) throw new Error(`${name} is missing`);
    return object;
  };
  const put = (resource: string, name: string, object: KubeObject) =>
    storage.commit({ changes: [writeObject(key(resource, name), object)] });
  return { storage, get, put };
}

test('a new cluster has no aws-auth, and every default object once', async () => {
  const { storage } = await newCluster();
  expect(await storage.get(objectKey('c', '', 'configmaps', 'kube-system', 'aws-auth'))).toBeUndefined();
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
    expect(await storage.get(objectKey('c', '', 'namespaces', '', name))).toBeDefined();
    expect(await storage.get(objectKey('c', '', 'serviceaccounts', name, 'default'))).toBeDefined();
  }
  expect(
    await storage.get(
      objectKey(
        'c',
        group,
        'rolebindings',
        'kube-system',
        'system::extension-apiserver-authentication-reader',
      ),
    ),
  ).toBeDefined();
});

test('default objects are marked (kubernetes-facts B21)', async () => {
  const { get } = await newCluster();
  expect((await get('clusterroles', 'cluster-admin')).metadata).toMatchObject({
    labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' },
    annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
  });
});

test('nothing is written where nothing is missing', async () => {
  const { storage } = await newCluster();
  const before = storage.revision();
  expect(await reconcileDefaults(storage, 'c', options)).toBe(0);
  expect(storage.revision()).toBe(before);
});

test('what is missing is added, what users added is kept', async () => {
  const { storage, get, put } = await newCluster();
  const extra = { apiGroups: ['acme.example'], resources: ['widgets'], verbs: ['get'] };
  const user = { kind: 'User', name: 'bob', apiGroup: group };
  const whole = await get('clusterroles', 'system:discovery');
  await put('clusterroles', 'system:discovery', { ...whole, rules: [extra] });
  const bound = await get('clusterrolebindings', 'system:discovery');
  await put('clusterrolebindings', 'system:discovery', { ...bound, subjects: [user] });
  await storage.commit({ changes: [{ type: 'delete', key: key('clusterroles', 'view') }] });
  expect(await reconcileDefaults(storage, 'c', options)).toBe(3);
  // Verb by verb and URL by URL, as upstream adds what is missing.
  const urls = (whole.rules as { nonResourceURLs: string[] }[]).flatMap((rule) => rule.nonResourceURLs);
  expect((await get('clusterroles', 'system:discovery')).rules).toEqual([
    extra,
    ...urls.map((url) => ({ nonResourceURLs: [url], verbs: ['get'] })),
  ]);
  expect((await get('clusterrolebindings', 'system:discovery')).subjects).toEqual([
    user,
    ...(bound.subjects as []),
  ]);
  expect((await get('clusterroles', 'view')).aggregationRule).toBeDefined();
});

test('an object that opted out is left alone, and a binding to another role is replaced', async () => {
  const { storage, get, put } = await newCluster();
  const role = await get('clusterroles', 'edit');
  const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'false' };
  await put('clusterroles', 'edit', {
    ...role,
    aggregationRule: {},
    metadata: { ...role.metadata, annotations },
  });
  const binding = await get('clusterrolebindings', 'cluster-admin');
  await put('clusterrolebindings', 'cluster-admin', {
    ...binding,
    roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'view' },
  });
  expect(await reconcileDefaults(storage, 'c', options)).toBe(1);
  expect((await get('clusterroles', 'edit')).aggregationRule).toEqual({});
  const replaced = await get('clusterrolebindings', 'cluster-admin');
  expect(replaced.roleRef).toEqual(binding.roleRef);
  expect(replaced.metadata.uid).not.toBe(binding.metadata.uid);
});

test('a replaced binding is deleted before it is made again', async () => {
  const { storage, get, put } = await newCluster();
  const binding = await get('clusterrolebindings', 'system:discovery');
  await put('clusterrolebindings', 'system:discovery', {
    ...binding,
    roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'cluster-admin' },
  });
  const seen: (string | undefined)[] = [];
  const watch = storage.watch(
    { prefix: key('clusterrolebindings', 'system:discovery'), after: storage.revision() },
    (changes) => {
      for (const { value } of changes) seen.push(value && JSON.parse(value).roleRef.name);
    },
  );
  await reconcileDefaults(storage, 'c', options);
  watch.close();
  expect(seen).toEqual([undefined, 'system:discovery']);
});

test('rules of aggregated roles are left to the controller, and what a user said of the default labels holds', async () => {
  const { storage, get, put } = await newCluster();
  const view = await get('clusterroles', 'view');
  const rules = [{ apiGroups: ['acme.example'], resources: ['widgets'], verbs: ['get'] }];
  const aggregateToEdit = 'rbac.authorization.k8s.io/aggregate-to-edit';
  await put('clusterroles', 'view', {
    ...view,
    rules,
    metadata: { ...view.metadata, labels: { [aggregateToEdit]: 'false' } },
  });
  expect(await reconcileDefaults(storage, 'c', options)).toBe(1);
  const after = await get('clusterroles', 'view');
  expect(after.rules).toEqual(rules);
  expect(after.metadata.labels).toEqual({ ...view.metadata.labels, [aggregateToEdit]: 'false' });
  expect(await reconcileDefaults(storage, 'c', options)).toBe(0);
});

test('an aggregation where none belongs goes with what it gathered, a missing one is put back, and rules stay', async () => {
  const { storage, get, put } = await newCluster();
  const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { 'acme.example/all': 'true' } }] };
  const plain = await get('clusterroles', 'system:basic-user');
  const gathered = [{ verbs: ['get'], apiGroups: [''], resources: ['secrets'] }];
  await put('clusterroles', 'system:basic-user', { ...plain, aggregationRule, rules: gathered });
  const { aggregationRule: _, ...view } = await get('clusterroles', 'view');
  await put('clusterroles', 'view', { ...view, kind: 'ClusterRole', apiVersion: view.apiVersion });
  expect(await reconcileDefaults(storage, 'c', options)).toBe(2);
  // What had been gathered last may not be granted any more.
  expect(await get('clusterroles', 'system:basic-user')).toMatchObject({ rules: plain.rules });
  expect((await get('clusterroles', 'system:basic-user')).aggregationRule).toBeUndefined();
  expect(await get('clusterroles', 'view')).toMatchObject({ rules: view.rules });
  expect((await get('clusterroles', 'view')).aggregationRule).toBeDefined();
});
