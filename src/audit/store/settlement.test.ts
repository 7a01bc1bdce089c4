import { expect, test } from 'vitest';
import { createMemoryStorage } from '../../storage/memory/memory.ts';
import { settledKey } from '../../storage/records/keys.ts';
import { type Batch, type Storage, StorageError } from '../../storage/storage.ts';
import type { TrailItem } from '../item.ts';
import { aCall, aTrail, noon } from '../testworld.ts';
import type { Trail } from '../trail.ts';
import { timeOf } from './position.ts';

/** A trail whose clock and store the test moves. */
async function world(storage: Storage = createMemoryStorage()) {
  const made = { now: noon, refuses: (_: Batch): boolean => false, errors: [] as string[], storage };
  const trail = await aTrail(
    {
      ...storage,
      async commit(batch) {
        if (made.refuses(batch)) throw new StorageError('storageFailed', 'the disk is full');
        return storage.commit(batch);
      },
    },
    { now: () => made.now, errors: made.errors },
  );
  return Object.assign(made, { trail });
}

const timesOf = (items: readonly TrailItem[]): readonly number[] =>
  items.map(({ position }) => timeOf(position));
const standing = async (trail: Trail): Promise<readonly number[]> =>
  timesOf((await trail.read({ limit: 100, order: 'oldest' })).items);

const isOfRecords = (batch: Batch): boolean => batch.changes.some(({ key }) => key !== settledKey);

test('nothing is promised of the last five seconds', async () => {
  const { trail } = await world();
  expect(await trail.settle()).toBe(noon - 5000);
  await trail.close();
});

test('no promise goes beyond a record that still waits', async () => {
  const made = await world();
  made.refuses = isOfRecords;
  made.trail.calls.record(aCall());
  made.now += 60_000;
  made.trail.calls.record(aCall());
  expect(await made.trail.settle()).toBe(noon);
  made.refuses = () => false;
  expect(await made.trail.settle()).toBe(noon + 55_000);
  expect(await standing(made.trail)).toEqual([noon, noon + 60_000]);
  await made.trail.close();
});

test('a promise that cannot be kept over a restart is not given', async () => {
  const made = await world();
  made.refuses = () => true;
  await expect(made.trail.settle()).rejects.toThrow(StorageError);
  made.refuses = () => false;
  await made.trail.close();
});

test('a clock that was set back puts no record where the trail was said to be complete', async () => {
  const { storage, trail, ...made } = await world();
  const until = await trail.settle();
  await trail.close();
  expect(made.errors).toEqual([]);
  const again = await world(storage);
  again.now = noon - 3_600_000;
  expect(await again.trail.settle()).toBe(until);
  again.trail.calls.record(aCall());
  await storage.commit({ changes: again.trail.calls.recordOf(aCall()) });
  expect(await standing(again.trail)).toEqual([until, until]);
  // It still tells the time of the clock.
  const { items } = await again.trail.read({ limit: 1 });
  expect(items).toMatchObject([{ record: { eventTime: '2026-01-15T11:00:00Z' } }]);
  await again.trail.close();
});

test('what was promised is not known any more when the store holds something else there', async () => {
  const storage = createMemoryStorage();
  await storage.commit({ changes: [{ type: 'put', key: settledKey, value: 'x' }] });
  const made = await world(storage);
  expect(made.errors).toEqual(['a part of the trail is unreadable']);
  expect(await made.trail.settle()).toBe(noon - 5000);
  await made.trail.close();
});
