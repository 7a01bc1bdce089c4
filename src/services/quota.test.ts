import { expect, test } from 'vitest';
import { createMemoryStorage } from '../storage/memory/memory.ts';
import { createQuota } from './quota.ts';

test('a hundred racing creations for ninety-seven places make ninety-seven', async () => {
  const storage = createMemoryStorage();
  const quota = createQuota(storage, 97, () => new Error('full'));
  const outcomes = await Promise.allSettled(
    Array.from({ length: 100 }, (_, i) =>
      quota.within('k/', () => storage.commit({ changes: [{ type: 'put', key: `k/${i}`, value: '' }] })),
    ),
  );
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(97);
  expect(await storage.count('k/')).toBe(97);
});

test('places are counted again and again, so that all of a large limit can be used', async () => {
  const storage = createMemoryStorage();
  const quota = createQuota(storage, 1000, () => new Error('full'));
  const creations = Array.from({ length: 1001 }, (_, i) =>
    quota.within('k/', () => storage.commit({ changes: [{ type: 'put', key: `k/${i}`, value: '' }] })),
  );
  const outcomes = await Promise.allSettled(creations);
  expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(1);
  expect(await storage.count('k/')).toBe(1000);
});

test('a deletion makes room', async () => {
  const storage = createMemoryStorage();
  const quota = createQuota(storage, 1, () => new Error('full'));
  const create = (): Promise<unknown> =>
    quota.within('k/', () => storage.commit({ changes: [{ type: 'put', key: 'k/1', value: '' }] }));
  await create();
  await expect(create()).rejects.toThrow('full');
  await storage.commit({ changes: [{ type: 'delete', key: 'k/1' }] });
  await create();
});

test('nobody is refused because of a neighbour that fails', async () => {
  const storage = createMemoryStorage();
  const quota = createQuota(storage, 1, () => new Error('full'));
  const failing = quota.within('k/', () => Promise.reject(new Error('neighbour')));
  const working = quota.within('k/', () =>
    storage.commit({ changes: [{ type: 'put', key: 'k/1', value: '' }] }),
  );
  await expect(failing).rejects.toThrow('neighbour');
  expect(await working).toBe(1);
  await expect(quota.within('k/', async () => 1)).rejects.toThrow('full');
  expect(await quota.within('other/', async () => 1)).toBe(1);
});
