/** What is printed, and how the command ends: nothing that could be run while somebody would gain or lose. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test, vi } from 'vitest';
import {
  account,
  irsaRole,
  issuerHost,
  policy,
  providerArn,
} from '../../../engine/analysis/migrateirsa/testworld.ts';
import { testSnapshot } from '../../../engine/analysis/testworld.ts';
import { writeSnapshot } from '../../../sources/saved/saved.ts';
import { type IrsaOptions, migrateIrsa } from './irsa.ts';

const directory = mkdtempSync(join(tmpdir(), 'entryway-irsa-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A role whose policy reads a tag that Pod Identity gives, or a plain one. */
function snapshotFile(isTagged: boolean): string {
  const file = join(directory, `${isTagged}.json`);
  const read = { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' };
  const Condition = { StringEquals: { 'aws:PrincipalTag/kubernetes-namespace': 'shop' } };
  const inlinePolicies = { read: policy(isTagged ? { ...read, Condition } : read) };
  const snapshot = testSnapshot({
    account: {
      roles: [irsaRole('api', ['shop/api'], { inlinePolicies })],
      oidcProviders: [{ arn: providerArn, url: issuerHost, clientIds: ['sts.amazonaws.com'] }],
    },
    cluster: {
      ...{ issuer: `https://${issuerHost}`, podIdentityAssociations: [], pods: [], namespaces: ['shop'] },
      serviceAccounts: [account('shop/api', 'api')],
    },
  });
  writeFileSync(file, writeSnapshot(snapshot));
  return file;
}

async function run(isTagged: boolean, change: Partial<IrsaOptions>) {
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    const spy = vi.spyOn(process[name], 'write').mockImplementation((text) => {
      said[name] += String(text);
      return true;
    });
    onTestFinished(() => spy.mockRestore());
  }
  process.exitCode = undefined;
  await migrateIrsa({ from: [snapshotFile(isTagged)], output: 'plan', ...change });
  const { exitCode } = process;
  process.exitCode = undefined;
  return { ...said, exitCode };
}

test.each(['script', 'terraform', 'cloudformation', 'eksctl', 'manifests'] as const)(
  'a %s is printed only while nothing changes, or when it is accepted',
  async (output) => {
    const refused = await run(true, { output });
    expect(refused).toMatchObject({ stdout: '', exitCode: 1 });
    expect(refused.stderr).toContain('MAY MORE');
    expect(await run(true, { output, acceptDifferences: true })).toMatchObject({
      stdout: expect.stringContaining('shop'),
      ...{ stderr: '', exitCode: undefined },
    });
    expect((await run(false, { output })).exitCode).toBeUndefined();
  },
);

test('the plan tells the differences and ends with 1, as data too', async () => {
  expect(await run(true, {})).toMatchObject({
    stdout: expect.stringContaining('settle the differences above'),
    exitCode: 1,
  });
  const { stdout, exitCode } = await run(true, { output: 'json' });
  expect([JSON.parse(stdout).proof.isSafe, exitCode]).toEqual([false, 1]);
  expect(await run(false, {})).toMatchObject({ exitCode: undefined, stderr: '' });
});
