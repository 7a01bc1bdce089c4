import { expect, test } from 'vitest';
import type { ClusterAccess } from '../../access/access.ts';
import { createMemoryStorage } from '../../storage/memory/memory.ts';
import { objectKey } from '../../storage/records/keys.ts';
import { writeObject } from '../objects/store.ts';
import { type ControllerContext, objectAddress } from './controller.ts';
import { createEventExpiry } from './eventexpiry.ts';

const minute = 60_000;
const start = Date.parse('2026-01-15T12:00:00Z');

function world() {
  const storage = createMemoryStorage();
  let time = start;
  const controller = createEventExpiry({ storage, now: () => time } as unknown as ControllerContext, 'c');
  const planned: string[] = [];
  storage.watch({ prefix: '' }, (changes) => {
    for (const { key, value, previous } of changes) {
      const change = { ...objectAddress(key), key, value, previous: previous?.value, isFound: false };
      planned.push(...controller.keysOf(change));
    }
  });
  const key = (name: string) => objectKey('c', '', 'events', 'default', name);
  const put = (name: string, creationTimestamp: string) =>
    storage.commit({
      changes: [
        writeObject(key(name), { apiVersion: 'v1', kind: 'Event', metadata: { name, creationTimestamp } }),
      ],
    });
  return {
    storage,
    controller,
    planned,
    put,
    key,
    after(minutes: number) {
      time = start + minutes * minute;
      return controller.sync('sweep', {} as ClusterAccess);
    },
    left: async () => (await storage.list({ prefix: '' })).entries.map((entry) => entry.key),
  };
}

test('an event that is written again has another hour, whatever times it tells', async () => {
  const { put, after, left, key, planned } = world();
  await put('old', '2001-01-01T00:00:00Z');
  expect(await after(30)).toBe(30 * minute);
  await put('old', '2001-01-01T00:00:00Z');
  await put('young', '2001-01-01T00:00:00Z');
  expect(await after(60)).toBe(30 * minute);
  expect(await left()).toEqual([key('old'), key('young')]);
  expect(await after(90)).toBeUndefined();
  expect(await left()).toEqual([]);
  // One sweep was asked for in all: the next is planned by the one before.
  expect(planned).toEqual(['sweep']);
});

test('an event found at a start goes an hour after it was made', async () => {
  const { storage, controller, put, key, left, after } = world();
  await put('found', '2026-01-15T11:30:00Z');
  const { value } = (await storage.get(key('found'))) ?? { value: '' };
  controller.keysOf({
    ...objectAddress(key('found')),
    key: key('found'),
    value,
    previous: undefined,
    isFound: true,
  });
  expect(await after(29)).toBe(minute);
  expect(await left()).toHaveLength(1);
  await after(30);
  expect(await left()).toEqual([]);
});
