import { expect, test } from 'vitest';
import { createMemoryStorage } from '../../storage/memory/memory.ts';
import { objectKey } from '../../storage/records/keys.ts';
import { builtInResources } from '../../wire/kube/resources.ts';
import { completeDefinition } from '../customresources/definitionrules.ts';
import { createServedResources } from './served.ts';

const cluster = { clusterId: 'c', version: '1.36' };
const key = (name: string) => objectKey('c', 'apiextensions.k8s.io', 'customresourcedefinitions', '', name);

function put(plural: string, group = 'example.com') {
  const kind = plural.charAt(0).toUpperCase() + plural.slice(1, -1);
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural, kind },
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
      ],
    },
  };
  const value = JSON.stringify(completeDefinition(definition, builtInResources, 0));
  return { type: 'put', key: key(`${plural}.${group}`), value } as const;
}

test('what was defined before a restart is served after it, and every change when its write is acknowledged', async () => {
  const storage = createMemoryStorage();
  await storage.commit({ changes: [put('widgets')] });
  const served = createServedResources(storage);
  await served.load(cluster);
  const find = (resource: string) => served.of(cluster).find('example.com', 'v1', resource);
  expect(find('widgets')?.kind).toBe('Widget');
  await storage.commit({ changes: [put('gadgets')] });
  expect(find('gadgets')?.kind).toBe('Gadget');
  const table = served.of(cluster);
  await storage.commit({
    changes: [{ type: 'put', key: objectKey('c', '', 'configmaps', 'default', 'a'), value: '{}' }],
  });
  expect(served.of(cluster)).toBe(table);
  await storage.commit({ changes: [{ type: 'delete', key: key('widgets.example.com') }] });
  expect(find('widgets')).toBeUndefined();
  served.close();
});

test('a cluster that has not been read is answered by nobody, rather than without its own resources', async () => {
  const storage = createMemoryStorage();
  await storage.commit({ changes: [put('widgets')] });
  const served = createServedResources(storage);
  expect(() => served.of(cluster)).toThrow('still being read');
  await served.load(cluster);
  expect(served.of(cluster).find('example.com', 'v1', 'widgets')).toBeDefined();
  served.close();
});

test('what changes while the definitions are read is not lost to what was read', async () => {
  const storage = createMemoryStorage();
  await storage.commit({ changes: [put('widgets'), put('gadgets')] });
  const served = createServedResources(storage);
  const loading = served.load(cluster);
  await storage.commit({ changes: [{ type: 'delete', key: key('widgets.example.com') }, put('things')] });
  await loading;
  const own = served.of(cluster).definitions.filter(({ custom }) => custom !== undefined);
  expect(own.map(({ resource }) => resource)).toEqual(['gadgets', 'things']);
  served.close();
});

test('another cluster serves none of it', async () => {
  const storage = createMemoryStorage();
  await storage.commit({ changes: [put('widgets')] });
  const served = createServedResources(storage);
  const other = { ...cluster, clusterId: 'other' };
  await served.load(other);
  expect(served.of(other)).toBe(builtInResources);
  served.close();
});
