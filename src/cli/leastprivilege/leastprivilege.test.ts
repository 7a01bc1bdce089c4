import { afterEach, expect, test, vi } from 'vitest';
import {
  stockRbac,
  testArn,
  testClusterArn,
  testEntry,
  testRole,
  testTakenAt,
  testWorld,
} from '../../engine/analysis/testworld.ts';
import type { AccessUse } from '../../engine/analysis/usage/use.ts';
import { answerLeastPrivilege } from './leastprivilege.ts';

const policy = (Action: string): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: '*' }] });
const { world } = testWorld({
  account: { roles: [testRole('ops', { inlinePolicies: { own: policy('eks:*') } })] },
  cluster: {
    accessEntries: [testEntry(testArn('role/ops'), { AmazonEKSSecretReaderPolicy: ['dev', 'prod'] })],
    rbac: stockRbac,
  },
});

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

async function run(uses: readonly AccessUse['did'][], output: 'table' | 'json' = 'table') {
  const written = { out: '', err: '' };
  const collect = (into: keyof typeof written) => (text: unknown) => {
    written[into] += String(text);
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(collect('out'));
  vi.spyOn(process.stderr, 'write').mockImplementation(collect('err'));
  await answerLeastPrivilege(
    world,
    async (onUse) => {
      const who = { principalArn: testArn('role/ops') };
      for (const did of uses) onUse({ at: testTakenAt - 3_600_000, who, did, allowed: true });
      return [
        { area: 'usage', reason: 'a line is no JSON', place: { file: 'audit.log', line: 3, column: 1 } },
      ];
    },
    { for: 'role/ops', since: '30d', at: testTakenAt, output },
  );
  return { ...written, exitCode: process.exitCode };
}

const secrets = (verb: string): AccessUse['did'] => ({
  kind: 'kubernetes',
  question: {
    kind: 'resource',
    verb,
    apiGroup: '',
    resource: 'secrets',
    subresource: '',
    namespace: 'dev',
    name: '',
  },
});

test('nothing recorded is exit code 1, with what to do', async () => {
  const { out, err, exitCode } = await run([]);
  expect({ out, exitCode }).toEqual({ out: '', exitCode: 1 });
  expect(err).toContain(
    'nothing was recorded of role/ops from 2026-10-22T12:00Z to 2026-11-21T12:00Z\nhint: look further back',
  );
  expect(err).toContain('incomplete because audit.log:3:1: a line is no JSON');
});

test('what was used is told with what would have been enough', async () => {
  const { out, exitCode } = await run([
    secrets('get'),
    secrets('list'),
    secrets('get'),
    { kind: 'aws', action: 'eks:DescribeCluster', resources: [testClusterArn] },
  ]);
  expect(exitCode).toBeUndefined();
  expect(out).toContain('role/ops on prod, 2026-10-22T12:00Z to 2026-11-21T12:00Z: 4 uses\n');
  expect(out).toMatch(/get secrets +dev +2 +2026-11-21T11:00Z +2026-11-21T11:00Z\n/);
  expect(out).toContain('enough: access policy AmazonEKSSecretReaderPolicy, of which 2 of 3 pairs');
  expect(out).toContain('--access-scope type=namespace,namespaces=dev\n');
  expect(out).toContain('- apiGroups: [""]\n  resources: [secrets]\n  verbs: [get, list]\n');
  expect(out).toContain('kind: RoleBinding');
  expect(out).toContain('"Action": [\n        "eks:DescribeCluster"\n      ]');
  expect(out).toContain('  in prod\n    get, list, watch: secrets\n');
});

test('as data, all is in it', async () => {
  const { out } = await run([secrets('get')], 'json');
  expect(JSON.parse(out)).toMatchObject({
    recorded: 1,
    kubernetes: { places: [{ namespaces: ['dev'] }] },
    incomplete: [{ area: 'usage', place: { line: 3 } }, { area: 'usage' }, { area: 'usage' }],
  });
});
