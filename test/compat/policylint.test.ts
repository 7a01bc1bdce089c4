/** `entryway policy lint` as it is installed, on documents that the server itself hands out. */
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { awsManagedPolicies } from '../../src/services/iam/policies/managedpolicies.ts';
import { entryway, temporaryDirectory } from './process.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());

const file = (name: string, content: unknown): string => {
  const path = join(directory.path, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content, undefined, 2));
  return path;
};

test('AWS writes its policies well: all but one line of them does what it says', async () => {
  const files = awsManagedPolicies().map(({ name, document }) => file(`${name}.json`, document));
  expect(files.length).toBeGreaterThan(10);
  const args = ['policy', 'lint', '--min-severity', 'error', '--output', 'json', ...files];
  const { stdout } = await entryway(directory.path, args);
  const { findings } = JSON.parse(stdout) as { findings: { file: string; id: string; message: string }[] };
  expect(findings.map(({ file: path, id, message }) => `${basename(path)} ${id}: ${message}`)).toEqual([
    // ListInstanceProfiles has no resource type, and the statement is about certain instance profiles.
    'AmazonEKSServiceRolePolicy.json EW-POL-202: no resource of the statement is one that `iam:ListInstanceProfiles` is about',
  ]);
});

test('a policy for a team is reviewed: what does not work, and what gives too much', async () => {
  const path = file('team.json', {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: ['eks:ListClusters', 'eks:CreateAccessEntry', 'eks:AssociateAccesPolicy'],
        Resource: 'arn:aws:eks:eu-west-1:111122223333:cluster/prod',
      },
      { Effect: 'Allow', Action: 'eks:AssociateAccessPolicy', Resource: '*' },
    ],
  });
  const { code, stdout } = await entryway(directory.path, ['policy', 'lint', '--output', 'json', path]);
  expect(code).toBe(1);
  const { findings } = JSON.parse(stdout) as { findings: { id: string; line: number; column: number }[] };
  expect(findings.map(({ id, line }) => `${id} line ${line}`)).toEqual([
    'EW-POL-202 line 7',
    'EW-POL-522 line 8',
    'EW-POL-101 line 9',
    'EW-POL-521 line 15',
  ]);
});
