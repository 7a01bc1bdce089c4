import { describe, expect, test } from 'vitest';
import { emptySnapshot, type Snapshot } from '../../engine/analysis/snapshot/snapshot.ts';
import { testAccountId, testCluster, testEntry, testRole } from '../../engine/analysis/testworld.ts';
import { SourceError } from '../sourceerror.ts';
import { parseSnapshot, writeSnapshot } from './saved.ts';

const ops = testRole('ops');
const snapshot: Snapshot = {
  ...emptySnapshot('aws', 7),
  accounts: [
    {
      ...{ accountId: testAccountId, users: [], roles: [ops], groups: [], managedPolicies: [] },
      ...{ oidcProviders: [], accessPolicies: [] },
    },
  ],
  clusters: [testCluster({ accessEntries: [testEntry(ops.arn, { AmazonEKSViewPolicy: ['dev'] })] })],
  blocks: [{ kind: 'principalArn', target: ops.arn, until: 9 }],
  guardrails: { serviceControl: [['{}']], resourceControl: [] },
  gaps: [{ area: 'usage', reason: 'none', place: { file: 'a', line: 1, column: 2 } }],
  places: { 'iam x': { file: 'a', line: 1, column: 2 } },
};

test('what is written is read again as it was', () => {
  expect(parseSnapshot(writeSnapshot(snapshot))).toEqual(snapshot);
});

type Change = (copy: Record<string, unknown> & { clusters: Record<string, unknown>[] }) => void;

describe('a saved snapshot is refused with the path of', () => {
  test.each<[string, Change]>([
    ['`secret` of the saved snapshot is not known', (copy) => void Object.assign(copy, { secret: 1 })],
    ['`takenAt` of the saved snapshot is no number', (copy) => void Object.assign(copy, { takenAt: '7' })],
    ['`blocks` of the saved snapshot is missing', (copy) => void delete copy.blocks],
    [
      '`partition` of the saved snapshot is no partition of AWS',
      (copy) => void Object.assign(copy, { partition: 'moon' }),
    ],
    [
      '`clusters[0].rbac` of the saved snapshot is no list',
      (copy) => void Object.assign(copy.clusters[0] ?? {}, { rbac: {} }),
    ],
    [
      '`clusters[0].rbac[0]` of the saved snapshot is no RBAC object',
      (copy) => void Object.assign(copy.clusters[0] ?? {}, { rbac: [{ kind: 'Secret' }] }),
    ],
    [
      '`clusters[0].rbac[0].rules[0].nonResourceURLs` of the saved snapshot is missing',
      (copy) =>
        void Object.assign(copy.clusters[0] ?? {}, {
          rbac: [
            {
              ...{ kind: 'Role', name: 'a', namespace: 'b' },
              rules: [{ verbs: [], apiGroups: [], resources: [], resourceNames: [] }],
            },
          ],
        }),
    ],
    [
      '`clusters[1]` of the saved snapshot is there twice',
      (copy) => void copy.clusters.push(copy.clusters[0] ?? {}),
    ],
    [
      '`clusters[0]` of the saved snapshot has an ARN of another account, region or name',
      (copy) => void Object.assign(copy.clusters[0] ?? {}, { name: 'other' }),
    ],
    [
      '`clusters[0].accessEntries[0].associatedPolicies[0].accessScope.type` of the saved snapshot is none of `cluster`, `namespace`',
      (copy) => {
        const text = JSON.stringify(copy.clusters[0]).replace('"type":"namespace"', '"type":"all"');
        copy.clusters[0] = JSON.parse(text) as Record<string, unknown>;
      },
    ],
  ])('%s', (message, change) => {
    const copy = JSON.parse(writeSnapshot(snapshot)) as Parameters<Change>[0];
    change(copy);
    expect(() => parseSnapshot(JSON.stringify(copy, undefined, 1), 's.json')).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^s\.json:\d+:\d+: /) }),
    );
    expect(() => parseSnapshot(JSON.stringify(copy), 's.json')).toThrow(message);
  });

  test.each(['', '[', '{}', '7', '{"format":"entryway.snapshot/v2"}'])('%j is a told error', (text) => {
    expect(() => parseSnapshot(text)).toThrow(SourceError);
  });
});
