import { describe, expect, test } from 'vitest';
import { allow, allowUrls } from '../../rbac/allow.ts';
import type { RbacObject } from '../../rbac/objects.ts';
import {
  bindingSubject,
  testArn,
  testClusterArn,
  testEntry,
  testGrant,
  testRole,
  testTakenAt,
  testUser,
  testWorld,
} from '../testworld.ts';
import type { Question } from '../world/question.ts';
import type { AccessPath, WhoCanAnswer } from './answer.ts';
import { whoCan } from './whocan.ts';

const readSecrets = (namespace = '', name = ''): Question => ({
  ...{ kind: 'resource', verb: 'get', apiGroup: '', resource: 'secrets', subresource: '' },
  ...{ namespace, name },
});
const secretsRule = [allow('get', 'core', 'secrets')];

function ask(
  what: Parameters<typeof testWorld>[0],
  question: Question = readSecrets('default'),
  options: Parameters<typeof whoCan>[3] = {},
): WhoCanAnswer {
  const { world, cluster } = testWorld(what);
  return whoCan(world, cluster, question, options);
}

const keysOf = ({ rows }: WhoCanAnswer): readonly string[] => rows.map(({ key }) => key);

/** `AmazonEKSViewPolicy`, `group devs RoleBinding default/b`, `masters` */
function told({ grant }: AccessPath): string {
  switch (grant.by) {
    case 'systemMasters':
      return 'masters';
    case 'accessPolicy':
      return grant.policyName;
    case 'rbac': {
      const { through, binding } = grant;
      return `${through.is} ${through.name} ${binding.kind} ${binding.namespace}/${binding.name}`;
    }
    default:
      return grant satisfies never;
  }
}

describe('who may', () => {
  test('nobody but masters, where nothing grants', () => {
    const { rows } = ask({ account: { roles: [testRole('ops')] } });
    expect(rows.map(({ key, paths }) => [key, paths.map(told)])).toEqual([
      ['Group:system:masters', ['masters']],
    ]);
  });

  test('a policy of another namespace gives nothing here', () => {
    const entry = testEntry(testArn('role/ops'), { AmazonEKSAdminPolicy: ['dev'] });
    const what = { account: { roles: [testRole('ops')] }, cluster: { accessEntries: [entry] } };
    expect(keysOf(ask(what))).not.toContain(`iam:${testArn('role/ops')}`);
    expect(keysOf(ask(what, readSecrets('dev')))).toContain(`iam:${testArn('role/ops')}`);
    expect(keysOf(ask(what, readSecrets()))).not.toContain(`iam:${testArn('role/ops')}`);
  });

  test('every way of a subject, the one that decides first', () => {
    const entry = testEntry(
      testArn('role/ops'),
      { AmazonEKSAdminPolicy: ['default'], AmazonEKSClusterAdminPolicy: [] },
      { kubernetesGroups: ['a', 'b'] },
    );
    const [row] = ask({
      account: { roles: [testRole('ops')] },
      cluster: {
        accessEntries: [entry],
        rbac: [
          ...testGrant('z', 'Group:a', secretsRule),
          ...testGrant('y', 'Group:b', secretsRule),
          ...testGrant('x', 'Group:system:authenticated', secretsRule, 'default'),
          ...testGrant('w', 'Group:a', secretsRule, 'other'),
        ],
      },
    }).rows.filter(({ subject }) => subject.kind === 'iam');
    expect(row?.paths.map(told)).toEqual([
      'AmazonEKSAdminPolicy',
      'AmazonEKSClusterAdminPolicy',
      'group a ClusterRoleBinding /z',
      'group b ClusterRoleBinding /y',
      'group system:authenticated RoleBinding default/x',
    ]);
    expect(row?.paths[0]?.identity.mappedBy).toEqual({
      ...{ source: 'accessEntry', code: 'accessEntry', arn: testArn('role/ops') },
    });
  });

  test('a bound on the ways says how many are left out', () => {
    const rbac = ['a', 'b', 'c'].flatMap((name) => testGrant(name, 'User:ada', secretsRule));
    const row = ask({ cluster: { rbac } }, readSecrets(), { pathsPerRow: 2 }).rows.find(
      ({ key }) => key === 'User:ada',
    );
    expect(row?.paths.map(told)).toEqual([
      'user ada ClusterRoleBinding /a',
      'user ada ClusterRoleBinding /b',
    ]);
    expect(row?.pathsLeftOut).toBe(1);
  });

  test('a role takes the session name that a binding names', () => {
    const entry = testEntry(testArn('role/ops'), {}, { username: 'ops:{{SessionName}}' });
    const [row] = ask({
      account: { roles: [testRole('ops')] },
      cluster: { accessEntries: [entry], rbac: testGrant('b', 'User:ops:ada', secretsRule) },
    }).rows;
    expect(row?.key).toBe(`iam:${testArn('role/ops')}`);
    expect(row?.paths[0]?.identity).toMatchObject({ username: 'ops:ada', sessionName: 'ada' });
  });

  test('what every session is given is one way, however many names of sessions bindings know', () => {
    const entry = testEntry(
      testArn('role/ops'),
      { AmazonEKSClusterAdminPolicy: [] },
      { username: 'ops:{{SessionName}}', kubernetesGroups: ['readers'] },
    );
    const [row] = ask({
      account: { roles: [testRole('ops')] },
      cluster: {
        accessEntries: [entry],
        rbac: [
          ...testGrant('a', 'User:ops:ada', secretsRule),
          ...testGrant('b', 'User:ops:bob', secretsRule),
          ...testGrant('c', 'Group:readers', secretsRule),
        ],
      },
    }).rows;
    expect(row?.paths.map((path) => [told(path), path.identity.sessionName])).toEqual([
      ['AmazonEKSClusterAdminPolicy', 'SESSION'],
      ['group readers ClusterRoleBinding /c', 'SESSION'],
      ['user ops:ada ClusterRoleBinding /a', 'ada'],
      ['user ops:bob ClusterRoleBinding /b', 'bob'],
    ]);
  });

  test('a rule about one object answers about that object alone', () => {
    const what = {
      cluster: { rbac: testGrant('b', 'User:ada', [allow('get', 'core', 'secrets', 'db')], 'default') },
    };
    expect(keysOf(ask(what))).not.toContain('User:ada');
    expect(keysOf(ask(what, readSecrets('default', 'db')))).toContain('User:ada');
    expect(keysOf(ask(what, readSecrets('default', 'other')))).not.toContain('User:ada');
  });

  test('paths that are no resources', () => {
    const rbac = testGrant('b', 'User:ada', [allowUrls('get', '/logs/*')]);
    const question = { kind: 'nonResource', verb: 'get', path: '/logs/kubelet' } as const;
    expect(keysOf(ask({ cluster: { rbac } }, question))).toEqual(['User:ada', 'Group:system:masters']);
  });

  test('aggregated roles count with what they collect, also over two steps and in a circle', () => {
    const selects = (label: string) => ({
      clusterRoleSelectors: [{ matchLabels: { [label]: 'yes' }, matchExpressions: [] }],
    });
    const role = (name: string, label: string, from?: string): RbacObject => ({
      ...{ kind: 'ClusterRole', name, labels: { [label]: 'yes' } },
      rules: from === undefined ? secretsRule : [],
      ...(from !== undefined && { aggregationRule: selects(from) }),
    });
    const rbac: readonly RbacObject[] = [
      role('outer', 'c', 'b'),
      role('inner', 'b', 'a'),
      role('circle', 'a', 'c'),
      role('plain', 'a'),
      {
        ...{ kind: 'ClusterRoleBinding', name: 'b', roleRef: { kind: 'ClusterRole', name: 'outer' } },
        subjects: [bindingSubject('User:ada')],
      } as const,
    ];
    expect(keysOf(ask({ cluster: { rbac } }))).toContain('User:ada');
  });

  test('a service account that does not exist is marked, where that is known', () => {
    const rbac = [
      ...testGrant('a', 'ServiceAccount:default/gone', secretsRule),
      ...testGrant('b', 'ServiceAccount:default/here', secretsRule),
    ];
    const marked = (serviceAccounts: { namespace: string; name: string }[] | undefined) =>
      ask({ cluster: { rbac, ...(serviceAccounts !== undefined && { serviceAccounts }) } })
        .rows.filter(({ missing }) => missing === true)
        .map(({ key }) => key);
    expect(marked([{ namespace: 'default', name: 'here' }])).toEqual(['ServiceAccount:default/gone']);
    expect(marked(undefined)).toEqual(['ServiceAccount:default/gone', 'ServiceAccount:default/here']);
  });

  test.each([
    ['a prefix of its own', { usernamePrefix: 'corp:', groupsPrefix: 'corp:' }, 'corp:ada', 'corp:devs'],
    ['the issuer where none is given', {}, 'https://id.example.com#ada', 'anything'],
    ['none for addresses', { usernameClaim: 'email' }, 'ada@example.com', 'anything'],
    ['none where it is a dash', { usernamePrefix: '-' }, 'ada', 'anything'],
  ])('who an identity provider can issue is marked: %s', (_, change, user, group) => {
    const provider = {
      ...{ name: 'corp', issuerUrl: 'https://id.example.com', clientId: 'k8s', groupsClaim: 'groups' },
      ...change,
    };
    const { rows } = ask({
      cluster: {
        identityProviders: [provider],
        rbac: [user, `${user}2`, 'plain:ada'].flatMap((name) => [
          ...testGrant(`u-${name}`, `User:${name}`, secretsRule),
          ...testGrant(`g-${name}`, `Group:${group}`, secretsRule),
        ]),
      },
    });
    const issued = rows.filter(({ issuedBy }) => issuedBy?.includes('corp')).map(({ key }) => key);
    expect(issued).toContain(`User:${user}`);
    expect(issued).toContain(`Group:${group}`);
    if (user.includes('corp')) expect(issued).not.toContain('User:plain:ada');
  });
});

describe('in any namespace', () => {
  test('says where', () => {
    const { rows } = ask(
      {
        account: { users: [testUser('ada')] },
        cluster: {
          accessEntries: [testEntry(testArn('user/ada'), { AmazonEKSAdminPolicy: ['dev', 'team-*'] })],
          rbac: [
            ...testGrant('b', 'User:bob', secretsRule, 'prod'),
            ...testGrant('c', 'User:eve', secretsRule),
          ],
        },
      },
      readSecrets(),
      { namespaces: 'any' },
    );
    expect(rows.map(({ key, where }) => [key, where?.everywhere, where?.namespaces])).toEqual([
      [`iam:${testArn('user/ada')}`, false, ['dev', 'team-*']],
      ['User:bob', false, ['prod']],
      ['User:eve', true, []],
      ['Group:system:masters', true, []],
    ]);
  });
});

test('a scope or a binding of no namespace holds nowhere, and is told of by nobody', () => {
  const entry = testEntry(
    testArn('role/ops'),
    {},
    {
      associatedPolicies: [[], ['']].map((namespaces, at) => ({
        policyArn: `arn:aws:eks::aws:cluster-access-policy/${at === 0 ? 'AmazonEKSAdminPolicy' : 'AmazonEKSEditPolicy'}`,
        accessScope: { type: 'namespace', namespaces },
      })),
    },
  );
  const what = {
    account: { roles: [testRole('ops')] },
    cluster: {
      accessEntries: [entry],
      rbac: testGrant('b', 'User:ada', secretsRule, 'x').map((object) => ({ ...object, namespace: '' })),
    },
  };
  for (const options of [{}, { namespaces: 'any' }] as const) {
    expect(keysOf(ask(what, readSecrets(), options))).toEqual(['Group:system:masters']);
  }
  expect(keysOf(ask(what))).toEqual(['Group:system:masters']);
});

test('an association that a file tells twice is one way, and one that is not known', () => {
  const twice = (name: string) =>
    testEntry(
      testArn('role/ops'),
      {},
      {
        associatedPolicies: [1, 2].map(() => ({
          policyArn: `arn:aws:eks::aws:cluster-access-policy/${name}`,
          accessScope: { type: 'cluster', namespaces: [] },
        })),
      },
    );
  const asked = (name: string) =>
    ask({ account: { roles: [testRole('ops')] }, cluster: { accessEntries: [twice(name)] } });
  const [row] = asked('AmazonEKSClusterAdminPolicy').rows;
  expect(row?.paths.map(told)).toEqual(['AmazonEKSClusterAdminPolicy']);
  expect(asked('AmazonEKSComputePolicy').unclear).toHaveLength(1);
});

describe('what is not known', () => {
  test('a policy whose rules AWS does not publish might allow it', () => {
    const { unclear } = ask({
      account: { roles: [testRole('a'), testRole('b'), testRole('c')] },
      cluster: {
        accessEntries: [
          testEntry(testArn('role/a'), { AmazonEKSComputePolicy: [] }),
          testEntry(testArn('role/b'), { AmazonEKSComputePolicy: [], AmazonEKSClusterAdminPolicy: [] }),
          testEntry(testArn('role/c'), { [testArn('access-policy/gone')]: ['default'] }),
        ],
      },
    });
    expect(unclear.map(({ principalArn, reason }) => [principalArn, reason])).toEqual([
      [testArn('role/a'), 'notPublished'],
      [testArn('role/c'), 'notKnown'],
    ]);
  });

  test('gaps of this cluster are told, others are not', () => {
    const gap = (change: object) => ({ area: 'rbac', reason: JSON.stringify(change), ...change }) as const;
    const { incomplete } = ask({
      gaps: [
        gap({ clusterArn: testClusterArn }),
        gap({ clusterArn: `${testClusterArn}-2` }),
        gap({ area: 'iam', accountId: '999999999999' }),
        gap({ area: 'iam', accountId: '444455556666' }),
        gap({ area: 'usage' }),
        gap({}),
      ],
      cluster: { accessEntries: [testEntry('arn:aws:iam::444455556666:role/dev-*')] },
    });
    expect(incomplete.map(({ reason }) => reason)).toEqual([
      `{"clusterArn":"${testClusterArn}"}`,
      '{"area":"iam","accountId":"444455556666"}',
      '{}',
    ]);
  });

  test('an association that is over grants nothing', () => {
    const entry = testEntry(testArn('role/ops'), { AmazonEKSClusterAdminPolicy: [] });
    const until = (expiresAt: number) => ({
      account: { roles: [testRole('ops')] },
      cluster: {
        accessEntries: [
          {
            ...entry,
            associatedPolicies: entry.associatedPolicies.map((association) => ({
              ...association,
              expiresAt,
            })),
          },
        ],
      },
    });
    expect(keysOf(ask(until(testTakenAt)))).not.toContain(`iam:${testArn('role/ops')}`);
    expect(keysOf(ask(until(testTakenAt + 1)))).toContain(`iam:${testArn('role/ops')}`);
  });
});
