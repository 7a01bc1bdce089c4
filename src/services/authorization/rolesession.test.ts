import { describe, expect, test } from 'vitest';
import { compileStoredPolicy } from '../../engine/iam/compile.ts';
import type { Principal } from '../../engine/iam/principal.ts';
import type { RoleSessionCaller, RoleSessionWish } from './rolesession.ts';
import {
  asFederated,
  asRoot,
  asSession,
  asUser,
  contextOf,
  createWorld,
  document,
  other,
  own,
  policyRecord,
  roleRecord,
  trust,
  userRecord,
  withSessionToken,
} from './testworld.ts';

const ada = userRecord('ada');
const all = { all: document({}) };
const mayAssume = { assume: document({ Action: 'sts:AssumeRole' }) };
const roleArn = (name: string) => `arn:aws:iam::${own}:role/team/${name}`;
const target = (trustPolicy: string, change: object = {}) =>
  roleRecord('target', { path: '/team/', trustPolicy, ...change });

type World = ReturnType<typeof createWorld>;
const ask = (world: World, caller: RoleSessionCaller, wish: Partial<RoleSessionWish> = {}) =>
  world.authorizer.authorizeRoleSession(
    caller,
    { roleArn: roleArn('target'), sessionName: 's-1', ...wish },
    contextOf(asRoot),
  );
/** What it comes to: `allowed`, or the text of the refusal. */
const outcome = async (world: World, caller: RoleSessionCaller, wish: Partial<RoleSessionWish> = {}) => {
  const { decision, role } = await ask(world, caller, wish);
  expect(role !== undefined).toBe(decision.decision === 'allowed');
  return decision.decision === 'allowed' ? 'allowed' : decision.refusal?.message;
};
const denied = (caller: Principal, action = 'sts:AssumeRole') =>
  `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${roleArn('target')}`;

/** A trust policy with the statement's parts. */
const trusting = (parts: object): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: own }, Action: 'sts:*', ...parts }],
  });

describe('no session of a role', () => {
  test('that is missing, or does not trust, or is written otherwise: all answer alike (G7)', async () => {
    const world = createWorld();
    await world.putUser({ ...ada, inlinePolicies: all });
    await world.putRole(target(trust(other)));
    for (const arn of [
      roleArn('missing'),
      roleArn('target'),
      roleArn('Target'),
      `arn:aws:iam::${own}:role/target`,
      `arn:aws-cn:iam::${own}:role/team/target`,
    ]) {
      const { decision, role } = await ask(world, asUser(ada), { roleArn: arn });
      expect(decision.refusal).toEqual({
        code: 'AccessDenied',
        message: denied(asUser(ada)).replace(roleArn('target'), arn),
      });
      expect(role).toBeUndefined();
    }
  });

  test('with an unreadable trust policy', async () => {
    const world = createWorld();
    await world.putUser({ ...ada, inlinePolicies: all });
    await world.putRole(target('{"Version"'));
    expect((await ask(world, asUser(ada))).decision.decision).toBe('explicitDeny');
  });

  test('for root, also through a session of its own (G7)', async () => {
    const world = createWorld();
    await world.putRole(target(trust(own, '*')));
    for (const caller of [asRoot, withSessionToken(asRoot)]) {
      expect(await outcome(world, caller)).toBe('Roles may not be assumed by root accounts.');
    }
  });

  test('for a federated user, whatever its policies (I2)', async () => {
    const world = createWorld();
    await world.putUser({ ...ada, inlinePolicies: all });
    const caller = asFederated(ada, { policies: { inline: document({}), arns: [] } });
    await world.putRole(target(trust(caller.arn, own)));
    expect(await outcome(world, caller)).toBe(denied(caller));
  });

  test('for a user who is gone', async () => {
    const world = createWorld();
    await world.putRole(target(trust(own)));
    expect((await ask(world, asUser(ada))).decision.refusal?.code).toBe('InvalidClientTokenId');
  });

  test('past the caller’s boundary or session policy, when the account is trusted (E4)', async () => {
    const world = createWorld();
    await world.putRole(target(trust(own)));
    await world.putPolicy(policyRecord('eks', document({ Action: 'eks:*' })));
    const arn = `arn:aws:iam::${own}:policy/eks`;
    await world.putUser({ ...ada, inlinePolicies: all });
    expect(await outcome(world, asUser(ada))).toBe('allowed');
    await world.putUser({ ...ada, inlinePolicies: all, permissionsBoundaryArn: arn });
    expect(await outcome(world, asUser(ada))).toBe(denied(asUser(ada)));
    const dev = roleRecord('dev', { inlinePolicies: all });
    await world.putRole(dev);
    expect(await outcome(world, asSession(dev))).toBe('allowed');
    const narrowed = { ...asSession(dev), session: { issuedAt: 0, expiresAt: 1, policies: { arns: [arn] } } };
    expect(await outcome(world, narrowed)).toBe(denied(narrowed));
  });
});

describe('who is trusted (E11)', () => {
  test('the account alone delegates; naming the user is enough; a re-created user is not named', async () => {
    const world = createWorld();
    const named = asUser(ada).arn;
    await world.putUser(ada);
    await world.putRole(target(trust(own)));
    expect(await outcome(world, asUser(ada))).toBe(denied(asUser(ada)));
    await world.putUser({ ...ada, inlinePolicies: mayAssume });
    expect(await outcome(world, asUser(ada))).toBe('allowed');
    await world.putUser(ada);
    await world.putRole(target(trust(named), { trustedPrincipalIds: { [named]: ada.principalId } }));
    expect(await outcome(world, asUser(ada))).toBe('allowed');
    const again = { ...ada, principalId: 'AIDAAGAINAAAAAAAAAAAA' };
    await world.putUser(again);
    expect(await outcome(world, asUser(again))).toBe(denied(asUser(again)));
  });

  test('another account needs both sides', async () => {
    const world = createWorld();
    const eve = userRecord('eve', { accountId: other });
    await world.putUser(eve);
    await world.putRole(target(trust(other)));
    expect(await outcome(world, asUser(eve))).toBe(denied(asUser(eve)));
    await world.putUser({ ...eve, inlinePolicies: mayAssume });
    expect(await outcome(world, asUser(eve))).toBe('allowed');
    await world.putRole(target(trust(own)));
    expect(await outcome(world, asUser(eve))).toBe(denied(asUser(eve)));
  });

  test('a role itself only where its trust policy says so', async () => {
    const world = createWorld();
    const self = roleRecord('target', { path: '/team/', inlinePolicies: all, trustPolicy: trust(other) });
    await world.putRole(self);
    expect(await outcome(world, asSession(self))).toBe(denied(asSession(self)));
    const named = asSession(self).principalArn;
    await world.putRole({
      ...self,
      trustPolicy: trust(named),
      trustedPrincipalIds: { [named]: self.principalId },
    });
    expect(await outcome(world, asSession(self))).toBe('allowed');
  });

  test('credentials of GetSessionToken like their user, without MFA too', async () => {
    const world = createWorld();
    await world.putUser({ ...ada, inlinePolicies: mayAssume });
    await world.putRole(target(trust(own)));
    expect(await outcome(world, withSessionToken(asUser(ada)))).toBe('allowed');
  });
});

describe('somebody an OIDC provider vouches for (E12)', () => {
  const provider = `arn:aws:iam::${own}:oidc-provider/oidc.example.com`;
  const federated = { kind: 'federated', provider } as const;
  const refused = 'Not authorized to perform sts:AssumeRoleWithWebIdentity';

  test('needs the trust policy to name the provider and the action', async () => {
    const world = createWorld();
    const decide = async (parts: object) => {
      await world.putRole(target(trusting(parts)));
      return outcome(world, federated);
    };
    const Action = 'sts:AssumeRoleWithWebIdentity';
    expect(await outcome(world, federated)).toBe(refused);
    expect(await decide({ Action })).toBe(refused);
    expect(await decide({ Action, Principal: '*' })).toBe(refused);
    expect(await decide({ Action, Principal: { Federated: `${provider}/x` } })).toBe(refused);
    expect(await decide({ Action: 'sts:AssumeRole', Principal: { Federated: provider } })).toBe(refused);
    expect(await decide({ Action, Principal: { Federated: provider } })).toBe('allowed');
  });

  test('is not believed by a role of another account', async () => {
    const world = createWorld();
    await world.putRole(target(trusting({ Principal: { Federated: provider } }), { accountId: other }));
    const wish = { roleArn: roleArn('target').replace(own, other) };
    expect(await outcome(world, federated, wish)).toBe(refused);
  });

  test('needs TagSession for tags', async () => {
    const world = createWorld();
    const wish = { tags: [{ Key: 'team', Value: 'blue' }] };
    const Principal = { Federated: provider };
    await world.putRole(target(trusting({ Principal, Action: 'sts:AssumeRoleWithWebIdentity' })));
    expect(await outcome(world, federated, wish)).toBe('Not authorized to perform sts:TagSession');
    await world.putRole(target(trusting({ Principal })));
    expect(await outcome(world, federated, wish)).toBe('allowed');
  });
});

describe('a service of AWS (eks-access-facts J7)', () => {
  const name = 'pods.eks.amazonaws.com';
  const sourceArn = `arn:aws:eks:eu-west-1:${own}:cluster/prod`;
  const service = { kind: 'service', name, sourceArn, sourceAccountId: own } as const;
  const refused = (action = 'sts:AssumeRole') => `Not authorized to perform ${action}`;
  const Principal = { Service: name };
  const tags = { tags: [{ Key: 'kubernetes-namespace', Value: 'blue' }] };
  const decide = async (parts: object, wish: Partial<RoleSessionWish> = {}) => {
    const world = createWorld();
    await world.putRole(target(trusting({ Principal, ...parts })));
    return outcome(world, service, wish);
  };

  test('gets no role whose trust policy does not name it', async () => {
    expect(await outcome(createWorld(), service)).toBe(refused());
    expect(await decide({ Principal: { AWS: own } })).toBe(refused());
    expect(await decide({ Principal: { AWS: '*' } })).toBe(refused());
    expect(await decide({ Principal: { Service: 'eks.amazonaws.com' } })).toBe(refused());
    expect(await decide({ Action: 'sts:AssumeRoleWithWebIdentity' })).toBe(refused());
    expect(await decide({})).toBe('allowed');
  });

  test('gets no role of another account than its source is of, however much that trusts it', async () => {
    const world = createWorld();
    await world.putRole(target(trusting({ Principal }), { accountId: other }));
    const wish = { roleArn: roleArn('target').replace(own, other) };
    expect(await outcome(world, service, wish)).toBe(refused());
  });

  test('needs TagSession for tags, under the same conditions', async () => {
    const Action = ['sts:AssumeRole'];
    expect(await decide({ Action }, tags)).toBe(refused('sts:TagSession'));
    expect(await decide({ Action })).toBe('allowed');
    const Condition = { StringEquals: { 'aws:RequestTag/kubernetes-namespace': 'blue' } };
    expect(await decide({ Condition }, tags)).toBe('allowed');
    expect(await decide({ Condition })).toBe(refused());
    const red = { tags: [{ Key: 'kubernetes-namespace', Value: 'red' }] };
    expect(await decide({ Condition }, red)).toBe(refused());
  });

  test.each<[object, string]>([
    [{ StringEquals: { 'aws:SourceAccount': own } }, 'allowed'],
    [{ StringEquals: { 'aws:SourceAccount': other } }, refused()],
    [{ ArnLike: { 'aws:SourceArn': `arn:aws:eks:*:${own}:cluster/prod` } }, 'allowed'],
    [{ ArnLike: { 'aws:SourceArn': `arn:aws:eks:*:${own}:podidentityassociation/prod/*` } }, refused()],
    [{ Bool: { 'aws:PrincipalIsAWSService': 'true' } }, 'allowed'],
    [{ StringEquals: { 'aws:PrincipalServiceName': name } }, 'allowed'],
    [{ 'ForAnyValue:StringEquals': { 'aws:PrincipalServiceNamesList': name } }, 'allowed'],
    [{ Bool: { 'aws:SecureTransport': 'true' } }, 'allowed'],
    // Neither the address of the node that asks, nor anything of an identity.
    [{ IpAddress: { 'aws:SourceIp': '0.0.0.0/0' } }, refused()],
    [{ Null: { 'aws:UserAgent': 'false' } }, refused()],
    [{ Null: { 'aws:PrincipalAccount': 'false' } }, refused()],
    [{ BoolIfExists: { 'aws:MultiFactorAuthPresent': 'true' } }, refused()],
  ])('is judged under %j: %s', async (Condition, expected) => {
    const world = createWorld();
    await world.putRole(target(trusting({ Principal, Condition })));
    const call = { ...contextOf(asRoot), source: undefined };
    const wish = { roleArn: roleArn('target'), sessionName: 's-1' };
    const { decision } = await world.authorizer.authorizeRoleSession(service, wish, call);
    expect(decision.refusal?.message ?? decision.decision).toBe(expected);
  });

  test('is stopped by what the role’s organization denies (E9)', async () => {
    const deny = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Deny', Principal: '*', Action: 'sts:*', Resource: '*' }],
    });
    const source = { type: 'rcp', name: 'deny' } as const;
    const world = createWorld({
      guardrails: { resourceControl: [[compileStoredPolicy(deny, 'rcp', source)]] },
    });
    await world.putRole(target(trusting({ Principal })));
    expect(await outcome(world, service)).toBe(refused());
  });
});

describe('tags and source identity need a permission of their own (E13)', () => {
  const tag = { Key: 'team', Value: 'blue' };
  const stage = { Key: 'stage', Value: 'test' };
  const dev = roleRecord('dev', { inlinePolicies: all });
  const devArn = asSession(dev).principalArn;
  const session = { issuedAt: 0, expiresAt: 1 };
  const chained = (change: object): Principal => ({ ...asSession(dev), session: { ...session, ...change } });

  test.each<[string, Principal, Partial<RoleSessionWish>, string]>([
    ['passed tags', asSession(dev), { tags: [tag] }, 'sts:TagSession'],
    ['inherited tags', chained({ tags: [tag], transitiveTagKeys: ['Team'] }), {}, 'sts:TagSession'],
    ['a passed source identity', asSession(dev), { sourceIdentity: 'ada' }, 'sts:SetSourceIdentity'],
    ['an inherited source identity', chained({ sourceIdentity: 'ada' }), {}, 'sts:SetSourceIdentity'],
  ])('%s, in the trust policy and in a chain on both sides', async (_name, caller, wish, action) => {
    const world = createWorld();
    const pinned = { trustedPrincipalIds: { [devArn]: dev.principalId } };
    const Principal = { AWS: devArn };
    await world.putRole(dev);
    await world.putRole(target(trusting({ Principal, Action: 'sts:AssumeRole' }), pinned));
    expect(await outcome(world, caller, wish)).toBe(denied(caller, action));
    await world.putRole(target(trusting({ Principal }), pinned));
    expect(await outcome(world, caller, wish)).toBe('allowed');
    await world.putRole({ ...dev, inlinePolicies: mayAssume });
    expect(await outcome(world, caller, wish)).toBe(denied(caller, action));
  });

  test('an inherited source identity is what a condition on it is judged by', async () => {
    const world = createWorld();
    await world.putRole(dev);
    const named = { StringEquals: { 'sts:SourceIdentity': 'mallory' } };
    const Statement = [
      { Effect: 'Allow', Principal: { AWS: own }, Action: 'sts:*' },
      { Effect: 'Deny', Principal: '*', Action: 'sts:SetSourceIdentity', Condition: named },
    ];
    await world.putRole(target(JSON.stringify({ Version: '2012-10-17', Statement })));
    const mallory = chained({ sourceIdentity: 'mallory' });
    expect(await outcome(world, mallory)).toBe(denied(mallory, 'sts:SetSourceIdentity'));
    expect(await outcome(world, chained({ sourceIdentity: 'ada' }))).toBe('allowed');
  });

  test.each<[string, object, object, boolean]>([
    ['has the value', { 'aws:RequestTag/Team': 'blue' }, {}, true],
    ['has the value, and others are passed', { 'aws:RequestTag/Team': 'blue' }, { tags: [stage] }, true],
    ['has another value', { 'aws:RequestTag/Team': 'red' }, {}, false],
    ['is not inherited', { 'aws:RequestTag/own': 'yes' }, {}, false],
    ['is not asked for', { 'aws:TagKeys': ['stage'] }, { tags: [stage] }, false],
  ])('an inherited tag is asked for as a passed one: it %s', async (_name, condition, wish, isAllowed) => {
    const tags = [tag, { Key: 'own', Value: 'yes' }];
    const world = createWorld();
    await world.putRole(dev);
    const Condition =
      'aws:TagKeys' in condition ? { 'ForAllValues:StringEquals': condition } : { StringEquals: condition };
    await world.putRole(target(trusting({ Condition })));
    const answer = await outcome(world, chained({ tags, transitiveTagKeys: ['Team'] }), wish);
    expect(answer === 'allowed').toBe(isAllowed);
  });

  test('a session’s tags that are not inherited need none', async () => {
    const world = createWorld();
    await world.putRole(dev);
    await world.putRole(target(trusting({ Action: 'sts:AssumeRole' })));
    expect(await outcome(world, chained({ tags: [tag] }))).toBe('allowed');
  });
});
