import { describe, expect, test } from 'vitest';
import type { Principal } from '../../engine/iam/principal.ts';
import type { AuthorizationTarget, OperationContext } from '../operation.ts';
import {
  asRoot,
  asSession,
  asUser,
  contextOf,
  createWorld,
  document,
  own,
  roleRecord,
  userRecord,
  withSessionToken,
} from './testworld.ts';

const cluster = `arn:aws:eks:eu-west-1:${own}:cluster/prod`;
const mfa = { mfaAuthenticatedAt: 0 };

/** Does a user, or a role, with this policy get through? */
async function passes(
  statements: readonly object[],
  options: {
    readonly caller?: (user: ReturnType<typeof userRecord>) => Principal;
    readonly target?: Partial<AuthorizationTarget>;
    readonly call?: Partial<OperationContext>;
    readonly tags?: readonly { Key: string; Value: string }[];
  } = {},
): Promise<boolean> {
  const world = createWorld();
  const inlinePolicies = { p: document(...(statements as Record<string, unknown>[])) };
  const ada = userRecord('ada', { inlinePolicies, tags: options.tags ?? [] });
  await world.putUser(ada);
  await world.putRole(roleRecord('dev', { inlinePolicies, tags: options.tags ?? [] }));
  const caller = options.caller?.(ada) ?? asUser(ada);
  const target = { action: 'eks:DescribeCluster', resources: [cluster], ...options.target };
  const { decision } = await world.authorizer.authorize(caller, target, {
    ...contextOf(caller),
    ...options.call,
  });
  return decision === 'allowed';
}

describe('MFA (F.3)', () => {
  const present = 'aws:MultiFactorAuthPresent';
  const allow = {};
  type Row = readonly [statements: readonly object[], key: boolean, session: boolean, mfaSession: boolean];
  const rows: Record<string, Row> = {
    'Deny Bool false lets long-term keys through': [
      [allow, { Effect: 'Deny', Condition: { Bool: { [present]: 'false' } } }],
      true,
      false,
      true,
    ],
    'Deny BoolIfExists false stops them': [
      [allow, { Effect: 'Deny', Condition: { BoolIfExists: { [present]: 'false' } } }],
      false,
      false,
      true,
    ],
    'Allow Bool true needs MFA': [[{ Condition: { Bool: { [present]: 'true' } } }], false, false, true],
    'Allow BoolIfExists true also lets long-term keys through': [
      [{ Condition: { BoolIfExists: { [present]: 'true' } } }],
      true,
      false,
      true,
    ],
    'an age limit needs MFA': [
      [{ Condition: { NumericLessThan: { 'aws:MultiFactorAuthAge': '3600' } } }],
      false,
      false,
      true,
    ],
    'an age limit ends': [
      [{ Condition: { NumericLessThan: { 'aws:MultiFactorAuthAge': '1000' } } }],
      false,
      false,
      false,
    ],
    'Null tests only the kind of credential': [
      [{ Condition: { Null: { [present]: 'false' } } }],
      false,
      true,
      true,
    ],
  };
  test.each(Object.entries(rows))('%s', async (_name, [statements, key, session, mfaSession]) => {
    expect(await passes(statements)).toBe(key);
    expect(await passes(statements, { caller: (ada) => withSessionToken(asUser(ada)) })).toBe(session);
    expect(await passes(statements, { caller: (ada) => withSessionToken(asUser(ada), mfa) })).toBe(
      mfaSession,
    );
    const roleSession = { ...asSession(roleRecord('dev')), session: { issuedAt: 0, expiresAt: 1, ...mfa } };
    expect(await passes(statements, { caller: () => roleSession })).toBe(session);
  });
});

describe('tags', () => {
  const sameTeam = [
    { Condition: { StringEquals: { 'aws:ResourceTag/team': `$${'{aws:PrincipalTag/team}'}` } } },
  ];
  const resource = (team: string) => ({
    arn: cluster,
    context: new Map([['aws:resourcetag/team', team]]),
  });
  const tags = [{ Key: 'Team', Value: 'blue' }];

  test('of each resource count for that resource alone', async () => {
    const of = (...teams: string[]) => passes(sameTeam, { tags, target: { resources: teams.map(resource) } });
    expect(await of('red')).toBe(false);
    expect(await of('blue')).toBe(true);
    expect(await of('blue', 'red')).toBe(false);
    expect(await of('red', 'blue')).toBe(false);
    const untagged = { target: { resources: [resource('blue'), cluster] }, tags };
    expect(await passes(sameTeam, untagged)).toBe(false);
  });

  test('of a session beat those of its role', async () => {
    const session = { issuedAt: 0, expiresAt: 1, tags: [{ Key: 'TEAM', Value: 'red' }] };
    const caller = () => ({ ...asSession(roleRecord('dev')), session });
    expect(await passes(sameTeam, { tags, caller, target: { resources: [resource('blue')] } })).toBe(false);
    expect(await passes(sameTeam, { tags, caller, target: { resources: [resource('red')] } })).toBe(true);
  });

  test('of root do not exist', async () => {
    const deny = [{}, { Effect: 'Deny', Condition: { Null: { 'aws:PrincipalTag/team': 'true' } } }];
    expect(await passes(deny, { tags })).toBe(true);
    expect(await passes(deny)).toBe(false);
    expect(await passes(deny, { caller: () => asRoot })).toBe(true);
  });
});

describe('where a call comes from', () => {
  const inside = [{ Condition: { IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } } }];
  const from = (sourceIp: string) => ({ call: { source: { sourceIp, secureTransport: true } } });
  test('is the address of the connection', async () => {
    expect(await passes(inside, from('198.51.100.1'))).toBe(false);
    expect(await passes(inside, from('192.0.2.200'))).toBe(true);
  });

  test('and when its session began', async () => {
    const revoked = [
      {},
      { Effect: 'Deny', Condition: { DateLessThan: { 'aws:TokenIssueTime': '1970-01-01T00:10:00Z' } } },
    ];
    const session = (issuedAt: number) => () => ({
      ...asSession(roleRecord('dev')),
      session: { issuedAt, expiresAt: issuedAt + 1 },
    });
    expect(await passes(revoked, { caller: session(599_000) })).toBe(false);
    expect(await passes(revoked, { caller: session(600_000) })).toBe(true);
    expect(await passes(revoked)).toBe(true);
  });
});

describe('aws:ResourceAccount', () => {
  const ownOnly = [{ Condition: { StringEquals: { 'aws:ResourceAccount': own } } }];
  test.each<[string, string, boolean]>([
    ['a resource', cluster, true],
    ['all of the account', '*', true],
    ['what AWS owns, which is nobody’s', 'arn:aws:iam::aws:policy/ReadOnlyAccess', false],
  ])('of %s', async (_name, arn, expected) => {
    expect(await passes(ownOnly, { target: { resources: [arn] } })).toBe(expected);
  });
});

describe('a call that says more than any that is valid is refused unread', () => {
  const many = Array.from({ length: 1001 }, (_, i) => `k${i}`);
  test.each<[string, [string, string | readonly string[]]]>([
    ['a long value', ['eks:username', 'a'.repeat(4097)]],
    ['many values', ['eks:namespaces', many]],
    ['a long value among others', ['eks:namespaces', ['a', 'a'.repeat(4097)]]],
  ])('%s', async (_name, entry) => {
    const context = new Map([entry]);
    expect(await passes([{}], { target: { context } })).toBe(false);
    expect(await passes([{}], { target: { resources: [{ arn: cluster, context }] } })).toBe(false);
    expect(await passes([{}], { caller: () => asRoot, target: { context } })).toBe(false);
  });

  test('many keys', async () => {
    const context = new Map(many.map((key) => [`aws:requesttag/${key}`, '']));
    expect(await passes([{}], { target: { context } })).toBe(false);
  });
});

describe('the trust of a role sees what the wanted session carries', () => {
  const ada = userRecord('ada', {
    inlinePolicies: { all: document({}) },
    tags: [{ Key: 'team', Value: 'blue' }],
  });
  const dev = roleRecord('dev', { inlinePolicies: { all: document({}) } });
  type World = ReturnType<typeof createWorld>;
  type Ask = Parameters<World['authorizer']['authorizeRoleSession']>;
  const chained: Principal = {
    ...asSession(dev),
    session: {
      issuedAt: 0,
      expiresAt: 1,
      tags: [
        { Key: 'team', Value: 'red' },
        { Key: 'unit', Value: 'x' },
      ],
      transitiveTagKeys: ['Team'],
    },
  };
  async function assumes(Condition: object, caller: Ask[0], wish: Partial<Ask[1]> = {}): Promise<boolean> {
    const world = createWorld();
    await world.putUser(ada);
    await world.putRole(dev);
    const statement = { Effect: 'Allow', Principal: { AWS: own }, Action: 'sts:*', Condition };
    const federated = { ...statement, Principal: { Federated: provider } };
    const trustPolicy = JSON.stringify({ Version: '2012-10-17', Statement: [statement, federated] });
    await world.putRole(roleRecord('target', { trustPolicy, tags: [{ Key: 'team', Value: 'green' }] }));
    const { decision } = await world.authorizer.authorizeRoleSession(
      caller,
      { roleArn: `arn:aws:iam::${own}:role/target`, sessionName: 'ada-1', ...wish },
      contextOf(asRoot),
    );
    return decision.decision === 'allowed';
  }
  const provider = `arn:aws:iam::${own}:oidc-provider/oidc.example.com`;
  const is = (key: string, value: string) => ({ StringEquals: { [key]: value } });
  const tagged = { tags: [{ Key: 'Team', Value: 'pink' }], transitiveTagKeys: ['Team'] };
  const web = { kind: 'federated', provider } as const;
  const says = { providerKeys: new Map([['oidc.example.com:sub', 'pod']]) };

  test.each<[string, object, Ask[0], Partial<Ask[1]>, boolean]>([
    ['no external id', is('sts:ExternalId', 'x1'), asUser(ada), {}, false],
    ['another external id', is('sts:ExternalId', 'x1'), asUser(ada), { externalId: 'x2' }, false],
    ['the external id', is('sts:ExternalId', 'x1'), asUser(ada), { externalId: 'x1' }, true],
    ['another session name', is('sts:RoleSessionName', 'ada'), asUser(ada), {}, false],
    ['the session name', is('sts:RoleSessionName', 'ada-1'), asUser(ada), {}, true],
    ['the name of the user', is('sts:RoleSessionName', '$' + '{aws:username}-1'), asUser(ada), {}, true],
    ['no source identity', is('sts:SourceIdentity', 'ada'), asUser(ada), {}, false],
    ['the source identity', is('sts:SourceIdentity', 'ada'), asUser(ada), { sourceIdentity: 'ada' }, true],
    ['no tag', is('aws:RequestTag/team', 'pink'), asUser(ada), {}, false],
    ['the tag', is('aws:RequestTag/team', 'pink'), asUser(ada), tagged, true],
    ['the caller’s tag', is('aws:PrincipalTag/team', 'blue'), asUser(ada), tagged, true],
    ['the role’s tag', is('aws:ResourceTag/team', 'green'), asUser(ada), tagged, true],
    ['the role’s tag, in IAM’s words', is('iam:ResourceTag/team', 'green'), asUser(ada), {}, true],
    ['the role’s tag, which an inherited one beats', is('aws:ResourceTag/team', 'green'), chained, {}, false],
    ['the inherited tag', is('aws:ResourceTag/team', 'red'), chained, {}, true],
    ['a tag that is not inherited', is('aws:ResourceTag/unit', 'x'), chained, {}, false],
    [
      'transitive keys, the inherited too',
      { 'ForAllValues:StringEquals': { 'sts:TransitiveTagKeys': ['unit'] } },
      chained,
      { tags: [{ Key: 'unit', Value: 'y' }], transitiveTagKeys: ['unit'] },
      false,
    ],
    [
      'MFA of a key without a code',
      { Bool: { 'aws:MultiFactorAuthPresent': 'true' } },
      asUser(ada),
      {},
      false,
    ],
    [
      'MFA of this call',
      { Bool: { 'aws:MultiFactorAuthPresent': 'true' }, NumericLessThan: { 'aws:MultiFactorAuthAge': '1' } },
      asUser(ada),
      { mfaUsed: true },
      true,
    ],
    [
      'MFA of the caller’s session',
      { Bool: { 'aws:MultiFactorAuthPresent': 'true' } },
      withSessionToken(asUser(ada), mfa),
      {},
      true,
    ],
    ['MFA of a role session', { Bool: { 'aws:MultiFactorAuthPresent': 'true' } }, chained, {}, false],
    ['another subject', is('oidc.example.com:sub', 'other'), web, says, false],
    ['the subject', is('oidc.example.com:sub', 'pod'), web, says, true],
    ['a subject nobody vouches for', is('oidc.example.com:sub', 'pod'), asUser(ada), {}, false],
  ])('%s', async (_name, condition, caller, wish, expected) => {
    expect(await assumes(condition, caller, wish)).toBe(expected);
  });

  test('a provider cannot say what is ours to say', async () => {
    const providerKeys = new Map([['aws:sourceip', '203.0.113.9']]);
    const condition = { IpAddress: { 'aws:SourceIp': '203.0.113.9' } };
    expect(await assumes(condition, web, { providerKeys })).toBe(false);
  });
});
