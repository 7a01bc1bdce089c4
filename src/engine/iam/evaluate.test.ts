// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are written so.
import { describe, expect, test } from 'vitest';
import { compileStoredPolicy } from './compile.ts';
import { denialText } from './denial.ts';
import type { PolicySet } from './evaluate.ts';
import type { EvaluationRequest, RequestPrincipal } from './request.ts';
import {
  ada,
  allow,
  ask,
  cluster,
  deny,
  identity,
  other,
  own,
  policy,
  role,
  session,
  stranger,
  trusts,
} from './testworld.ts';

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

describe('MFA conditions (F3.1)', () => {
  const under = (operator: string, value: string) => ({
    Condition: { [operator]: { 'aws:MultiFactorAuthPresent': value } },
  });
  // A long-term key, a session without code, a session with code.
  test.each<[string, object[], string, string, string]>([
    ['an allow if true', [allow(under('Bool', 'true'))], 'implicitDeny', 'implicitDeny', 'allowed'],
    [
      'an allow if true where it exists',
      [allow(under('BoolIfExists', 'true'))],
      'allowed',
      'implicitDeny',
      'allowed',
    ],
    ['a deny if false', [allow(), deny(under('Bool', 'false'))], 'allowed', 'explicitDeny', 'allowed'],
    [
      'a deny if false where it exists',
      [allow(), deny(under('BoolIfExists', 'false'))],
      'explicitDeny',
      'explicitDeny',
      'allowed',
    ],
    ['an allow if it is there', [allow(under('Null', 'false'))], 'implicitDeny', 'allowed', 'allowed'],
    ['a deny if it is not', [allow(), deny(under('Null', 'true'))], 'explicitDeny', 'allowed', 'allowed'],
  ])('%s', (_name, statements, ...expected) => {
    const contexts = [undefined, 'false', 'true'].map(
      (present) => new Map(present === undefined ? [] : [['aws:multifactorauthpresent', present]]),
    );
    const answers = contexts.map((context) => ask({ context }, identity(...statements)).decision);
    expect(answers).toEqual(expected);
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
