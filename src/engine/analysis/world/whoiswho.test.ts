/** Who is among the subjects of a cluster, and as whom: an analysis that overlooks somebody says "nobody", wrongly. */
import { describe, expect, test } from 'vitest';
import type { SnapshotCluster } from '../snapshot/snapshot.ts';
import { testArn, testEntry, testGrant, testRole, testTakenAt, testUser, testWorld } from '../testworld.ts';
import type { ClusterWorld } from './cluster.ts';
import type { IamSubject } from './subject.ts';

const other = 'arn:aws:iam::999900001111';
type What = NonNullable<Parameters<typeof testWorld>[0]>;
const readNobody = { account: { accountId: '000000000000' } };

/** The IAM subjects that are somebody, each with its usernames. */
function known(what: What): Readonly<Record<string, readonly string[]>> {
  const { cluster } = testWorld(what);
  return Object.fromEntries(
    iamSubjects(cluster).flatMap((subject) => {
      const { identities } = cluster.identitiesOf(subject);
      const name = subject.type === 'account' ? `account ${subject.accountId}` : subject.arn;
      return identities.length > 0 ? [[name, identities.map(({ user }) => user.username)]] : [];
    }),
  );
}

function iamSubjects(cluster: ClusterWorld): readonly IamSubject[] {
  return cluster.subjects().filter((subject) => subject.kind === 'iam');
}

const named = (principalArn: string, change: object = {}) =>
  testEntry(principalArn, {}, { username: 'mapped', ...change });
const awsAuth = (change: Partial<NonNullable<SnapshotCluster['awsAuth']>>) => ({
  awsAuth: { roles: [], users: [], accounts: [], ...change },
});
const item = (rolearn: string, username = 'by-aws-auth') => ({ rolearn, username, groups: [] });

describe('a principal of an account nobody read', () => {
  test('is whoever its entry is tied to, where the id is known', () => {
    const accessEntries = [named(`${other}:role/ops`, { principalId: 'AROAELSEWHERE' })];
    expect(known({ cluster: { accessEntries } })).toEqual({ [`${other}:role/ops`]: ['mapped'] });
  });

  test('is whoever has the ARN, where it is not (B15)', () => {
    const accessEntries = [named(`${other}:user/team/ada`)];
    expect(known({ cluster: { accessEntries } })).toEqual({ [`${other}:user/team/ada`]: ['mapped'] });
  });

  test('may be either of two that differ in a path alone', () => {
    const accessEntries = [
      named(`${other}:role/a/ops`, { username: 'one' }),
      named(`${other}:role/ops`, { username: 'two' }),
    ];
    expect(known({ cluster: { accessEntries } })).toEqual({
      [`${other}:role/a/ops`]: ['one'],
      [`${other}:role/ops`]: ['two'],
    });
  });

  test('breaks the glass, and has its entry when the glass is whole', () => {
    const breakGlass = { principalArn: `${other}:role/rescue`, principalId: 'AROARESCUE' };
    expect(known({ cluster: { breakGlass } })).toEqual({
      [`${other}:role/rescue`]: ['entryway:break-glass:role/rescue/SESSION'],
    });
    const accessEntries = [named(`${other}:role/rescue`)];
    expect(Object.keys(known({ cluster: { breakGlass, accessEntries } }))).toEqual([`${other}:role/rescue`]);
    expect(known({ cluster: { accessEntries } })).toEqual({ [`${other}:role/rescue`]: ['mapped'] });
  });

  test('breaks the glass also where an entry is left of somebody who had the name before', () => {
    const breakGlass = { principalArn: `${other}:role/rescue`, principalId: 'AROARESCUE' };
    for (const path of ['rescue', 'old/rescue']) {
      const accessEntries = [named(`${other}:role/${path}`, { principalId: 'AROAFORMER' })];
      expect(known({ cluster: { breakGlass, accessEntries } })).toMatchObject({
        [`${other}:role/rescue`]: ['entryway:break-glass:role/rescue/SESSION'],
      });
    }
  });

  test('is shown by a pattern where a matcher lets its like in, whatever other pattern is near', () => {
    const accessEntries = [
      named(`${other}:role/dev-*`, { username: 'dev' }),
      named(`${other}:role/dev-0*`, { username: 'zero' }),
      named(`${other}:role/AWSReservedSSO_View_*`, { username: 'sso' }),
    ];
    expect(known({ cluster: { accessEntries } })).toEqual({
      [`${other}:role/AWSReservedSSO_View_*`]: ['sso'],
      [`${other}:role/dev-*`]: ['dev'],
      [`${other}:role/dev-0*`]: ['zero'],
    });
  });

  test('is anybody of an account that mapAccounts names, and by name whom a binding names (G9)', () => {
    const cluster = {
      ...awsAuth({ accounts: ['999900001111', 'not-an-account'] }),
      rbac: [
        ...testGrant('a', `User:${other}:role/ops`, []),
        ...testGrant('b', 'User:arn:aws:sts::999900001111:federated-user/guest', []),
        ...testGrant('c', 'User:arn:aws:iam::888800001111:role/ops', []),
      ],
    };
    expect(known({ cluster })).toEqual({
      'account 999900001111': [`${other}:user/ANY-USER`],
      [`${other}:role/ops`]: [`${other}:role/ops`],
      'arn:aws:sts::999900001111:federated-user/guest': ['arn:aws:sts::999900001111:federated-user/guest'],
    });
  });
});

describe('an account that was read', () => {
  test('has nobody beside those it has', () => {
    const cluster = { accessEntries: [named(testArn('role/gone'))] };
    expect(known({ cluster })).toEqual({});
    const missing = iamSubjects(testWorld({ cluster }).cluster).find(({ arn }) => arn.endsWith('gone'));
    expect(missing?.standing).toBe('missing');
  });

  test.each([
    [
      'a gap of its IAM',
      { gaps: [{ area: 'iam', accountId: '111122223333', reason: 'iam:ListRoles was refused' }] },
    ],
    ['a gap of all IAM', { gaps: [{ area: 'iam', reason: 'iam was refused' }] }],
  ] as readonly (readonly [string, What])[])('may have others after %s', (_, change) => {
    const cluster = {
      accessEntries: [named(testArn('role/gone')), named(testArn('role/dev-*'))],
      ...awsAuth({ accounts: ['111122223333'] }),
    };
    expect(Object.keys(known({ cluster, ...change }))).toEqual([
      testArn('role/dev-*'),
      testArn('role/gone'),
      testArn('root'),
      'account 111122223333',
    ]);
  });

  test('has its root also where it has nobody else', () => {
    expect(known({ cluster: awsAuth({ accounts: ['111122223333'] }) })).toEqual({
      [testArn('root')]: [testArn('root')],
    });
  });

  test('lets a federated user in that mapUsers names, whoever issues it', () => {
    const userarn = 'arn:aws:sts::111122223333:federated-user/guest';
    const cluster = awsAuth({ users: [{ userarn, username: 'guest', groups: [] }] });
    expect(known({ cluster })).toEqual({ [userarn]: ['guest'] });
  });
});

describe('a principal and its entry', () => {
  const ops = testRole('team/ops', { createdAt: testTakenAt });
  const entry = named(testArn('role/team/ops'));

  test.each([
    ['the dates fit', { createdAt: testTakenAt + 1 }, true],
    ['the principal is newer: another was meant (B15)', { createdAt: testTakenAt - 1 }, false],
    ['the id is another', { principalId: 'AROAFORMER' }, false],
    ['it waits for its principal, which came later', { principalId: '', createdAt: testTakenAt - 1 }, true],
    ['it spells the ARN in other case (B17)', { principalArn: testArn('role/team/OPS') }, true],
    ['it names another path: another was meant (B15)', { principalArn: testArn('role/ops') }, false],
    [
      'it waits for the name, whatever the path',
      { principalArn: testArn('role/ops'), principalId: '' },
      true,
    ],
  ])('%s', (_, change, isMapped) => {
    const what = { account: { roles: [ops] }, cluster: { accessEntries: [{ ...entry, ...change }] } };
    expect(known(what)).toEqual(isMapped ? { [ops.arn]: ['mapped'] } : {});
  });

  test.each([
    ['of two that wait, the one whose path is right is tied to it', ''],
    ['one that has the principal goes before one that waits', 'AROAOPS'],
  ])('%s, in whatever order they come', (_, principalId) => {
    const right = named(ops.arn, { username: 'right', principalId });
    const wrong = named(testArn('role/ops'), { username: 'wrong', principalId: '' });
    for (const accessEntries of [
      [right, wrong],
      [wrong, right],
    ]) {
      expect(known({ account: { roles: [ops] }, cluster: { accessEntries } })).toEqual({
        [ops.arn]: ['right'],
      });
    }
  });

  test('is not made up for by a matcher once it was re-created: neither name nor policies (B15)', () => {
    const stale = named(ops.arn, { createdAt: testTakenAt - 1 });
    const matcher = testEntry(
      testArn('role/*'),
      { AmazonEKSClusterAdminPolicy: [] },
      { username: 'matched' },
    );
    const what = { account: { roles: [ops] }, cluster: { accessEntries: [stale, matcher] } };
    expect(known(what)).toEqual({});
    const mapped = {
      ...what,
      cluster: { ...what.cluster, ...awsAuth({ roles: [item(testArn('role/ops'))] }) },
    };
    expect(known(mapped)).toEqual({ [ops.arn]: ['by-aws-auth'] });
    const { cluster } = testWorld(mapped);
    const role = iamSubjects(cluster).find(({ arn }) => arn === ops.arn);
    if (role === undefined) throw new Error('the role is a subject');
    expect(cluster.can(role, { kind: 'nonResource', verb: 'get', path: '/metrics' }).allowed).toBe(false);
  });

  test('goes before aws-auth, and expired or not ends the search (D10, D11)', () => {
    const what = {
      account: { roles: [ops] },
      cluster: { accessEntries: [entry], ...awsAuth({ roles: [item(testArn('role/ops'))] }) },
    };
    expect(known(what)).toEqual({ [ops.arn]: ['mapped'] });
    const mode = (authenticationMode: SnapshotCluster['authenticationMode']) =>
      known({ ...what, cluster: { ...what.cluster, authenticationMode } });
    expect(mode('CONFIG_MAP')).toEqual({ [ops.arn]: ['by-aws-auth'] });
    expect(mode('API')).toEqual({ [ops.arn]: ['mapped'] });
  });

  test('aws-auth goes on with whoever has the name, and never by a path (G8, G10)', () => {
    const roles = [ops];
    const by = (rolearn: string) =>
      known({ account: { roles }, cluster: awsAuth({ roles: [item(rolearn)] }) });
    expect(by(testArn('role/OPS'))).toEqual({ [ops.arn]: ['by-aws-auth'] });
    expect(by(testArn('role/team/ops'))).toEqual({});
  });

  test('of duplicates in aws-auth the last counts (G7)', () => {
    const roles = [item(testArn('role/ops'), 'first'), item(testArn('role/ops'), 'last')];
    expect(known({ account: { roles: [ops] }, cluster: awsAuth({ roles }) })).toEqual({
      [ops.arn]: ['last'],
    });
  });

  test('whoever is blocked is nobody; who blocks one session leaves the others', () => {
    const what = (target: string, kind: 'principalArn' | 'session') => ({
      account: { roles: [ops] },
      blocks: [{ kind, target }],
      cluster: {
        accessEntries: [named(ops.arn, { username: 'a:{{SessionName}}' })],
        rbac: [...testGrant('one', 'User:a:ada', []), ...testGrant('two', 'User:a:bob', [])],
      },
    });
    expect(known(what(testArn('role/ops'), 'principalArn'))).toEqual({});
    expect(known(what('AROAOPS:ada', 'session'))).toEqual({ [ops.arn]: ['a:SESSION', 'a:bob'] });
  });
});

describe('the hidden creator (D8)', () => {
  test('is whoever has the id', () => {
    const what = { account: { users: [testUser('ada')] }, cluster: { hiddenAdminPrincipalId: 'AIDAADA' } };
    expect(known(what)).toEqual({ [testArn('user/ada')]: ['kubernetes-admin'] });
  });

  test('is shown by its id where its account was not read', () => {
    const cluster = { hiddenAdminPrincipalId: 'AROAEXAMPLECREATOR12' };
    expect(known({ cluster, ...readNobody })).toEqual({
      [testArn('role/AROAEXAMPLECREATOR12')]: ['kubernetes-admin'],
    });
    expect(known({ cluster })).toEqual({});
  });

  test('may be a root', () => {
    const cluster = { hiddenAdminPrincipalId: '111122223333' };
    expect(known({ cluster, ...readNobody })).toEqual({ [testArn('root')]: ['kubernetes-admin'] });
    expect(known({ cluster })).toEqual({ [testArn('root')]: ['kubernetes-admin'] });
  });
});

test('a template with the account beside the session becomes the names that bindings name', () => {
  const accessEntries = [named(testArn('role/ops'), { username: '{{AccountID}}:{{SessionName}}' })];
  const rbac = testGrant('a', 'User:111122223333:ada', []);
  expect(known({ account: { roles: [testRole('ops')] }, cluster: { accessEntries, rbac } })).toEqual({
    [testArn('role/ops')]: ['111122223333:SESSION', '111122223333:ada'],
  });
});
