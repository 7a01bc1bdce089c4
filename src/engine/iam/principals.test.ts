import { describe, expect, test } from 'vitest';
import type { PolicyKind } from './document.ts';
import type { PolicySet } from './evaluate.ts';
import type { RequestPrincipal } from './request.ts';
import {
  ada,
  allow,
  ask,
  deny,
  identity,
  other,
  own,
  policy,
  role,
  root,
  session,
  stranger,
  trusts,
} from './testworld.ts';

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
