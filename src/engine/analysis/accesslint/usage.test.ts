import { expect, test } from 'vitest';
import { testArn, testClusterArn, testEntry, testSnapshot, testTakenAt, testUser } from '../testworld.ts';
import type { AccessUse } from '../usage/use.ts';
import { usesOf } from '../usage/whose.ts';
import type { Question } from '../world/question.ts';
import { createWorld } from '../world/world.ts';
import { lintAccess } from './accesslint.ts';
import { exampleRole } from './testworld.ts';
import { createUsageCollector, type Usage } from './usage.ts';
import { createUseIndex } from './useindex.ts';

const day = 86_400_000;
const from = testTakenAt - 30 * day;
const view = { AmazonEKSViewPolicy: ['default'] };
const ops = testArn('role/ops');
const question: Question = {
  ...{ kind: 'resource', verb: 'list', apiGroup: '', resource: 'pods' },
  ...{ subresource: '', namespace: 'default', name: '' },
};
const use = (who: AccessUse['who'], more: { cluster?: string; allowed?: boolean } = {}): AccessUse => ({
  at: from,
  who,
  did: { kind: 'kubernetes', cluster: more.cluster ?? testClusterArn, question },
  allowed: more.allowed ?? true,
});
const covered: Usage['covered'] = [{ from, to: testTakenAt }];
const snapshot = (
  cluster: NonNullable<Parameters<typeof testSnapshot>[0]>['cluster'] = {
    accessEntries: [testEntry(ops, view, { createdAt: from - day })],
  },
) =>
  testSnapshot({
    account: { roles: [exampleRole('ops')], users: [testUser('ada')] },
    cluster: { ...cluster },
  });
const unused = (usage: Partial<Usage>, from = snapshot()) => {
  const answer = lintAccess(createWorld(from), {
    ...{ served: new Map(), digest: (text: string) => text, only: new Set(['EW-ACC-701']) },
    usage: { uses: [], covered, ...usage },
  });
  return { ...answer, subjects: answer.findings.map(({ subject }) => subject) };
};
const session = 'arn:aws:sts::111122223333:assumed-role/ops/ada';

test.each<[string, AccessUse['who'], boolean]>([
  ['its ARN', { principalArn: ops }, true],
  ['its ARN, with the id it has now', { principalArn: ops, principalId: 'AROAOPS' }, true],
  ['its ARN, with the id of one that was deleted', { principalArn: ops, principalId: 'AROAFORMER' }, false],
  ['the ARN of a session', { principalArn: session }, true],
  ['its id alone', { principalId: 'AROAOPS' }, true],
  ['the name of a session in the cluster', { username: session }, true],
  ['the name that begins alike', { username: 'arn:aws:sts::111122223333:assumed-role/ops2/ada' }, false],
  ['another principal that took its name', { principalArn: testArn('user/ada'), username: session }, false],
])('a use told with %s is its use: %j %s', (_, who, isUsed) => {
  expect(unused({ uses: [use(who)] }).subjects).toEqual(isUsed ? [] : [ops]);
});

test('who was refused, or was in another cluster, did nothing here', () => {
  const who = { principalArn: ops };
  expect(unused({ uses: [use(who, { allowed: false })] }).subjects).toEqual([ops]);
  expect(unused({ uses: [use(who, { cluster: 'test' })] }).subjects).toEqual([ops]);
  expect(unused({ uses: [use(who, { cluster: 'prod' })] }).subjects).toEqual([]);
});

test('nobody is called idle in a cluster of which there are no records', () => {
  const { subjects, notLookedAt } = unused({ covered: [{ cluster: 'test', from, to: testTakenAt }] });
  expect(subjects).toEqual([]);
  expect(notLookedAt).toEqual([
    {
      reason: 'the records of use tell nothing of it',
      ids: ['EW-ACC-701'],
      clusterArn: testClusterArn,
    },
  ]);
});

test('records that were not understood stand in the answer', () => {
  const gap = { area: 'usage', reason: 'a record is no object' } as const;
  const { incomplete, notLookedAt } = unused({ gaps: [gap] });
  expect(incomplete).toEqual([gap]);
  expect(notLookedAt).toMatchObject([{ ids: ['EW-ACC-701'] }]);
});

test('the time there are records of is told, and an entry made in it is left alone', () => {
  const [finding] = unused({}).findings;
  expect(finding?.message).toContain('did nothing in cluster `prod` from 2026-10-22 to 2026-11-21');
  const fresh = snapshot({ accessEntries: [testEntry(ops, view, { createdAt: from + 1 })] });
  expect(unused({}, fresh).subjects).toEqual([]);
});

test('a permission set, or a matcher, is used when one of its roles was', () => {
  const role = testArn('role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_0123456789abcdef');
  const other = testArn('role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_View_0123456789abcdef');
  const matcher = testArn('role/AWSReservedSSO_Ops_*');
  const sso = { permissionSetName: 'Ops', accountID: '111122223333' };
  const awsAuth = { roles: [{ sso, username: 'ops', groups: ['ops'] }], users: [], accounts: [] };
  const byItem = { ...snapshot({ awsAuth, ssoRoleMatch: true }), accounts: [] };
  const byEntry = { ...snapshot({ accessEntries: [testEntry(matcher, view)] }), accounts: [] };
  for (const [one, subject] of [
    [byItem, 'Ops of account 111122223333'],
    [byEntry, matcher],
  ] as const) {
    expect(unused({ uses: [use({ principalArn: role })] }, one).subjects).toEqual([]);
    expect(unused({ uses: [use({ principalArn: other })] }, one).subjects).toEqual([subject]);
  }
});

test('what lets nobody in for another reason is not called unused as well', () => {
  const awsAuth = {
    roles: [{ rolearn: testArn('role/gone'), username: 'gone', groups: ['ops'] }],
    users: [],
    accounts: [],
  };
  const stale = [testEntry(ops, view, { principalId: 'AROAFORMER', createdAt: from - day })];
  expect(unused({}, snapshot({ accessEntries: stale, awsAuth })).subjects).toEqual([]);
});

test('the index finds what asking every use in turn finds', () => {
  const names = ['ops', 'Ops', 'op', 'ada'];
  const ids = [undefined, 'AROAOPS', 'AIDAADA', 'AROAFORMER'];
  const whos = names.flatMap((name) =>
    ids.flatMap((principalId) => [
      { ...(principalId && { principalId }), principalArn: testArn(`role/${name}`) },
      { ...(principalId && { principalId }), principalArn: testArn(`user/team/${name}`) },
      { ...(principalId && { principalId }), username: `team:${name}` },
      { ...(principalId && { principalId }), username: session.replace('ops', name) },
    ]),
  );
  const accessEntries = [
    testEntry(ops, view, { username: 'team:{{SessionName}}' }),
    testEntry(testArn('user/ada'), view, { username: 'team:ada' }),
  ];
  const [cluster] = createWorld(snapshot({ accessEntries })).clusters;
  if (cluster === undefined) throw new Error('there is one');
  for (const who of whos) {
    const index = createUseIndex(cluster, { uses: [use(who)], covered });
    for (const subject of cluster.subjects()) {
      if (subject.kind !== 'iam') continue;
      const isOf = usesOf(subject, cluster.identitiesOf(subject).identities);
      expect([who, subject.arn, index?.isUsed(subject)]).toEqual([who, subject.arn, isOf({ who })]);
    }
  }
});

test('each user of a cluster is kept once, and what is covered is told by cluster', () => {
  const collector = createUsageCollector();
  for (const cluster of ['prod', 'prod', 'test']) collector.add(use({ username: 'ada' }, { cluster }));
  collector.add({ ...use({ username: 'eve' }, { cluster: 'dev', allowed: false }), at: from + day });
  collector.add({ ...use({}), did: { kind: 'aws', action: 'eks:ListClusters', resources: [] } });
  expect(collector.usage()).toMatchObject({
    uses: [{ did: { cluster: 'prod' } }, { did: { cluster: 'test' } }],
    covered: [
      { cluster: 'prod', from, to: from },
      { cluster: 'test', from, to: from },
      { cluster: 'dev', from: from + day, to: from + day },
    ],
  });
});
