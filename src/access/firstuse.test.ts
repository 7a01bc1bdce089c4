import { describe, expect, test } from 'vitest';
import type { Principal } from '../engine/iam/principal.ts';
import { createMemoryStorage } from '../storage/memory/memory.ts';
import type { AccessEntryRecord } from '../storage/records/eks.ts';
import { accessEntryKey } from '../storage/records/keys.ts';
import { RevisionConflictError, type Storage } from '../storage/storage.ts';
import { createFirstUsePins } from './firstuse.ts';

const account = '444455556666';
const roleArn = `arn:aws:iam::${account}:role/team/ops`;
const session = (change: Partial<Extract<Principal, { kind: 'assumedRole' }>> = {}): Principal => ({
  kind: 'assumedRole',
  accountId: account,
  partition: 'aws',
  arn: `arn:aws:sts::${account}:assumed-role/ops/alice`,
  userId: 'AROAOPS:alice',
  principalId: 'AROAOPS',
  principalArn: `arn:aws:iam::${account}:role/ops`,
  accessKeyId: 'ASIAEXAMPLE',
  roleName: 'ops',
  sessionName: 'alice',
  ...change,
});
const user: Principal = {
  kind: 'user',
  accountId: account,
  partition: 'aws',
  arn: `arn:aws:iam::${account}:user/ops`,
  userId: 'AIDAOPS',
  principalId: 'AIDAOPS',
  principalArn: `arn:aws:iam::${account}:user/ops`,
  accessKeyId: 'AKIAEXAMPLE',
  userName: 'ops',
};
const waiting: AccessEntryRecord = {
  clusterName: 'prod',
  principalArn: roleArn,
  principalId: '',
  pinnedBy: 'firstUse',
  accessEntryArn: 'arn:aws:eks:us-east-1:111122223333:access-entry/prod/role/444455556666/ops/1',
  type: 'STANDARD',
  username: 'ops',
  kubernetesGroups: [],
  tags: {},
  createdAt: 1,
  modifiedAt: 1,
  associatedPolicies: [],
};

async function open(
  entry: AccessEntryRecord | undefined,
  wrap: (storage: Storage) => Storage = (same) => same,
) {
  const memory = createMemoryStorage();
  const arn = entry?.principalArn ?? roleArn;
  const key = accessEntryKey('c1', arn);
  const put = (value: AccessEntryRecord) =>
    memory.commit({ changes: [{ type: 'put', key, value: JSON.stringify(value) }] });
  if (entry !== undefined) await put(entry);
  const told: string[] = [];
  const pins = createFirstUsePins({
    storage: wrap(memory),
    log: { info: (fields) => told.push(JSON.stringify(fields)) },
    alongside: ({ principal }) => [{ type: 'put', key: 'trail/test', value: principal.principalId }],
  });
  return {
    put,
    told,
    pin: (principal: Principal) => pins.pin('c1', arn, principal, 1000),
    entry: async () => JSON.parse((await memory.get(key))?.value ?? 'null') as AccessEntryRecord | null,
    recorded: async () => (await memory.get('trail/test'))?.value,
  };
}

describe('an entry is not pinned', () => {
  test.each<[string, Partial<AccessEntryRecord>, Principal]>([
    ['to somebody of another name', {}, session({ roleName: 'dev' })],
    ['to the same name in another account', {}, session({ accountId: '777788889999' })],
    ['to a user of the role’s name', {}, user],
    ['to somebody without an id', {}, session({ principalId: '' })],
    ['when it does not wait', { pinnedBy: 'awsIam' }, session()],
    ['when its id was lost', { pinnedAt: 5 }, session()],
    ['when it says no more how it is pinned', { pinnedBy: undefined as never }, session()],
    ['when it is of somebody else', { principalId: 'AROAOTHER', pinnedAt: 5 }, session()],
    ['when it stands for many', { principalArn: `arn:aws:iam::${account}:role/op*` }, session()],
    ['when it is about a root', { principalArn: `arn:aws:iam::${account}:root` }, session()],
  ])('%s', async (_name, change, principal) => {
    const world = await open({ ...waiting, ...change });
    const before = await world.entry();
    expect(await world.pin(principal)).toBe(false);
    expect(await world.entry()).toEqual(before);
    expect(await world.recorded()).toBeUndefined();
    expect(world.told).toEqual([]);
  });

  test('when it is gone', async () => {
    const world = await open(undefined);
    expect(await world.pin(session())).toBe(false);
    expect(await world.entry()).toBeNull();
  });

  test('to the second of two who come at once', async () => {
    const world = await open(waiting);
    const outcomes = await Promise.all([
      world.pin(session()),
      world.pin(session({ principalId: 'AROALATER', userId: 'AROALATER:alice' })),
    ]);
    expect(outcomes).toEqual([true, false]);
    expect((await world.entry())?.principalId).toBe('AROAOPS');
    expect(world.told).toHaveLength(1);
  });
});

test('an entry is pinned to the first who comes, and that is told and recorded in the same commit', async () => {
  const world = await open(waiting);
  expect(await world.pin(session())).toBe(true);
  expect(await world.entry()).toEqual({ ...waiting, principalId: 'AROAOPS', pinnedAt: 1000 });
  expect(await world.recorded()).toBe('AROAOPS');
  expect(world.told[0]).toContain(roleArn);
  // Another request of the same principal that was under way.
  expect(await world.pin(session({ sessionName: 'carol' }))).toBe(true);
  expect(world.told).toHaveLength(1);
});

test('what changes an entry meanwhile is not lost', async () => {
  let isFirst = true;
  const world = await open(waiting, (storage) => ({
    ...storage,
    async commit(batch) {
      if (isFirst) {
        isFirst = false;
        await world.put({ ...waiting, kubernetesGroups: ['late'] });
      }
      return storage.commit(batch);
    },
  }));
  expect(await world.pin(session())).toBe(true);
  expect(await world.entry()).toMatchObject({ principalId: 'AROAOPS', kubernetesGroups: ['late'] });
});

test('an entry that never stands still is given up after twenty attempts', async () => {
  let attempts = 0;
  const world = await open(waiting, (storage) => ({
    ...storage,
    async commit(batch) {
      attempts++;
      await world.put(waiting);
      return storage.commit(batch);
    },
  }));
  await expect(world.pin(session())).rejects.toThrow(RevisionConflictError);
  expect(attempts).toBe(20);
  expect(world.told).toEqual([]);
});

test('when the store fails nothing is said', async () => {
  const world = await open(waiting, (storage) => ({
    ...storage,
    commit: () => Promise.reject(new Error('the disk is full')),
  }));
  await expect(world.pin(session())).rejects.toThrow('the disk is full');
});
