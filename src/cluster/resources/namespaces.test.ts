import { expect, test } from 'vitest';
import { createMemoryStorage } from '../../storage/memory/memory.ts';
import { objectKey } from '../../storage/records/keys.ts';
import type { Storage } from '../../storage/storage.ts';
import { builtInResources } from '../../wire/kube/resources.ts';
import { writeObject } from '../objects/store.ts';
import { emptyNamespace, namespaceKey } from './namespaces.ts';

const now = (): number => Date.parse('2026-01-15T12:00:00Z');
const configMap = (value: string) =>
  writeObject(objectKey('c', '', 'configmaps', 'gone', 'settings'), {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings', namespace: 'gone' },
    data: { value },
  });

test('a namespace is emptied although one of its objects is written at the same moment', async () => {
  const storage = createMemoryStorage();
  await storage.commit({
    changes: [
      writeObject(namespaceKey('c', 'gone'), {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: 'gone', deletionTimestamp: '2026-01-15T12:00:00Z' },
      }),
      configMap('first'),
    ],
  });
  let raced = false;
  const racing: Storage = {
    ...storage,
    async list(options) {
      const page = await storage.list(options);
      if (!raced && page.entries.length > 0) {
        raced = true;
        await storage.commit({ changes: [configMap('second')] });
      }
      return page;
    },
  };
  const served = () => builtInResources;
  await emptyNamespace({ storage: racing, now, served }, { clusterId: 'c', version: '1.36' }, 'gone');
  expect(raced).toBe(true);
  expect((await storage.list({ prefix: '' })).entries).toEqual([]);
});
