import { expect, test } from 'vitest';
import { createMemoryStorage } from '../../storage/memory/memory.ts';
import { objectKey } from '../../storage/records/keys.ts';
import type { Storage } from '../../storage/storage.ts';
import { writeObject } from '../objects/store.ts';
import { namespaceKey } from '../resources/namespaces.ts';
import { createNamespaceContentController } from './namespacecontent.ts';
import { createNamespaceController } from './namespaces.ts';
import { clusterId, controllersOver } from './testworld.ts';

const namespace = (name: string, metadata: object = {}) =>
  writeObject(namespaceKey(clusterId, name), {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, ...metadata },
    spec: { finalizers: ['kubernetes'] },
  });
const going = { deletionTimestamp: '2026-01-15T11:00:00Z' };
const configMap = (inNamespace: string, value: string, metadata: object = {}) =>
  writeObject(objectKey(clusterId, '', 'configmaps', inNamespace, 'settings'), {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings', namespace: inNamespace, ...metadata },
    data: { value },
  });
const held = { finalizers: ['acme.example/x'] };
const pod = (inNamespace: string, metadata: object = {}) =>
  writeObject(objectKey(clusterId, '', 'pods', inNamespace, 'p'), {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: inNamespace, ...metadata },
  });
const conditionOf = async (storage: Storage, name: string, type: string) => {
  const entry = await storage.get(namespaceKey(clusterId, name));
  const { status } = JSON.parse(entry?.value ?? '{}') as { status?: { conditions?: { type: string }[] } };
  return status?.conditions?.find((one) => one.type === type);
};
const keysOf = async (storage: Storage) => (await storage.list({ prefix: '' })).entries.map(({ key }) => key);

test('a deletion that a stopped process left half done is finished, and nothing else is touched', async () => {
  const storage = createMemoryStorage();
  const living = [namespace('lives'), configMap('lives', 'x')];
  await storage.commit({ changes: [...living, namespace('gone', going), configMap('gone', 'x')] });
  const { controllers, faults } = controllersOver(storage, [createNamespaceController]);
  await controllers.start(clusterId);
  await controllers.idle();
  expect(await keysOf(storage)).toEqual(living.map(({ key }) => key).sort());
  expect(faults).toEqual([]);
});

test('a namespace is emptied although one of its objects is written at the same moment', async () => {
  const storage = createMemoryStorage();
  await storage.commit({ changes: [namespace('gone', going), configMap('gone', 'first')] });
  let raced = false;
  const racing: Storage = {
    ...storage,
    async list(options) {
      const page = await storage.list(options);
      if (!raced && options.prefix.includes('/configmaps/') && page.entries.length > 0) {
        raced = true;
        await storage.commit({ changes: [configMap('gone', 'second')] });
      }
      return page;
    },
  };
  const { controllers } = controllersOver(racing, [createNamespaceController]);
  await controllers.start(clusterId);
  await controllers.idle();
  expect(raced).toBe(true);
  expect(await keysOf(storage)).toEqual([]);
});

test('what a namespace must have is not made in one that is being deleted, nor in one that is gone', async () => {
  const storage = createMemoryStorage();
  await storage.commit({ changes: [namespace('gone', { ...going, finalizers: ['acme.example/x'] })] });
  const { controllers } = controllersOver(storage, [createNamespaceContentController]);
  await controllers.start(clusterId);
  await storage.commit({ changes: [configMap('nowhere', 'x')] });
  await controllers.idle();
  expect(await keysOf(storage)).toHaveLength(2);
  await storage.commit({ changes: [namespace('lives')] });
  await controllers.idle();
  expect(await keysOf(storage)).toHaveLength(5);
});

test('an object as long as one may be, held by a finalizer, is marked all the same', async () => {
  const storage = createMemoryStorage();
  const short = configMap('gone', '', held).value.length;
  const full = configMap('gone', 'x'.repeat(3 * 2 ** 20 - short), held);
  await storage.commit({ changes: [namespace('gone', going), full] });
  const { controllers, faults } = controllersOver(storage, [createNamespaceController]);
  await controllers.start(clusterId);
  await controllers.idle();
  expect((await storage.get(full.key))?.value).toContain('"deletionTimestamp"');
  expect(faults).toEqual([]);
  controllers.close();
});

test('what cannot be read keeps the namespace, which says so, and nothing else in it', async () => {
  const storage = createMemoryStorage();
  const broken = { ...configMap('gone', 'x'), value: '{' };
  const other = { ...configMap('gone', 'x'), key: `${broken.key}-too` };
  await storage.commit({ changes: [namespace('gone', going), pod('gone'), broken, other] });
  const { controllers, faults } = controllersOver(storage, [createNamespaceController]);
  await controllers.start(clusterId);
  await controllers.idle();
  expect(await keysOf(storage)).toEqual([broken.key, namespaceKey(clusterId, 'gone')]);
  expect(await conditionOf(storage, 'gone', 'NamespaceDeletionContentFailure')).toMatchObject({
    status: 'True',
    reason: 'ContentDeletionFailed',
    message: 'Failed to delete all resource types, 1 remaining: configmaps.: Internal error occurred',
  });
  expect(faults).not.toEqual([]);
  controllers.close();
});

test('everything else waits for the pods', async () => {
  const storage = createMemoryStorage();
  const settings = configMap('gone', 'x');
  await storage.commit({ changes: [namespace('gone', going), pod('gone', held), settings] });
  const { controllers } = controllersOver(storage, [createNamespaceController]);
  await controllers.start(clusterId);
  await controllers.idle();
  expect((await storage.get(settings.key))?.value).not.toContain('"deletionTimestamp"');
  expect(await conditionOf(storage, 'gone', 'NamespaceContentRemaining')).toMatchObject({
    message: 'Some resources are remaining: pods. has 1 resource instances',
  });
  await storage.commit({ changes: [{ type: 'delete', key: pod('gone').key }] });
  await controllers.idle();
  expect(await keysOf(storage)).toEqual([]);
});

test('much that stays is not read again after every change', async () => {
  const memory = createMemoryStorage();
  let looks = 0;
  const storage: Storage = {
    ...memory,
    list(options) {
      if (options.prefix.includes('/configmaps/gone/')) looks += 1;
      return memory.list(options);
    },
  };
  const big = { ...held, deletionTimestamp: '2026-01-15T11:00:00Z', deletionGracePeriodSeconds: 0 };
  const changes = ['a', 'b', 'c', 'd'].map((name) => {
    const one = configMap('gone', 'x'.repeat(2.5 * 2 ** 20), big);
    return { ...one, key: one.key + name };
  });
  await storage.commit({ changes: [namespace('gone', going), ...changes] });
  const { controllers } = controllersOver(storage, [createNamespaceController]);
  await controllers.start(clusterId);
  for (let count = 0; count < 20; count += 1) {
    await storage.commit({ changes: [configMap('gone', String(count), big)] });
    await controllers.idle();
  }
  expect(looks).toBeLessThan(5);
  controllers.close();
});
