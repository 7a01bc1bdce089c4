import { expect, test } from 'vitest';
import { emptySnapshot } from '../engine/analysis/snapshot/snapshot.ts';
import { createMemoryStorage } from '../storage/memory/memory.ts';
import { readAtOnce } from './snapshots.ts';

const storage = createMemoryStorage();
const write = (key: string) => storage.commit({ changes: [{ type: 'put', key, value: `${Math.random()}` }] });

/** A read during which the keys are written, one each time. */
function reading(keys: readonly string[]) {
  let reads = 0;
  return readAtOnce(storage, async () => {
    const key = keys[reads++];
    if (key !== undefined) await write(key);
    return emptySnapshot('aws', reads);
  });
}

test('what changed while it was read is read again', async () => {
  expect(await reading(['iam/x'])).toMatchObject({ takenAt: 2, gaps: [] });
  expect(await reading(['object/c/x', 'eks/y'])).toMatchObject({ takenAt: 3, gaps: [] });
});

test('what does not count is not', async () => {
  expect(await reading(['trail/x', 'usage/x'])).toMatchObject({ takenAt: 1, gaps: [] });
});

test('a server that is always written to is read as it is, and says so', async () => {
  const keys = Array.from({ length: 9 }, (_, at) => `access-entry/${at}`);
  const { takenAt, gaps } = await reading(keys);
  expect(takenAt).toBe(3);
  expect(gaps).toMatchObject([{ area: 'cluster', reason: expect.stringContaining('written to while') }]);
});
