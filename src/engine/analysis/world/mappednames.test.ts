/** Who aws-auth and entries let in must be among the subjects, and as all that they can be. */
import { describe, expect, test } from 'vitest';
import { testArn, testEntry, testGrant, testRole, testUser, testWorld } from '../testworld.ts';
import type { IamSubject } from './subject.ts';

const other = 'arn:aws:iam::999900001111';

test('a role of an account nobody read is a subject, however aws-auth spells what stands before its name', () => {
  const { cluster } = testWorld({
    cluster: {
      awsAuth: {
        roles: [{ rolearn: 'ARN:aws:IAM::999900001111:Role/Ops', username: 'ops', groups: [] }],
        users: [],
        accounts: [],
      },
    },
  });
  const subject = cluster.subjects().find((one) => one.kind === 'iam' && one.arn === `${other}:role/Ops`);
  expect(subject && cluster.identitiesOf(subject).identities[0]?.user.username).toBe('ops');
});

test('an entry of a root is that account’s root’s', () => {
  const { cluster } = testWorld({ cluster: { accessEntries: [testEntry(testArn('root'))] } });
  const root = cluster.subjects().find((one) => one.kind === 'iam' && one.type === 'root');
  expect(root && cluster.identitiesOf(root).identities[0]?.mapped?.code).toBe('accessEntry');
});

test('a session that a template makes a member of system:masters is looked at, though nobody binds the group', () => {
  const { cluster } = testWorld({
    account: { roles: [testRole('odd')] },
    cluster: {
      awsAuth: {
        roles: [{ rolearn: testArn('role/odd'), username: 'odd', groups: ['{{SessionName}}:masters'] }],
        users: [],
        accounts: [],
      },
    },
  });
  const subject = cluster.subjects().find((one) => one.kind === 'iam' && one.type === 'role');
  if (subject?.kind !== 'iam') throw new Error('the role is a subject');
  expect(cluster.sessionsOf(subject).map(({ sessionName }) => sessionName)).toEqual(['SESSION', 'system']);
  expect(cluster.identityIn(subject, { sessionName: 'system' })?.user.groups).toContain('system:masters');
  expect(cluster.identityIn(subject, { sessionName: 'ada' })?.user.groups).toEqual([
    'ada:masters',
    'system:authenticated',
  ]);
});

test('who has the same templates takes the same sessions, and else his own', () => {
  const templates = {
    first: '{{SessionName}}',
    second: '{{SessionName}}',
    third: 'a{{SessionName}}',
    fourth: '{{AccountID}}{{SessionName}}',
  };
  const { cluster } = testWorld({
    account: { roles: Object.keys(templates).map((name) => testRole(name)) },
    cluster: {
      accessEntries: Object.entries(templates).map(([name, username]) =>
        testEntry(testArn(`role/${name}`), {}, { username }),
      ),
      rbac: ['ada', 'abe', 'eve', '111122223333eve'].flatMap((name) => testGrant(name, `User:${name}`, [])),
    },
  });
  const takes = cluster
    .subjects()
    .flatMap((subject) =>
      subject.kind === 'iam' && subject.type === 'role'
        ? [
            [
              subject.arn.split('/')[1],
              cluster.sessionsOf(subject).map(({ sessionName }) => sessionName),
              cluster.identitiesOf(subject).identities.map(({ user }) => user.extra.canonicalArn),
            ] as const,
          ]
        : [],
    );
  const all = ['SESSION', 'ada', 'abe', 'eve', '111122223333eve'];
  expect(Object.fromEntries(takes.map(([name, sessions]) => [name, sessions.toSorted()]))).toEqual({
    first: all.toSorted(),
    second: all.toSorted(),
    third: ['SESSION', 'be', 'da'],
    fourth: ['SESSION', 'eve'],
  });
  for (const [name, , arns] of takes) {
    expect(new Set(arns.flat())).toEqual(new Set([testArn(`role/${name}`)]));
  }
});

describe('a key that a template makes part of a name', () => {
  const [theirs, own, session] = ['AKIAIOSFODNN7EXAMPL1', 'AKIAIOSFODNN7EXAMPL2', 'ASIAIOSFODNN7EXAMPL3'];
  const bindings = [theirs, own, session, 'nobody'].flatMap((name) =>
    testGrant(name, `User:key:${name}`, []),
  );
  const mapped = (what: Parameters<typeof testWorld>[0], type: IamSubject['type']) => {
    const { cluster } = testWorld(what);
    const subject = cluster.subjects().find((one) => one.kind === 'iam' && one.type === type);
    if (subject === undefined) throw new Error('it is a subject');
    return cluster
      .identitiesOf(subject)
      .identities.slice(1)
      .map(({ user, accessKeyId }) => [user.username, accessKeyId]);
  };
  const users = [{ userarn: testArn('user/ada'), username: 'key:{{AccessKeyID}}', groups: [] }];
  const roles = [{ rolearn: testArn('role/ops'), username: 'key:{{AccessKeyID}}', groups: [] }];
  const cluster = { awsAuth: { roles, users, accounts: [] }, rbac: bindings };

  test('is any that a user may have, and where its keys were listed one of these or of a session', () => {
    expect(mapped({ account: { users: [testUser('ada')] }, cluster }, 'user')).toEqual([
      [`key:${theirs}`, theirs],
      [`key:${own}`, own],
      [`key:${session}`, session],
    ]);
    const ada = testUser('ada', { accessKeys: [{ accessKeyId: own, status: 'Active' }] });
    expect(mapped({ account: { users: [ada] }, cluster }, 'user')).toEqual([
      [`key:${own}`, own],
      [`key:${session}`, session],
    ]);
    const idle = testUser('ada', { accessKeys: [{ accessKeyId: own, status: 'Inactive' }] });
    expect(mapped({ account: { users: [idle] }, cluster }, 'user')).toEqual([[`key:${session}`, session]]);
  });

  test('is none of a root’s where it has none, and makes no difference by the name of a session', () => {
    const root = { userarn: testArn('root'), username: 'key:{{AccessKeyID}}', groups: [] };
    const ofRoot = (accessKeys: number) =>
      mapped(
        {
          account: { root: { accessKeys, mfa: true } },
          cluster: { ...cluster, awsAuth: { roles: [], users: [root], accounts: [] } },
        },
        'root',
      ).length;
    expect([ofRoot(0), ofRoot(1)]).toEqual([1, 3]);
    const { cluster: prod } = testWorld({ account: { roles: [testRole('ops')] }, cluster });
    const role = prod.subjects().find((one) => one.kind === 'iam' && one.type === 'role');
    expect(role && prod.identitiesOf(role).identities.map(({ sessionName }) => sessionName)).toEqual([
      undefined,
      undefined,
    ]);
  });

  test('is a session’s for whoever has no other', () => {
    expect(mapped({ account: { roles: [testRole('ops')] }, cluster }, 'role')).toEqual([
      [`key:${session}`, session],
    ]);
  });

  test('gives nothing where the key is blocked', () => {
    const blocks = [{ kind: 'accessKey', target: session }] as const;
    expect(mapped({ account: { roles: [testRole('ops')] }, cluster, blocks }, 'role')).toEqual([]);
  });
});

test('templates with several placeholders become all that bindings name', () => {
  const usernameOf = (username: string, ...names: readonly string[]) => {
    const { cluster } = testWorld({
      account: { roles: [testRole('odd')] },
      cluster: {
        awsAuth: { roles: [{ rolearn: testArn('role/odd'), username, groups: [] }], users: [], accounts: [] },
        rbac: names.flatMap((name) => testGrant(name, `User:${name}`, [])),
      },
    });
    const subject = cluster.subjects().find((one) => one.kind === 'iam' && one.type === 'role');
    if (subject === undefined) throw new Error('the role is a subject');
    return cluster.identitiesOf(subject).identities.map(({ user }) => user.username);
  };
  const key = 'ASIAIOSFODNN7EXAMPLE';
  expect(usernameOf('{{SessionName}}/{{AccessKeyID}}', `ada/${key}`, 'ada/other', `a@b/${key}`)).toEqual([
    'SESSION/ASIA0000000000000000',
    `ada/${key}`,
  ]);
  expect(usernameOf('{{AccessKeyID}}{{SessionNameRaw}}', `${key}a@b`)).toContain(`${key}a@b`);
  expect(usernameOf('{{SessionName}}|{{SessionNameRaw}}', 'a-b|a@b', 'a@b|a@b', 'a-b|c@d')).toEqual([
    'SESSION|SESSION',
    'a-b|a@b',
  ]);
  const node = 'i-0123456789abcdef0';
  expect(
    usernameOf('{{EC2PrivateDNSName}}:{{SessionName}}', `ip-1.internal:${node}`, 'ip-1.internal:ada'),
  ).toEqual(['INSTANCE:i-00000000000000000', `ip-1.internal:${node}`]);
});

test('an instance whose id is part of a group is looked at beside those whose name is a user’s', () => {
  const { cluster } = testWorld({
    account: { roles: [testRole('node')] },
    cluster: {
      awsAuth: {
        roles: [
          {
            rolearn: testArn('role/node'),
            username: 'system:node:{{EC2PrivateDNSName}}',
            groups: ['of-{{SessionName}}'],
          },
        ],
        users: [],
        accounts: [],
      },
      rbac: [
        ...testGrant('a', 'Group:of-i-0123456789abcdef0', []),
        ...testGrant('b', 'Group:of-ada', []),
        ...testGrant('c', 'User:system:node:ip-1', []),
      ],
    },
  });
  const subject = cluster.subjects().find((one) => one.kind === 'iam' && one.type === 'role');
  if (subject === undefined) throw new Error('the role is a subject');
  const groups = cluster.identitiesOf(subject).identities.map(({ user }) => [user.username, user.groups[0]]);
  expect(groups).toContainEqual(['system:node:INSTANCE', 'of-i-0123456789abcdef0']);
  expect(groups).toContainEqual(['system:node:ip-1', 'of-i-00000000000000001']);
  expect(groups.flat()).not.toContain('of-ada');
});

test('sessions that come to one user are told once', () => {
  const { cluster } = testWorld({
    account: { roles: [testRole('ops')] },
    cluster: {
      accessEntries: [
        testEntry(
          testArn('role/ops'),
          {},
          { username: 'a:{{SessionName}}', kubernetesGroups: ['{{SessionNameRaw}}'] },
        ),
      ],
      rbac: [...testGrant('a', 'User:a:x-y', []), ...testGrant('b', 'Group:x-y', [])],
    },
  });
  const subject = cluster.subjects().find((one) => one.kind === 'iam' && one.type === 'role');
  if (subject === undefined) throw new Error('the role is a subject');
  expect(cluster.identitiesOf(subject).identities.map(({ user }) => user.username)).toEqual([
    'a:SESSION',
    'a:x-y',
  ]);
});

test('whoever blocks a federated user shuts it out', () => {
  const arn = 'arn:aws:sts::111122223333:federated-user/guest';
  const awsAuth = {
    roles: [],
    users: [{ userarn: arn, username: 'guest', groups: [] }],
    accounts: [],
  };
  const identities = (blocks: readonly { readonly kind: 'session'; readonly target: string }[]) => {
    const { cluster } = testWorld({ cluster: { awsAuth }, blocks });
    const subject = cluster.subjects().find((one) => one.kind === 'iam' && one.type === 'federatedUser');
    return subject && cluster.identitiesOf(subject).identities.length;
  };
  expect(identities([])).toBe(1);
  expect(identities([{ kind: 'session', target: arn }])).toBe(0);
});
