import { describe, expect, test } from 'vitest';
import { account, createWorld, session } from './testworld.ts';

describe('refusals', () => {
  test.each([
    ['ListSSHPublicKeys', 'none', 'The user with name none cannot be found.'],
    ['GetLoginProfile', 'none', 'The user with name none cannot be found.'],
    ['GetLoginProfile', 'ADA', 'Login Profile for User ada cannot be found.'],
    ['DeleteLoginProfile', 'ada', 'Login Profile for User ada cannot be found.'],
    ['DeleteLoginProfile', undefined, `Login Profile for User ${account} cannot be found.`],
  ])('%s of %s is refused', async (operation, UserName, message) => {
    const world = await createWorld();
    await world.user('ada');
    await expect(world.call(operation, { UserName })).rejects.toMatchObject({
      code: 'NoSuchEntityException',
      message,
    });
  });

  test('there is no password policy', async () => {
    const world = await createWorld();
    await expect(world.call('GetAccountPasswordPolicy', {})).rejects.toMatchObject({
      code: 'NoSuchEntityException',
      message: `The Password Policy with domain name ${account} cannot be found.`,
    });
  });

  test('a role session must say which user it means', async () => {
    const world = await createWorld();
    await expect(world.call('ListSigningCertificates', {}, session)).rejects.toMatchObject({
      code: 'ValidationError',
      message: 'Must specify userName when calling with non-User credentials',
    });
  });
});

test.each([
  ['ListSSHPublicKeys', 'SSHPublicKeys'],
  ['ListSigningCertificates', 'Certificates'],
  ['ListServiceSpecificCredentials', 'ServiceSpecificCredentials'],
])('%s answers that there are none', async (operation, member) => {
  const world = await createWorld();
  const ada = await world.user('ada');
  const none = { [member]: [], IsTruncated: false };
  expect(await world.call(operation, { UserName: 'ada' })).toEqual(none);
  expect(await world.call(operation, {}, ada)).toEqual(none);
});
