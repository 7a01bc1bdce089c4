// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are written so.
import { describe, expect, test } from 'vitest';
import { type CompiledPolicy, compileStoredPolicy } from './compile.ts';
import type { PolicySource } from './decision.ts';
import { denialText } from './denial.ts';
import type { PolicyKind } from './document.ts';
import { evaluate, type PolicySet } from './evaluate.ts';
import type { EvaluationRequest, RequestPrincipal } from './request.ts';

const own = '111122223333';
const other = '444455556666';
const cluster = `arn:aws:eks:eu-west-1:${own}:cluster/prod`;
const role = `arn:aws:iam::${own}:role/team/target`;

const ada: RequestPrincipal = {
  kind: 'user',
  accountId: own,
  partition: 'aws',
  arn: `arn:aws:iam::${own}:user/ada`,
  principalArn: `arn:aws:iam::${own}:user/ada`,
  principalId: 'AIDAADAAAAAAAAAAAAAAA',
};
const stranger: RequestPrincipal = {
  ...ada,
  accountId: other,
  arn: `arn:aws:iam::${other}:user/eve`,
  principalArn: `arn:aws:iam::${other}:user/eve`,
  principalId: 'AIDAEVEAAAAAAAAAAAAAA',
};
const session: RequestPrincipal = {
  kind: 'assumedRole',
  accountId: own,
  partition: 'aws',
  arn: `arn:aws:sts::${own}:assumed-role/dev/s-1`,
  principalArn: `arn:aws:iam::${own}:role/path/dev`,
  principalId: 'AROADEVAAAAAAAAAAAAAA',
};
const root: RequestPrincipal = {
  kind: 'root',
  accountId: own,
  partition: 'aws',
  arn: `arn:aws:iam::${own}:root`,
  principalArn: `arn:aws:iam::${own}:root`,
  principalId: own,
};

const pinned = {
  [ada.arn]: ada.principalId,
  [stranger.arn]: stranger.principalId,
  [session.principalArn]: session.principalId,
};

type Parts = Readonly<Record<string, unknown>>;
const statement = (Effect: string, parts: Parts) => ({ Effect, Action: '*', Resource: '*', ...parts });
const allow = (parts: Parts = {}) => statement('Allow', parts);
const deny = (parts: Parts = {}) => statement('Deny', parts);
const trusts = (...AWS: string[]) => ({ Effect: 'Allow', Principal: { AWS }, Action: 'sts:AssumeRole' });

function policy(kind: PolicyKind, statements: readonly object[], version = '2012-10-17'): CompiledPolicy {
  const source: PolicySource = { type: kind === 'identity' ? 'inline' : kind, name: `my-${kind}` };
  return compileStoredPolicy(
    JSON.stringify({ Version: version, Statement: statements }),
    kind,
    source,
    pinned,
  );
}
const identity = (...statements: object[]): PolicySet => ({
  identity: statements.length === 0 ? [] : [policy('identity', statements)],
});

function ask(change: Partial<EvaluationRequest>, policies: PolicySet) {
  return evaluate(
    { principal: ada, action: 'eks:DescribeCluster', resource: cluster, resourceAccountId: own, ...change },
    policies,
  );
}

describe('actions and resources (iam-facts B)', () => {
  test.each<[string, object[], string]>([
    ['nothing allows', [], 'implicitDeny'],
    ['a deny after the allow', [allow(), deny()], 'explicitDeny'],
    ['a deny before the allow', [deny({ Action: 'EKS:DESCRIBE*' }), allow()], 'explicitDeny'],
    ['another prefix', [allow({ Action: 'eks-auth:*' })], 'implicitDeny'],
    ['no implied wildcard', [allow({ Action: 'eks:Describe' })], 'implicitDeny'],
    ['a dot is a dot', [allow({ Action: 'eks:Describe.luster' })], 'implicitDeny'],
    ['one character too many', [allow({ Action: 'eks:DescribeCluster?' })], 'implicitDeny'],
    ['NotAction lists it', [allow({ Action: undefined, NotAction: ['iam:*', 'EKS:*'] })], 'implicitDeny'],
    ['a deny by NotAction', [allow(), deny({ Action: undefined, NotAction: 'iam:*' })], 'explicitDeny'],
    [
      'the name in another case',
      [allow({ Resource: `arn:aws:eks:eu-west-1:${own}:cluster/Prod` })],
      'implicitDeny',
    ],
    ['another account', [allow({ Resource: `arn:aws:eks:eu-west-1:${other}:cluster/*` })], 'implicitDeny'],
    ['an empty region', [allow({ Resource: `arn:aws:eks::${own}:cluster/prod` })], 'implicitDeny'],
    [
      'a star that would have to cross a colon',
      [allow({ Resource: 'arn:aws:eks:*:cluster/prod:*' })],
      'implicitDeny',
    ],
    ['another partition', [allow({ Resource: cluster.replace('aws', 'aws-cn') })], 'implicitDeny'],
    ['NotResource lists it', [allow({ Resource: undefined, NotResource: [`${cluster}*`] })], 'implicitDeny'],
    [
      'a deny by NotResource',
      [allow(), deny({ Resource: undefined, NotResource: `${cluster}-2` })],
      'explicitDeny',
    ],
    ['an exact allow', [allow({ Action: 'eks:describecluster', Resource: cluster })], 'allowed'],
    [
      'wildcards in the name',
      [allow({ Action: 'eks:*Cluster', Resource: 'arn:aws:eks:eu-*:*:cluster/pro?' })],
      'allowed',
    ],
    [
      'a deny elsewhere',
      [allow(), deny({ Action: 'eks:DeleteCluster' }), deny({ Resource: `${cluster}-2` })],
      'allowed',
    ],
    ['NotAction without it', [allow({ Action: undefined, NotAction: 'iam:*' })], 'allowed'],
  ])('%s', (_name, statements, expected) => expect(ask({}, identity(...statements)).decision).toBe(expected));

  test.each<[string, object, string]>([
    ['a specific resource', { Resource: cluster }, 'implicitDeny'],
    ['a wide pattern', { Resource: 'arn:aws:eks:*:*:*' }, 'implicitDeny'],
    ['a pattern of stars', { Resource: 'arn:*:*:*:*:*' }, 'allowed'],
    ['a star', { Resource: '*' }, 'allowed'],
  ])('an action without resource types is allowed by %s: %j is %s (B5)', (_name, parts, expected) => {
    const policies = identity(allow({ Action: 'eks:ListClusters', ...parts }));
    expect(ask({ action: 'eks:ListClusters', resource: '*' }, policies).decision).toBe(expected);
  });
});

describe('what cannot be evaluated refuses (D11)', () => {
  const several = { Condition: { StringEquals: { 'aws:TagKeys': ['a', 'b'] } } };
  const unreadable = 'arn:aws:eks:*:*:cluster/${aws:username';
  test.each<[string, object[], string]>([
    ['an allow on a key of several values', [allow(several)], 'implicitDeny'],
    ['a deny on a key of several values', [allow(), deny(several)], 'explicitDeny'],
    ['the same deny for another action', [allow(), deny({ ...several, Action: 'iam:*' })], 'allowed'],
    ['an allow under an empty condition', [allow({ Condition: {} })], 'allowed'],
    ['an allow on an unreadable variable', [allow({ Resource: unreadable })], 'implicitDeny'],
    ['a deny on an unreadable variable', [allow(), deny({ Resource: unreadable })], 'explicitDeny'],
    [
      'an allow on all but an unreadable variable',
      [allow({ Resource: undefined, NotResource: unreadable })],
      'implicitDeny',
    ],
    [
      'a deny on all but an unreadable variable',
      [allow(), deny({ Resource: undefined, NotResource: unreadable })],
      'explicitDeny',
    ],
    ['it beside a certain match', [allow({ Resource: [unreadable, cluster] })], 'allowed'],
    [
      'it beside a certain exception',
      [allow(), deny({ Resource: undefined, NotResource: [unreadable, cluster] })],
      'allowed',
    ],
    [
      'a variable before the fifth colon (C1)',
      [allow(), deny({ Resource: 'arn:aws:eks:${aws:RequestedRegion}:*:cluster/*' })],
      'explicitDeny',
    ],
    ['a resource that is no ARN', [allow({ Resource: 'cluster/prod' })], 'implicitDeny'],
    ['a deny on a resource that is no ARN', [allow(), deny({ Resource: 'cluster/prod' })], 'explicitDeny'],
  ])('%s', (_name, statements, expected) => {
    const context = new Map([['aws:tagkeys', ['a', 'b']]]);
    expect(ask({ context }, identity(...statements)).decision).toBe(expected);
  });

  test('which condition was in doubt is told', () => {
    expect(
      ask({ context: new Map([['aws:tagkeys', ['a']]]) }, identity(allow(), deny(several))),
    ).toMatchObject({
      statements: [
        { assumed: 'condition', condition: { operator: 'StringEquals', key: 'aws:TagKeys', absent: false } },
      ],
    });
  });

  test('in the older language a variable is text (A4)', () => {
    const policies = {
      identity: [
        policy('identity', [allow(), deny({ Resource: 'arn:aws:s3:::${aws:username}' })], '2008-10-17'),
      ],
    };
    expect(ask({}, policies).decision).toBe('allowed');
  });

  test('a stored document that cannot be read denies everything', () => {
    const broken = compileStoredPolicy('{"Version":', 'identity', { type: 'inline', name: 'broken' });
    expect(ask({}, { identity: [policy('identity', [allow()]), broken] })).toMatchObject({
      decision: 'explicitDeny',
      statements: [{ statement: { policy: { name: 'broken' } }, assumed: 'resource' }],
    });
  });
});

describe('trust policies (B7, E3, E5, E11)', () => {
  const mayAssume = allow({ Action: 'sts:AssumeRole', Resource: role });
  const assume = (principal: RequestPrincipal, trust: object[], ...statements: object[]) =>
    ask(
      { principal, action: 'sts:AssumeRole', resource: role },
      { ...identity(...statements), resource: policy('trust', trust) },
    );

  test.each<[string, RequestPrincipal, object[], object[], string]>([
    [
      'an administrator without trust',
      ada,
      [trusts(`arn:aws:iam::${own}:user/bob`)],
      [allow()],
      'implicitDeny',
    ],
    ['the account without own permission', ada, [trusts(`arn:aws:iam::${own}:root`)], [], 'implicitDeny'],
    ['the account by number without own permission', ada, [trusts(own)], [], 'implicitDeny'],
    ['everybody without own permission', ada, [trusts('*')], [], 'implicitDeny'],
    ['another account', ada, [trusts(other)], [mayAssume], 'implicitDeny'],
    [
      'the account in another partition',
      ada,
      [trusts(`arn:aws-cn:iam::${own}:root`)],
      [mayAssume],
      'implicitDeny',
    ],
    ['the user in another case (B8)', ada, [trusts(`arn:aws:iam::${own}:user/Ada`)], [], 'implicitDeny'],
    ['a pattern over users', ada, [trusts(`arn:aws:iam::${own}:user/*`)], [mayAssume], 'implicitDeny'],
    [
      'another session of the role',
      session,
      [trusts(`arn:aws:sts::${own}:assumed-role/dev/s-2`)],
      [mayAssume],
      'implicitDeny',
    ],
    [
      'the role without its path',
      session,
      [trusts(`arn:aws:iam::${own}:role/dev`)],
      [mayAssume],
      'implicitDeny',
    ],
    ['another unique id', ada, [trusts('AIDABBBBBBBBBBBBBBBBB')], [mayAssume], 'implicitDeny'],
    [
      'a service',
      ada,
      [{ ...trusts(), Principal: { Service: 'eks.amazonaws.com' } }],
      [mayAssume],
      'implicitDeny',
    ],
    [
      'a stranger trusted by name, without own permission',
      stranger,
      [trusts(stranger.arn)],
      [],
      'implicitDeny',
    ],
    ['a stranger with permission, without trust', stranger, [trusts(own)], [mayAssume], 'implicitDeny'],
    [
      'a trusted user whose own policy denies',
      ada,
      [trusts(ada.arn)],
      [deny({ Action: 'sts:*' })],
      'explicitDeny',
    ],
    [
      'a deny in the trust policy',
      ada,
      [trusts('*'), { ...trusts(ada.arn), Effect: 'Deny' }],
      [mayAssume],
      'explicitDeny',
    ],
    [
      'another action in the trust policy',
      ada,
      [{ ...trusts(ada.arn), Action: 'sts:TagSession' }],
      [mayAssume],
      'implicitDeny',
    ],
    [
      'trust under a condition',
      ada,
      [{ ...trusts(ada.arn), Condition: { Bool: { a: 'true' } } }],
      [mayAssume],
      'implicitDeny',
    ],
    ['the root named by its account', root, [trusts(other)], [], 'implicitDeny'],
    ['the user by ARN', ada, [trusts(ada.arn)], [], 'allowed'],
    ['the user by unique id', ada, [trusts(ada.principalId)], [], 'allowed'],
    ['the role by ARN, with its path', session, [trusts(session.principalArn)], [], 'allowed'],
    ['the role by unique id', session, [trusts(session.principalId)], [], 'allowed'],
    ['the session', session, [trusts(session.arn)], [], 'allowed'],
    ['the account and own permission', ada, [trusts(own)], [mayAssume], 'allowed'],
    ['everybody and own permission', ada, [trusts('*')], [mayAssume], 'allowed'],
    ['a stranger by account, with own permission', stranger, [trusts(other)], [mayAssume], 'allowed'],
    ['a stranger as everybody, with own permission', stranger, [trusts('*')], [mayAssume], 'allowed'],
  ])('%s', (_name, principal, trust, statements, expected) =>
    expect(assume(principal, trust, ...statements).decision).toBe(expected),
  );

  test('a user re-created under the same ARN is not the one who was trusted (A11)', () => {
    const again = { ...ada, principalId: 'AIDAAGAINAAAAAAAAAAAA' };
    expect(assume(again, [trusts(ada.arn)], mayAssume).decision).toBe('implicitDeny');
  });

  test('a renamed user is still the one who was trusted (J10)', () => {
    const renamed = {
      ...ada,
      arn: `arn:aws:iam::${own}:user/ada.l`,
      principalArn: `arn:aws:iam::${own}:user/ada.l`,
    };
    expect(assume(renamed, [trusts(ada.arn)]).decision).toBe('allowed');
  });

  test('an ARN without a pinned id trusts nobody, and still denies', () => {
    const unpinned = {
      ...ada,
      arn: `arn:aws:iam::${own}:user/new`,
      principalArn: `arn:aws:iam::${own}:user/new`,
    };
    expect(assume(unpinned, [trusts(unpinned.arn)], mayAssume).decision).toBe('implicitDeny');
    const denied = assume(unpinned, [trusts(own), { ...trusts(unpinned.arn), Effect: 'Deny' }], mayAssume);
    expect(denied).toMatchObject({ decision: 'explicitDeny', statements: [{ assumed: 'principal' }] });
  });

  test('a boundary limits a role that is trusted by its ARN, not a session or user that is named (E4)', () => {
    const boundary = policy('boundary', [allow({ Action: 'eks:*' })]);
    const limited = (principal: RequestPrincipal, trust: object) =>
      ask(
        { principal, action: 'sts:AssumeRole', resource: role },
        { identity: [], boundary, resource: policy('trust', [trust]) },
      );
    expect(limited(session, trusts(session.principalArn))).toMatchObject({
      decision: 'implicitDeny',
      step: 'boundary',
    });
    expect(limited(session, trusts(session.arn)).decision).toBe('allowed');
    expect(limited(ada, trusts(ada.arn)).decision).toBe('allowed');
  });
});

describe('who is meant and who is spared (B6, B7, B9)', () => {
  const account = `arn:aws:iam::${own}:root`;
  const issuer = session.principalArn;
  const boundary = policy('boundary', [allow()]);
  const spares = (...AWS: string[]) => deny({ NotPrincipal: { AWS } });
  const whole = spares(account, ada.arn);
  const service: RequestPrincipal = { kind: 'service', name: 'cloudtrail.amazonaws.com' };
  const spoken = (principal: RequestPrincipal, ...statements: object[]) =>
    ask({ principal }, { ...identity(allow()), resource: policy('resource', statements) }).decision;

  test.each<[string, RequestPrincipal, object, string]>([
    ['another user', ada, spares(account, `arn:aws:iam::${own}:user/bob`), 'explicitDeny'],
    ['the user without the account', ada, spares(ada.arn), 'explicitDeny'],
    ['the account alone', ada, spares(account), 'explicitDeny'],
    ['the role without its session', session, spares(account, issuer), 'explicitDeny'],
    ['the session without its role', session, spares(account, session.arn), 'explicitDeny'],
    ['another session', session, spares(account, issuer, `${session.arn}-2`), 'explicitDeny'],
    ['a user, to root', root, spares(ada.arn), 'explicitDeny'],
    ['a user of another account', stranger, whole, 'explicitDeny'],
    ['the user and the account', ada, whole, 'allowed'],
    ['account, role and session', session, spares(own, issuer, session.arn), 'allowed'],
    ['everybody', ada, spares('*'), 'allowed'],
    ['the account, to root', root, spares(account), 'allowed'],
  ])('a deny to all but %s', (_name, principal, statement, expected) => {
    expect(spoken(principal, statement)).toBe(expected);
  });

  test('a deny to all but somebody hits whoever has a boundary', () => {
    const policies = { ...identity(allow()), resource: policy('resource', [whole]) };
    expect(ask({}, policies).decision).toBe('allowed');
    expect(ask({}, { ...policies, boundary }).decision).toBe('explicitDeny');
  });

  test('an allow to all but somebody grants nothing', () => {
    const statement = allow({ NotPrincipal: { AWS: `arn:aws:iam::${own}:user/bob` } });
    expect(ask({}, { identity: [], resource: policy('resource', [statement]) }).decision).toBe(
      'implicitDeny',
    );
  });

  test('a service is let in by its own element and kept out by everybody’s', () => {
    const open = allow({ Principal: { Service: service.name } });
    expect(spoken(service, allow({ Principal: '*' }))).toBe('implicitDeny');
    expect(spoken(service, open, deny({ Principal: '*' }))).toBe('explicitDeny');
    expect(spoken(service, open, deny({ NotPrincipal: { AWS: '*' } }))).toBe('explicitDeny');
    expect(spoken(service, open, deny({ NotPrincipal: { Service: service.name } }))).toBe('allowed');
    expect(spoken(service, open)).toBe('allowed');
  });
});

describe('across accounts and sessions (E4, E5, E7)', () => {
  const federated: RequestPrincipal = {
    kind: 'federatedUser',
    accountId: own,
    partition: 'aws',
    arn: `arn:aws:sts::${own}:federated-user/carol`,
    principalArn: `arn:aws:sts::${own}:federated-user/carol`,
    principalId: `${own}:carol`,
    issuer: { arn: ada.arn, principalId: ada.principalId },
  };
  const names = (AWS: string) => policy('resource', [allow({ Principal: { AWS } })]);
  const mine = policy('identity', [allow()]);
  const only = (kind: PolicyKind, Action: string) => policy(kind, [allow({ Action })]);
  test.each<[string, RequestPrincipal, PolicySet, string]>([
    [
      'a stranger named, without own permission',
      stranger,
      { identity: [], resource: names(stranger.arn) },
      'identity',
    ],
    [
      'a stranger named, whose boundary lacks it',
      stranger,
      { identity: [mine], boundary: only('boundary', 's3:*'), resource: names(stranger.arn) },
      'boundary',
    ],
    [
      'a stranger named, whose session lacks it',
      stranger,
      { identity: [mine], session: [only('session', 's3:*')], resource: names(other) },
      'session',
    ],
    [
      'a role named, whose session lacks it',
      session,
      { identity: [], session: [only('session', 's3:*')], resource: names(session.principalArn) },
      'session',
    ],
    ['a federated user without session policy', federated, { identity: [mine] }, 'session'],
    [
      'a federated user by its user’s name, without session policy',
      federated,
      { identity: [], resource: names(ada.arn) },
      'session',
    ],
    [
      'a federated user by its user’s name, whose boundary lacks it',
      federated,
      {
        identity: [],
        boundary: only('boundary', 's3:*'),
        session: [only('session', 'eks:*')],
        resource: names(ada.arn),
      },
      'boundary',
    ],
  ])('%s is refused', (_name, principal, policies, step) => {
    expect(ask({ principal }, policies)).toMatchObject({ decision: 'implicitDeny', step });
  });

  test.each<[string, RequestPrincipal, PolicySet]>([
    ['a stranger named, with own permission', stranger, { identity: [mine], resource: names('*') }],
    [
      'a federated user named',
      federated,
      { identity: [], boundary: only('boundary', 's3:*'), resource: names(federated.arn) },
    ],
    [
      'one of two session policies',
      session,
      { identity: [mine], session: [only('session', 's3:*'), only('session', 'eks:*')] },
    ],
  ])('%s is allowed', (_name, principal, policies) => {
    expect(ask({ principal }, policies).decision).toBe('allowed');
  });
});

describe('policy variables in resources (C)', () => {
  const on = (name: string) => `arn:aws:eks:eu-west-1:${own}:${name}`;
  test.each<[string, object[], Record<string, string>, string]>([
    [
      'another name',
      [allow({ Resource: on('cluster/${aws:username}') })],
      { 'aws:username': 'x' },
      'implicitDeny',
    ],
    ['no value', [allow({ Resource: on('cluster/prod${aws:username}') })], {}, 'implicitDeny'],
    [
      'a value with a star (C6)',
      [allow({ Resource: on('cluster/${aws:username}') })],
      { 'aws:username': '*' },
      'implicitDeny',
    ],
    ['an escaped star', [allow({ Resource: on('cluster/${*}') })], {}, 'implicitDeny'],
    [
      'no value in NotResource, which then covers all (C5)',
      [allow(), deny({ Resource: undefined, NotResource: on('cluster/${aws:username}') })],
      {},
      'explicitDeny',
    ],
    [
      'a variable in Action, which is text (C1)',
      [allow({ Action: 'eks:${verb}' })],
      { verb: 'DescribeCluster' },
      'implicitDeny',
    ],
    ['the name', [allow({ Resource: on('${a}/${B}') })], { a: 'cluster', b: 'prod' }, 'allowed'],
    ['an empty value', [allow({ Resource: on('cluster/prod${a}') })], { a: '' }, 'allowed'],
    ['a default', [allow({ Resource: on("cluster/${a, 'prod'}") })], {}, 'allowed'],
    ['with wildcards around', [allow({ Resource: on('*/${a}?${a}*') })], { a: 'p' }, 'implicitDeny'],
    ['with wildcards that fit', [allow({ Resource: on('*/${a}?o*') })], { a: 'p' }, 'allowed'],
  ])('%s', (_name, statements, context, expected) => {
    const decision = ask({ context: new Map(Object.entries(context)) }, identity(...statements));
    expect(decision.decision).toBe(expected);
  });
});

describe('root (E10)', () => {
  test('needs no policy in its own account and no policy binds it', () => {
    expect(ask({ principal: root }, identity(deny()))).toMatchObject({ decision: 'allowed', step: 'root' });
  });
  test('has nothing in another account', () => {
    expect(ask({ principal: root, resourceAccountId: other }, identity(allow())).decision).toBe(
      'implicitDeny',
    );
  });
  test('is bound by a deny on the resource', () => {
    const resource = policy('resource', [deny({ Principal: '*' })]);
    expect(ask({ principal: root }, { identity: [], resource }).decision).toBe('explicitDeny');
  });
});

test('without a policy on the resource nobody reaches into another account (E5)', () => {
  expect(ask({ principal: stranger }, identity(allow()))).toMatchObject({
    decision: 'implicitDeny',
    step: 'resource',
  });
});

describe('evidence', () => {
  test('an allow names the policy and the statement', () => {
    const policies = identity(
      allow({ Sid: 'Other', Action: 'iam:*' }),
      allow({ Sid: 'Read', Action: 'eks:Describe*' }),
    );
    expect(ask({}, policies).statements).toMatchObject([
      {
        statement: {
          policy: { type: 'inline', name: 'my-identity' },
          index: 1,
          sid: 'Read',
          start: { line: 1 },
        },
      },
    ]);
  });

  test('a refusal names the first element of each statement that did not match, nearest first', () => {
    const decision = ask(
      {},
      identity(
        allow({ Sid: 'A', Action: 'iam:*' }),
        allow({ Sid: 'B', Resource: `${cluster}-2` }),
        allow({ Sid: 'C', Condition: { Bool: { a: 'true' } } }),
      ),
    );
    expect(
      decision.misses.map(({ statement: { sid }, element, unknown }) => [sid, element, unknown]),
    ).toEqual([
      ['C', 'condition', false],
      ['B', 'resource', false],
      ['A', 'action', false],
    ]);
    expect(decision.misses[0]?.condition).toMatchObject({ operator: 'Bool', key: 'a', absent: true });
  });

  test('at most ten misses are kept', () => {
    const many = Array.from({ length: 50 }, () => allow({ Action: 'iam:*' }));
    expect(ask({}, identity(...many)).misses).toHaveLength(10);
  });
});

describe('the denial text (G1, G2, G9)', () => {
  const text = (
    principal: RequestPrincipal,
    policies: PolicySet,
    change: Partial<EvaluationRequest> = {},
  ) => {
    const decision = ask({ principal, ...change }, policies);
    const principalArn = 'arn' in principal ? principal.arn : '';
    return denialText({ principalArn, action: 'eks:DescribeCluster', resource: cluster, decision });
  };
  const start = `is not authorized to perform: eks:DescribeCluster on resource: ${cluster}`;
  const none = policy('boundary', [allow({ Action: 'iam:*' })]);
  const all = policy('boundary', [deny()]);
  test.each<[string, string]>([
    [
      text(session, identity()),
      `User: ${session.arn} ${start} because no identity-based policy allows the eks:DescribeCluster action`,
    ],
    [
      text(ada, identity(deny())),
      `User: ${ada.arn} ${start} with an explicit deny in an identity-based policy`,
    ],
    [
      text(ada, { ...identity(allow()), boundary: none }),
      `User: ${ada.arn} ${start} because no permissions boundary allows the eks:DescribeCluster action`,
    ],
    [
      text(ada, { ...identity(allow()), boundary: all }),
      `User: ${ada.arn} ${start} with an explicit deny in a permissions boundary`,
    ],
    [
      text(session, { ...identity(allow()), session: [none] }),
      `User: ${session.arn} ${start} because no session policy allows the eks:DescribeCluster action`,
    ],
    [
      text(stranger, identity(allow())),
      `User: ${stranger.arn} ${start} because no resource-based policy allows the eks:DescribeCluster action`,
    ],
  ])('%s', (actual, expected) => expect(actual).toBe(expected));

  test('a trust policy is called so', () => {
    const policies = { identity: [], resource: policy('trust', [trusts(own)]) };
    const decision = ask({ principal: stranger, action: 'sts:AssumeRole', resource: role }, policies);
    expect(
      denialText({ principalArn: stranger.arn, action: 'sts:AssumeRole', resource: role, decision }),
    ).toBe(
      `User: ${stranger.arn} is not authorized to perform: sts:AssumeRole on resource: ${role} because no role trust policy allows the sts:AssumeRole action`,
    );
  });
});
