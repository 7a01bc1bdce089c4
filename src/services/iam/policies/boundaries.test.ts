import { describe, expect, test } from 'vitest';
import { roleKey } from '../../../storage/records/keys.ts';
import { account, allowAll, createWorld, trustOf, type World } from '../testworld.ts';

const power = 'arn:aws:iam::aws:policy/PowerUserAccess';
const own = (name: string): string => `arn:aws:iam::${account}:policy/${name}`;
const serviceOnly = 'arn:aws:iam::aws:policy/aws-service-role/AmazonEKSServiceRolePolicy';

type Boundary = { PermissionsBoundaryType: string; PermissionsBoundaryArn: string };
type UserAnswer = { User: { PermissionsBoundary?: Boundary } };
type RoleAnswer = { Role: { PermissionsBoundary?: Boundary } };
type PolicyAnswer = { Policy: { AttachmentCount: number; PermissionsBoundaryUsageCount: number } };

const createPolicy = (world: World, PolicyName: string) =>
  world.call('CreatePolicy', { PolicyName, PolicyDocument: allowAll });

async function useOf(world: World, PolicyArn: string): Promise<[attachments: number, boundaries: number]> {
  const { Policy } = await world.call<PolicyAnswer>('GetPolicy', { PolicyArn });
  return [Policy.AttachmentCount, Policy.PermissionsBoundaryUsageCount];
}

async function boundaryOf(world: World, UserName: string): Promise<Boundary | undefined> {
  return (await world.call<UserAnswer>('GetUser', { UserName })).User.PermissionsBoundary;
}

const shown = (PermissionsBoundaryArn: string): Boundary => ({
  PermissionsBoundaryType: 'Policy',
  PermissionsBoundaryArn,
});

describe('refusals', () => {
  const cases: readonly [what: string, arn: string, code: string, message: string][] = [
    [
      'a policy nobody made',
      own('none'),
      'NoSuchEntityException',
      `Scope ARN: ${own('none')} does not exist or is not attachable.`,
    ],
    [
      'a policy of another account',
      'arn:aws:iam::999999999999:policy/limit',
      'NoSuchEntityException',
      'Scope ARN: arn:aws:iam::999999999999:policy/limit does not exist or is not attachable.',
    ],
    [
      'a policy in another case',
      own('LIMIT'),
      'NoSuchEntityException',
      `Scope ARN: ${own('LIMIT')} does not exist or is not attachable.`,
    ],
    [
      'the ARN of something else',
      `arn:aws:iam::${account}:role/limit`,
      'InvalidInputException',
      `ARN arn:aws:iam::${account}:role/limit is not valid.`,
    ],
    [
      "a policy of AWS's own roles",
      serviceOnly,
      'PolicyNotAttachableException',
      'Cannot attach a Service Role Policy to a Customer Role.',
    ],
    [
      'something too short to be an ARN',
      'limit',
      'ValidationError',
      "1 validation error detected: Value 'limit' at 'permissionsBoundary' failed to satisfy constraint: Member must have length greater than or equal to 20",
    ],
  ];
  test.each(cases)('%s is no boundary, at creation or later', async (_, arn, code, message) => {
    const world = await createWorld();
    await createPolicy(world, 'limit');
    await world.user('ada');
    await world.role('ops');
    const trust = { AssumeRolePolicyDocument: trustOf({ AWS: '*' }) };
    for (const [operation, input] of [
      ['CreateUser', { UserName: 'new' }],
      ['CreateRole', { RoleName: 'new', ...trust }],
      ['PutUserPermissionsBoundary', { UserName: 'ada' }],
      ['PutRolePermissionsBoundary', { RoleName: 'ops' }],
    ] as const) {
      await expect(world.call(operation, { ...input, PermissionsBoundary: arn })).rejects.toMatchObject({
        code,
        message,
      });
    }
    expect(await boundaryOf(world, 'ada')).toBeUndefined();
  });

  test.each([
    ['PutRolePermissionsBoundary', { PermissionsBoundary: power }],
    ['DeleteRolePermissionsBoundary', {}],
  ])('%s of a service-linked role is refused', async (operation, input) => {
    const world = await createWorld();
    await world.role('AWSServiceRoleForX');
    const key = roleKey(account, 'AWSServiceRoleForX');
    const record = JSON.parse((await world.storage.get(key))?.value ?? '') as object;
    const value = JSON.stringify({ ...record, path: '/aws-service-role/x.amazonaws.com/' });
    await world.storage.commit({ changes: [{ type: 'put', key, value }] });
    await expect(world.call(operation, { RoleName: 'AWSServiceRoleForX', ...input })).rejects.toMatchObject({
      code: 'UnmodifiableEntityException',
    });
  });

  test('a policy that is a boundary is not deleted', async () => {
    const world = await createWorld();
    await createPolicy(world, 'limit');
    await world.call('CreateUser', { UserName: 'ada', PermissionsBoundary: own('limit') });
    await expect(world.call('DeletePolicy', { PolicyArn: own('limit') })).rejects.toMatchObject({
      code: 'DeleteConflictException',
      message: 'Cannot delete a policy attached to entities.',
    });
    await world.call('DeleteUser', { UserName: 'ada' });
    await world.call('DeletePolicy', { PolicyArn: own('limit') });
  });

  test.each([
    ['CreateUser', { UserName: 'new' }],
    ['PutUserPermissionsBoundary', { UserName: 'ada' }],
  ])(
    '%s racing the deletion of the policy leaves nobody with a boundary that is gone',
    async (operation, input) => {
      const world = await createWorld();
      await world.user('ada');
      await createPolicy(world, 'limit');
      const results = await Promise.allSettled([
        world.call(operation, { ...input, PermissionsBoundary: own('limit') }),
        world.call('DeletePolicy', { PolicyArn: own('limit') }),
      ]);
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    },
  );
});

test('a boundary is put, shown by Get and not by List, replaced and taken away', async () => {
  const world = await createWorld();
  await createPolicy(world, 'limit');
  await world.user('ada');
  await world.call('PutUserPermissionsBoundary', { UserName: 'ada', PermissionsBoundary: own('limit') });
  expect(await boundaryOf(world, 'ada')).toEqual(shown(own('limit')));
  const { Users } = await world.call<{ Users: object[] }>('ListUsers', {});
  expect(Users).not.toEqual([expect.objectContaining({ PermissionsBoundary: expect.anything() })]);
  await world.call('PutUserPermissionsBoundary', { UserName: 'ada', PermissionsBoundary: own('limit') });
  expect(await useOf(world, own('limit'))).toEqual([0, 1]);
  await world.call('PutUserPermissionsBoundary', { UserName: 'ada', PermissionsBoundary: power });
  expect(await boundaryOf(world, 'ada')).toEqual(shown(power));
  expect([await useOf(world, own('limit')), await useOf(world, power)]).toEqual([
    [0, 0],
    [0, 1],
  ]);
  await world.call('DeleteUserPermissionsBoundary', { UserName: 'ada' });
  await world.call('DeleteUserPermissionsBoundary', { UserName: 'ada' });
  expect(await boundaryOf(world, 'ada')).toBeUndefined();
  expect(await useOf(world, power)).toEqual([0, 0]);
});

test('a role gets its boundary at creation and loses it with itself', async () => {
  const world = await createWorld();
  await createPolicy(world, 'limit');
  const { Role } = await world.call<RoleAnswer>('CreateRole', {
    RoleName: 'ops',
    AssumeRolePolicyDocument: trustOf({ AWS: '*' }),
    PermissionsBoundary: own('limit'),
  });
  expect(Role.PermissionsBoundary).toEqual(shown(own('limit')));
  await world.call('AttachRolePolicy', { RoleName: 'ops', PolicyArn: own('limit') });
  expect(await useOf(world, own('limit'))).toEqual([1, 1]);
  await world.call('DetachRolePolicy', { RoleName: 'ops', PolicyArn: own('limit') });
  await world.call('DeleteRole', { RoleName: 'ops' });
  expect(await useOf(world, own('limit'))).toEqual([0, 0]);
});

test('twenty users get one boundary at once and all are counted', async () => {
  const world = await createWorld();
  await createPolicy(world, 'limit');
  const names = Array.from({ length: 20 }, (_, index) => `u${index}`);
  await Promise.all(
    names.map((UserName) => world.call('CreateUser', { UserName, PermissionsBoundary: own('limit') })),
  );
  expect(await useOf(world, own('limit'))).toEqual([0, 20]);
});
