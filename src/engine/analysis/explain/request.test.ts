import { describe, expect, test } from 'vitest';
import { accessPolicyArn, knownAccessPolicies } from '../../accesspolicies/catalogue.ts';
import { type NearMissCode, nearMissCodes } from '../../authorizer/misses.ts';
import { allow } from '../../rbac/allow.ts';
import type { Snapshot, SnapshotCluster } from '../snapshot/snapshot.ts';
import {
  stockRbac,
  testAccount,
  testAccountId,
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
import { createWorld } from '../world/world.ts';
import { applyEdits } from './applyedits.ts';
import { decisionHints } from './decisionstep.ts';
import type { Explanation } from './explanation.ts';
import { identityHints } from './identitystep.ts';
import { explainRequest } from './request.ts';
import { allowsAfter } from './testworld.ts';

const getSecrets: Question = {
  ...{ kind: 'resource', verb: 'get', apiGroup: '', resource: 'secrets', subresource: '' },
  ...{ namespace: 'prod', name: '' },
};
const ops: IamSubject = {
  ...{ kind: 'iam', type: 'role', arn: testArn('role/ops'), accountId: testAccountId },
  ...{ principalId: 'AROAOPS', standing: 'exists' },
};
const ada: IamSubject = { ...ops, type: 'user', arn: testArn('user/ada'), principalId: 'AIDAADA' };
const people = { roles: [testRole('ops')], users: [testUser('ada')] };
const old = testArn('role/team/ops');
const emptyAwsAuth = { roles: [], users: [], accounts: [] };
const mapped = (rolearn: string, username = 'ops', groups = ['devs']) => ({
  ...emptyAwsAuth,
  roles: [{ rolearn, username, groups }],
});

function explain(
  snapshot: Snapshot,
  subject: ClusterSubject = ops,
  question: Question = getSecrets,
  extensions = true,
): Explanation {
  const world = createWorld(snapshot);
  const [cluster] = world.clusters;
  if (cluster === undefined) throw new Error('no cluster');
  return explainRequest(world, cluster, subject, question, { extensions });
}

/** The steps as `step outcome code`, and that each failure says what to do next. */
function walk({ steps }: Explanation): readonly string[] {
  for (const { outcome, message, hint } of steps) {
    expect(message).not.toBe('');
    if (outcome === 'failed') expect(hint?.length).toBeGreaterThan(20);
  }
  return steps.map(({ step, outcome, code }) => `${step} ${outcome} ${code}`);
}

type Case = readonly [
  code: keyof typeof identityHints,
  what: {
    readonly cluster?: Partial<SnapshotCluster>;
    readonly snapshot?: Partial<Snapshot>;
  },
  /** What one of the proposals says; none where no change of the cluster helps. */
  proposal: RegExp | undefined,
  subject?: IamSubject,
];

const cases: readonly Case[] = [
  ['noMapping', {}, /^create an access entry/],
  ['noMapping', { cluster: { authenticationMode: 'CONFIG_MAP' } }, /^let access entries count/],
  [
    'recreatedPrincipal',
    { cluster: { accessEntries: [testEntry(testArn('role/ops'), {}, { principalId: 'AROAOLD' })] } },
    /^delete the access entry of/,
  ],
  [
    'entryOtherPath',
    {
      cluster: {
        accessEntries: [
          testEntry(old, { AmazonEKSSecretReaderPolicy: ['prod'] }, { principalId: 'AROAOLD' }),
        ],
      },
    },
    /as it is now, with all it gives$/,
  ],
  [
    'entryArnMismatch',
    { cluster: { accessEntries: [testEntry(testArn('role/former'), {}, { principalId: 'AROAOPS' })] } },
    /^delete the access entry of/,
  ],
  [
    'awsAuthPath',
    {
      cluster: {
        awsAuth: mapped(old),
        awsAuthData: { mapRoles: `- rolearn: ${old}\n  username: ops\n  groups: [devs]\n` },
        rbac: testGrant('read', 'Group:devs', [allow('get', 'core', 'secrets')], 'prod'),
      },
    },
    /^write .* in aws-auth, without the path$/,
  ],
  [
    'modeIgnoresAwsAuth',
    { cluster: { authenticationMode: 'API', awsAuth: mapped(testArn('role/ops')) } },
    /with the name and groups it has in aws-auth/,
  ],
  [
    'modeIgnoresEntries',
    {
      cluster: {
        authenticationMode: 'CONFIG_MAP',
        accessEntries: [testEntry(testArn('role/ops'), { AmazonEKSSecretReaderPolicy: [] })],
      },
    },
    /^let access entries count beside aws-auth/,
  ],
  [
    'reservedName',
    {
      cluster: {
        accessEntries: [testEntry(testArn('role/ops'), {}, { kubernetesGroups: ['system:masters'] })],
      },
    },
    /names that can be used/,
  ],
  [
    'emptyUsername',
    { cluster: { accessEntries: [testEntry(testArn('role/ops'), {}, { username: '' })] } },
    /names that can be used/,
  ],
  [
    'emptyPlaceholder',
    {
      cluster: { accessEntries: [testEntry(testArn('user/ada'), {}, { username: 'team:{{SessionName}}' })] },
    },
    /names that can be used/,
    ada,
  ],
  ['blocked', { snapshot: { blocks: [{ kind: 'principalId', target: 'AROAOPS' }] } }, /off the block list/],
  [
    'missingPrincipal',
    {},
    undefined,
    { ...ops, arn: testArn('role/opz'), principalId: '', standing: 'missing' },
  ],
];

describe('every reason to be nobody has a message, a next step, and a change that was tried', () => {
  test.for(cases)('%s', ([code, { cluster = {}, snapshot = {} }, proposal, subject = ops]) => {
    const whole = testSnapshot({ account: people, cluster, ...snapshot });
    const explanation = explain(whole, subject);
    const failed = explanation.steps.find(({ outcome }) => outcome === 'failed');
    expect(explanation.allowed).toBe(false);
    expect(failed).toMatchObject({ code, hint: identityHints[code] });
    expect(walk(explanation).at(-1)).toBe('decision notReached notReached');
    // It stops there: what comes behind the failed step was not reached.
    expect(explanation.steps.filter(({ outcome }) => outcome === 'failed')).toEqual([failed]);
    const summaries = explanation.changes.map(({ summary }) => summary);
    if (proposal === undefined) expect(summaries).toEqual([]);
    else expect(summaries).toContainEqual(expect.stringMatching(proposal));
    for (const change of explanation.changes)
      expect(allowsAfter(whole, change, subject, getSecrets)).toBe(true);
  });

  test.each([
    'role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS',
    'role/AWSReservedSSO_Dev_0123456789abcdef',
  ])('no entry is proposed for %s, which EKS would not take', (path) => {
    const subject: IamSubject = { ...ops, arn: testArn(path), standing: 'unlisted', principalId: '' };
    for (const cluster of [
      {},
      { awsAuth: mapped(testArn(path)) },
      { authenticationMode: 'CONFIG_MAP' },
    ] as const) {
      const { changes } = explain({ ...testSnapshot({ cluster }), accounts: [] }, subject);
      const edits = changes.flatMap((one) => one.edits.map(({ edit }) => edit));
      expect(edits).not.toContain('createEntry');
    }
  });

  test('those that no snapshot can show have what to do next as well', () => {
    const shown = new Set<string>(cases.map(([code]) => code));
    const others = Object.keys(identityHints).filter((code) => !shown.has(code));
    // A role's session can have any name, so an instance's can be had; nobody waits where AWS told no unique id.
    expect(others).toEqual(['noInstanceId', 'awaitsFirstUse', 'unknownInstance']);
  });
});

const unpublished = knownAccessPolicies().find(({ rules }) => rules === undefined)?.name ?? '';
const reader = accessPolicyArn('AmazonEKSSecretReaderPolicy', 'aws');
const misses: readonly (readonly [NearMissCode, Partial<SnapshotCluster>, RegExp, ClusterSubject?])[] = [
  [
    'expired',
    {
      accessEntries: [
        testEntry(
          testArn('role/ops'),
          {},
          {
            associatedPolicies: [
              { policyArn: reader, accessScope: { type: 'cluster', namespaces: [] }, expiresAt: testTakenAt },
            ],
          },
        ),
      ],
    },
    /^renew access policy/,
  ],
  [
    'scopeLacksNamespace',
    { accessEntries: [testEntry(testArn('role/ops'), { AmazonEKSSecretReaderPolicy: ['dev'] })] },
    /^let access policy `AmazonEKSSecretReaderPolicy` hold in namespace `prod` as well$/,
  ],
  [
    'noRule',
    { accessEntries: [testEntry(testArn('role/ops'), { AmazonEKSViewPolicy: [] })] },
    /^associate access policy/,
  ],
  [
    'noPolicies',
    { accessEntries: [testEntry(testArn('role/ops'))] },
    /^associate access policy `AmazonEKSSecretReaderPolicy`/,
  ],
  [
    'unknownPolicy',
    {
      accessEntries: [
        testEntry(testArn('role/ops'), { 'arn:aws:eks::aws:cluster-access-policy/Nothing': [] }),
      ],
    },
    /^make access policy `get-secrets`/,
  ],
  [
    'unpublishedPolicy',
    { accessEntries: [testEntry(testArn('role/ops'), { [unpublished]: [] })] },
    /^make Role `get-secrets`/,
  ],
  [
    'modeIgnoresEntries',
    { authenticationMode: 'CONFIG_MAP', awsAuth: mapped(testArn('role/ops')) },
    /^make Role `get-secrets`, which allows this alone, and bind it to user `ops`/,
  ],
  ['noEntry', { awsAuth: mapped(testArn('role/ops')) }, /^create an access entry like its item in aws-auth/],
  [
    'otherNamespace',
    {
      awsAuth: mapped(testArn('role/ops')),
      rbac: testGrant('read', 'Group:devs', [allow('get', 'core', 'secrets')], 'dev'),
    },
    /^make Role `get-secrets`/,
  ],
  [
    'missingRole',
    {
      awsAuth: mapped(testArn('role/ops')),
      rbac: testGrant('read', 'Group:devs', [], 'prod').slice(1),
    },
    /^make the missing Role `read`/,
  ],
  [
    'noRule',
    {
      awsAuth: mapped(testArn('role/ops')),
      rbac: testGrant('read', 'Group:devs', [allow('list', 'core', 'secrets')], 'prod'),
    },
    /^add verb `get` to rule 1 of Role `read`$/,
  ],
  ['noBinding', { awsAuth: mapped(testArn('role/ops')) }, /^make Role `get-secrets`/],
  ['noPrincipal', {}, /and bind it to Group `devs`/, { kind: 'Group', name: 'devs', namespace: '' }],
];

describe('every near miss of a decision has a next step, and a change that was tried', () => {
  test.for(misses)('%s', ([code, cluster, proposal, subject = ops]) => {
    const whole = testSnapshot({ account: people, cluster });
    const explanation = explain(whole, subject);
    const decision = explanation.steps.at(-1);
    expect(decision).toMatchObject({ step: 'decision', outcome: 'failed', code: 'nothing' });
    expect(decision?.misses).toContainEqual(expect.objectContaining({ code, hint: decisionHints[code] }));
    expect(explanation.changes.map(({ summary }) => summary)).toContainEqual(expect.stringMatching(proposal));
    for (const change of explanation.changes)
      expect(allowsAfter(whole, change, subject, getSecrets)).toBe(true);
  });

  test('those that need impersonation, another id or unpublished names have what to do next as well', () => {
    const shown = new Set<string>(misses.map(([code]) => code));
    expect(nearMissCodes.filter((code) => !shown.has(code))).toEqual([
      ...['impersonated', 'recreatedPrincipal', 'awaitsFirstUse', 'namesUnpublished'],
    ]);
  });
});

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

test('what was not read stands in the answer: of the cluster, and of the account of who is asked about', () => {
  const arn = testSnapshot().clusters[0]?.arn ?? '';
  const gaps = [
    { area: 'rbac', clusterArn: arn, reason: 'bindings' },
    { area: 'rbac', clusterArn: `${arn}-2`, reason: 'of another cluster' },
    { area: 'iam', accountId: testAccountId, reason: 'roles' },
    { area: 'iam', accountId: '999988887777', reason: 'of another account' },
    { area: 'file', reason: 'a file' },
    { area: 'usage', reason: 'a log' },
  ] as const;
  const { incomplete } = explain(testSnapshot({ account: people, gaps }));
  expect(incomplete.map(({ reason }) => reason)).toEqual(['bindings', 'roles', 'a file']);
});
