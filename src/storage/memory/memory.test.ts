import { expect, test } from 'vitest';
import { processorTimer } from '../../../test/processortime.ts';
import { describeStorage } from '../conformance/conformance.ts';
import { compareKeys } from '../order.ts';
import { createMemoryStorage } from './memory.ts';
import { SortedKeys } from './sortedkeys.ts';

describeStorage({ name: 'memory', open: async (options) => createMemoryStorage(options) });

test('keys stay sorted through thousands of insertions and deletions in any order', () => {
  const keys = new SortedKeys();
  const expected = new Set<string>();
  for (let step = 0; step < 20_000; step++) {
    // A fixed walk through 4,096 keys: adds most of them, deletes some again.
    const key = `k/${(step * 2654435761) % 4096}`;
    if (step % 3 === 0) {
      keys.delete(key);
      expected.delete(key);
    } else {
      keys.add(key);
      expected.add(key);
    }
  }
  expect([...keys.under('')]).toEqual([...expected].sort(compareKeys));
  for (const key of expected) keys.delete(key);
  expect([...keys.under('')]).toEqual([]);
  keys.add('again');
  expect([...keys.under('a')]).toEqual(['again']);
});

test('100,000 keys in no order are written in a few seconds at most', async () => {
  const store = createMemoryStorage();
  const spent = processorTimer();
  for (let index = 0; index < 100_000; index += 100) {
    const changes = Array.from(
      { length: 100 },
      (_, at) =>
        ({ type: 'put', key: `access-entry/c/${((index + at) * 48271) % 100_003}`, value: '{}' }) as const,
    );
    await store.commit({ changes });
  }
  expect(await store.count('access-entry/')).toBe(100_000);
  expect(spent()).toBeLessThan(5000);
});
