import { describe, expect, test } from 'vitest';
import { allow } from '../../rbac/allow.ts';
import type { RbacObject } from '../../rbac/objects.ts';
import type { PolicyRule } from '../../rbac/rules.ts';
import { policyText, statement, trusting } from '../iamworld/testworld.ts';
import { createReach } from '../reach/reach.ts';
import type { SnapshotAccessPolicy, SnapshotCluster } from '../snapshot/snapshot.ts';
import {
  testAccountId,
  testArn,
  testEntry,
  testGrant,
  testRole,
  testTakenAt,
  testUser,
  testWorld,
} from '../testworld.ts';
import type { Question } from '../world/question.ts';
import type { WhoCanOptions } from './answer.ts';
import { type TransitiveRow, whoCanBecome } from './transitive.ts';
import { whoCan } from './whocan.ts';

const olivia = testArn('user/olivia');
const rbacGroup = 'rbac.authorization.k8s.io';

/** `get secrets team-a` */
const asked = (text: string): Question => {
  const [verb = '', resource = '', namespace = ''] = text.split(' ');
  return { kind: 'resource', verb, apiGroup: '', resource, subresource: '', namespace, name: '' };
};
const secrets = asked('get secrets team-a');

function rowsOf(
  what: Parameters<typeof testWorld>[0],
  question: Question = secrets,
  options: WhoCanOptions = {},
): readonly TransitiveRow[] {
  const { world, cluster } = testWorld(what);
  return whoCanBecome(createReach(world), cluster, whoCan(world, cluster, question, options));
}

/** `associateAccessPolicy always`: what the one does, step by step, and how sure it is; undefined: it cannot. */
function way(
  who: string,
  what: Parameters<typeof testWorld>[0],
  ...more: readonly [Question?, WhoCanOptions?]
): string | undefined {
  const rows = rowsOf(what, ...more);
  const own = rows.filter(({ key }) => key.endsWith(who));
  expect(own.length).toBeLessThan(2);
  const [row] = own;
  return row && `${row.steps.map(({ code }) => code).join(' ')} ${row.certainty}`;
}

const when = (keys: Readonly<Record<string, string>>) => ({ Condition: { StringEquals: keys } });
const policyArn = (name: string) => `arn:aws:eks::aws:cluster-access-policy/${name}`;
const only = (name: string, keys: Readonly<Record<string, string>> = {}) =>
  when({ 'eks:policyArn': policyArn(name), ...keys });
const associate = (more: object = {}) => statement('Allow', 'eks:AssociateAccessPolicy', more);
const inNamespace = (...namespaces: string[]) => ({
  Condition: {
    StringEquals: {
      'eks:accessScope': 'namespace',
      'eks:policyArn': policyArn('AmazonEKSSecretReaderPolicy'),
    },
    'ForAllValues:StringLike': { 'eks:namespaces': namespaces },
  },
});
const create = statement('Allow', 'eks:CreateAccessEntry');
const entry = { accessEntries: [testEntry(olivia)], namespaces: ['team-a', 'team-b'] };

const oliviaWith = (
  statements: readonly object[],
  cluster: Partial<SnapshotCluster> = entry,
  accessPolicies: readonly SnapshotAccessPolicy[] = [],
) => ({
  account: {
    users: [testUser('olivia', { inlinePolicies: { own: policyText(...statements) } })],
    accessPolicies,
  },
  cluster,
});

const readerOnly = associate(only('AmazonEKSSecretReaderPolicy'));
const secretsPolicy = `arn:aws:eks::${testAccountId}:cluster-access-policy/secrets`;
const own = (rules: readonly PolicyRule[]): readonly SnapshotAccessPolicy[] => [
  { arn: secretsPolicy, name: 'secrets', version: 1, rules },
];

describe('by an access policy', () => {
  test.for<
    readonly [string, readonly object[], Partial<SnapshotCluster>?, (readonly SnapshotAccessPolicy[])?]
  >([
    ['that does not allow it', [associate(only('AmazonEKSViewPolicy'))]],
    ["of AWS's services", [associate(only('AmazonEKSComputePolicy'))]],
    ['in another namespace', [associate(inNamespace('team-b'))]],
    ['that a Deny excludes', [readerOnly, statement('Deny', 'eks:*')]],
    [
      'on the entry of somebody else',
      [
        associate({
          ...only('AmazonEKSSecretReaderPolicy'),
          Resource: 'arn:aws:eks:*:*:access-entry/prod/role/*',
        }),
      ],
    ],
    ['without an entry', [readerOnly], { namespaces: ['team-a'] }],
    ['with an entry that may be made, and no policy', [create], { namespaces: ['team-a'] }],
    ['where entries do not count', [readerOnly], { ...entry, authenticationMode: 'CONFIG_MAP' }],
    [
      'of the account, that does not allow it',
      [associate(when({ 'eks:policyArn': secretsPolicy }))],
      entry,
      own([]),
    ],
    [
      'of which it may write the text, in another namespace',
      [statement('Allow', 'entryway:UpdateAccessPolicy')],
      { accessEntries: [testEntry(olivia, { [secretsPolicy]: ['team-b'] })] },
      own([]),
    ],
  ])('nobody permits itself one %s', ([, ...what]) => {
    expect(way(olivia, oliviaWith(...what))).toBe(undefined);
  });

  test.for<
    readonly [
      string,
      string,
      readonly object[],
      Partial<SnapshotCluster>?,
      (readonly SnapshotAccessPolicy[])?,
    ]
  >([
    ['that allows it', 'associateAccessPolicy always', [readerOnly]],
    ['in its namespace', 'associateAccessPolicy always', [associate(inNamespace('team-a', 'team-b'))]],
    ['in namespaces of a pattern', 'associateAccessPolicy always', [associate(inNamespace('team-*'))]],
    [
      'in the cluster alone',
      'associateAccessPolicy always',
      [associate(only('AmazonEKSSecretReaderPolicy', { 'eks:accessScope': 'cluster' }))],
    ],
    [
      'from some addresses',
      'associateAccessPolicy sometimes',
      [associate(only('AmazonEKSSecretReaderPolicy', { 'aws:SourceVpc': 'vpc-1' }))],
    ],
    ['with an entry of its own making', 'createAccessEntry always', [readerOnly, create], { namespaces: [] }],
    [
      'where entries do not count, and may be made to',
      'associateAccessPolicy always',
      [readerOnly, statement('Allow', 'eks:UpdateClusterConfig')],
      { ...entry, authenticationMode: 'CONFIG_MAP' },
    ],
    [
      'of the account',
      'associateAccessPolicy always',
      [associate(when({ 'eks:policyArn': secretsPolicy }))],
      entry,
      own([allow('get', 'core', 'secrets')]),
    ],
    [
      'of which nobody publishes what it allows',
      'associateAccessPolicy sometimes',
      [associate(only('AmazonEMRJobPolicy'))],
    ],
    [
      'of which it may write the text',
      'changeAccessPolicy always',
      [statement('Allow', 'entryway:UpdateAccessPolicy')],
      { accessEntries: [testEntry(olivia, { [secretsPolicy]: ['team-*'] })] },
      own([]),
    ],
    [
      'of its own making, in its namespace',
      'changeAccessPolicy always',
      [
        statement('Allow', 'entryway:CreateAccessPolicy', { Resource: secretsPolicy }),
        associate(when({ 'eks:policyArn': secretsPolicy, 'eks:accessScope': 'namespace' })),
      ],
    ],
  ])('somebody permits itself one %s', ([, expected, ...what]) => {
    expect(way(olivia, oliviaWith(...what))).toBe(expected);
  });

  test('writing the text of one that it had until now gives nothing', () => {
    const had = testEntry(olivia, { [secretsPolicy]: ['team-a'] });
    const step = (expiresAt: number) => {
      const associatedPolicies = had.associatedPolicies.map((one) => ({ ...one, expiresAt }));
      const statements = [statement('Allow', 'entryway:UpdateAccessPolicy')];
      return way(
        olivia,
        oliviaWith(statements, { accessEntries: [{ ...had, associatedPolicies }] }, own([])),
      );
    };
    expect(step(testTakenAt)).toBe(undefined);
    expect(step(testTakenAt + 1)).toBe('changeAccessPolicy always');
  });

  test('of what is asked, in whichever namespaces', () => {
    const reader = oliviaWith([associate(inNamespace('team-a'))]);
    expect(way(olivia, reader, asked('delete secrets team-a'))).toBe(undefined);
    expect(way(olivia, reader, asked('get secrets'))).toBe(undefined);
    expect(way(olivia, reader, asked('get nodes'))).toBe(undefined);
    expect(way(olivia, reader, { kind: 'nonResource', verb: 'get', path: '/metrics' })).toBe(undefined);
    const any = { namespaces: 'any' } as const;
    expect(way(olivia, reader, asked('get secrets'), any)).toBe('associateAccessPolicy always');
    expect(way(olivia, reader, asked('delete secrets'), any)).toBe(undefined);
    // Files tell of no namespaces: what the policies name is tried.
    const elsewhere = oliviaWith([associate(inNamespace('team-c'))], { accessEntries: entry.accessEntries });
    expect(way(olivia, elsewhere, asked('get secrets'), any)).toBe('associateAccessPolicy always');
  });

  test('on the entry of a role that it may assume, and by whoever may assume the one that does it', () => {
    const tool = testArn('role/tool');
    const onTool = associate(only('AmazonEKSSecretReaderPolicy', { 'eks:principalArn': tool }));
    const account = (...statements: object[]) => ({
      users: [testUser('olivia', { inlinePolicies: { own: policyText(...statements) } })],
      roles: [testRole('tool', { trustPolicy: trusting({ AWS: testArn('root') }) })],
    });
    const cluster = { accessEntries: [testEntry(olivia), testEntry(tool)] };
    const assume = statement('Allow', 'sts:AssumeRole');
    const on = `arn:aws:eks:us-east-1:${testAccountId}:access-entry/prod/role/${testAccountId}/tool/*`;
    const byArn = associate({ ...only('AmazonEKSSecretReaderPolicy'), Resource: on });
    expect(way(olivia, { account: account(byArn), cluster })).toBe(undefined);
    expect(way(olivia, { account: account(byArn, assume), cluster })).toBe('associateAccessPolicy always');
    expect(way(olivia, { account: account(onTool), cluster })).toBe(undefined);

    const role = testRole('tool', {
      trustPolicy: trusting({ AWS: testArn('root') }),
      inlinePolicies: { own: policyText(readerOnly) },
    });
    const { users } = account(assume);
    expect(way(olivia, { account: { users, roles: [role] }, cluster })).toBe(
      'assumeRole associateAccessPolicy always',
    );
  });

  test('it is told what it does and what it has then, and nobody who may already is told', () => {
    const [row, ...others] = rowsOf(oliviaWith([readerOnly])).filter(({ key }) => !key.endsWith(':root'));
    expect(others).toEqual([]);
    expect(row?.steps).toMatchObject([
      {
        message: 'gives its own access entry AmazonEKSSecretReaderPolicy on cluster `prod`',
        becomes: 'somebody who may get secrets in namespace team-a',
      },
    ]);
    const has = { accessEntries: [testEntry(olivia, { AmazonEKSSecretReaderPolicy: ['team-a'] })] };
    expect(way(olivia, oliviaWith([readerOnly], has))).toBe(undefined);
  });

  test('whoever can be an administrator is told of that', () => {
    expect(rowsOf(oliviaWith([associate()])).find(({ key }) => key.endsWith(olivia))?.steps).toMatchObject([
      { becomes: 'administrator of the cluster' },
    ]);
  });
});

const role = (name: string, ...rules: readonly PolicyRule[]): RbacObject => ({
  ...{ kind: 'ClusterRole', name, labels: {}, rules },
});
const roles: readonly RbacObject[] = [
  role('reader', allow('get', 'core', 'secrets')),
  role('viewer', allow('get', 'core', 'pods')),
  role('node-reader', allow('get', 'core', 'nodes')),
  { kind: 'Role', name: 'local', namespace: 'team-a', rules: [allow('get', 'core', 'secrets')] },
  ...testGrant('bound', 'User:nobody', [allow('get', 'core', 'secrets')], 'team-b'),
];
const adaWith = (rules: readonly PolicyRule[], namespace: string, rbac: readonly RbacObject[] = roles) => ({
  cluster: {
    namespaces: ['team-a', 'team-b'],
    rbac: [...rbac, ...testGrant('of-ada', 'User:ada', rules, namespace)],
  },
});
const bind = (names: string, resource = 'clusterroles') => allow('bind', rbacGroup, resource, names);
const creates = (resource: string) => allow('create', rbacGroup, resource);

describe('by a role', () => {
  test.for<readonly [string, readonly PolicyRule[], string, Question?, WhoCanOptions?]>([
    ['that does not allow it', [creates('rolebindings'), bind('viewer')], 'team-a'],
    ['without bind', [creates('rolebindings')], 'team-a'],
    ['without a binding', [bind('reader')], 'team-a'],
    ['in another namespace', [creates('rolebindings'), bind('reader')], 'team-b'],
    ['that is not there', [creates('rolebindings'), bind('readers')], 'team-a'],
    ['of another namespace', [creates('rolebindings'), bind('bound', 'roles')], 'team-a'],
    [
      'that allows what has no namespace, in a namespace',
      [creates('rolebindings'), bind('node-reader')],
      'team-a',
      asked('get nodes'),
    ],
    ['in all namespaces, in one', [creates('rolebindings'), bind('reader')], 'team-a', asked('get secrets')],
    ['that it has and may not widen', [allow('update', rbacGroup, 'roles', 'of-ada')], 'team-a'],
    [
      'that it may widen and does not have',
      [allow('update escalate', rbacGroup, 'roles', 'local')],
      'team-a',
    ],
    [
      'that it widens, in another namespace',
      [allow('update escalate', rbacGroup, 'roles', 'of-ada')],
      'team-b',
    ],
    [
      'that it widens in a namespace, for what has none',
      [allow('update escalate', rbacGroup, 'roles', 'of-ada')],
      'team-a',
      asked('get nodes'),
    ],
    [
      'of its own making without escalate',
      [creates('rolebindings'), creates('roles'), bind('', 'roles')],
      'team-b',
      asked('delete secrets team-b'),
    ],
    [
      'whose binding it may change, of another one',
      [allow('update', rbacGroup, 'rolebindings', 'bound'), bind('reader')],
      'team-b',
      asked('get secrets team-b'),
    ],
  ])('nobody permits itself one %s', ([, rules, namespace, ...more]) => {
    expect(way('User:ada', adaWith(rules, namespace), ...more)).toBe(undefined);
  });

  test.for<readonly [string, string, readonly PolicyRule[], string, Question?, WhoCanOptions?]>([
    ['that is bound', 'bindRole always', [creates('rolebindings'), bind('reader')], 'team-a'],
    ['of the namespace', 'bindRole always', [creates('rolebindings'), bind('local', 'roles')], 'team-a'],
    ['by a right of the whole cluster', 'bindRole always', [creates('rolebindings'), bind('reader')], ''],
    [
      'in the whole cluster',
      'bindRole always',
      [creates('clusterrolebindings'), bind('node-reader')],
      '',
      asked('get nodes'),
    ],
    ['of any name', 'bindRole always', [creates('rolebindings'), bind('')], 'team-a'],
    [
      'whose binding it may change',
      'bindRole always',
      [allow('update', rbacGroup, 'rolebindings', 'bound'), bind('bound', 'roles')],
      'team-b',
      asked('get secrets team-b'),
    ],
    [
      'in whichever namespace',
      'bindRole always',
      [creates('rolebindings'), bind('reader')],
      'team-b',
      asked('get secrets'),
      { namespaces: 'any' },
    ],
    [
      'that it widens',
      'escalateRole always',
      [allow('update escalate', rbacGroup, 'roles', 'of-ada')],
      'team-a',
    ],
    [
      'of its own making',
      'escalateRole always',
      [creates('rolebindings'), allow('create escalate bind', rbacGroup, 'roles')],
      'team-b',
      asked('delete secrets team-b'),
    ],
    [
      'that it widens and binds',
      'escalateRole always',
      [creates('rolebindings'), allow('update escalate bind', rbacGroup, 'roles', 'local')],
      'team-a',
      asked('delete secrets team-a'),
    ],
  ])('somebody permits itself one %s', ([, expected, rules, namespace, ...more]) => {
    expect(way('User:ada', adaWith(rules, namespace), ...more)).toBe(expected);
  });

  test('in namespaces that only an access entry names', () => {
    const bob = testArn('user/bob');
    const policies = [
      { arn: secretsPolicy, name: 'binds', version: 1, rules: [creates('rolebindings'), bind('reader')] },
    ];
    const what = (...namespaces: string[]) => ({
      account: { users: [testUser('bob')], accessPolicies: policies },
      cluster: {
        accessEntries: [testEntry(bob, { [secretsPolicy]: namespaces })],
        rbac: roles,
        namespaces: [],
      },
    });
    const any = { namespaces: 'any' } as const;
    expect(way(bob, what('team-x'), asked('get secrets'), any)).toBe('bindRole always');
    expect(way(bob, what('team-x'), asked('get secrets team-y'))).toBe(undefined);
    expect(way(bob, what('team-*'), asked('get secrets team-y'))).toBe('bindRole always');
  });

  test('which role it binds, and where, is told', () => {
    const rules = [creates('rolebindings'), bind('reader')];
    expect(rowsOf(adaWith(rules, 'team-a')).find(({ key }) => key.endsWith('User:ada'))?.steps).toMatchObject(
      [
        {
          message: 'binds itself ClusterRole `reader` in namespace `team-a`',
          becomes: 'somebody who may get secrets in namespace team-a',
        },
      ],
    );
  });
});
