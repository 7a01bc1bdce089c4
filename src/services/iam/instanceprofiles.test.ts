import { describe, expect, test } from 'vitest';
import { AwsError } from '../../wire/protocols/errors.ts';
import type { AuthorizationTarget } from '../operation.ts';
import { account, createWorld, start, trustOf } from './testworld.ts';

interface Profile {
  readonly InstanceProfile: {
    readonly InstanceProfileName: string;
    readonly InstanceProfileId: string;
    readonly Roles: readonly { readonly RoleName: string }[];
  };
}

const arn = (rest: string): string => `arn:aws:iam::${account}:${rest}`;
const nodes = { InstanceProfileName: 'nodes', RoleName: 'nodes' };

async function createProfileWorld(overrides: Parameters<typeof createWorld>[0] = {}) {
  const world = await createWorld(overrides);
  await world.role('nodes');
  await world.call('CreateInstanceProfile', { InstanceProfileName: 'nodes', Path: '/eks/' });
  const rolesIn = async (InstanceProfileName: string) =>
    (await world.call<Profile>('GetInstanceProfile', { InstanceProfileName })).InstanceProfile.Roles.map(
      ({ RoleName }) => RoleName,
    );
  return { ...world, rolesIn };
}

describe('refusals', () => {
  test('a role that may not be passed is not added', async () => {
    const asked: AuthorizationTarget[] = [];
    const world = await createProfileWorld({
      async authorize(_, target) {
        asked.push(target);
        throw new AwsError('AccessDenied', 'no');
      },
    });
    await expect(world.call('AddRoleToInstanceProfile', nodes)).rejects.toMatchObject({
      code: 'AccessDenied',
    });
    expect(await world.rolesIn('nodes')).toEqual([]);
    expect(asked).toEqual([
      {
        action: 'iam:PassRole',
        resources: [arn('role/nodes')],
        context: new Map([['iam:passedtoservice', 'ec2.amazonaws.com']]),
      },
    ]);
  });

  test('without anybody to ask, only the root may pass a role', async () => {
    const world = await createProfileWorld();
    const ada = await world.user('ada');
    await expect(world.call('AddRoleToInstanceProfile', nodes, ada)).rejects.toMatchObject({
      code: 'AccessDenied',
      message: `User: ${ada.arn} is not authorized to perform: iam:PassRole on resource: ${arn('role/nodes')}`,
    });
  });

  test('a second role, and the same one again, are one too many', async () => {
    const world = await createProfileWorld();
    await world.role('other');
    await world.call('AddRoleToInstanceProfile', nodes);
    for (const RoleName of ['other', 'nodes', 'NODES']) {
      await expect(world.call('AddRoleToInstanceProfile', { ...nodes, RoleName })).rejects.toMatchObject({
        code: 'LimitExceededException',
        message: 'Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1',
      });
    }
  });

  test('neither a role in a profile nor a profile with a role is deleted', async () => {
    const world = await createProfileWorld();
    await world.call('AddRoleToInstanceProfile', { ...nodes, RoleName: 'Nodes' });
    const conflict = {
      code: 'DeleteConflictException',
      message: 'Cannot delete entity, must remove roles from instance profile first.',
    };
    await expect(world.call('DeleteRole', nodes)).rejects.toMatchObject(conflict);
    await expect(world.call('DeleteInstanceProfile', nodes)).rejects.toMatchObject(conflict);
    await world.call('RemoveRoleFromInstanceProfile', nodes);
    await world.call('DeleteRole', nodes);
    await world.call('DeleteInstanceProfile', nodes);
  });

  test('of adding a role and deleting it or the profile at the same moment one fails', async () => {
    for (const deletion of ['DeleteRole', 'DeleteInstanceProfile']) {
      for (const order of [1, -1]) {
        const world = await createProfileWorld();
        const calls = ['AddRoleToInstanceProfile', deletion].sort((a, b) => (a < b ? -order : order));
        const results = await Promise.allSettled(calls.map((name) => world.call(name, nodes)));
        expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      }
    }
  });

  type Case = readonly [operation: string, input: object, code: string, message: string | RegExp];
  const cases: readonly Case[] = [
    ...['GetInstanceProfile', 'DeleteInstanceProfile', 'ListInstanceProfileTags'].map(
      (operation) =>
        [
          operation,
          { InstanceProfileName: 'gone' },
          'NoSuchEntityException',
          'Instance Profile gone cannot be found.',
        ] as const,
    ),
    [
      'AddRoleToInstanceProfile',
      { ...nodes, RoleName: 'gone' },
      'NoSuchEntityException',
      'The role with name gone cannot be found.',
    ],
    [
      'RemoveRoleFromInstanceProfile',
      nodes,
      'NoSuchEntityException',
      'The role with name nodes cannot be found.',
    ],
    [
      'ListInstanceProfilesForRole',
      { RoleName: 'gone' },
      'NoSuchEntityException',
      'The role with name gone cannot be found.',
    ],
    [
      'CreateInstanceProfile',
      { InstanceProfileName: 'NODES' },
      'EntityAlreadyExistsException',
      'Instance Profile NODES already exists.',
    ],
    [
      'CreateInstanceProfile',
      { InstanceProfileName: 'a b', Path: 'eks' },
      'ValidationError',
      /^2 validation errors detected: /,
    ],
    [
      'CreateInstanceProfile',
      { InstanceProfileName: 'n'.repeat(129) },
      'ValidationError',
      /^1 validation error detected: /,
    ],
  ];
  test.each(cases)('%s %j', async (operation, input, code, message) => {
    const world = await createProfileWorld();
    await expect(world.call(operation, input)).rejects.toMatchObject({
      code,
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    });
  });

  test('a role of AWS stays with its service', async () => {
    const world = await createProfileWorld();
    const key = `iam/${account}/role/linked`;
    const stored = await world.storage.get(`iam/${account}/role/nodes`);
    const role = { ...JSON.parse(stored?.value ?? ''), name: 'linked', path: '/aws-service-role/x/' };
    await world.storage.commit({ changes: [{ type: 'put', key, value: JSON.stringify(role) }] });
    await expect(
      world.call('AddRoleToInstanceProfile', { ...nodes, RoleName: 'linked' }),
    ).rejects.toMatchObject({ code: 'UnmodifiableEntityException' });
  });
});

test('a profile is shown with its role and tags; lists leave the tags out', async () => {
  const world = await createWorld();
  const Tags = [{ Key: 'team', Value: 'a' }];
  const RoleId = await world.role('nodes', trustOf({ Service: 'ec2.amazonaws.com' }));
  await world.call('CreateInstanceProfile', { InstanceProfileName: 'nodes', Path: '/eks/', Tags });
  await world.call('AddRoleToInstanceProfile', nodes);
  const shown = {
    Path: '/eks/',
    InstanceProfileName: 'nodes',
    InstanceProfileId: expect.stringMatching(/^AIPA[A-Z2-7]{17}$/),
    Arn: arn('instance-profile/eks/nodes'),
    CreateDate: new Date(start),
    Roles: [
      {
        Path: '/',
        RoleName: 'nodes',
        RoleId,
        Arn: arn('role/nodes'),
        CreateDate: new Date(start),
        AssumeRolePolicyDocument: expect.stringMatching(/^%7B%22Version%22/),
      },
    ],
  };
  expect(await world.call('GetInstanceProfile', nodes)).toEqual({ InstanceProfile: { ...shown, Tags } });
  for (const [operation, input] of [
    ['ListInstanceProfiles', { PathPrefix: '/eks/' }],
    ['ListInstanceProfilesForRole', { RoleName: 'NODES' }],
  ] as const) {
    expect(await world.call(operation, input)).toEqual({ InstanceProfiles: [shown], IsTruncated: false });
  }
  expect(await world.call('ListInstanceProfiles', { PathPrefix: '/other/' })).toMatchObject({
    InstanceProfiles: [],
  });
});

test('a role is in several profiles, listed in pages', async () => {
  const world = await createProfileWorld();
  for (const name of ['a', 'b']) {
    await world.call('CreateInstanceProfile', { InstanceProfileName: name });
    await world.call('AddRoleToInstanceProfile', { InstanceProfileName: name, RoleName: 'nodes' });
  }
  type List = { InstanceProfiles: { InstanceProfileName: string }[]; Marker?: string };
  const first = await world.call<List>('ListInstanceProfilesForRole', { RoleName: 'nodes', MaxItems: 1 });
  const second = await world.call<List>('ListInstanceProfilesForRole', {
    RoleName: 'nodes',
    Marker: first.Marker,
  });
  expect([first, second].map((list) => list.InstanceProfiles.map((one) => one.InstanceProfileName))).toEqual([
    ['a'],
    ['b'],
  ]);
});

test('each operation is judged on the profile, with the tags it has and gets', async () => {
  const world = await createWorld();
  const Tags = [{ Key: 'Team', Value: 'a' }];
  const given = new Map<string, unknown>([
    ['aws:requesttag/team', 'a'],
    ['aws:tagkeys', ['Team']],
  ]);
  const input = { InstanceProfileName: 'nodes', Path: '/eks/', Tags };
  expect(await world.target('CreateInstanceProfile', input)).toEqual({
    action: 'iam:CreateInstanceProfile',
    resources: [arn('instance-profile/eks/nodes')],
    context: given,
  });
  await world.call('CreateInstanceProfile', input);
  const resource = {
    arn: arn('instance-profile/eks/nodes'),
    context: new Map([['aws:resourcetag/team', 'a']]),
  };
  for (const operation of [
    'GetInstanceProfile',
    'DeleteInstanceProfile',
    'AddRoleToInstanceProfile',
    'RemoveRoleFromInstanceProfile',
    'ListInstanceProfileTags',
  ]) {
    expect(await world.target(operation, nodes)).toMatchObject({
      action: `iam:${operation}`,
      resources: [resource],
    });
  }
  expect(await world.target('TagInstanceProfile', input)).toMatchObject({
    resources: [resource],
    context: given,
  });
  expect(await world.target('ListInstanceProfiles', {})).toMatchObject({ resources: ['*'] });
});
