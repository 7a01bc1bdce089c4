import { expect, test } from 'vitest';
import { compareKeys } from '../../storage/order.ts';
import type { StoredEntry } from '../../storage/storage.ts';
import { createLiveEntries } from './liveentries.ts';

const entry = (key: string, revision: number): StoredEntry => ({ key, value: `v${revision}`, revision });
const asPut = ({ key, value, revision }: StoredEntry) => ({ key, value, revision, previous: undefined });

test('generated changes leave what a sorted map would hold, and readers keep what they were given', () => {
  const seed = Date.now() % 100_000;
  let state = seed;
  const random = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor(state / 65_536) % below;
  };
  const keys = ['p/a/x', 'p/a/y', 'p/b/x', 'p/b/\u{1f600}', 'p/b/\ue000', 'p/c/z', 'p//w'];
  const map = new Map<string, StoredEntry>();
  const live = createLiveEntries([]);
  const given: { readonly part: readonly StoredEntry[]; readonly copy: readonly StoredEntry[] }[] = [];
  for (let revision = 1; revision < 400; revision += 1) {
    const key = keys[random(keys.length)] as string;
    if (random(3) === 0) {
      map.delete(key);
      live.apply({ key, revision, value: undefined, previous: undefined });
    } else {
      map.set(key, entry(key, revision));
      live.apply(asPut(entry(key, revision)));
    }
    const prefix = ['p/', 'p/a/', 'p/b/', 'q/'][random(4)] as string;
    const part = live.under(prefix);
    const expected = [...map.values()]
      .filter((one) => one.key.startsWith(prefix))
      .toSorted((one, other) => compareKeys(one.key, other.key));
    expect(part, `seed ${seed}`).toEqual(expected);
    expect(live.under(prefix)).toBe(part);
    given.push({ part, copy: [...part] });
  }
  for (const { part, copy } of given) expect(part, `seed ${seed}`).toEqual(copy);
  const size = [...map.values()].reduce((sum, { key, value }) => sum + key.length + value.length, 0);
  expect(live.characters).toBe(size);
});
