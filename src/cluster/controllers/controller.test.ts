import { expect, test } from 'vitest';
import type { AccessRegistry, ClusterAccess } from '../../access/access.ts';
import { createMemoryStorage } from '../../storage/memory/memory.ts';
import { objectKey } from '../../storage/records/keys.ts';
import { RevisionConflictError, type Storage } from '../../storage/storage.ts';
import {
  type Controller,
  type ControllerContext,
  createControllers,
  type ObjectChange,
} from './controller.ts';
import { onceServed } from './served.ts';

const key = (name: string, clusterId = 'c') => objectKey(clusterId, '', 'configmaps', 'default', name);
const put = (name: string, value: string, clusterId?: string) =>
  ({ type: 'put', key: key(name, clusterId), value }) as const;

function world(storage: Storage, clusters: Record<string, 'builtIn' | 'connected'>, workers = 1) {
  const warnings: string[] = [];
  const context = {
    storage,
    access: {
      cluster: (clusterId: string) =>
        clusters[clusterId] && ({ cluster: { clusterId, kind: clusters[clusterId] } } as ClusterAccess),
    } as AccessRegistry,
    log: { error: () => undefined, warn: (_: unknown, message: string) => void warnings.push(message) },
  } as unknown as ControllerContext;
  const seen: string[] = [];
  const synced: string[] = [];
  let work: (name: string) => Promise<number | undefined> = async () => undefined;
  const controllers = createControllers(context, [
    (_, clusterId): Controller => ({
      name: 'test',
      workers,
      keysOf({ name, value, previous }: ObjectChange) {
        if (name === 'unreadable') throw new Error('not JSON');
        seen.push(`${clusterId} ${name} ${previous ?? '-'} ${value ?? '-'}`);
        return [name];
      },
      async sync(name) {
        synced.push(name);
        return work(name);
      },
    }),
  ]);
  return {
    controllers,
    seen,
    synced,
    warnings,
    set work(next: typeof work) {
      work = next;
    },
  };
}

test('nothing is seen of a connected cluster, nor of one that is gone', async () => {
  const storage = createMemoryStorage();
  const clusters: Record<string, 'builtIn' | 'connected'> = { c: 'builtIn', far: 'connected' };
  const { controllers, seen, synced } = world(storage, clusters);
  await storage.commit({ changes: [put('a', '1', 'far'), put('b', '1', 'gone')] });
  await controllers.start('far');
  await controllers.start('gone');
  await storage.commit({ changes: [put('a', '1')] });
  delete clusters.c;
  await storage.commit({ changes: [{ type: 'delete', key: key('a') }] });
  await controllers.idle();
  expect(seen).toEqual(['c a - 1']);
  expect(synced).toEqual([]);
});

test('what was there is seen once at the start, and a change meanwhile is not seen as it was before', async () => {
  const storage = createMemoryStorage();
  await storage.commit({ changes: [put('a', '1'), put('b', '1')] });
  const { controllers, seen, synced } = world(storage, { c: 'builtIn' });
  const started = controllers.start('c');
  await storage.commit({ changes: [put('b', '2')] });
  expect(synced).toEqual([]);
  await started;
  await controllers.idle();
  expect(seen).toEqual(['c b 1 2', 'c a - 1']);
  expect(synced.toSorted()).toEqual(['a', 'b']);
});

test('the first change of a cluster makes everything else in it be looked at', async () => {
  const storage = createMemoryStorage();
  await storage.commit({ changes: [put('a', '1')] });
  const { controllers, synced } = world(storage, { c: 'builtIn' });
  await storage.commit({ changes: [put('b', '1')] });
  await controllers.idle();
  expect(synced.toSorted()).toEqual(['a', 'b']);
});

test('a key waits once however often it changes, and runs again when it changes while it runs', async () => {
  const storage = createMemoryStorage();
  const one = world(storage, { c: 'builtIn' });
  one.work = async () => {
    if (one.synced.length === 1) await storage.commit({ changes: [put('a', 'late')] });
    return undefined;
  };
  for (const value of ['1', '2', '3']) await storage.commit({ changes: [put('a', value)] });
  await one.controllers.idle();
  expect(one.synced).toEqual(['a', 'a']);
});

test('a lost race is run again at once, and a failure later', async () => {
  const storage = createMemoryStorage();
  const one = world(storage, { c: 'builtIn' });
  one.work = async () => {
    if (one.synced.length === 1) throw new RevisionConflictError('k', 1, 2);
    if (one.synced.length === 2) throw new Error('broken');
    return undefined;
  };
  await storage.commit({ changes: [put('a', '1')] });
  await one.controllers.idle();
  expect(one.synced).toEqual(['a', 'a']);
  expect(one.warnings).toHaveLength(1);
  await expect.poll(() => one.synced.length).toBe(3);
});

test('several workers never have the same key at the same time', async () => {
  const storage = createMemoryStorage();
  const running = new Set<string>();
  let most = 0;
  const one = world(storage, { c: 'builtIn' }, 3);
  one.work = async (name) => {
    expect(running.has(name)).toBe(false);
    running.add(name);
    most = Math.max(most, running.size);
    if (one.synced.length < 12) await storage.commit({ changes: [put(name, String(one.synced.length))] });
    await new Promise((resolve) => setImmediate(resolve));
    running.delete(name);
    return undefined;
  };
  await storage.commit({ changes: ['a', 'b', 'c', 'd'].map((name) => put(name, '1')) });
  await one.controllers.idle();
  expect(most).toBe(3);
  expect(running.size).toBe(0);
  expect(one.synced.length).toBeGreaterThan(12);
});

test('an object that cannot be read keeps nobody from going on', async () => {
  const storage = createMemoryStorage();
  const { controllers, synced } = world(storage, { c: 'builtIn' });
  await storage.commit({ changes: [put('unreadable', '1'), put('a', '1')] });
  await controllers.idle();
  expect(synced).toEqual(['a']);
});

test('nothing runs after the end', async () => {
  const storage = createMemoryStorage();
  const { controllers, synced } = world(storage, { c: 'builtIn' });
  await storage.commit({ changes: [put('a', '1')] });
  controllers.close();
  await storage.commit({ changes: [put('b', '1')] });
  await controllers.start('c');
  await controllers.idle();
  expect(synced).toEqual([]);
});

test('waiting for what a cluster serves leaves a controller as many workers as it asked for', () => {
  const controller: Controller = { name: 'test', workers: 20, keysOf: () => [], sync: async () => undefined };
  const waiting = onceServed(
    () => controller,
    async () => undefined,
  );
  expect(waiting({} as ControllerContext, 'c')).toMatchObject({ name: 'test', workers: 20 });
});
