import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Snapshot } from '../../engine/analysis/snapshot/snapshot.ts';
import { readSides } from './sides.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'entryway-diff-'));
  const entry = (name: string): object => ({
    ...{ cluster_name: 'prod', principal_arn: `arn:aws:iam::111122223333:role/${name}`, type: 'STANDARD' },
  });
  const plan = (name: string): object => ({
    ...{ format_version: '1.2', terraform_version: '1.13.4' },
    planned_values: {
      root_module: {
        resources: [
          { address: 'aws_eks_access_entry.x', type: 'aws_eks_access_entry', name: 'x', values: entry(name) },
        ],
      },
    },
    resource_changes: [
      {
        ...{ address: 'aws_eks_access_entry.x', type: 'aws_eks_access_entry', name: 'x' },
        change: { actions: ['create'], before: null, after: entry(name), after_unknown: {} },
      },
    ],
  });
  const now = [
    { cluster: { name: 'prod', arn: 'arn:aws:eks:eu-central-1:111122223333:cluster/prod' } },
    {
      accessEntry: {
        clusterName: 'prod',
        principalArn: 'arn:aws:iam::111122223333:role/now',
        type: 'STANDARD',
      },
    },
  ];
  writeFileSync(join(directory, 'one.json'), JSON.stringify(plan('one')));
  writeFileSync(join(directory, 'two.json'), JSON.stringify(plan('two')));
  writeFileSync(join(directory, 'now.json'), now.map((one) => JSON.stringify(one)).join('\n'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const at = (name: string): string => join(directory, name);
const names = ({ clusters }: Snapshot): readonly string[] =>
  clusters.flatMap(({ accessEntries }) =>
    accessEntries.map(({ principalArn }) => principalArn.split('/')[1] ?? ''),
  );

test.each([
  ['now.json', 'one.json', ['now'], ['now', 'one']],
  ['one.json', 'two.json', ['one'], ['two']],
  ['one.json', 'now.json', ['one'], ['now']],
  ['one.json', undefined, [], ['one']],
])('%s and %s', async (before, after, old, fresh) => {
  const sides = await readSides({ before: at(before), after: after && at(after) }, {});
  expect([names(sides.before), names(sides.after)]).toEqual([old, fresh]);
});

test.each([
  ['now', undefined],
  ['-', '-'],
])('%s and %s is misuse', async (before, after) => {
  await expect(readSides({ before, after }, {})).rejects.toMatchObject({
    hint: expect.stringContaining('name '),
  });
});

test('anything but a plan has no two sides', async () => {
  await expect(readSides({ before: at('now.json'), after: undefined }, {})).rejects.toThrow(
    'is no Terraform plan',
  );
});
