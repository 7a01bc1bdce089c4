import { describe, expect, test } from 'vitest';
import { createMemoryStorage } from '../../storage/memory/memory.ts';
import { RevisionCompactedError } from '../../storage/storage.ts';
import { type ListQuery, type ListSlice, listEntries, listSnapshot } from './list.ts';
import type { KubeObject } from './object.ts';
import { readObject, writeObject } from './store.ts';

const object = (name: string, value = ''): KubeObject => ({
  kind: 'ConfigMap',
  apiVersion: 'v1',
  metadata: { name },
  data: { value },
});

async function filled(names: readonly string[], retainedChanges = 1000) {
  const storage = createMemoryStorage({ retainedChanges });
  await storage.commit({ changes: names.map((name) => writeObject(`p/${name}`, object(name))) });
  return storage;
}

const itemsOf = ({ entries }: ListSlice): readonly KubeObject[] => entries.map(readObject);
const names = (slice: ListSlice): readonly unknown[] => itemsOf(slice).map((item) => item.metadata.name);

describe('paged lists', () => {
  test('later pages show the moment of the first, whatever is written in between', async () => {
    const storage = await filled(['a', 'c', 'e', 'g']);
    const options = { prefix: 'p/', matches: undefined, limit: 2 };
    const first = await listEntries(storage, options);
    expect(names(first)).toEqual(['a', 'c']);
    expect(first.next?.left).toBe(2);
    await storage.commit({
      changes: [
        writeObject('p/d', object('d')),
        writeObject('p/e', object('e', 'changed')),
        { type: 'delete', key: 'p/g' },
      ],
    });
    await storage.commit({ changes: [writeObject('p/e', object('e', 'again'))] });
    const second = await listEntries(storage, { ...options, ...(first.next && { from: first.next }) });
    expect(names(second)).toEqual(['e', 'g']);
    expect(itemsOf(second)[0]?.data).toEqual({ value: '' });
    expect(second.revision).toBe(first.revision);
    expect(second.next).toBeUndefined();
  });

  test('generated histories: pages joined are the snapshot (seed printed on failure)', async () => {
    const seed = Date.now() % 100_000;
    let state = seed;
    const random = (below: number): number => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return state % below;
    };
    for (let round = 0; round < 40; round += 1) {
      const storage = await filled(Array.from({ length: 20 }, (_, index) => `n${index}`));
      const limit = 1 + random(7);
      const all = await listEntries(storage, { prefix: 'p/', matches: undefined, limit: 1000 });
      let page = await listEntries(storage, { prefix: 'p/', matches: undefined, limit });
      const seen = [...itemsOf(page)];
      while (page.next !== undefined) {
        for (let write = random(4); write > 0; write -= 1) {
          const name = `n${random(40)}`;
          const change =
            random(2) === 0
              ? ({ type: 'delete', key: `p/${name}` } as const)
              : writeObject(`p/${name}`, object(name, String(random(1000))));
          await storage.commit({ changes: [change] });
        }
        page = await listEntries(storage, { prefix: 'p/', matches: undefined, limit, from: page.next });
        seen.push(...itemsOf(page));
      }
      expect(seen, `seed ${seed}`).toEqual(itemsOf(all));
    }
  });

  test('a moment whose changes are gone cannot be shown', async () => {
    const storage = await filled(['a', 'b'], 2);
    const first = await listEntries(storage, { prefix: 'p/', matches: undefined, limit: 1 });
    for (let index = 0; index < 10; index += 1) {
      await storage.commit({ changes: [writeObject('p/z', object('z', String(index)))] });
    }
    const { next } = first;
    if (next === undefined) throw new Error('no second page');
    await expect(
      listEntries(storage, { prefix: 'p/', matches: undefined, limit: 1, from: next }),
    ).rejects.toThrow(RevisionCompactedError);
  });

  test('a selector thins the list out, and the limit counts what is selected', async () => {
    const storage = await filled(
      Array.from({ length: 1500 }, (_, index) => `n${String(index).padStart(4, '0')}`),
    );
    const matches = (item: KubeObject): boolean => item.metadata.name?.endsWith('7') === true;
    const first = await listEntries(storage, { prefix: 'p/', matches, limit: 100 });
    const second = await listEntries(storage, {
      prefix: 'p/',
      matches,
      limit: 100,
      ...(first.next && { from: first.next }),
    });
    expect(first.entries.length).toBe(100);
    expect(second.entries.length).toBe(50);
    expect(second.next).toBeUndefined();
  });

  test('the same pages come from a snapshot that is held', async () => {
    const storage = await filled(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    await storage.commit({ changes: [writeObject('o/x', object('x')), writeObject('q/x', object('x'))] });
    const whole = await storage.list({ prefix: '' });
    const matches = (item: KubeObject): boolean => item.metadata.name !== 'c';
    for (const query of [
      { prefix: 'p/', matches: undefined, limit: 3 },
      { prefix: 'p/', matches: undefined, limit: 100 },
      { prefix: 'p/', matches, limit: 2 },
      { prefix: 'p/', matches, matchesKey: (key: string) => key > 'p/c', limit: 2 },
    ] satisfies ListQuery[]) {
      let held = await listSnapshot(whole, query);
      let read = await listEntries(storage, query);
      for (;;) {
        expect(names(held)).toEqual(names(read));
        expect(held.next?.after).toBe(read.next?.after);
        if (query.matches === undefined) expect(held.next?.left).toBe(read.next?.left);
        if (held.next === undefined || read.next === undefined) break;
        held = await listSnapshot(whole, { ...query, from: held.next });
        read = await listEntries(storage, { ...query, from: read.next });
      }
    }
  });
});
