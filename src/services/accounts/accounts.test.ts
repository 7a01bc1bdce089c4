import { expect, test } from 'vitest';
import { createMemoryStorage } from '../../storage/memory/memory.ts';
import type { AccessKeyRecord } from '../../storage/records/iam.ts';
import { accessKeyKey } from '../../storage/records/keys.ts';
import { createCredentialLookup } from '../credentials/lookup.ts';
import { createSecretBox } from '../secretbox.ts';
import { createAccount, ensureAccount } from './accounts.ts';

const accountId = '111122223333';

function createWorld() {
  return {
    storage: createMemoryStorage(),
    secretBox: createSecretBox(new Uint8Array(32).fill(1)),
    random: {
      bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)),
      uuid: () => crypto.randomUUID(),
    },
    now: () => 1_000,
  };
}

test.each(['', '1234', '1111222233334', '11112222333x', '１１１１２２２２３３３３'])(
  'the account id %j is refused',
  async (id) => {
    const world = createWorld();
    await expect(createAccount(world, { accountId: id })).rejects.toMatchObject({ code: 'invalidAccountId' });
    expect(world.storage.revision()).toBe(0);
  },
);

test('an account that exists is not made again, and its key is not replaced', async () => {
  const world = createWorld();
  const first = await createAccount(world, { accountId });
  await expect(createAccount(world, { accountId })).rejects.toMatchObject({ code: 'accountExists' });
  expect(world.storage.revision()).toBe(1);
  expect(await ensureAccount(world, accountId)).toEqual({
    accountId,
    created: false,
    rootKey: { accessKeyId: first.accessKeyId, secretAccessKey: first.secretAccessKey },
  });
});

test('of two racing creates one wins, and ensureAccount gives both the same key', async () => {
  const world = createWorld();
  const both = await Promise.allSettled([
    createAccount(world, { accountId }),
    createAccount(world, { accountId }),
  ]);
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  const other = createWorld();
  const [a, b] = await Promise.all([ensureAccount(other, accountId), ensureAccount(other, accountId)]);
  expect([a.created, b.created].sort()).toEqual([false, true]);
  expect(a.rootKey).toEqual(b.rootKey);
});

test('a root whose keys were deactivated stays without one', async () => {
  const world = createWorld();
  const { accessKeyId } = await createAccount(world, { accountId });
  const entry = await world.storage.get(accessKeyKey(accessKeyId));
  const key = JSON.parse(entry?.value ?? '') as AccessKeyRecord;
  const value = JSON.stringify({ ...key, status: 'Inactive' });
  await world.storage.commit({ changes: [{ type: 'put', key: accessKeyKey(accessKeyId), value }] });
  expect(await ensureAccount(world, accountId)).toEqual({ accountId, created: false, rootKey: undefined });
});

test('a store of another data directory is not opened silently', async () => {
  const world = createWorld();
  await createAccount(world, { accountId });
  const wrong = { ...world, secretBox: createSecretBox(new Uint8Array(32).fill(2)) };
  await expect(ensureAccount(wrong, accountId)).rejects.toThrow('cannot be opened');
});

test('a new account’s key is its root’s; the secret is nowhere in the store', async () => {
  const world = createWorld();
  const { accountId: id, accessKeyId, secretAccessKey } = await createAccount(world);
  expect(id).toMatch(/^[1-9][0-9]{11}$/);
  expect(accessKeyId).toMatch(/^AKIA[A-Z2-7]{16}$/);
  const lookup = createCredentialLookup({ ...world, partition: 'aws' });
  expect(await lookup(accessKeyId, undefined, 0)).toMatchObject({
    status: 'known',
    credential: { secretAccessKey, principal: { kind: 'root', accountId: id } },
  });
  const { entries } = await world.storage.list({ prefix: '' });
  expect(entries).toHaveLength(2);
  expect(JSON.stringify(entries)).not.toContain(secretAccessKey);
});
