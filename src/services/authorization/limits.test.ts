import { describe, expect, test } from 'vitest';
import type { Principal } from '../../engine/iam/principal.ts';
import {
  asFederated,
  asRoot,
  asSession,
  asUser,
  createWorld,
  document,
  groupRecord,
  own,
  policyRecord,
  roleRecord,
  userRecord,
} from './testworld.ts';

const cluster = `arn:aws:eks:eu-west-1:${own}:cluster/prod`;
const arn = (name: string) => `arn:aws:iam::${own}:policy/${name}`;
const readOnly = document({ Action: 'eks:Describe*' });
const all = { all: document({}) };
const unreadable = '{"Version"';

type World = ReturnType<typeof createWorld>;
async function decide(world: World, caller: Principal, action = 'eks:DescribeCluster') {
  const { decision, step, refusal } = await world.ask(caller, action, [cluster]);
  const reason = /\/prod (.*)$/.exec(refusal?.message ?? '')?.[1];
  return decision === 'allowed' ? 'allowed' : `${step}: ${reason}`;
}
const implicit = (step: string, kind: string, action = 'eks:DescribeCluster') =>
  `${step}: because no ${kind} allows the ${action} action`;

describe('groups', () => {
  const ada = userRecord('ada', { groupNames: ['Devs', 'audit'] });

  test('a group’s deny binds its members, inline and attached', async () => {
    const world = createWorld();
    await world.putPolicy(policyRecord('no', document({ Effect: 'Deny', Action: 'eks:Delete*' })));
    await world.putUser({ ...ada, inlinePolicies: all });
    await world.putGroup(groupRecord('audit', { attachedPolicyArns: [arn('no')] }));
    await world.putGroup(
      groupRecord('Devs', { inlinePolicies: { no: document({ Effect: 'Deny', Action: 'eks:Update*' }) } }),
    );
    const denied = 'identity: with an explicit deny in an identity-based policy';
    expect(await decide(world, asUser(ada), 'eks:DeleteCluster')).toBe(denied);
    expect(await decide(world, asUser(ada), 'eks:UpdateClusterConfig')).toBe(denied);
    expect(await decide(world, asUser(ada))).toBe('allowed');
  });

  test('a group’s allow is its members’, who lose it with the membership or the policy', async () => {
    const world = createWorld();
    await world.putUser(ada);
    await world.putGroup(groupRecord('audit'));
    await world.putGroup(groupRecord('Devs', { inlinePolicies: all }));
    const { decision, statements } = await world.ask(asUser(ada), 'eks:DescribeCluster', [cluster]);
    expect(decision).toBe('allowed');
    expect(statements[0]?.statement.policy).toEqual({
      type: 'inline',
      name: 'all',
      bearer: { kind: 'group', name: 'Devs' },
    });
    await world.putUser({ ...ada, groupNames: ['audit'] });
    expect(await decide(world, asUser(ada))).toBe(implicit('identity', 'identity-based policy'));
    await world.putUser(ada);
    await world.putGroup(groupRecord('Devs'));
    expect(await decide(world, asUser(ada))).toBe(implicit('identity', 'identity-based policy'));
  });

  test('a group that cannot be found denies its members everything', async () => {
    const world = createWorld();
    await world.putUser({ ...ada, inlinePolicies: all });
    await world.putGroup(groupRecord('audit'));
    expect(await decide(world, asUser(ada))).toBe(
      'identity: with an explicit deny in an identity-based policy',
    );
  });
});

describe('a permissions boundary (E6)', () => {
  const bounded = { inlinePolicies: all, permissionsBoundaryArn: arn('edge') };
  const ada = userRecord('ada', bounded);
  const dev = roleRecord('dev', bounded);
  const callers = [
    asUser(ada),
    asSession(dev),
    asFederated(ada, { policies: { inline: document({}), arns: [] } }),
  ];
  async function withBoundary(text?: string) {
    const world = createWorld();
    await world.putUser(ada);
    await world.putRole(dev);
    if (text !== undefined) await world.putPolicy(policyRecord('edge', text));
    return world;
  }

  test.each(callers)('limits $kind', async (caller) => {
    const world = await withBoundary(readOnly);
    expect(await decide(world, caller, 'eks:DeleteCluster')).toBe(
      implicit('boundary', 'permissions boundary', 'eks:DeleteCluster'),
    );
    expect(await decide(world, caller)).toBe('allowed');
    await world.putPolicy(policyRecord('edge', document({ Effect: 'Deny' })));
    expect(await decide(world, caller)).toBe('boundary: with an explicit deny in a permissions boundary');
  });

  test('grants nothing', async () => {
    const world = await withBoundary(document({}));
    await world.putUser({ ...ada, inlinePolicies: {} });
    expect(await decide(world, asUser(ada))).toBe(implicit('identity', 'identity-based policy'));
  });

  test.each<[string, string | undefined]>([
    ['is missing', undefined],
    ['cannot be read', unreadable],
  ])('that %s denies everything', async (_name, text) => {
    const world = await withBoundary(text);
    for (const caller of callers) {
      expect(await decide(world, caller)).toBe('boundary: with an explicit deny in a permissions boundary');
    }
  });

  test('may be one of AWS’s', async () => {
    const world = await withBoundary();
    await world.putUser({ ...ada, permissionsBoundaryArn: 'arn:aws:iam::aws:policy/PowerUserAccess' });
    expect(await decide(world, asUser(ada))).toBe('allowed');
    expect(await decide(world, asUser(ada), 'iam:CreateUser')).toBe(
      implicit('boundary', 'permissions boundary', 'iam:CreateUser'),
    );
  });
});

describe('session policies (E7)', () => {
  const dev = roleRecord('dev', { inlinePolicies: all });
  const session = (policies: { inline?: string; arns: readonly string[] }): Principal => ({
    ...asSession(dev),
    session: { issuedAt: 0, expiresAt: 1, policies },
  });
  async function decideWith(policies: { inline?: string; arns: readonly string[] }, action?: string) {
    const world = createWorld();
    await world.putRole(dev);
    await world.putPolicy(policyRecord('read', readOnly));
    return decide(world, session(policies), action);
  }
  const nothing = implicit('session', 'session policy');
  const noDelete = implicit('session', 'session policy', 'eks:DeleteCluster');
  const denied = 'session: with an explicit deny in a session policy';

  test.each<[string, { inline?: string; arns: readonly string[] }, string, string]>([
    ['none of a list that is empty', { arns: [] }, 'eks:DescribeCluster', nothing],
    ['an inline one', { inline: readOnly, arns: [] }, 'eks:DeleteCluster', noDelete],
    ['a managed one', { arns: [arn('read')] }, 'eks:DeleteCluster', noDelete],
    ['an unreadable one', { inline: unreadable, arns: [arn('read')] }, 'eks:DescribeCluster', denied],
    ['a missing one', { inline: readOnly, arns: [arn('gone')] }, 'eks:DescribeCluster', denied],
    [
      'its deny',
      { inline: document({ Effect: 'Deny' }), arns: [arn('read')] },
      'eks:DescribeCluster',
      denied,
    ],
    ['an inline one that allows', { inline: readOnly, arns: [] }, 'eks:DescribeCluster', 'allowed'],
    ['any of them', { inline: readOnly, arns: [arn('read')] }, 'eks:DescribeCluster', 'allowed'],
  ])('narrow a role session: %s', async (_name, policies, action, expected) => {
    expect(await decideWith(policies, action)).toBe(expected);
  });

  test('absent, they narrow nothing; they grant nothing', async () => {
    const world = createWorld();
    await world.putRole(dev);
    expect(await decide(world, asSession(dev), 'eks:DeleteCluster')).toBe('allowed');
    await world.putRole({ ...dev, inlinePolicies: {} });
    expect(await decide(world, session({ inline: document({}), arns: [] }))).toBe(
      implicit('identity', 'identity-based policy'),
    );
  });

  test('of more texts than are kept are still each its own', async () => {
    const world = createWorld();
    await world.putRole(dev);
    const text = (index: number) => document({ Action: `eks:Action${index}` });
    for (const round of [0, 1]) {
      for (let index = 0; index < 1200; index++) {
        const caller = session({ inline: text(index), arns: [] });
        const expected = round === 0 ? 'allowed' : nothing;
        expect(await decide(world, caller, round === 0 ? `eks:Action${index}` : undefined)).toBe(expected);
      }
    }
  });
});

describe('a federated user', () => {
  const ada = userRecord('ada', { inlinePolicies: { read: readOnly } });
  const wide = { policies: { inline: document({}), arns: [] } };

  test('without a session policy may do nothing', async () => {
    const world = createWorld();
    await world.putUser(ada);
    expect(await decide(world, asFederated(ada))).toBe(implicit('session', 'session policy'));
  });

  test('may do what both its user and its session policy allow, groups included', async () => {
    const world = createWorld();
    const inGroup = { ...ada, groupNames: ['devs'] };
    await world.putGroup(groupRecord('devs', { inlinePolicies: { d: document({ Action: 'eks:Delete*' }) } }));
    await world.putUser(inGroup);
    expect(await decide(world, asFederated(ada, wide))).toBe('allowed');
    expect(await decide(world, asFederated(ada, wide), 'eks:DeleteCluster')).toBe('allowed');
    expect(await decide(world, asFederated(ada, wide), 'eks:CreateCluster')).toBe(
      implicit('identity', 'identity-based policy', 'eks:CreateCluster'),
    );
  });

  test('ends with its user, also when another has the name', async () => {
    const world = createWorld();
    const refused = { decision: 'implicitDeny', refusal: { code: 'InvalidClientTokenId' } };
    const caller = asFederated(ada, wide);
    expect(await world.ask(caller, 'eks:DescribeCluster', [cluster])).toMatchObject(refused);
    await world.putUser({ ...ada, principalId: 'AIDANEWAAAAAAAAAAAAAA' });
    expect(await world.ask(caller, 'eks:DescribeCluster', [cluster])).toMatchObject(refused);
  });

  test('of root may do what its session policy allows, whoever is called root', async () => {
    const world = createWorld();
    const issuer = { arn: asRoot.arn, principalId: own, userName: 'root' };
    const ofRoot = (policies: { inline: string; arns: readonly string[] }): Principal => ({
      ...asFederated(ada, { policies }),
      issuer,
    });
    await world.putUser(userRecord('root'));
    expect(await decide(world, ofRoot({ inline: readOnly, arns: [] }))).toBe('allowed');
    expect(await decide(world, ofRoot({ inline: readOnly, arns: [] }), 'eks:DeleteCluster')).toBe(
      implicit('session', 'session policy', 'eks:DeleteCluster'),
    );
    expect(await decide(world, { ...asFederated(ada), issuer })).toBe(implicit('session', 'session policy'));
  });
});

test('asking again reads nothing, whatever limits the caller', async () => {
  const world = createWorld();
  await world.putPolicy(policyRecord('edge', document({})));
  await world.putGroup(groupRecord('devs', { attachedPolicyArns: [arn('edge')] }));
  const ada = userRecord('ada', { groupNames: ['devs'], permissionsBoundaryArn: arn('edge') });
  await world.putUser(ada);
  const caller = asFederated(ada, { policies: { inline: readOnly, arns: [arn('edge')] } });
  expect(await decide(world, caller)).toBe('allowed');
  const before = world.reads();
  for (let count = 0; count < 100; count++) await decide(world, caller);
  expect(world.reads()).toBe(before);
});

describe('the policies of a principal, for simulation', () => {
  test('of a user with its groups, of a group, of a role; with the boundary', async () => {
    const world = createWorld();
    const { principalPolicies } = world.authorizer;
    await world.putPolicy(policyRecord('edge', document({})));
    await world.putGroup(groupRecord('devs', { inlinePolicies: all, path: '/x/' }));
    await world.putUser(
      userRecord('ada', { path: '/x/', groupNames: ['devs'], attachedPolicyArns: [arn('edge')] }),
    );
    await world.putRole(roleRecord('dev', { permissionsBoundaryArn: arn('edge') }));
    const shown = async (name: string) => {
      const found = await principalPolicies(`arn:aws:iam::${own}:${name}`);
      return found && [found.identity.length, found.boundary !== undefined];
    };
    expect(await shown('user/x/ada')).toEqual([2, false]);
    expect(await shown('group/x/devs')).toEqual([1, false]);
    expect(await shown('role/dev')).toEqual([0, true]);
    for (const wrong of [
      'user/ada',
      'user/x/Ada',
      'role/ada',
      'root',
      'policy/edge',
      'user/x/',
      'user/x/gone',
    ]) {
      expect(await shown(wrong)).toBeUndefined();
    }
  });
});
