import { describe, expect, test } from 'vitest';
import { accessPolicyArn, knownAccessPolicies } from '../../accesspolicies/catalogue.ts';
import { type NearMissCode, nearMissCodes } from '../../authorizer/misses.ts';
import { allow } from '../../rbac/allow.ts';
import type { Snapshot, SnapshotCluster } from '../snapshot/snapshot.ts';
import { testAccountId, testArn, testEntry, testGrant, testSnapshot, testTakenAt } from '../testworld.ts';
import type { ClusterSubject, IamSubject } from '../world/subject.ts';
import { decisionHints } from './decisionstep.ts';
import type { Explanation } from './explanation.ts';
import { identityHints } from './identitystep.ts';
import { ada, allowsAfter, explain, getSecrets, mapped, ops, people } from './testworld.ts';

const old = testArn('role/team/ops');

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
