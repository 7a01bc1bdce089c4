import { describe, expect, test } from 'vitest';
import { account, createWorld, root, session, storedText, testBox } from './testworld.ts';

type KeyAnswer = {
  AccessKey: { UserName?: string; AccessKeyId: string; SecretAccessKey: string; Status: string };
};
type KeyList = { AccessKeyMetadata: { AccessKeyId: string; Status: string; UserName?: string }[] };

describe('refusals', () => {
  const id = 'AKIAEXAMPLEEXAMPLE22';
  const cases: readonly [what: string, operation: string, input: object, code: string, message: string][] = [
    [
      'a key for nobody',
      'CreateAccessKey',
      { UserName: 'bob' },
      'NoSuchEntityException',
      'The user with name bob cannot be found.',
    ],
    [
      'the status of a key that is not there',
      'UpdateAccessKey',
      { UserName: 'ada', AccessKeyId: id, Status: 'Active' },
      'NoSuchEntityException',
      `The Access Key with id ${id} cannot be found`,
    ],
    [
      'deleting a key that is not there',
      'DeleteAccessKey',
      { UserName: 'ada', AccessKeyId: id },
      'NoSuchEntityException',
      `The Access Key with id ${id} cannot be found`,
    ],
    [
      'a status of another word',
      'UpdateAccessKey',
      { UserName: 'ada', AccessKeyId: id, Status: 'active' },
      'ValidationError',
      "1 validation error detected: Value 'active' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive]",
    ],
    [
      'a key id too short to be one',
      'DeleteAccessKey',
      { AccessKeyId: 'AKIA' },
      'ValidationError',
      "1 validation error detected: Value 'AKIA' at 'accessKeyId' failed to satisfy constraint: Member must have length greater than or equal to 16",
    ],
  ];
  test.each(cases)('%s is refused', async (_, operation, input, code, message) => {
    const world = await createWorld();
    await world.user('ada');
    await expect(world.call(operation, input)).rejects.toMatchObject({ code, message });
  });

  test('a third key is one too many, for users and for the root', async () => {
    const world = await createWorld();
    await world.user('ada');
    for (const input of [{ UserName: 'ada' }, {}]) {
      await world.call('CreateAccessKey', input);
      await world.call('CreateAccessKey', input);
      await expect(world.call('CreateAccessKey', input)).rejects.toMatchObject({
        code: 'LimitExceededException',
        message: 'Cannot exceed quota for AccessKeysPerUser: 2',
      });
    }
  });

  test('racing requests do not get a third key either', async () => {
    const world = await createWorld();
    await world.user('ada');
    const results = await Promise.allSettled(
      [1, 2, 3, 4].map(() => world.call('CreateAccessKey', { UserName: 'ada' })),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  });

  test.each(['CreateAccessKey', 'ListAccessKeys'])(
    '%s by a role session asks for a name',
    async (operation) => {
      const world = await createWorld();
      await expect(world.call(operation, {}, session)).rejects.toMatchObject({
        code: 'ValidationError',
        message: 'Must specify userName when calling with non-User credentials',
      });
    },
  );

  test("a key of another user is not found, though it exists: neither under one's own name nor without one", async () => {
    const world = await createWorld();
    const bob = await world.user('bob');
    await world.user('ada');
    const { AccessKey } = await world.call<KeyAnswer>('CreateAccessKey', { UserName: 'ada' });
    for (const input of [{}, { UserName: 'bob' }]) {
      await expect(
        world.call('DeleteAccessKey', { ...input, AccessKeyId: AccessKey.AccessKeyId }, bob),
      ).rejects.toMatchObject({ code: 'NoSuchEntityException' });
      await expect(
        world.call(
          'UpdateAccessKey',
          { ...input, AccessKeyId: AccessKey.AccessKeyId, Status: 'Inactive' },
          bob,
        ),
      ).rejects.toMatchObject({ code: 'NoSuchEntityException' });
    }
  });
});

test('the secret is told once and never stored in the clear', async () => {
  const world = await createWorld();
  await world.user('ada');
  const { AccessKey } = await world.call<KeyAnswer>('CreateAccessKey', { UserName: 'ADA' });
  expect(AccessKey).toMatchObject({
    UserName: 'ada',
    AccessKeyId: expect.stringMatching(/^AKIA[A-Z2-7]{16}$/),
    SecretAccessKey: expect.stringMatching(/^[A-Za-z0-9+/]{40}$/),
    Status: 'Active',
  });
  const stored = await storedText(world.storage);
  expect(stored).not.toContain(AccessKey.SecretAccessKey);
  const record = await world.storage.get(`access-key/${AccessKey.AccessKeyId}`);
  const { sealedSecret, ...rest } = JSON.parse(record?.value ?? '') as { sealedSecret: string };
  expect(testBox.open(sealedSecret, AccessKey.AccessKeyId)).toBe(AccessKey.SecretAccessKey);
  expect(rest).toMatchObject({
    accountId: account,
    owner: { kind: 'user', userName: 'ada' },
    status: 'Active',
  });
  expect(JSON.stringify(await world.call('ListAccessKeys', { UserName: 'ada' }))).not.toContain(
    AccessKey.SecretAccessKey,
  );
});

test('a key is deactivated, activated and deleted by its user without naming it', async () => {
  const world = await createWorld();
  const ada = await world.user('ada');
  const { AccessKey } = await world.call<KeyAnswer>('CreateAccessKey', {}, ada);
  const list = async (): Promise<KeyList['AccessKeyMetadata']> =>
    (await world.call<KeyList>('ListAccessKeys', {}, ada)).AccessKeyMetadata;
  await world.call('UpdateAccessKey', { AccessKeyId: AccessKey.AccessKeyId, Status: 'Inactive' }, ada);
  expect(await list()).toMatchObject([{ UserName: 'ada', Status: 'Inactive' }]);
  await world.call('UpdateAccessKey', { AccessKeyId: AccessKey.AccessKeyId, Status: 'Active' }, ada);
  expect(await list()).toMatchObject([{ Status: 'Active' }]);
  await world.call('DeleteAccessKey', { AccessKeyId: AccessKey.AccessKeyId }, ada);
  expect(await list()).toEqual([]);
  expect(await world.storage.get(`access-key/${AccessKey.AccessKeyId}`)).toBeUndefined();
});

test("the root's keys belong to no user", async () => {
  const world = await createWorld();
  const { AccessKey } = await world.call<KeyAnswer>('CreateAccessKey', {}, root);
  expect(AccessKey.UserName).toBeUndefined();
  const record = await world.storage.get(`access-key/${AccessKey.AccessKeyId}`);
  expect(JSON.parse(record?.value ?? '')).toMatchObject({ owner: { kind: 'root' } });
  expect((await world.call<KeyList>('ListAccessKeys', {}, root)).AccessKeyMetadata).toHaveLength(1);
  await world.call('DeleteAccessKey', { AccessKeyId: AccessKey.AccessKeyId }, root);
  expect((await world.call<KeyList>('ListAccessKeys', {}, root)).AccessKeyMetadata).toEqual([]);
});
