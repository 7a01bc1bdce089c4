import { afterEach, expect, test } from 'vitest';
import type { Principal } from '../engine/iam/principal.ts';
import { createMemoryStorage } from '../storage/memory/memory.ts';
import { accessEntryKey, matchedRolesPrefix } from '../storage/records/keys.ts';
import type { Storage } from '../storage/storage.ts';
import { createMatchedRoles, type MatchedRoles } from './matchedroles.ts';

const clusterId = 'c1';
const entryArn = 'arn:aws:iam::111122223333:role/dev-*';
const prefix = matchedRolesPrefix(clusterId, entryArn);

const roleSession = (n: number): Principal => ({
  accountId: '111122223333',
  partition: 'aws',
  kind: 'assumedRole',
  accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
  arn: `arn:aws:sts::111122223333:assumed-role/dev-${n}/ada`,
  principalArn: `arn:aws:iam::111122223333:role/team/dev-${n}`,
  principalId: `AROADEV${n}`,
  userId: `AROADEV${n}:ada`,
  roleName: `dev-${n}`,
  sessionName: 'ada',
});

let roles: MatchedRoles | undefined;
afterEach(() => roles?.close());

function open(storage: Storage, mostPerEntry?: number): MatchedRoles {
  roles = createMatchedRoles({ storage, ...(mostPerEntry !== undefined && { mostPerEntry }) });
  return roles;
}

const putEntry = (storage: Storage, createdAt: number) =>
  storage.commit({
    changes: [
      { type: 'put', key: accessEntryKey(clusterId, entryArn), value: JSON.stringify({ createdAt }) },
    ],
  });

const recorded = async (storage: Storage) =>
  (await storage.list({ prefix })).entries.map(({ value }): unknown => JSON.parse(value));

/** Writes are begun in order and each needs a few turns of the store. */
async function settled(storage: Storage): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await storage.count(prefix);
}

test('nothing is written down for an entry that is not there, nor for one of a single role', async () => {
  const storage = createMemoryStorage();
  const open1 = open(storage);
  open1.seen(clusterId, entryArn, roleSession(1), 5);
  open1.seen(clusterId, 'arn:aws:iam::111122223333:role/dev', roleSession(1), 5);
  await settled(storage);
  expect(storage.revision()).toBe(0);
});

test('a role is written down once, with when it came first, and so many for an entry', async () => {
  const storage = createMemoryStorage();
  await putEntry(storage, 1);
  const { seen } = open(storage, 2);
  for (const [n, now] of [
    [1, 5],
    [1, 6],
    [2, 7],
    [3, 8],
  ] as const) {
    seen(clusterId, entryArn, roleSession(n), now);
    await settled(storage);
  }
  expect(await recorded(storage)).toEqual([
    { principalArn: 'arn:aws:iam::111122223333:role/team/dev-1', principalId: 'AROADEV1', seenAt: 5 },
    { principalArn: 'arn:aws:iam::111122223333:role/team/dev-2', principalId: 'AROADEV2', seenAt: 7 },
  ]);
});

test('what was seen by an entry that is gone does not count for the one after it', async () => {
  const storage = createMemoryStorage();
  await putEntry(storage, 1);
  const { seen } = open(storage);
  seen(clusterId, entryArn, roleSession(1), 5);
  await settled(storage);
  await storage.commit({ changes: [{ type: 'delete', key: accessEntryKey(clusterId, entryArn) }] });
  await putEntry(storage, 10);
  seen(clusterId, entryArn, roleSession(1), 11);
  await settled(storage);
  expect(await recorded(storage)).toMatchObject([{ seenAt: 11 }]);
});

test('a store that fails is asked again at the next login', async () => {
  const storage = createMemoryStorage();
  await putEntry(storage, 1);
  let fails = true;
  const { seen } = open({
    ...storage,
    getMany: (keys) => (fails ? Promise.reject(new Error('no')) : storage.getMany(keys)),
  });
  seen(clusterId, entryArn, roleSession(1), 5);
  await settled(storage);
  fails = false;
  seen(clusterId, entryArn, roleSession(1), 6);
  await settled(storage);
  expect(await recorded(storage)).toMatchObject([{ seenAt: 6 }]);
});

test('so many are written at a time: the others at their next login', async () => {
  const storage = createMemoryStorage();
  await putEntry(storage, 1);
  const held: (() => void)[] = [];
  const { seen } = open({
    ...storage,
    async getMany(keys) {
      await new Promise<void>((resolve) => held.push(resolve));
      return storage.getMany(keys);
    },
  });
  for (let n = 0; n < 40; n++) seen(clusterId, entryArn, roleSession(n), 5);
  expect(held.length).toBe(32);
  for (const release of held.splice(0)) release();
  while ((await recorded(storage)).length < 32) await settled(storage);
  seen(clusterId, entryArn, roleSession(39), 6);
  for (const release of held) release();
  while ((await recorded(storage)).length < 33) await settled(storage);
  expect(await recorded(storage)).toContainEqual(
    expect.objectContaining({ principalId: 'AROADEV39', seenAt: 6 }),
  );
});
