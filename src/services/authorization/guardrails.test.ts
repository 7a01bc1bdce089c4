import { describe, expect, test } from 'vitest';
import { type CompiledPolicy, compileStoredPolicy } from '../../engine/iam/compile.ts';
import type { Principal } from '../../engine/iam/principal.ts';
import type { RoleSessionCaller } from './rolesession.ts';
import {
  asFederated,
  asRoot,
  asSession,
  asUser,
  contextOf,
  createWorld,
  document,
  own,
  roleRecord,
  trust,
  userRecord,
  withSessionToken,
} from './testworld.ts';

const cluster = `arn:aws:eks:eu-west-1:${own}:cluster/prod`;
const all = { all: document({}) };
const guardrail = (kind: 'scp' | 'rcp', text: string): CompiledPolicy =>
  compileStoredPolicy(text, kind, { type: kind, name: 'guardrail.json' });
type Parts = Readonly<Record<string, unknown>>;
const scp = (...statements: readonly Parts[]) => guardrail('scp', document(...statements));
const rcp = (...statements: readonly Parts[]) =>
  guardrail('rcp', document(...statements.map((parts) => ({ Principal: '*', Effect: 'Deny', ...parts }))));
const full = scp({});

const ada = userRecord('ada', { inlinePolicies: all });
const dev = roleRecord('dev', { inlinePolicies: all });
const target = roleRecord('target', { trustPolicy: trust(own) });
const targetArn = `arn:aws:iam::${own}:role/target`;
const slr = roleRecord('AWSServiceRoleForAmazonEKS', {
  path: '/aws-service-role/eks.amazonaws.com/',
  inlinePolicies: all,
});

type World = ReturnType<typeof createWorld>;
async function worldWith(...levels: readonly CompiledPolicy[]): Promise<World> {
  const of = (kind: string) => levels.filter((policy) => policy.kind === kind).map((policy) => [policy]);
  const world = createWorld({ guardrails: { serviceControl: of('scp'), resourceControl: of('rcp') } });
  await world.putUser(ada);
  for (const role of [dev, target, slr]) await world.putRole(role);
  return world;
}
const ask = (world: World, caller: Principal) => world.ask(caller, 'eks:DeleteCluster', [cluster]);
const assume = async (world: World, caller: RoleSessionCaller, more: object = {}) => {
  const wish = { roleArn: targetArn, sessionName: 's-1', ...more };
  const { decision, role } = await world.authorizer.authorizeRoleSession(caller, wish, contextOf(asRoot));
  expect(role !== undefined).toBe(decision.decision === 'allowed');
  return decision;
};

const everybody: readonly (readonly [string, Principal])[] = [
  ['root', asRoot],
  ['root’s session', withSessionToken(asRoot, { mfaAuthenticatedAt: 0 })],
  ['a user', asUser(ada)],
  ['a role’s session', asSession(dev)],
  ['a federated user', asFederated(ada, { policies: { inline: document({}), arns: [] } })],
  [
    'a federated user of root',
    asFederated({ ...ada, principalId: own }, { policies: { inline: document({}), arns: [] } }),
  ],
];

const provider = `arn:aws:iam::${own}:oidc-provider/oidc.example.com`;
const federatedRole = {
  provider,
  role: {
    ...target,
    trustPolicy: JSON.stringify({
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Principal: { Federated: provider },
        Action: 'sts:AssumeRoleWithWebIdentity',
      },
    }),
  },
};

describe('service control policies (E8, E10) bind', () => {
  test.each(everybody)('%s by a deny', async (_, caller) => {
    expect(
      await ask(await worldWith(scp({}, { Effect: 'Deny', Action: 'eks:Delete*' })), caller),
    ).toMatchObject({
      decision: 'explicitDeny',
      step: 'scp',
      statements: [{ statement: { policy: { type: 'scp', name: 'guardrail.json' } } }],
      refusal: {
        code: 'AccessDenied',
        message: `User: ${caller.arn} is not authorized to perform: eks:DeleteCluster on resource: ${cluster} with an explicit deny in a service control policy`,
      },
    });
  });

  test.each(everybody)('%s by a level that does not allow', async (_, caller) => {
    const { decision, step, refusal } = await ask(await worldWith(full, scp({ Action: 'iam:*' })), caller);
    expect([decision, step]).toEqual(['implicitDeny', 'scp']);
    expect(refusal?.message).toContain(
      'because no service control policy allows the eks:DeleteCluster action',
    );
  });

  test.each(everybody)('%s no further than they say', async (_, caller) => {
    const world = await worldWith(full, scp({ Action: 'eks:*' }, { Effect: 'Deny', Action: 'iam:*' }));
    expect((await ask(world, caller)).decision).toBe('allowed');
  });

  test('who assumes a role, without a word of why (G7), and who tags the session', async () => {
    const noAssume = await worldWith(scp({}, { Effect: 'Deny', Action: 'sts:AssumeRole' }));
    expect(await assume(noAssume, asUser(ada))).toMatchObject({
      decision: 'explicitDeny',
      step: 'scp',
      refusal: {
        message: `User: ${asUser(ada).arn} is not authorized to perform: sts:AssumeRole on resource: ${targetArn}`,
      },
    });
    const noTags = await worldWith(scp({ Action: 'sts:AssumeRole' }));
    const tags = [{ Key: 'team', Value: 'blue' }];
    expect((await assume(noTags, asUser(ada))).decision).toBe('allowed');
    expect((await assume(noTags, asUser(ada), { tags })).refusal?.message).toContain('sts:TagSession');
  });

  test('nobody who comes from outside, and no service-linked role', async () => {
    const world = await worldWith(scp({ Effect: 'Deny' }));
    const { provider, role } = federatedRole;
    await world.putRole(role);
    expect((await assume(world, { kind: 'federated', provider })).decision).toBe('allowed');
    expect((await ask(world, asSession(slr))).decision).toBe('allowed');
    expect((await ask(world, asSession(dev))).decision).toBe('explicitDeny');
  });
});

describe('resource control policies (E9, E12) bind', () => {
  test('whoever assumes a role', async () => {
    const world = await worldWith(rcp({ Action: 'sts:AssumeRole' }));
    for (const caller of [asUser(ada), asSession(dev)]) {
      expect(await assume(world, caller)).toMatchObject({ decision: 'explicitDeny', step: 'rcp' });
    }
  });

  test('whom an OIDC provider vouches for', async () => {
    const world = await worldWith(rcp({ Action: 'sts:AssumeRoleWithWebIdentity' }));
    await world.putRole(federatedRole.role);
    expect(await assume(world, { kind: 'federated', provider })).toMatchObject({
      decision: 'explicitDeny',
      step: 'rcp',
      refusal: { message: 'Not authorized to perform sts:AssumeRoleWithWebIdentity' },
    });
  });

  test.each(everybody)('calls of %s', async (_, caller) => {
    const decision = await ask(await worldWith(rcp({ Action: 'eks:*' })), caller);
    expect(decision).toMatchObject({ decision: 'explicitDeny', step: 'rcp' });
    expect(decision.refusal?.message).toContain('with an explicit deny in a resource control policy');
  });

  test('nobody further than they say', async () => {
    const condition = { StringNotEquals: { 'aws:ResourceAccount': own } };
    const world = await worldWith(rcp({ Condition: condition }, { Action: 's3:*' }));
    expect((await assume(world, asUser(ada))).decision).toBe('allowed');
    expect((await ask(world, asUser(ada))).decision).toBe('allowed');
  });
});

test('an unreadable guardrail denies everything', async () => {
  expect((await ask(await worldWith(full, guardrail('scp', '{')), asRoot)).decision).toBe('explicitDeny');
  expect((await ask(await worldWith(guardrail('rcp', '{')), asRoot)).decision).toBe('explicitDeny');
});
