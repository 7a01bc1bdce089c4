import { describe, expect, test } from 'vitest';
import type { GroupRecord, UserRecord } from '../../storage/records/iam.ts';
import { groupKey, groupsPrefix, usersPrefix } from '../../storage/records/keys.ts';
import { account, allowAll, createWorld, documentOfSize, type World } from './testworld.ts';

type GroupAnswer = { Group: { Arn: string; GroupId: string; GroupName: string; Path: string } };
type GroupList = { Groups: { GroupName: string }[]; IsTruncated: boolean; Marker?: string };
type MemberList = { Users: { UserName: string }[]; IsTruncated: boolean; Marker?: string };

const admin = 'arn:aws:iam::aws:policy/AdministratorAccess';

async function createGroup(world: World, GroupName: string, Path = '/'): Promise<GroupAnswer['Group']> {
  return (await world.call<GroupAnswer>('CreateGroup', { GroupName, Path })).Group;
}

const join = (world: World, GroupName: string, UserName: string) =>
  world.call('AddUserToGroup', { GroupName, UserName });

async function groupNames(world: World, UserName: string): Promise<string[]> {
  const { Groups } = await world.call<GroupList>('ListGroupsForUser', { UserName });
  return Groups.map((group) => group.GroupName);
}

async function memberNames(world: World, GroupName: string): Promise<string[]> {
  const { Users } = await world.call<MemberList>('GetGroup', { GroupName });
  return Users.map((user) => user.UserName);
}

/** What must hold after any race: every group counts its members, and nobody is in a group that is gone. */
async function expectConsistent({ storage }: World): Promise<void> {
  const read = async <T>(prefix: string): Promise<T[]> =>
    (await storage.list({ prefix })).entries.map(({ value }) => JSON.parse(value) as T);
  const users = await read<UserRecord>(usersPrefix(account));
  const groups = await read<GroupRecord>(groupsPrefix(account));
  const named = users.flatMap((user) => user.groupNames ?? []);
  for (const { name, memberCount } of groups) {
    expect(named.filter((other) => other === name)).toHaveLength(memberCount);
  }
  expect(groups.map(({ name }) => name)).toEqual(expect.arrayContaining([...new Set(named)]));
}

describe('refusals', () => {
  const cases: readonly [what: string, operation: string, input: object, code: string, message: string][] = [
    [
      'a name that exists in another case',
      'CreateGroup',
      { GroupName: 'OPS' },
      'EntityAlreadyExistsException',
      'Group with name OPS already exists.',
    ],
    [
      'a name of 129 characters',
      'CreateGroup',
      { GroupName: 'g'.repeat(129) },
      'ValidationError',
      `1 validation error detected: Value '${'g'.repeat(129)}' at 'groupName' failed to satisfy constraint: Member must have length less than or equal to 128`,
    ],
    [
      'a path that does not end',
      'CreateGroup',
      { GroupName: 'new', Path: '/team' },
      'ValidationError',
      "1 validation error detected: Value '/team' at 'path' failed to satisfy constraint: Member must satisfy regular expression pattern: (\\u002F)|(\\u002F[\\u0021-\\u007E]+\\u002F)",
    ],
    [
      'a group nobody made',
      'GetGroup',
      { GroupName: 'none' },
      'NoSuchEntityException',
      'The group with name none cannot be found.',
    ],
    [
      'joining a group nobody made',
      'AddUserToGroup',
      { GroupName: 'none', UserName: 'ada' },
      'NoSuchEntityException',
      'The group with name none cannot be found.',
    ],
    [
      'joining by a user nobody made',
      'AddUserToGroup',
      { GroupName: 'ops', UserName: 'none' },
      'NoSuchEntityException',
      'The user with name none cannot be found.',
    ],
    [
      'leaving by a user nobody made',
      'RemoveUserFromGroup',
      { GroupName: 'ops', UserName: 'none' },
      'NoSuchEntityException',
      'The user with name none cannot be found.',
    ],
    [
      'a rename onto another group',
      'UpdateGroup',
      { GroupName: 'ops', NewGroupName: 'Dev' },
      'EntityAlreadyExistsException',
      'Group with name Dev already exists.',
    ],
    [
      'inline policies of 5,121 characters',
      'PutGroupPolicy',
      { GroupName: 'ops', PolicyName: 'p', PolicyDocument: documentOfSize(5121) },
      'LimitExceededException',
      'Maximum policy size of 5120 bytes exceeded for group ops',
    ],
    [
      'reading an inline policy it has not',
      'GetGroupPolicy',
      { GroupName: 'ops', PolicyName: 'constructor' },
      'NoSuchEntityException',
      'The group policy with name constructor cannot be found.',
    ],
    [
      'detaching what is not attached',
      'DetachGroupPolicy',
      { GroupName: 'ops', PolicyArn: admin },
      'NoSuchEntityException',
      `Policy ${admin} was not found.`,
    ],
  ];
  test.each(cases)('%s is refused', async (_, operation, input, code, message) => {
    const world = await createWorld();
    await world.user('ada');
    await createGroup(world, 'ops');
    await createGroup(world, 'dev');
    await expect(world.call(operation, input)).rejects.toMatchObject({ code, message });
  });

  test('a group goes only after its members and policies', async () => {
    const world = await createWorld();
    await world.user('ada');
    await createGroup(world, 'ops');
    await join(world, 'ops', 'ada');
    await world.call('AttachGroupPolicy', { GroupName: 'ops', PolicyArn: admin });
    await world.call('PutGroupPolicy', { GroupName: 'ops', PolicyName: 'p', PolicyDocument: allowAll });
    const steps = [
      ['remove users from group', 'RemoveUserFromGroup', { GroupName: 'OPS', UserName: 'ADA' }],
      ['detach all policies', 'DetachGroupPolicy', { GroupName: 'ops', PolicyArn: admin }],
      ['delete policies', 'DeleteGroupPolicy', { GroupName: 'ops', PolicyName: 'p' }],
    ] as const;
    for (const [first, operation, input] of steps) {
      await expect(world.call('DeleteGroup', { GroupName: 'ops' })).rejects.toMatchObject({
        code: 'DeleteConflictException',
        message: `Cannot delete entity, must ${first} first.`,
      });
      await world.call(operation, input);
    }
    await world.call('DeleteGroup', { GroupName: 'ops' });
    expect(await world.call('ListGroups', {})).toEqual({ Groups: [], IsTruncated: false });
  });

  test('a member is not deleted', async () => {
    const world = await createWorld();
    await world.user('ada');
    await createGroup(world, 'ops');
    await join(world, 'ops', 'ada');
    await expect(world.call('DeleteUser', { UserName: 'ada' })).rejects.toMatchObject({
      code: 'DeleteConflictException',
      message: 'Cannot delete entity, must remove users from group first.',
    });
    await world.call('RemoveUserFromGroup', { GroupName: 'ops', UserName: 'ada' });
    await world.call('DeleteUser', { UserName: 'ada' });
  });

  test('nobody is in an eleventh group, nor twice in one', async () => {
    const world = await createWorld();
    await world.user('ada');
    for (let index = 0; index < 11; index++) await createGroup(world, `g${index}`);
    for (let index = 0; index < 10; index++) await join(world, `g${index}`, 'ada');
    await join(world, 'G9', 'ADA');
    await expect(join(world, 'g10', 'ada')).rejects.toMatchObject({
      code: 'LimitExceededException',
      message: 'Cannot exceed quota for GroupsPerUser: 10',
    });
    await expectConsistent(world);
  });

  test('there is no 301st group, also when twenty are made at once', async () => {
    const world = await createWorld();
    const numbers = Array.from({ length: 297 }, (_, index) => index);
    await world.storage.commit({
      changes: numbers.map((index) => ({ type: 'put', key: groupKey(account, `g${index}`), value: '{}' })),
    });
    const results = await Promise.allSettled(
      numbers.slice(0, 20).map((index) => createGroup(world, `n${index}`)),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    await expect(createGroup(world, 'more')).rejects.toMatchObject({
      code: 'LimitExceededException',
      message: 'Cannot exceed quota for GroupsPerAccount: 300',
    });
  });
});

test('a created group has an id of its own kind and an ARN with its path', async () => {
  const world = await createWorld();
  expect(await createGroup(world, 'Ops', '/team/')).toEqual({
    Path: '/team/',
    GroupName: 'Ops',
    GroupId: expect.stringMatching(/^AGPA[A-Z2-7]{17}$/),
    Arn: `arn:aws:iam::${account}:group/team/Ops`,
    CreateDate: expect.any(Date),
  });
});

test('a rename keeps the id and the members, moves the ARN and frees the name', async () => {
  const world = await createWorld();
  for (const name of ['ada', 'bob', 'eve']) await world.user(name);
  const { GroupId } = await createGroup(world, 'ops');
  await createGroup(world, 'dev');
  for (const name of ['ada', 'bob']) await join(world, 'ops', name);
  await join(world, 'dev', 'ada');
  await world.call('UpdateGroup', { GroupName: 'ops', NewGroupName: 'Admins', NewPath: '/x/' });
  expect(await memberNames(world, 'admins')).toEqual(['ada', 'bob']);
  expect(await groupNames(world, 'ada')).toEqual(['Admins', 'dev']);
  const { Group } = await world.call<GroupAnswer>('GetGroup', { GroupName: 'admins' });
  expect(Group).toMatchObject({ GroupId, Arn: `arn:aws:iam::${account}:group/x/Admins` });
  await createGroup(world, 'ops');
  expect(await memberNames(world, 'ops')).toEqual([]);
  await world.call('UpdateGroup', { GroupName: 'admins', NewGroupName: 'ADMINS' });
  expect(await memberNames(world, 'admins')).toEqual(['ada', 'bob']);
  await expectConsistent(world);
});

test('a renamed user stays in its groups', async () => {
  const world = await createWorld();
  await world.user('ada');
  await createGroup(world, 'ops');
  await join(world, 'ops', 'ada');
  await world.call('UpdateUser', { UserName: 'ada', NewUserName: 'grace' });
  expect(await memberNames(world, 'ops')).toEqual(['grace']);
  await world.call('RemoveUserFromGroup', { GroupName: 'ops', UserName: 'grace' });
  await world.call('RemoveUserFromGroup', { GroupName: 'ops', UserName: 'grace' });
  await expectConsistent(world);
});

test('members and groups come in pages, groups by path too', async () => {
  const world = await createWorld();
  for (const name of ['c', 'a', 'b', 'out']) await world.user(name);
  for (const name of ['y', 'X', 'z']) await createGroup(world, name, name === 'z' ? '/z/' : '/');
  for (const name of ['a', 'b', 'c']) await join(world, 'X', name);
  for (const name of ['y', 'z']) await join(world, name, 'a');
  const first = await world.call<MemberList>('GetGroup', { GroupName: 'x', MaxItems: 2 });
  expect(first).toMatchObject({ Users: [{ UserName: 'a' }, { UserName: 'b' }], IsTruncated: true });
  const rest = await world.call<MemberList>('GetGroup', { GroupName: 'x', Marker: first.Marker });
  expect(rest).toMatchObject({ Users: [{ UserName: 'c' }], IsTruncated: false });
  const page = await world.call<GroupList>('ListGroupsForUser', { UserName: 'a', MaxItems: 1 });
  expect(page).toMatchObject({ Groups: [{ GroupName: 'X' }], IsTruncated: true });
  const { Groups } = await world.call<GroupList>('ListGroupsForUser', { UserName: 'a', Marker: page.Marker });
  expect(Groups.map((group) => group.GroupName)).toEqual(['y', 'z']);
  const listed = await world.call<GroupList>('ListGroups', { PathPrefix: '/z' });
  expect(listed.Groups.map((group) => group.GroupName)).toEqual(['z']);
});

test('a group holds inline and managed policies', async () => {
  const world = await createWorld();
  await createGroup(world, 'ops');
  await world.call('PutGroupPolicy', { GroupName: 'ops', PolicyName: 'p', PolicyDocument: allowAll });
  await world.call('AttachGroupPolicy', { GroupName: 'ops', PolicyArn: admin });
  expect(await world.call('GetGroupPolicy', { GroupName: 'ops', PolicyName: 'p' })).toEqual({
    GroupName: 'ops',
    PolicyName: 'p',
    PolicyDocument: encodeURIComponent(allowAll).replaceAll('*', '%2A'),
  });
  expect(await world.call('ListGroupPolicies', { GroupName: 'ops' })).toEqual({
    PolicyNames: ['p'],
    IsTruncated: false,
  });
  expect(await world.call('ListAttachedGroupPolicies', { GroupName: 'ops' })).toEqual({
    AttachedPolicies: [{ PolicyName: 'AdministratorAccess', PolicyArn: admin }],
    IsTruncated: false,
  });
});

describe('races', () => {
  const rounds = Array.from({ length: 10 }, (_, round) => round);

  test.each(rounds)(
    'a group that somebody joins is not deleted, one that is deleted nobody joins (%i)',
    async () => {
      const world = await createWorld();
      await world.user('ada');
      await createGroup(world, 'ops');
      const results = await Promise.allSettled([
        join(world, 'ops', 'ada'),
        world.call('DeleteGroup', { GroupName: 'ops' }),
      ]);
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      await expectConsistent(world);
    },
  );

  test('a user that joins is not deleted, one that is deleted is not counted', async () => {
    const world = await createWorld();
    await world.user('ada');
    await createGroup(world, 'ops');
    const results = await Promise.allSettled([
      world.call('DeleteUser', { UserName: 'ada' }),
      join(world, 'ops', 'ada'),
    ]);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await expectConsistent(world);
  });

  test('twenty users join and leave a group while it is renamed, and all are where they belong', async () => {
    const world = await createWorld();
    const names = Array.from({ length: 20 }, (_, index) => `u${index}`);
    for (const name of names) await world.user(name);
    await createGroup(world, 'ops');
    for (const name of names.slice(0, 5)) await join(world, 'ops', name);
    await Promise.allSettled([
      ...names.slice(5).map((name) => join(world, 'ops', name)),
      ...names
        .slice(0, 5)
        .map((UserName) => world.call('RemoveUserFromGroup', { GroupName: 'ops', UserName })),
      world.call('UpdateGroup', { GroupName: 'ops', NewGroupName: 'admins' }),
    ]);
    await expectConsistent(world);
  });

  test('two groups that take one name: one of them gets it', async () => {
    const world = await createWorld();
    for (const name of ['a', 'b']) await createGroup(world, name);
    const results = await Promise.allSettled(
      ['a', 'b'].map((GroupName) => world.call('UpdateGroup', { GroupName, NewGroupName: 'c' })),
    );
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await expectConsistent(world);
  });
});

describe('authorization', () => {
  test.each([
    ['CreateGroup', { GroupName: 'g', Path: '/x/' }, [`arn:aws:iam::${account}:group/x/g`]],
    ['GetGroup', { GroupName: 'OPS' }, [`arn:aws:iam::${account}:group/team/ops`]],
    ['AddUserToGroup', { GroupName: 'ops', UserName: 'ada' }, [`arn:aws:iam::${account}:group/team/ops`]],
    [
      'RemoveUserFromGroup',
      { GroupName: 'ops', UserName: 'ada' },
      [`arn:aws:iam::${account}:group/team/ops`],
    ],
    ['ListGroupsForUser', { UserName: 'ada' }, [`arn:aws:iam::${account}:user/ada`]],
    ['ListGroups', {}, ['*']],
    [
      'UpdateGroup',
      { GroupName: 'ops', NewPath: '/admins/' },
      [`arn:aws:iam::${account}:group/team/ops`, `arn:aws:iam::${account}:group/admins/ops`],
    ],
  ])('%s %j is judged on %j', async (operation, input, resources) => {
    const world = await createWorld();
    await world.user('ada');
    await createGroup(world, 'ops', '/team/');
    expect((await world.target(operation, input))?.resources).toEqual(resources);
  });
});
