import { describe, expect, test } from 'vitest';
import { account, allowAll, createWorld, trustOf, type World } from '../testworld.ts';

const admin = 'arn:aws:iam::aws:policy/AdministratorAccess';
const own = `arn:aws:iam::${account}:policy/limit`;

type Page = { IsTruncated: boolean; Marker?: string };
type Answer = Page & {
  PolicyGroups: { GroupName: string; GroupId: string }[];
  PolicyUsers: { UserName: string; UserId: string }[];
  PolicyRoles: { RoleName: string; RoleId: string }[];
};

const namesIn = ({ PolicyGroups, PolicyUsers, PolicyRoles }: Answer): string[] => [
  ...PolicyGroups.map((group) => group.GroupName),
  ...PolicyUsers.map((user) => user.UserName),
  ...PolicyRoles.map((role) => role.RoleName),
];

/** Both policies, attached to a group, a user and a role, and as boundaries of another user and the same role. */
async function populatedWorld(): Promise<World> {
  const world = await createWorld();
  await world.call('CreatePolicy', { PolicyName: 'limit', PolicyDocument: allowAll });
  await world.call('CreateGroup', { GroupName: 'Ops' });
  await world.user('ada', '/team/');
  await world.user('none');
  await world.call('CreateUser', { UserName: 'bob', PermissionsBoundary: own });
  await world.call('PutUserPermissionsBoundary', { UserName: 'bob', PermissionsBoundary: own });
  const trust = { AssumeRolePolicyDocument: trustOf({ AWS: '*' }) };
  await world.call('CreateRole', { RoleName: 'deploy', PermissionsBoundary: own, ...trust });
  for (const PolicyArn of [admin, own]) {
    await world.call('AttachGroupPolicy', { GroupName: 'ops', PolicyArn });
    await world.call('AttachUserPolicy', { UserName: 'ada', PolicyArn });
    await world.call('AttachRolePolicy', { RoleName: 'deploy', PolicyArn });
  }
  await world.call('CreateUser', { UserName: 'eve', PermissionsBoundary: admin });
  return world;
}

describe('refusals', () => {
  test.each([
    [{ PolicyArn: `${own}s` }, 'NoSuchEntityException'],
    [{ PolicyArn: 'something else altogether' }, 'InvalidInputException'],
    [{ PolicyArn: own, EntityFilter: 'Everybody' }, 'ValidationError'],
    [{ PolicyArn: own, PolicyUsageFilter: 'Ornament' }, 'ValidationError'],
    [{ PolicyArn: own, PathPrefix: 'team' }, 'ValidationError'],
    [{ PolicyArn: own, PathPrefix: '/team' }, 'ValidationError'],
    [{ PolicyArn: own, MaxItems: 1001 }, 'ValidationError'],
    [{ PolicyArn: own, Marker: 'forged' }, 'ValidationError'],
  ])('%j is refused', async (input, code) => {
    const world = await populatedWorld();
    await expect(world.call('ListEntitiesForPolicy', input)).rejects.toMatchObject({ code });
  });
});

test.each<[input: object, names: string[]]>([
  [{ PolicyArn: own }, ['Ops', 'ada', 'bob', 'deploy']],
  [{ PolicyArn: admin }, ['Ops', 'ada', 'eve', 'deploy']],
  [{ PolicyArn: own, PolicyUsageFilter: 'PermissionsPolicy' }, ['Ops', 'ada', 'deploy']],
  [{ PolicyArn: own, PolicyUsageFilter: 'PermissionsBoundary' }, ['bob', 'deploy']],
  [{ PolicyArn: own, EntityFilter: 'User' }, ['ada', 'bob']],
  [{ PolicyArn: own, EntityFilter: 'Group' }, ['Ops']],
  [{ PolicyArn: own, EntityFilter: 'LocalManagedPolicy' }, []],
  [{ PolicyArn: own, PathPrefix: '/team/' }, ['ada']],
  [{ PolicyArn: 'arn:aws:iam::aws:policy/PowerUserAccess' }, []],
])('%j answers %j', async (input, names) => {
  const world = await populatedWorld();
  expect(namesIn(await world.call<Answer>('ListEntitiesForPolicy', input))).toEqual(names);
});

test('the list comes in pages over all kinds', async () => {
  const world = await populatedWorld();
  const seen: string[] = [];
  for (let Marker: string | undefined, more = true; more; ) {
    const answer: Answer = await world.call<Answer>('ListEntitiesForPolicy', {
      PolicyArn: own,
      MaxItems: 1,
      Marker,
    });
    seen.push(...namesIn(answer));
    ({ Marker, IsTruncated: more } = answer);
  }
  expect(seen).toEqual(['Ops', 'ada', 'bob', 'deploy']);
});

test('ids stand beside the names', async () => {
  const world = await populatedWorld();
  expect(await world.call<Answer>('ListEntitiesForPolicy', { PolicyArn: own })).toMatchObject({
    PolicyGroups: [{ GroupId: expect.stringMatching(/^AGPA/) }],
    PolicyUsers: [{ UserId: expect.stringMatching(/^AIDA/) }, { UserId: expect.stringMatching(/^AIDA/) }],
    PolicyRoles: [{ RoleId: expect.stringMatching(/^AROA/) }],
  });
});

test('the counts of both owners say the same as the list, and ListPolicies filters by use', async () => {
  const world = await populatedWorld();
  const counts = async (input: object) => {
    const { Policies } = await world.call<{
      Policies: { PolicyName: string; AttachmentCount: number; PermissionsBoundaryUsageCount: number }[];
    }>('ListPolicies', input);
    return Policies.map(({ PolicyName, AttachmentCount, PermissionsBoundaryUsageCount }) => [
      PolicyName,
      AttachmentCount,
      PermissionsBoundaryUsageCount,
    ]);
  };
  const both = [
    ['limit', 3, 2],
    ['AdministratorAccess', 3, 1],
  ];
  expect(await counts({ OnlyAttached: true })).toEqual(both);
  expect(await counts({ PolicyUsageFilter: 'PermissionsPolicy' })).toEqual(both);
  expect(await counts({ PolicyUsageFilter: 'PermissionsBoundary' })).toEqual(both);
  await world.call('DeleteUserPermissionsBoundary', { UserName: 'eve' });
  expect(await counts({ PolicyUsageFilter: 'PermissionsBoundary' })).toEqual(both.slice(0, 1));
});
