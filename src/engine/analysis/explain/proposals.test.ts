import { describe, expect, test } from 'vitest';
import { allow } from '../../rbac/allow.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import {
  stockRbac,
  testAccount,
  testArn,
  testCluster,
  testEntry,
  testGrant,
  testRole,
  testSnapshot,
  testTakenAt,
  testUser,
} from '../testworld.ts';
import type { Question } from '../world/question.ts';
import type { ClusterSubject, IamSubject } from '../world/subject.ts';
import { applyEdits } from './applyedits.ts';
import { explain, getSecrets, mapped, ops, people } from './testworld.ts';

test('cluster admin is proposed for nothing less than everything', () => {
  const whole = testSnapshot({
    account: people,
    cluster: { rbac: stockRbac, accessEntries: [testEntry(testArn('role/ops'))] },
  });
  const asked: readonly Question[] = [
    getSecrets,
    { ...getSecrets, namespace: '' },
    { ...getSecrets, verb: 'deletecollection', resource: 'nodes', namespace: '' },
    {
      ...getSecrets,
      verb: 'escalate',
      apiGroup: 'rbac.authorization.k8s.io',
      resource: 'clusterroles',
      namespace: '',
    },
    { kind: 'nonResource', verb: 'get', path: '/metrics' },
  ];
  for (const question of asked) {
    const { changes } = explain(whole, ops, question);
    expect(changes.length).toBeGreaterThan(0);
    for (const { adds, commands } of changes) {
      expect(adds.everything).toBe(false);
      expect(commands.join('\n')).not.toMatch(/cluster-?admin/i);
    }
  }
  const everything: Question = { ...getSecrets, verb: '*', apiGroup: '*', resource: '*', namespace: '' };
  expect(
    explain(whole, ops, everything)
      .changes.map(({ commands }) => commands.join('\n'))
      .join('\n'),
  ).toContain('AmazonEKSClusterAdminPolicy');
});

test('what else a change gives is said: to the same one, and to others who have the role', () => {
  const whole = testSnapshot({
    account: { ...people, users: [testUser('ada')] },
    cluster: {
      awsAuth: {
        ...mapped(testArn('role/ops')),
        users: [{ userarn: testArn('user/ada'), username: 'ada', groups: ['devs'] }],
      },
      rbac: testGrant('read', 'Group:devs', [allow('list', 'core', 'secrets configmaps')], 'prod'),
    },
  });
  const mended = explain(whole).changes.find(({ summary }) => summary.startsWith('add verb'));
  expect(mended?.adds).toMatchObject({
    everything: false,
    pairs: 1,
    also: [{ namespace: 'prod', resource: 'configmaps', verbs: ['get'] }],
    others: [`iam:${testArn('user/ada')}`, 'Group:devs'],
    otherCount: 2,
  });
  const [least] = explain(whole).changes;
  expect(least?.adds).toMatchObject({ pairs: 0, otherCount: 0 });
});

test('without extensions nothing is proposed that only this server has', () => {
  const whole = testSnapshot({ account: people });
  const text = JSON.stringify(explain(whole, ops, getSecrets, false).changes);
  expect(text).not.toContain('entryway');
  expect(text).toContain('aws eks create-access-entry');
});

test('an entry in another cluster, and one of a name nearly alike, are told', () => {
  const stage = testCluster({
    ...{ name: 'stage', arn: 'arn:aws:eks:us-east-1:111122223333:cluster/stage' },
    accessEntries: [testEntry(testArn('role/ops'))],
  });
  const prod = testCluster({ accessEntries: [testEntry(testArn('role/opps'))] });
  const whole: Snapshot = {
    ...testSnapshot(),
    accounts: [testAccount({ roles: [testRole('ops'), testRole('opps')] })],
    clusters: [prod, stage],
  };
  const { misses: told } = explain(whole).steps[1] ?? {};
  expect(told?.map(({ code }) => code)).toEqual(['similarEntry', 'otherCluster']);
  expect(told?.[1]?.message).toContain('cluster `stage` knows it as');
});

test('a name that would be a command is only a word in what is printed', () => {
  const evil: ClusterSubject = { kind: 'User', name: "x'; rm -rf $HOME #", namespace: '' };
  const { changes } = explain(testSnapshot(), evil);
  expect(changes[0]?.commands.join('\n')).toContain(`'--user=x'\\''; rm -rf $HOME #'`);
});

describe('what a proposal is made of', () => {
  const edits = (snapshot: Snapshot, summary: RegExp, question = getSecrets) =>
    explain(snapshot, ops, question).changes.find((one) => summary.test(one.summary))?.edits;

  test('a scope that is widened keeps what it had', () => {
    const entry = testEntry(testArn('role/ops'), { AmazonEKSSecretReaderPolicy: ['dev', 'team-*'] });
    const snapshot = testSnapshot({ account: people, cluster: { accessEntries: [entry] } });
    expect(edits(snapshot, /hold in namespace `prod` as well/)).toMatchObject([
      { accessScope: { type: 'namespace', namespaces: ['dev', 'team-*', 'prod'] } },
    ]);
  });

  test('an entry that is made again is deleted first, with all it gave or with nothing', () => {
    const entry = testEntry(
      testArn('role/ops'),
      { AmazonEKSSecretReaderPolicy: ['prod'] },
      { principalId: 'AROAOLD' },
    );
    const snapshot = testSnapshot({ account: people, cluster: { accessEntries: [entry] } });
    for (const summary of [/with all it gives$/, /that gives nothing yet/]) {
      expect(
        edits(snapshot, summary)
          ?.slice(0, 2)
          .map(({ edit }) => edit),
      ).toEqual(['deleteEntry', 'createEntry']);
    }
  });

  test('what gives everything is never proposed for something, not as the only one there is either', () => {
    const everything = [{ ...allow('*', '*', '*'), nonResourceURLs: [] }];
    const question: Question = { ...getSecrets, apiGroup: 'example.com', resource: 'widgets' };
    const snapshot = testSnapshot({
      account: {
        ...people,
        accessPolicies: [
          {
            arn: 'arn:aws:eks::111122223333:cluster-access-policy/all',
            name: 'all',
            version: 1,
            rules: everything,
          },
        ],
      },
      cluster: {
        accessEntries: [testEntry(testArn('role/ops'))],
        rbac: [{ kind: 'ClusterRole', name: 'all', labels: {}, rules: everything }],
      },
    });
    const { changes } = explain(snapshot, ops, question);
    expect(changes.length).toBeGreaterThan(0);
    expect(changes.filter(({ adds }) => adds.everything)).toEqual([]);
    expect(JSON.stringify(changes)).not.toContain('`all`');
    // Whoever a pattern stands for can be bound by no name, so that only such policies would be left.
    const pattern: IamSubject = { ...ops, type: 'rolePattern', arn: testArn('role/ci-*'), principalId: '' };
    const matched = testSnapshot({ cluster: { accessEntries: [testEntry(pattern.arn)] } });
    const erase = { ...question, verb: 'delete' };
    expect(explain(matched, pattern, erase, false)).toMatchObject({ allowed: false, changes: [] });
  });

  test.each([
    ['one of Kubernetes’ own, which it writes anew', 'system:reader', {}],
    [
      'one that Kubernetes labels as its own',
      'reader',
      { labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' } },
    ],
    ['one that is collected from others', 'reader', { aggregationRule: { clusterRoleSelectors: [] } }],
  ])('no rule is added to %s', (_, name, change) => {
    const [role, binding] = testGrant(name, 'Group:devs', [allow('list', 'core', 'secrets')]);
    if (role?.kind !== 'ClusterRole' || binding === undefined) throw new Error('of the whole cluster');
    const cluster = { awsAuth: mapped(testArn('role/ops')), rbac: [{ ...role, ...change }, binding] };
    const { changes } = explain(testSnapshot({ account: people, cluster }));
    expect(changes.length).toBeGreaterThan(0);
    expect(changes.flatMap((one) => one.edits.map(({ edit }) => edit))).not.toContain('addToRule');
  });

  test('entries that begin to count with the mode are told, whatever they give', () => {
    const entries = [
      testEntry(testArn('role/ops'), { AmazonEKSSecretReaderPolicy: [] }),
      testEntry(testArn('role/*-admin'), { AmazonEKSClusterAdminPolicy: [] }),
    ];
    const cluster = { authenticationMode: 'CONFIG_MAP', accessEntries: entries } as const;
    const [change] = explain(testSnapshot({ account: people, cluster })).changes;
    expect(change?.edits).toContainEqual({ edit: 'setMode', mode: 'API_AND_CONFIG_MAP' });
    expect(change?.adds.others).toContain(`iam:${testArn('role/*-admin')}`);
  });

  test('the creator’s hidden administration becomes an entry with the mode', () => {
    const cluster = { authenticationMode: 'CONFIG_MAP', hiddenAdminPrincipalId: 'AIDAADA' } as const;
    const snapshot = testSnapshot({ account: people, cluster });
    const [change] = explain(snapshot).changes;
    const [before] = snapshot.clusters;
    if (change === undefined || before === undefined) throw new Error('there is one');
    const after = applyEdits({ snapshot, cluster: before }, change.edits, testTakenAt).cluster;
    expect(after.hiddenAdminPrincipalId).toBeUndefined();
    expect(after.accessEntries.map(({ principalArn }) => principalArn)).toContain(testArn('user/ada'));
  });
});
