import { describe, expect, test } from 'vitest';
import { accountAliasKey, accountKey } from '../../storage/records/keys.ts';
import { account, createWorld, root, type World } from './testworld.ts';

const stranger = { ...root, accountId: '999999999999' };

async function aliases(world: World): Promise<string[]> {
  return (await world.call<{ AccountAliases: string[] }>('ListAccountAliases', {})).AccountAliases;
}

async function worldOfTwo(): Promise<World> {
  const world = await createWorld();
  const value = JSON.stringify({ accountId: stranger.accountId, createdAt: 0, accessKeyIds: [] });
  await world.storage.commit({ changes: [{ type: 'put', key: accountKey(stranger.accountId), value }] });
  return world;
}

describe('refusals', () => {
  test.each([['ab'], ['a'.repeat(64)], ['-acme'], ['acme-'], ['ac--me'], ['Acme'], ['ac me']])(
    'an alias `%s` is refused',
    async (AccountAlias) => {
      const world = await createWorld();
      await expect(world.call('CreateAccountAlias', { AccountAlias })).rejects.toMatchObject({
        code: 'ValidationError',
      });
    },
  );

  test('an alias that another account has is refused, also when both ask at once', async () => {
    const world = await worldOfTwo();
    const results = await Promise.allSettled(
      [root, stranger].map((caller) => world.call('CreateAccountAlias', { AccountAlias: 'acme' }, caller)),
    );
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await expect(world.call('CreateAccountAlias', { AccountAlias: 'acme' }, stranger)).rejects.toMatchObject({
      code: 'EntityAlreadyExistsException',
      message: 'The account alias acme already exists.',
    });
  });

  test('an alias of somebody else is not deleted', async () => {
    const world = await worldOfTwo();
    await world.call('CreateAccountAlias', { AccountAlias: 'acme' });
    await expect(world.call('DeleteAccountAlias', { AccountAlias: 'acme' }, stranger)).rejects.toMatchObject({
      code: 'NoSuchEntityException',
    });
    expect(await aliases(world)).toEqual(['acme']);
  });
});

test('an account has one alias: a new one takes its place, and the old one is free', async () => {
  const world = await worldOfTwo();
  expect(await aliases(world)).toEqual([]);
  for (const AccountAlias of ['acme', 'acme', 'acme-two'])
    await world.call('CreateAccountAlias', { AccountAlias });
  expect(await aliases(world)).toEqual(['acme-two']);
  await world.call('CreateAccountAlias', { AccountAlias: 'acme' }, stranger);
  await world.call('DeleteAccountAlias', { AccountAlias: 'acme-two' });
  expect(await aliases(world)).toEqual([]);
  expect(await world.storage.get(accountAliasKey('acme-two'))).toBeUndefined();
  expect(JSON.parse((await world.storage.get(accountKey(account)))?.value ?? '')).not.toHaveProperty('alias');
});
