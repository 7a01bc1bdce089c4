import { describe, expect, test } from 'vitest';
import type { Principal } from '../../engine/iam/principal.ts';
import { createCallerAuthorizer } from '../authorization/authorizer.ts';
import { testContext } from '../testworld.ts';
import { createWorld, root, start, type World } from './testworld.ts';

/** What groups, versions, boundaries and condition keys stored here do to the decisions of the caller authorizer. */
async function createJudgedWorld() {
  const world = await createWorld();
  const authorizer = createCallerAuthorizer({ storage: world.storage });
  const may = async (caller: Principal, operation: string, input: object): Promise<boolean> => {
    const target = await world.target(operation, input, caller);
    if (target === undefined) throw new Error(`${operation} needs no permission`);
    const context = { ...testContext(world.storage), caller, now: start };
    return (await authorizer.authorize(caller, target, context)).decision === 'allowed';
  };
  return { world, may };
}

const allowing = (Action: string | string[], more: object = {}): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action, Resource: '*', ...more }],
  });

async function createPolicy(world: World, PolicyName: string, PolicyDocument: string): Promise<string> {
  const { Policy } = await world.call<{ Policy: { Arn: string } }>('CreatePolicy', {
    PolicyName,
    PolicyDocument,
  });
  return Policy.Arn;
}

const grant = (world: World, UserName: string, PolicyDocument: string) =>
  world.call('PutUserPolicy', { UserName, PolicyName: 'own', PolicyDocument });

describe('groups', () => {
  test('who leaves a group loses what it allowed, who stays keeps it through a rename', async () => {
    const { world, may } = await createJudgedWorld();
    const ada = await world.user('ada');
    await world.call('CreateGroup', { GroupName: 'ops' });
    const policy = { GroupName: 'ops', PolicyName: 'p', PolicyDocument: allowing('iam:ListUsers') };
    await world.call('PutGroupPolicy', policy);
    expect(await may(ada, 'ListUsers', {})).toBe(false);
    await world.call('AddUserToGroup', { GroupName: 'OPS', UserName: 'ADA' });
    expect(await may(ada, 'ListUsers', {})).toBe(true);
    await world.call('UpdateGroup', { GroupName: 'ops', NewGroupName: 'admins' });
    expect(await may(ada, 'ListUsers', {})).toBe(true);
    await world.call('CreateGroup', { GroupName: 'ops' });
    await world.call('PutGroupPolicy', { ...policy, PolicyDocument: allowing('iam:ListRoles') });
    expect(await may(ada, 'ListRoles', {})).toBe(false);
    await world.call('RemoveUserFromGroup', { GroupName: 'admins', UserName: 'ada' });
    expect(await may(ada, 'ListUsers', {})).toBe(false);
  });
});

describe('policy versions', () => {
  test('only the default version decides', async () => {
    const { world, may } = await createJudgedWorld();
    const ada = await world.user('ada');
    const PolicyArn = await createPolicy(world, 'p', allowing('iam:ListRoles'));
    await world.call('AttachUserPolicy', { UserName: 'ada', PolicyArn });
    await world.call('CreatePolicyVersion', { PolicyArn, PolicyDocument: allowing('iam:ListUsers') });
    expect(await may(ada, 'ListUsers', {})).toBe(false);
    await world.call('SetDefaultPolicyVersion', { PolicyArn, VersionId: 'v2' });
    expect(await may(ada, 'ListUsers', {})).toBe(true);
    expect(await may(ada, 'ListRoles', {})).toBe(false);
  });
});

describe('permissions boundaries', () => {
  test('a boundary narrows from the moment it is put until it is taken away', async () => {
    const { world, may } = await createJudgedWorld();
    const ada = await world.user('ada');
    await grant(world, 'ada', allowing('iam:*'));
    const PermissionsBoundary = await createPolicy(world, 'limit', allowing('iam:List*'));
    expect(await may(ada, 'CreateGroup', { GroupName: 'g' })).toBe(true);
    await world.call('PutUserPermissionsBoundary', { UserName: 'ada', PermissionsBoundary });
    expect(await may(ada, 'CreateGroup', { GroupName: 'g' })).toBe(false);
    expect(await may(ada, 'ListUsers', {})).toBe(true);
    await world.call('DeleteUserPermissionsBoundary', { UserName: 'ada' });
    expect(await may(ada, 'CreateGroup', { GroupName: 'g' })).toBe(true);
  });

  test('a boundary alone allows nothing', async () => {
    const { world, may } = await createJudgedWorld();
    const ada = await world.user('ada');
    await world.call('PutUserPermissionsBoundary', {
      UserName: 'ada',
      PermissionsBoundary: 'arn:aws:iam::aws:policy/AdministratorAccess',
    });
    expect(await may(ada, 'ListUsers', {})).toBe(false);
  });

  /** The delegation of the User Guide: users may be made and changed only under the boundary. */
  test('who may make users only under a boundary cannot get around it', async () => {
    const { world, may } = await createJudgedWorld();
    const limit = await createPolicy(world, 'limit', allowing('iam:List*'));
    const other = await createPolicy(world, 'other', allowing('*'));
    const zhang = await world.user('zhang');
    await grant(
      world,
      'zhang',
      allowing(
        [
          'iam:CreateUser',
          'iam:CreateRole',
          'iam:AttachUserPolicy',
          'iam:PutUserPolicy',
          'iam:DeleteUserPolicy',
          'iam:PutUserPermissionsBoundary',
        ],
        { Condition: { StringEquals: { 'iam:PermissionsBoundary': limit } } },
      ),
    );
    await world.call('CreateUser', { UserName: 'limited', PermissionsBoundary: limit });
    await world.call('CreateUser', { UserName: 'otherwise', PermissionsBoundary: other });
    await world.user('free');
    const forbidden: readonly [string, object][] = [
      ['CreateUser', { UserName: 'new' }],
      ['CreateUser', { UserName: 'new', PermissionsBoundary: other }],
      ['CreateUser', { UserName: 'new', PermissionsBoundary: limit.toUpperCase() }],
      ['CreateRole', { RoleName: 'new' }],
      ['AttachUserPolicy', { UserName: 'free', PolicyArn: other }],
      ['AttachUserPolicy', { UserName: 'otherwise', PolicyArn: other, PermissionsBoundary: limit }],
      ['AttachUserPolicy', { UserName: 'nobody', PolicyArn: other }],
      ['PutUserPolicy', { UserName: 'zhang', PolicyName: 'own' }],
      ['PutUserPermissionsBoundary', { UserName: 'limited', PermissionsBoundary: other }],
      ['DeleteUserPermissionsBoundary', { UserName: 'limited' }],
      ['CreatePolicyVersion', { PolicyArn: limit }],
    ];
    for (const [operation, input] of forbidden) {
      expect([operation, input, await may(zhang, operation, input)]).toEqual([operation, input, false]);
    }
    const allowed: readonly [string, object][] = [
      ['CreateUser', { UserName: 'new', PermissionsBoundary: limit }],
      ['CreateRole', { RoleName: 'new', PermissionsBoundary: limit }],
      ['AttachUserPolicy', { UserName: 'limited', PolicyArn: other }],
      ['PutUserPolicy', { UserName: 'limited', PolicyName: 'p' }],
      ['PutUserPermissionsBoundary', { UserName: 'free', PermissionsBoundary: limit }],
    ];
    for (const [operation, input] of allowed) {
      expect([operation, input, await may(zhang, operation, input)]).toEqual([operation, input, true]);
    }
  });
});

describe('condition keys', () => {
  test('only one policy may be attached', async () => {
    const { world, may } = await createJudgedWorld();
    const bob = await world.user('bob');
    const one = await createPolicy(world, 'one', allowing('iam:List*'));
    const two = await createPolicy(world, 'two', allowing('iam:List*'));
    await grant(
      world,
      'bob',
      allowing(['iam:AttachUserPolicy', 'iam:AttachGroupPolicy'], {
        Condition: { ArnEquals: { 'iam:PolicyARN': one } },
      }),
    );
    await world.call('CreateGroup', { GroupName: 'g' });
    expect(await may(bob, 'AttachUserPolicy', { UserName: 'bob', PolicyArn: two })).toBe(false);
    expect(await may(bob, 'AttachGroupPolicy', { GroupName: 'g', PolicyArn: two })).toBe(false);
    expect(await may(bob, 'AttachGroupPolicy', { GroupName: 'g', PolicyArn: one })).toBe(true);
  });

  test.each(['aws:ResourceTag/Team', 'iam:ResourceTag/TEAM'])(
    'users may be changed by their tag, %s',
    async (key) => {
      const { world, may } = await createJudgedWorld();
      const bob = await world.user('bob');
      await grant(world, 'bob', allowing('iam:*', { Condition: { StringEquals: { [key]: 'a' } } }));
      for (const [UserName, Value] of [
        ['mine', 'a'],
        ['theirs', 'b'],
        ['shouted', 'A'],
      ]) {
        await world.call('CreateUser', { UserName, Tags: [{ Key: 'team', Value }] });
      }
      const changed = async (UserName: string) => may(bob, 'UpdateUser', { UserName, NewPath: '/x/' });
      expect(await Promise.all(['theirs', 'shouted', 'bob', 'nobody'].map(changed))).toEqual([
        false,
        false,
        false,
        false,
      ]);
      expect(await changed('mine')).toBe(true);
    },
  );

  test('only certain tags may be given and taken', async () => {
    const { world, may } = await createJudgedWorld();
    const bob = await world.user('bob');
    await grant(
      world,
      'bob',
      allowing(['iam:TagUser', 'iam:UntagUser'], {
        Condition: {
          'ForAllValues:StringEquals': { 'aws:TagKeys': ['cost'] },
          Null: { 'aws:TagKeys': 'false' },
        },
      }),
    );
    const tag = (...keys: string[]) =>
      may(bob, 'TagUser', { UserName: 'bob', Tags: keys.map((Key) => ({ Key, Value: 'x' })) });
    expect(await tag('cost', 'team')).toBe(false);
    expect(await tag()).toBe(false);
    expect(await may(bob, 'UntagUser', { UserName: 'bob', TagKeys: ['team'] })).toBe(false);
    expect(await tag('cost')).toBe(true);
    expect(await may(root, 'UntagUser', { UserName: 'bob', TagKeys: ['team'] })).toBe(true);
  });
});
