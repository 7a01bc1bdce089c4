import { describe, expect, test } from 'vitest';
import { createMemoryStorage } from '../../storage/memory/memory.ts';
import { principalIdKey } from '../../storage/records/keys.ts';
import { RevisionConflictError } from '../../storage/storage.ts';
import { account, allowAll, createWorld, root, session, start, trustOf, userPrincipal } from './testworld.ts';

type UserAnswer = {
  User: { UserName?: string; UserId: string; Arn: string; Path?: string; CreateDate: Date };
};
type UserList = { Users: { UserName: string }[]; IsTruncated: boolean; Marker?: string };

describe('refusals', () => {
  const longName = 'a'.repeat(65);
  const cases: readonly [what: string, operation: string, input: object, code: string, message: string][] = [
    [
      'a name with a slash',
      'CreateUser',
      { UserName: 'team/ada' },
      'ValidationError',
      "1 validation error detected: Value 'team/ada' at 'userName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]+",
    ],
    [
      'a name of 65 characters and a bad path, counted together',
      'CreateUser',
      { UserName: longName, Path: 'team/' },
      'ValidationError',
      `2 validation errors detected: Value 'team/' at 'path' failed to satisfy constraint: Member must satisfy regular expression pattern: (\\u002F)|(\\u002F[\\u0021-\\u007E]+\\u002F); Value '${longName}' at 'userName' failed to satisfy constraint: Member must have length less than or equal to 64`,
    ],
    [
      'a name that exists in another case',
      'CreateUser',
      { UserName: 'ADA' },
      'EntityAlreadyExistsException',
      'User with name ADA already exists.',
    ],
    [
      'a permissions boundary that is no policy',
      'CreateUser',
      { UserName: 'bob', PermissionsBoundary: 'arn:aws:iam::111122223333:policy/none' },
      'NoSuchEntityException',
      'Scope ARN: arn:aws:iam::111122223333:policy/none does not exist or is not attachable.',
    ],
    ...['GetUser', 'DeleteUser', 'UpdateUser', 'ListGroupsForUser'].map(
      (operation): [string, string, object, string, string] => [
        `${operation} of nobody`,
        operation,
        { UserName: 'bob' },
        'NoSuchEntityException',
        'The user with name bob cannot be found.',
      ],
    ),
    [
      'a rename onto another user',
      'UpdateUser',
      { UserName: 'ada', NewUserName: 'Grace' },
      'EntityAlreadyExistsException',
      'User with name Grace already exists.',
    ],
    [
      'a page of nothing',
      'ListUsers',
      { MaxItems: 0 },
      'ValidationError',
      "1 validation error detected: Value '0' at 'maxItems' failed to satisfy constraint: Member must have value greater than or equal to 1",
    ],
    [
      'a page of more than 1000',
      'ListUsers',
      { MaxItems: 1001 },
      'ValidationError',
      "1 validation error detected: Value '1001' at 'maxItems' failed to satisfy constraint: Member must have value less than or equal to 1000",
    ],
    [
      'a made-up marker',
      'ListUsers',
      { Marker: 'iam/111122223333/user/ada' },
      'ValidationError',
      'Invalid Marker.',
    ],
  ];
  test.each(cases)('%s is refused', async (_, operation, input, code, message) => {
    const world = await createWorld();
    await world.user('ada');
    await world.user('grace');
    await expect(world.call(operation, input)).rejects.toMatchObject({ code, message });
  });

  test('GetUser without a name by a role session asks for one', async () => {
    const world = await createWorld();
    await expect(world.call('GetUser', {}, session)).rejects.toMatchObject({
      code: 'ValidationError',
      message: 'Must specify userName when calling with non-User credentials',
    });
  });

  test('GetUser without a name does not answer with a re-created namesake', async () => {
    const world = await createWorld();
    const ada = await world.user('ada');
    await world.call('DeleteUser', { UserName: 'ada' });
    await world.user('ada');
    await expect(world.call('GetUser', {}, ada)).rejects.toMatchObject({ code: 'NoSuchEntityException' });
  });
});

test('a created user has an id, an ARN with its path, and keeps the case of its name', async () => {
  const world = await createWorld();
  const { User } = await world.call<UserAnswer>('CreateUser', { UserName: 'Ada', Path: '/team/a/' });
  expect(User).toEqual({
    Path: '/team/a/',
    UserName: 'Ada',
    UserId: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/),
    Arn: `arn:aws:iam::${account}:user/team/a/Ada`,
    CreateDate: new Date(start),
  });
  expect((await world.call<UserAnswer>('GetUser', { UserName: 'aDA' })).User).toEqual(User);
  expect((await world.call<UserAnswer>('GetUser', {}, userPrincipal('Ada', User.UserId))).User).toEqual(User);
  expect(JSON.parse((await world.storage.get(principalIdKey(User.UserId)))?.value ?? '')).toEqual({
    kind: 'user',
    accountId: account,
    name: 'Ada',
  });
});

test('GetUser by the root answers the root, without name and path', async () => {
  const world = await createWorld();
  const { User } = await world.call<UserAnswer>('GetUser', {}, root);
  expect(User).toMatchObject({ UserId: account, Arn: `arn:aws:iam::${account}:root` });
  expect(User.UserName).toBeUndefined();
});

test('two racing creates give one user and one EntityAlreadyExists', async () => {
  const world = await createWorld();
  const results = await Promise.allSettled(
    ['Ada', 'ada'].map((UserName) => world.call('CreateUser', { UserName })),
  );
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(results.find((result) => result.status === 'rejected')?.reason).toMatchObject({
    code: 'EntityAlreadyExistsException',
  });
});

test('a deleted and re-created user has another id', async () => {
  const world = await createWorld();
  const first = await world.user('ada');
  await world.call('DeleteUser', { UserName: 'ada' });
  expect(await world.storage.get(principalIdKey(first.principalId))).toBeUndefined();
  const second = await world.user('ada');
  expect(second.principalId).not.toBe(first.principalId);
});

test('a user goes only after its policies and keys, in the order AWS names them', async () => {
  const world = await createWorld();
  await world.user('ada');
  const policyArn = 'arn:aws:iam::aws:policy/IAMReadOnlyAccess';
  await world.call('AttachUserPolicy', { UserName: 'ada', PolicyArn: policyArn });
  await world.call('PutUserPolicy', { UserName: 'ada', PolicyName: 'p', PolicyDocument: allowAll });
  const key = await world.call<{ AccessKey: { AccessKeyId: string } }>('CreateAccessKey', {
    UserName: 'ada',
  });
  const blocked = async (message: string): Promise<void> =>
    expect(world.call('DeleteUser', { UserName: 'ada' })).rejects.toMatchObject({
      code: 'DeleteConflictException',
      message,
    });
  await blocked('Cannot delete entity, must detach all policies first.');
  await world.call('DetachUserPolicy', { UserName: 'ada', PolicyArn: policyArn });
  await blocked('Cannot delete entity, must delete policies first.');
  await world.call('DeleteUserPolicy', { UserName: 'ada', PolicyName: 'p' });
  await blocked('Cannot delete entity, must delete access keys first.');
  await world.call('DeleteAccessKey', { UserName: 'ada', AccessKeyId: key.AccessKey.AccessKeyId });
  await world.call('DeleteUser', { UserName: 'ada' });
  expect((await world.call<UserList>('ListUsers', {})).Users).toEqual([]);
});

test('a rename keeps the id, moves the ARN, and the keys follow', async () => {
  const world = await createWorld();
  const ada = await world.user('ada');
  const { AccessKey } = await world.call<{ AccessKey: { AccessKeyId: string } }>('CreateAccessKey', {
    UserName: 'ada',
  });
  await world.call('UpdateUser', { UserName: 'ADA', NewUserName: 'countess', NewPath: '/team/' });
  const { User } = await world.call<UserAnswer>('GetUser', { UserName: 'countess' });
  expect(User).toMatchObject({ UserId: ada.principalId, Arn: `arn:aws:iam::${account}:user/team/countess` });
  await expect(world.call('GetUser', { UserName: 'ada' })).rejects.toMatchObject({
    code: 'NoSuchEntityException',
  });
  const key = await world.storage.get(`access-key/${AccessKey.AccessKeyId}`);
  expect(JSON.parse(key?.value ?? '')).toMatchObject({
    owner: { kind: 'user', userName: 'countess', principalId: ada.principalId },
  });
  const id = await world.storage.get(principalIdKey(ada.principalId));
  expect(JSON.parse(id?.value ?? '')).toMatchObject({ name: 'countess' });
});

test('a rename may change nothing but the case', async () => {
  const world = await createWorld();
  await world.user('ada');
  await world.call('UpdateUser', { UserName: 'ada', NewUserName: 'Ada' });
  const { Users } = await world.call<UserList>('ListUsers', {});
  expect(Users.map(({ UserName }) => UserName)).toEqual(['Ada']);
});

test.each([
  ['CreateUser', 'user', { UserName: 'one' }, 'UsersPerAccount: 5000'],
  [
    'CreateRole',
    'role',
    { RoleName: 'one', AssumeRolePolicyDocument: trustOf({ AWS: '*' }) },
    'RolesPerAccount: 1000',
  ],
  ['CreatePolicy', 'policy', { PolicyName: 'one', PolicyDocument: allowAll }, 'PoliciesPerAccount: 1500'],
])('%s stops at the quota of the account', async (operation, kind, input, quota) => {
  const world = await createWorld();
  const count = Number(quota.split(': ')[1]);
  await world.storage.commit({
    changes: Array.from({ length: count - 1 }, (_, index) => ({
      type: 'put' as const,
      key: `iam/${account}/${kind}/filler-${index}`,
      value: '{}',
    })),
  });
  await world.call(operation, input);
  const more = JSON.parse(JSON.stringify(input).replace('"one"', '"more"')) as object;
  await expect(world.call(operation, more)).rejects.toMatchObject({
    code: 'LimitExceededException',
    message: `Cannot exceed quota for ${quota}`,
  });
});

describe('paging', () => {
  test('pages follow one another without gap or repetition, filtered by path', async () => {
    const world = await createWorld();
    for (const name of ['e', 'B', 'a', 'd', 'c']) await world.user(name, name === 'c' ? '/other/' : '/team/');
    const seen: string[] = [];
    let marker: string | undefined;
    do {
      const page: UserList = await world.call('ListUsers', {
        PathPrefix: '/team',
        MaxItems: 2,
        ...(marker === undefined ? {} : { Marker: marker }),
      });
      seen.push(...page.Users.map(({ UserName }) => UserName));
      expect(page.IsTruncated).toBe(page.Marker !== undefined);
      marker = page.Marker;
    } while (marker !== undefined);
    expect(seen).toEqual(['a', 'B', 'd', 'e']);
  });

  test('a marker answers only the list it was given out for', async () => {
    const world = await createWorld();
    await world.user('a');
    await world.user('b');
    const { Marker } = await world.call<UserList>('ListUsers', { MaxItems: 1 });
    await expect(world.call('ListUsers', { PathPrefix: '/x/', Marker })).rejects.toMatchObject({
      message: 'Invalid Marker.',
    });
    await expect(world.call('ListRoles', { Marker })).rejects.toMatchObject({ message: 'Invalid Marker.' });
  });
});

test('twenty racing writers of one user all get through, and nothing is lost', async () => {
  const world = await createWorld();
  await world.user('ada');
  const names = Array.from({ length: 20 }, (_, index) => `p${index}`);
  await Promise.all(
    names.map((PolicyName) =>
      world.call('PutUserPolicy', { UserName: 'ada', PolicyName, PolicyDocument: allowAll }),
    ),
  );
  const { PolicyNames } = await world.call<{ PolicyNames: string[] }>('ListUserPolicies', {
    UserName: 'ada',
  });
  expect(PolicyNames.sort()).toEqual(names.sort());
});

test('a writer that never gets through is told to come back', async () => {
  const memory = createMemoryStorage();
  const world = await createWorld({
    storage: {
      ...memory,
      commit: async (batch) => {
        if (batch.expect === undefined) return memory.commit(batch);
        throw new RevisionConflictError('k', 1, 2);
      },
    },
  });
  await expect(world.call('CreateUser', { UserName: 'ada' })).rejects.toMatchObject({
    code: 'ConcurrentModificationException',
  });
});

describe('authorization', () => {
  test('an existing user is judged by its real path, whatever case the request has', async () => {
    const world = await createWorld();
    await world.user('Ada', '/team/');
    expect(await world.target('DeleteUser', { UserName: 'ada' })).toMatchObject({
      action: 'iam:DeleteUser',
      resources: [`arn:aws:iam::${account}:user/team/Ada`],
      resourceInMessage: 'user ada',
    });
  });

  test('moving a user needs permission on both ends', async () => {
    const world = await createWorld();
    await world.user('ada', '/team/');
    const target = await world.target('UpdateUser', { UserName: 'ada', NewPath: '/admins/' });
    expect(target?.resources).toEqual([
      `arn:aws:iam::${account}:user/team/ada`,
      `arn:aws:iam::${account}:user/admins/ada`,
    ]);
  });

  test.each([
    ['CreateUser', { UserName: 'ada', Path: '/team/' }, `arn:aws:iam::${account}:user/team/ada`],
    ['ListUsers', {}, '*'],
    ['GetUser', {}, `arn:aws:iam::${account}:user/bob`],
  ])('%s %j is judged on %s', async (operation, input, resource) => {
    const world = await createWorld();
    const bob = await world.user('bob');
    expect((await world.target(operation, input, bob))?.resources).toEqual([resource]);
  });

  test('GetUser without a name by a session is judged on everything', async () => {
    const world = await createWorld();
    expect((await world.target('GetUser', {}, session))?.resources).toEqual(['*']);
  });
});
