import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { emptySnapshot, type Snapshot } from '../engine/analysis/snapshot/snapshot.ts';
import { testArn, testCluster, testEntry } from '../engine/analysis/testworld.ts';
import { parsePlan } from './files/terraform/plan.ts';
import { planSides } from './files/terraform/plansides.ts';
import { aNoon, fixture } from './files/testworld.ts';
import { mergeSnapshots } from './merge.ts';

const ops = testArn('role/ops');
const ada = testArn('user/ada');
const of = (change: Parameters<typeof testCluster>[0]): Snapshot => ({
  ...emptySnapshot('aws', 1),
  clusters: [testCluster(change)],
});

test('clusters of both are joined member by member', () => {
  const merged = mergeSnapshots(
    of({ accessEntries: [testEntry(ops)], namespaces: ['a'] }),
    of({ accessEntries: [testEntry(ada)], namespaces: ['b'] }),
  );
  expect(merged.clusters).toHaveLength(1);
  expect(merged.clusters[0]?.accessEntries.map(({ principalArn }) => principalArn)).toEqual([ops, ada]);
  expect(merged.clusters[0]?.namespaces).toEqual(['a', 'b']);
  expect(merged.gaps).toEqual([]);
});

test('what differs is a gap that names both, and the later counts', () => {
  const merged = mergeSnapshots(
    { ...of({ accessEntries: [testEntry(ops)], authenticationMode: 'API' }), sources: ['one'] },
    {
      ...of({
        accessEntries: [testEntry(ops, {}, { kubernetesGroups: ['ops'] })],
        authenticationMode: 'CONFIG_MAP',
      }),
      sources: ['two'],
    },
  );
  expect(merged.clusters[0]).toMatchObject({
    authenticationMode: 'CONFIG_MAP',
    accessEntries: [{ kubernetesGroups: ['ops'] }],
  });
  expect(merged.gaps.map(({ reason }) => reason)).toEqual([
    '`authenticationMode` of cluster `prod` of one and of two differ: the second counts',
    `the entry of \`${ops}\` of one and of two differ: the second counts`,
  ]);
});

test('the same twice is no gap', () => {
  const gap = { area: 'rbac', reason: 'roles were refused' } as const;
  const one = { ...of({ accessEntries: [testEntry(ops)] }), gaps: [gap] };
  expect(mergeSnapshots(one, one)).toEqual(one);
});

test('a plan has what it starts from and what it leads to', () => {
  const plan = parsePlan(readFileSync(fixture('terraform/plan.json'), 'utf8'), 'p');
  const { before, after } = planSides(plan, { now: aNoon });
  const entries = ({ clusters }: Snapshot) =>
    clusters[0]?.accessEntries.map(({ principalArn }) => principalArn);
  expect(entries(before)).toEqual([ada]);
  expect(entries(after)).toEqual([testArn('role/team/ops')]);
  expect(() => parsePlan('{}', 'p')).toThrow('`p` is no Terraform plan in JSON');
});
