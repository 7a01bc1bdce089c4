import { afterEach, describe, expect, test } from 'vitest';
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

function analystOf(options: Partial<AnalystOptions> = {}) {
  const storage = createMemoryStorage();
  const logged: object[] = [];
  const reads: (string | 'all')[] = [];
  const analyst = createAnalyst({
    storage,
    async readSnapshot(accountId): Promise<Snapshot> {
      reads.push(accountId);
      return snapshot;
    },
    log: { error: (fields) => void logged.push(fields) },
    ...options,
  });
  opened.push(analyst);
  const ask = (name: string, input: object, now = testTakenAt) =>
    analyst.analyse(name, 'all', { clusterName: testClusterArn, ...input }, now);
  return { analyst, storage, logged, reads, ask };
}

afterEach(async () => {
  for (const analyst of opened.splice(0)) await analyst.close();
});

const getPods = { verb: 'get', resource: 'pods', principal: 'role/dev', namespace: 'default' };

describe('an analyst', () => {
  test('answers every analysis', async () => {
    const { ask, logged } = analystOf();
    const inputs: Readonly<Record<string, object>> = {
      WhoCan: { verb: 'get', resource: 'pods' },
      WhatCan: { principal: 'role/dev', comparedWith: 'Group:system:masters', closestPolicy: true },
      ExplainRequest: getPods,
      ExplainAwsRequest: { principal: 'role/dev', action: 'eks:DescribeCluster', resource: testClusterArn },
      LintAccess: { minSeverity: 'security' },
      PlanAwsAuthMigration: {},
      DiffAccess: { after: { ...snapshot, clusters: [] } },
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
    expect(answers.get('ExplainRequest')).toMatchObject({ allowed: true });
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
    expect(await hurried.ask('WhoCan', getPods)).toMatchObject({ outcome: 'failed' });
    expect(hurried.logged).toHaveLength(1);
    expect(await hurried.ask('WhoCan', getPods)).toMatchObject({ outcome: 'failed' });
    expect(hurried.reads).toHaveLength(2);
  });

  test('lets no more wait than it says', async () => {
    const { ask } = analystOf({ waiting: 2 });
    const all = await Promise.all([1, 2, 3].map(() => ask('WhoCan', getPods)));
    expect(all.map(({ outcome }) => outcome)).toEqual(['answered', 'answered', 'busy']);
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
