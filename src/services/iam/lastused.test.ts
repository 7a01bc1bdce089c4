import { expect, test } from 'vitest';
import type { LastUse, UsageReader } from '../../audit/usage.ts';
import { account, createWorld, start, type World } from './testworld.ts';

const usageOf = (uses: ReadonlyMap<string, LastUse>): UsageReader => ({
  lastUsed: async (id) => uses.get(id),
  services: async () => [],
});

async function keyOf(world: World, UserName?: string): Promise<string> {
  const { AccessKey } = await world.call<{ AccessKey: { AccessKeyId: string } }>('CreateAccessKey', {
    UserName,
  });
  return AccessKey.AccessKeyId;
}

test('a key nobody has, or somebody in another account, cannot be found', async () => {
  const world = await createWorld();
  await world.user('ada');
  const id = await keyOf(world, 'ada');
  const foreign = { AccessKeyId: id };
  const stranger = { kind: 'root', accountId: '999999999999' };
  await expect(
    world.call('GetAccessKeyLastUsed', foreign, { ...(await world.user('bob')), ...stranger } as never),
  ).rejects.toMatchObject({
    code: 'NoSuchEntityException',
    message: `The Access Key with id ${id} cannot be found`,
  });
  await expect(
    world.call('GetAccessKeyLastUsed', { AccessKeyId: 'AKIAAAAAAAAAAAAAAAAA' }),
  ).rejects.toMatchObject({ code: 'NoSuchEntityException' });
});

test('a key that was never used tells so, one that was tells where and when', async () => {
  const uses = new Map<string, LastUse>();
  const world = await createWorld({ usage: usageOf(uses) });
  await world.user('ada');
  const AccessKeyId = await keyOf(world, 'ada');
  expect(await world.call('GetAccessKeyLastUsed', { AccessKeyId })).toEqual({
    UserName: 'ada',
    AccessKeyLastUsed: { ServiceName: 'N/A', Region: 'N/A' },
  });
  uses.set(AccessKeyId, { at: start, service: 'eks', region: 'eu-west-1' });
  expect(await world.call('GetAccessKeyLastUsed', { AccessKeyId })).toEqual({
    UserName: 'ada',
    AccessKeyLastUsed: { LastUsedDate: new Date(start), ServiceName: 'eks', Region: 'eu-west-1' },
  });
});

test("the question is judged on the key's user, for other keys on everything", async () => {
  const world = await createWorld();
  await world.user('ada', '/team/');
  const resources = async (AccessKeyId: string) =>
    (await world.target('GetAccessKeyLastUsed', { AccessKeyId }))?.resources;
  expect(await resources(await keyOf(world, 'ada'))).toEqual([`arn:aws:iam::${account}:user/team/ada`]);
  expect(await resources(await keyOf(world))).toEqual(['*']);
  expect(await resources('AKIAAAAAAAAAAAAAAAAA')).toEqual(['*']);
});

test('a role tells its last use of the last 400 days', async () => {
  const uses = new Map<string, LastUse>();
  const world = await createWorld({ usage: usageOf(uses) });
  const id = await world.role('ops');
  const lastUsed = async () =>
    (await world.call<{ Role: { RoleLastUsed: object } }>('GetRole', { RoleName: 'ops' })).Role.RoleLastUsed;
  expect(await lastUsed()).toEqual({});
  uses.set(id, { at: start - 86_400_000, service: 'eks', region: 'eu-west-1' });
  expect(await lastUsed()).toEqual({ LastUsedDate: new Date(start - 86_400_000), Region: 'eu-west-1' });
  uses.set(id, { at: start - 401 * 86_400_000, service: 'eks', region: 'eu-west-1' });
  expect(await lastUsed()).toEqual({});
});
