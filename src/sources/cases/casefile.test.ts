import { describe, expect, test } from 'vitest';
import { knownAccessPolicies } from '../../engine/accesspolicies/catalogue.ts';
import { judgeCase } from '../../engine/analysis/accesscases/accesscases.ts';
import type { Misasked } from '../../engine/analysis/ask/misasked.ts';
import type { Gap } from '../../engine/analysis/snapshot/snapshot.ts';
import {
  testArn,
  testEntry,
  testGrant,
  testRole,
  testSnapshot,
  testUser,
} from '../../engine/analysis/testworld.ts';
import { createWorld } from '../../engine/analysis/world/world.ts';
import { readCases } from './casefile.ts';

const readPods = {
  apiGroups: [''],
  resources: ['pods'],
  verbs: ['get'],
  resourceNames: [],
  nonResourceURLs: [],
};
const opsEntry = testEntry(testArn('role/ops'), {}, { username: 'ops:{{SessionName}}' });
const session = (name: string): string => `arn:aws:sts::111122223333:assumed-role/ops/${name}`;
const snapshot = testSnapshot({
  account: {
    roles: [testRole('dev'), testRole('out'), testRole('fargate'), testRole('ops')],
    users: [testUser('ana')],
  },
  cluster: {
    namespaces: ['shop'],
    accessEntries: [
      testEntry(
        testArn('role/dev'),
        { AmazonEKSViewPolicy: ['shop'] },
        { username: 'dev', kubernetesGroups: ['devs'] },
      ),
      opsEntry,
    ],
    rbac: [
      ...testGrant('pods', 'Group:readers', [readPods], 'shop'),
      ...testGrant('alice', 'User:ops:alice', [readPods], 'shop'),
    ],
  },
});
const gap: Gap = {
  area: 'rbac',
  clusterArn: snapshot.clusters[0]?.arn ?? '',
  reason: 'rolebindings were refused',
};

/** `OUTCOME message` of each case. */
function judged(cases: string, gaps: readonly Gap[] = [], assumeComplete = false): readonly string[] {
  const world = createWorld({ ...snapshot, gaps });
  return readCases('cases.yaml', `cases:\n${cases}`, world).map((one) => {
    const { outcome, message } = judgeCase(world, one, { assumeComplete });
    return `${outcome}: ${message}`;
  });
}

describe('a case', () => {
  test.each([
    ['cannot what it can', '- {as: role/dev, cannot: get pods -n shop}', 'failed: it can: EKS Access Policy'],
    ['can what it cannot', '- {as: role/dev, can: get secrets -n shop}', 'failed: it cannot: '],
    ['elsewhere', '- {as: role/dev, can: get pods -n other}', 'failed: it cannot: '],
    ['nobody can nothing', '- {as: role/out, can: get pods -n shop}', 'failed: it cannot: nothing maps'],
    ['can', '- {as: role/dev, can: get pods -n shop}', 'passed: it can: EKS Access Policy'],
    ['cannot', '- {as: role/out, cannot: get pods -n shop}', 'passed: it cannot: nothing maps'],
    ['by group', '- {as: "Group:readers", can: get pods -n shop}', 'passed: it can: RBAC'],
    [
      'one too many',
      '- {whoCan: get pods -n shop, exactly: [role/dev, role/ops, "User:ops:alice", "Group:system:masters"]}',
      'failed: these can and should not: `Group:readers`',
    ],
    [
      'one missing',
      '- {whoCan: get pods -n shop, include: [user/ana]}',
      `failed: these should and cannot: \`${testArn('user/ana')}\``,
    ],
    [
      'one excluded',
      '- {whoCan: get pods -n shop, exclude: "Group:readers"}',
      'failed: these can and should not: `Group:readers`',
    ],
    [
      'exactly',
      '- {whoCan: get pods -n shop, exactly: [role/dev, role/ops, "User:ops:alice", "Group:system:masters", "Group:readers"]}',
      'passed: 5 can',
    ],
    ['nobody exactly', '- {whoCan: get pods -n shop, exactly: []}', 'failed: these can and should not: '],
    ['is nobody', '- {identity: role/out, is: nobody}', 'passed: it is nobody: nothing maps'],
    ['is not nobody', '- {identity: role/dev, is: nobody}', 'failed: it is `dev` (devs)'],
    ['is who it is', '- {identity: role/dev, username: dev, groups: [devs]}', 'passed: it is `dev` (devs)'],
    ['has another group', '- {identity: role/dev, groups: [devs, ops]}', 'failed: it is `dev` (devs)'],
    // Written without a namespace, a case is read so that it is the harder to meet.
    [
      'cannot, and can in one',
      '- {as: role/dev, cannot: get pods}',
      'failed: it can in namespace `shop`: EKS',
    ],
    ['can, and only in one', '- {as: role/dev, can: get pods}', 'failed: it cannot: '],
    ['cannot in any', '- {as: role/dev, cannot: get secrets}', 'passed: it cannot: '],
    ['cannot, where namespaces do not matter', '- {as: role/dev, cannot: get nodes}', 'passed: it cannot: '],
    [
      'excluded, and can in one',
      '- {whoCan: get pods, exclude: role/dev}',
      `failed: these can and should not: \`${testArn('role/dev')}\``,
    ],
    [
      'included, and only in one',
      '- {whoCan: get pods, include: role/dev}',
      `failed: these should and cannot: \`${testArn('role/dev')}\``,
    ],
    [
      'nobody exactly, in any',
      '- {whoCan: get pods, exactly: ["Group:system:masters"]}',
      'failed: these can',
    ],
    [
      'exactly and exclude at odds',
      '- {whoCan: get nodes, exactly: ["Group:system:masters"], exclude: ["Group:system:masters"]}',
      'failed: these can and should not: `Group:system:masters`',
    ],
    // One session of a role is not another.
    ['can as alice', `- {as: "${session('alice')}", can: get pods -n shop}`, 'passed: it can: RBAC'],
    ['can as bob', `- {as: "${session('bob')}", can: get pods -n shop}`, 'failed: it cannot: '],
    ['cannot as bob', `- {as: "${session('bob')}", cannot: get pods}`, 'passed: it cannot: '],
    ['cannot as any session', '- {as: role/ops, cannot: get pods -n shop}', 'failed: it can: RBAC'],
    ['is that session', `- {identity: "${session('bob')}", username: "ops:bob"}`, 'passed: it is `ops:bob`'],
    ['is not another', `- {identity: "${session('bob')}", username: "ops:alice"}`, 'failed: it is `ops:bob`'],
    [
      'is in its groups, with the one of everybody',
      '- {identity: role/dev, groups: [devs, "system:authenticated"]}',
      'passed: it is `dev` (devs)',
    ],
    ['has another name', '- {identity: role/dev, username: ops}', 'failed: it is `dev` (devs)'],
  ])('%s', (_, text, wanted) => {
    expect(judged(text)[0]).toMatch(new RegExp(`^${RegExp.escape(wanted)}`));
  });

  test('of several principals and questions is one for each pair', () => {
    expect(
      judged('- {as: [role/dev, user/ana], can: [get pods -n shop], cannot: [get nodes, list secrets]}'),
    ).toHaveLength(6);
  });

  test('that relies on a no is undecided where not all was read, unless it fails or that is accepted', () => {
    const cannot = '- {as: role/out, cannot: get pods -n shop}';
    expect(judged(cannot, [gap])).toEqual([expect.stringMatching(/^undecided: it cannot/)]);
    expect(judged(cannot, [gap], true)).toEqual([expect.stringMatching(/^passed/)]);
    expect(judged('- {as: role/dev, can: get pods -n shop}', [gap])).toEqual([
      expect.stringMatching(/^passed/),
    ]);
    expect(judged('- {as: role/dev, cannot: get pods -n shop}', [gap])).toEqual([
      expect.stringMatching(/^failed/),
    ]);
    expect(judged('- {identity: role/out, is: nobody}', [{ ...gap, area: 'awsAuth' }])).toEqual([
      expect.stringMatching(/^undecided/),
    ]);
    // What is not read of RBAC makes nobody somebody else; an entry that was not read could.
    expect(judged('- {identity: role/dev, username: dev}', [gap])).toEqual([
      expect.stringMatching(/^passed/),
    ]);
    expect(judged('- {identity: role/dev, username: dev}', [{ ...gap, area: 'accessEntries' }])).toEqual([
      expect.stringMatching(/^undecided/),
    ]);
    expect(judged('- {whoCan: get pods -n shop, exclude: role/out}', [gap])).toEqual([
      expect.stringMatching(/^undecided/),
    ]);
    expect(judged('- {whoCan: get pods -n shop, include: role/dev}', [gap])).toEqual([
      expect.stringMatching(/^passed/),
    ]);
  });

  test('about a policy whose rules nobody publishes is undecided', () => {
    const unpublished = knownAccessPolicies().find(({ rules }) => rules === undefined)?.name ?? '';
    const [cluster] = snapshot.clusters;
    if (cluster === undefined) throw new Error('there is one cluster');
    const accessEntries = [testEntry(testArn('role/fargate'), { [unpublished]: [] })];
    const world = createWorld({ ...snapshot, clusters: [{ ...cluster, accessEntries }] });
    const text = 'cases: [{as: role/fargate, cannot: get pods}, {whoCan: get pods, exclude: role/fargate}]';
    expect(
      readCases('c', text, world).map((one) => judgeCase(world, one, { assumeComplete: false }).outcome),
    ).toEqual(['undecided', 'undecided']);
  });
});

describe('a file that is not understood is refused with the place', () => {
  test.each([
    ['nothing', '', 'f:1:1: there is nothing in it'],
    ['another list', 'tests: []', 'a list `cases` is expected'],
    ['no cases', 'cases: []', 'a list `cases` is expected'],
    ['broken YAML', 'cases:\n  - {as: [', 'low sequence'],
    ['a name given twice', 'cases:\n  - {as: role/dev, can: get pods, can: get nodes}', 'f:2:'],
    ['a text for a case', 'cases:\n  - role/dev', 'a case is a mapping'],
    [
      'a misspelt member',
      'cases:\n  - {as: role/dev, cant: get pods}',
      '`cant` is none of name, cluster, as, can, cannot',
    ],
    ['no question', 'cases:\n  - {as: role/dev}', '`as` needs `can` or `cannot`'],
    [
      'an empty question',
      'cases:\n  - {as: role/dev, cannot: []}',
      '`cannot` is not a text or a list of texts',
    ],
    ['half a question', 'cases:\n  - {as: role/dev, cannot: get}', '`get` is no question'],
    ['an unknown option', 'cases:\n  - {as: role/dev, cannot: get pods -A}', 'is no question'],
    ['an unknown resource', 'cases:\n  - {as: role/dev, cannot: get pod5}', '`pod5` is no resource'],
    ['nobody of that name', 'cases:\n  - {as: role/dve, cannot: get pods}', 'there is no role `dve`'],
    ['nobody said', 'cases:\n  - {whoCan: get pods}', '`whoCan` needs'],
    ['no kind of case', 'cases:\n  - {can: get pods}', 'a case begins with'],
    ['both', 'cases:\n  - {identity: role/dev, is: nobody, groups: []}', '`is` can only be `nobody`'],
    [
      'an unknown cluster',
      'cases:\n  - {cluster: dev, as: role/dev, can: get pods}',
      'there is no cluster `dev`',
    ],
  ])('%s', (_, text, wanted) => {
    let found: Misasked | undefined;
    try {
      readCases('f', text, createWorld(snapshot));
    } catch (error) {
      found = error as Misasked;
    }
    expect(found).toMatchObject({ message: expect.stringContaining(wanted) });
    expect(found?.message).toMatch(/^f:\d+:\d+: /);
  });
});
