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
const configMap = (inNamespace: string, value: string) =>
  writeObject(objectKey(clusterId, '', 'configmaps', inNamespace, 'settings'), {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings', namespace: inNamespace },
    data: { value },
  });
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
