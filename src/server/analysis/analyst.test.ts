import { afterEach, describe, expect, test } from 'vitest';
import type { TrailItem } from '../../audit/item.ts';
import type { Snapshot } from '../../engine/analysis/snapshot/snapshot.ts';
import {
  testArn,
  testClusterArn,
  testEntry,
  testRole,
  testSnapshot,
  testTakenAt,
} from '../../engine/analysis/testworld.ts';
import { createMemoryStorage } from '../../storage/memory/memory.ts';
import { type Analyst, type AnalystOptions, createAnalyst } from './analyst.ts';

const snapshot = testSnapshot({
  account: { roles: [testRole('dev')] },
  cluster: { accessEntries: [testEntry(testArn('role/dev'), { AmazonEKSViewPolicy: [] })] },
});
const opened: Analyst[] = [];

/** A trail of one page. */
function trailOf(items: readonly TrailItem[], queries: unknown[] = []): AnalystOptions['trail'] {
  return {
    async read(query) {
      queries.push(query);
      return { items, next: undefined };
    },
  };
}

function analystOf(options: Partial<AnalystOptions> = {}) {
  const storage = createMemoryStorage();
  const logged: object[] = [];
  const reads: (string | 'all')[] = [];
  const analyst = createAnalyst({
    storage,
    trail: trailOf([]),
    async readSnapshot(accountId): Promise<Snapshot> {
      reads.push(accountId);
      return snapshot;
    },
    log: { error: (fields) => void logged.push(fields) },
    ...options,
  });
  opened.push(analyst);
  const ask = (name: string, input: object, now = testTakenAt, signal?: AbortSignal) =>
    analyst.analyse({
      name,
      accountId: 'all',
      trailOf: 'all',
      input: { clusterName: testClusterArn, ...input },
      now,
      signal,
    });
  return { analyst, storage, logged, reads, ask };
}

afterEach(async () => {
  for (const analyst of opened.splice(0)) await analyst.close();
});

const getPods = { verb: 'get', resource: 'pods', principal: 'role/dev', namespace: 'default' };

/** A plan that gives somebody a policy. */
function planOf(principalArn: string, policy = 'AmazonEKSViewPolicy', unknown: object = {}): object {
  const name = 'aws_eks_access_policy_association';
  const after = {
    ...{ cluster_name: snapshot.clusters[0]?.name, principal_arn: principalArn },
    ...(!('policy_arn' in unknown) && {
      policy_arn: `arn:aws:eks::aws:cluster-access-policy/${policy}`,
    }),
    access_scope: [{ type: 'cluster', namespaces: null }],
  };
  const change = { actions: ['create'], before: null, after, after_unknown: unknown };
  const resource_changes = [{ address: `${name}.x`, mode: 'managed', type: name, name: 'x', change }];
  return { format_version: '1.2', planned_values: {}, resource_changes };
}

function nested(levels: number): object {
  let deep: object = {};
  for (let level = 0; level < levels; level++) deep = { deep };
  return { format_version: '1.2', resource_changes: [], deep };
}

describe('an analyst', () => {
  test('answers every analysis', async () => {
    const { ask, logged } = analystOf();
    const inputs: Readonly<Record<string, object>> = {
      WhoCan: { verb: 'get', resource: 'pods', transitive: true },
      WhatCan: { principal: 'role/dev', comparedWith: 'Group:system:masters', closestPolicy: true },
      ExplainRequest: getPods,
      ExplainAwsRequest: {
        ...{ principal: 'role/dev', action: 'eks:DescribeCluster', resource: testClusterArn },
        context: { 'aws:SourceIp': '10.0.0.1', 'aws:PrincipalTag/team': [] },
      },
      ExplainLast: { count: 3 },
      LeastPrivilege: { principal: 'role/dev', since: new Date(testTakenAt - 86_400_000) },
      LintAccess: {
        ...{ minSeverity: 'security', skipRules: ['EW-ACC-101'], usageSince: new Date(0) },
        suppressions: [{ id: 'EW-ACC-102', reason: 'known', until: '2030-01-01' }],
      },
      PlanAwsAuthMigration: {},
      DiffAccess: { clusterName: undefined, after: { ...snapshot, clusters: [] } },
      TestAccess: { cases: [{ as: 'role/dev', cannot: 'delete pods', can: 'get pods' }] },
    };
    const answers = new Map<string, unknown>();
    for (const [name, input] of Object.entries(inputs)) {
      const result = await ask(name, input);
      expect([name, result]).toMatchObject([name, { outcome: 'answered' }]);
      if (result.outcome === 'answered') answers.set(name, JSON.parse(result.text));
    }
    expect(logged).toEqual([]);
    expect(answers.get('WhoCan')).toMatchObject({ rows: [{ subject: { arn: testArn('role/dev') } }, {}] });
    expect(answers.get('WhoCan')).toMatchObject({ canBecome: expect.any(Array) });
    expect(answers.get('ExplainRequest')).toMatchObject({ allowed: true });
    expect(answers.get('ExplainLast')).toMatchObject({ refusals: [] });
    expect(answers.get('LeastPrivilege')).toMatchObject({ recorded: 0, since: testTakenAt - 86_400_000 });
    expect(answers.get('DiffAccess')).toMatchObject({ clusters: [{ in: 'before' }] });
    expect(answers.get('TestAccess')).toMatchObject({
      cases: [{ outcome: 'passed' }, { outcome: 'passed' }],
    });
  }, 20_000);

  test('says what is wrong with a question, and takes the next', async () => {
    const { ask, logged } = analystOf();
    expect(await ask('WhoCan', { verb: 'GET', resource: 'pods' })).toMatchObject({
      outcome: 'misasked',
      hint: expect.any(String),
    });
    expect(await ask('WhoCan', { ...getPods, clusterName: 'other' })).toMatchObject({ outcome: 'misasked' });
    expect(await ask('ExplainRequest', { ...getPods, principal: 'role/nobody' })).toMatchObject({
      outcome: 'misasked',
    });
    expect(await ask('LintAccess', { minSeverity: 'worst' })).toMatchObject({ outcome: 'misasked' });
    expect(await ask('LintAccess', { rules: ['EW-ACC-999'] })).toMatchObject({ outcome: 'misasked' });
    const misasked: readonly (readonly [string, object])[] = [
      ['WhoCan', { verb: 'list', resource: 'nodes', anyNamespace: true }],
      ['WhatCan', { principal: 'role/dev', comparedWith: '\u0000' }],
      ['ExplainAwsRequest', { principal: 'Group:devs', action: 'eks:DescribeCluster', resource: '*' }],
      ['ExplainAwsRequest', { principal: 'role/dev', action: 'nothing', resource: '*' }],
      ['ExplainAwsRequest', { principal: 'role/dev', action: 'eks:DescribeCluster', resource: 'prod' }],
      ...[[], 'x', null, { a: 1 }, { a: [1] }, { a: null }].map(
        (context) =>
          [
            'ExplainAwsRequest',
            { principal: 'role/dev', action: 'eks:DescribeCluster', resource: '*', context },
          ] as const,
      ),
      ['ExplainLast', { count: 0 }],
      ['ExplainLast', { count: 101 }],
      ['LintAccess', { skipRules: ['EW-ACC-999'] }],
      ...['x', {}, [1], [{ id: 'EW-ACC-101', untill: '2030-01-01' }]].map(
        (suppressions) => ['LintAccess', { suppressions }] as const,
      ),
      ['LeastPrivilege', { principal: 'role/dev', since: new Date(2), until: new Date(1) }],
      ['LeastPrivilege', { principal: 'role/nobody' }],
      ...[null, [], 7, 'x', { format: 'other' }].map(
        (after) => ['DiffAccess', { clusterName: undefined, after }] as const,
      ),
      ...[null, [], 7, 'x', {}, { format_version: '9.0', resource_changes: [] }, snapshot, nested(1_000)].map(
        (plan) => ['DiffAccess', { plan }] as const,
      ),
      ['DiffAccess', { clusterName: undefined }],
      ['DiffAccess', { clusterName: undefined, after: snapshot, plan: planOf(testArn('role/new')) }],
      ['DiffAccess', { after: snapshot }],
      ['DiffAccess', { clusterName: 'other', plan: planOf(testArn('role/new')) }],
      ...[null, {}, 7, 'x', [1], [{ as: 1 }]].map((cases) => ['TestAccess', { cases }] as const),
    ];
    for (const [name, input] of misasked)
      expect([name, input, await ask(name, input)]).toMatchObject([name, input, { outcome: 'misasked' }]);
    expect(await ask('DiffAccess', { after: { format: 'entryway.snapshot/v1' } })).toMatchObject({
      outcome: 'misasked',
    });
    expect(await ask('TestAccess', { cases: [{}] })).toMatchObject({ outcome: 'misasked' });
    expect(await ask('WhoCan', getPods)).toMatchObject({ outcome: 'answered' });
    expect(logged).toEqual([]);
  });

  test('reads again only when something changed that counts', async () => {
    const { ask, storage, reads } = analystOf();
    const put = (key: string) => storage.commit({ expect: [], changes: [{ type: 'put', key, value: '{}' }] });
    await ask('WhoCan', getPods);
    await ask('WhoCan', getPods);
    await put('trail/fresh/x');
    await ask('WhoCan', getPods);
    expect(reads).toHaveLength(1);
    await put('access-entry/c/arn');
    await ask('WhoCan', getPods);
    expect(reads).toHaveLength(2);
  });

  test('answers for the moment it is asked: what ended in between has ended', async () => {
    const ending = testEntry(testArn('role/dev'), { AmazonEKSViewPolicy: [] });
    const accessEntries = [
      {
        ...ending,
        associatedPolicies: ending.associatedPolicies.map((one) => ({
          ...one,
          expiresAt: testTakenAt + 90_000,
        })),
      },
    ];
    const { ask } = analystOf({
      readSnapshot: async () =>
        testSnapshot({ account: { roles: [testRole('dev')] }, cluster: { accessEntries } }),
    });
    const isAllowed = async (now: number) => {
      const result = await ask('ExplainRequest', getPods, now);
      return result.outcome === 'answered' && (JSON.parse(result.text) as { allowed: boolean }).allowed;
    };
    expect([await isAllowed(testTakenAt), await isAllowed(testTakenAt + 180_000)]).toEqual([true, false]);
  });

  test('ends what takes too long, and takes the next in a thread that is new', async () => {
    const hurried = analystOf({ patience: 1 });
    expect(await hurried.ask('WhoCan', getPods)).toMatchObject({ outcome: 'ended' });
    expect(hurried.logged).toHaveLength(1);
    expect(await hurried.ask('WhoCan', getPods)).toMatchObject({ outcome: 'ended' });
    expect(hurried.reads).toHaveLength(2);
  });

  test('ends what takes too much memory, and goes on', async () => {
    const big = Array.from({ length: 20_000 }, (_, at) => testRole(`role-${at}`));
    let account = { roles: big };
    const { ask, logged, storage } = analystOf({
      memory: 24,
      readSnapshot: async () => testSnapshot({ account }),
    });
    expect(await ask('LintAccess', {})).toEqual({ outcome: 'ended' });
    expect(logged).toHaveLength(1);
    account = { roles: [testRole('dev')] };
    await storage.commit({ changes: [{ type: 'put', key: 'iam/x', value: '{}' }] });
    expect(await ask('WhatCan', { principal: 'role/dev' })).toMatchObject({ outcome: 'answered' });
  }, 30_000);

  test('gives up what nobody waits for, under way or not, and answers the others', async () => {
    const { ask, logged, reads } = analystOf();
    await ask('WhoCan', getPods);
    const [first, second] = [new AbortController(), new AbortController()];
    const answers = [
      ask('LintAccess', {}, testTakenAt, first.signal),
      ask('LintAccess', {}, testTakenAt, second.signal),
      ask('WhoCan', getPods),
    ];
    second.abort();
    // The first is under way when its turn has come.
    await new Promise((resolve) => setImmediate(resolve));
    first.abort();
    expect((await Promise.all(answers)).map(({ outcome }) => outcome)).toEqual([
      'abandoned',
      'abandoned',
      'answered',
    ]);
    expect(logged).toEqual([]);
    expect(reads.length).toBeLessThanOrEqual(2);
  });

  test('reads of the trail what the account may see, and of failures only', async () => {
    const queries: unknown[] = [];
    const { analyst } = analystOf({ trail: trailOf([], queries) });
    const asked = (name: string, trailOf: string, input: object) =>
      analyst.analyse({
        ...{ name, accountId: 'all', trailOf, now: testTakenAt },
        input: { clusterName: testClusterArn, ...input },
      });
    await asked('ExplainLast', '444455556666', {});
    await asked('LeastPrivilege', '444455556666', { principal: 'role/dev' });
    await asked('LintAccess', '444455556666', { usageSince: new Date(5) });
    await asked('LintAccess', '444455556666', {});
    await asked('ExplainLast', 'all', {});
    expect(queries).toEqual([
      { limit: 1000, accountId: '444455556666' },
      { limit: 1000, accountId: '444455556666', from: testTakenAt - 30 * 86_400_000, to: testTakenAt },
      { limit: 1000, accountId: '444455556666', from: 5, to: testTakenAt },
      { limit: 1000 },
    ]);
  });

  test('tells a caller who may ask of one cluster nothing of another', async () => {
    const other = testSnapshot({
      cluster: { accessEntries: [testEntry(testArn('role/dev'), { AmazonEKSViewPolicy: [] })] },
    }).clusters.map((cluster) => ({ ...cluster, name: 'hidden', arn: `${cluster.arn}-hidden` }));
    const own = testSnapshot({ account: { roles: [testRole('dev')] } });
    const { ask } = analystOf({
      readSnapshot: async () => ({ ...own, clusters: [...own.clusters, ...other] }),
    });
    for (const [name, input] of [
      ['ExplainRequest', getPods],
      ['WhoCan', getPods],
      ['WhatCan', { principal: 'role/dev' }],
      ['PlanAwsAuthMigration', {}],
    ] as const) {
      const result = await ask(name, input);
      expect(result.outcome).toBe('answered');
      expect(JSON.stringify(result)).not.toContain('hidden');
    }
  });

  test('lets no more wait than it says, and of one account half as many', async () => {
    const { analyst } = analystOf({ waiting: 4 });
    const askAs = async (accountId: string): Promise<string> => {
      const input = { clusterName: testClusterArn, ...getPods };
      const asked = { name: 'WhoCan', accountId, trailOf: accountId, input, now: testTakenAt };
      return (await analyst.analyse(asked)).outcome;
    };
    const [a, b, c] = ['111122223333', '444455556666', '777788889999'];
    expect(await Promise.all([a, a, a, b, b, c].map(askAs))).toEqual([
      ...['answered', 'answered', 'busy'],
      ...['answered', 'answered', 'busy'],
    ]);
    // Whoever was answered waits no more.
    expect(await Promise.all([a, a, c].map(askAs))).toEqual(['answered', 'answered', 'answered']);
  });

  test('applies a plan to what there is', async () => {
    const { ask, reads } = analystOf();
    const gained = testArn('role/dev');
    const result = await ask('DiffAccess', { plan: planOf(gained, 'AmazonEKSClusterAdminPolicy') });
    const { changes, clusters, incomplete } = JSON.parse(result.outcome === 'answered' ? result.text : '{}');
    expect(changes).toMatchObject([{ key: `iam:${gained}`, lost: [] }]);
    expect(changes[0].gained).not.toEqual([]);
    expect([clusters, incomplete]).toEqual([[], []]);
    // What was asked is not kept.
    expect(await ask('WhoCan', { verb: 'delete', resource: 'nodes' })).toMatchObject({ outcome: 'answered' });
    const unchanged = await ask('DiffAccess', { clusterName: undefined, after: snapshot });
    expect(unchanged).toMatchObject({ text: expect.stringContaining('"changes":[]') });
    expect(reads).toHaveLength(1);
  });

  test('tells what of a plan is known only after apply, with its line', async () => {
    const { ask } = analystOf();
    const plan = planOf(testArn('role/dev'), 'AmazonEKSClusterAdminPolicy', { policy_arn: true });
    const result = await ask('DiffAccess', { clusterName: undefined, plan });
    expect(JSON.parse(result.outcome === 'answered' ? result.text : '{}')).toMatchObject({
      incomplete: [{ area: 'accessPolicies', place: { file: 'plan', line: 5 } }, {}],
    });
  });

  test('is not stopped by a question that cannot be handed over', async () => {
    const { ask, logged } = analystOf();
    let deep: unknown = [];
    for (let levels = 0; levels < 400_000; levels++) deep = [deep];
    await expect(ask('DiffAccess', { after: deep })).rejects.toThrow('call stack');
    expect(await ask('WhoCan', getPods)).toMatchObject({ outcome: 'answered' });
    expect(logged).toEqual([]);
  });

  test('is not stopped by a snapshot that cannot be compiled', async () => {
    const broken = { ...snapshot, clusters: [{}] } as unknown as Snapshot;
    let read = broken;
    const { ask, logged } = analystOf({ readSnapshot: async () => read });
    expect(await ask('WhoCan', getPods)).toMatchObject({ outcome: 'failed' });
    read = snapshot;
    expect(await ask('WhoCan', getPods)).toMatchObject({ outcome: 'answered' });
    expect(logged).toHaveLength(1);
  });

  test('is not stopped by a snapshot that cannot be read', async () => {
    let isBroken = true;
    const { ask } = analystOf({
      async readSnapshot() {
        if (isBroken) throw new Error('the store is closed');
        return snapshot;
      },
    });
    await expect(ask('WhoCan', getPods)).rejects.toThrow('the store is closed');
    isBroken = false;
    expect(await ask('WhoCan', getPods)).toMatchObject({ outcome: 'answered' });
  });
});
