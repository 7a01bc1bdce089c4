/** What carries a plan out must do what the plan says, whatever somebody wrote into aws-auth. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { planMigration } from '../../engine/analysis/migrate/create.ts';
import type { MigrationPlan } from '../../engine/analysis/migrate/plan.ts';
import { proveMigration } from '../../engine/analysis/migrate/proof.ts';
import {
  stockRbac,
  testArn,
  testClusterArn,
  testRole,
  testUser,
  testWorld,
} from '../../engine/analysis/testworld.ts';
import { cloudformation } from './cloudformation.ts';
import { eksctl } from './eksctl.ts';
import { bindingManifests } from './manifests.ts';
import { planText } from './plantext.ts';
import { migrationScript } from './script.ts';
import { hcl, terraform } from './terraform.ts';

const hostile = [
  "'; touch pwned; '",
  '$(touch pwned)',
  '`touch pwned`',
  '"; touch pwned; "',
  'file:///etc/passwd',
  '["system:masters"]',
  `a\nBINDINGS\ntouch pwned\n`,
  `\${file("/etc/passwd")}`,
  `$\${x}`,
  '%{ if true }',
  '\\',
  '- yaml: yes',
  '\u001b[2J\u202e',
];
let plan: MigrationPlan;
let text: string;

beforeAll(() => {
  const { world, cluster } = testWorld({
    account: { roles: [testRole('nodes'), testRole('ops')], users: [testUser('ada')] },
    cluster: {
      rbac: [
        ...stockRbac,
        {
          ...{ kind: 'ClusterRoleBinding', name: 'b', roleRef: { kind: 'ClusterRole', name: 'view' } },
          subjects: [{ kind: 'Group', name: `system:${hostile[6]}`, namespace: '' }],
        },
      ],
      awsAuth: {
        roles: [
          {
            rolearn: testArn('role/nodes'),
            username: 'system:node:{{EC2PrivateDNSName}}',
            groups: ['system:nodes'],
          },
          {
            rolearn: testArn('role/ops'),
            username: hostile.join(''),
            groups: [...hostile, `system:${hostile[6]}`, 'system:masters'],
          },
        ],
        users: [
          { userarn: testArn('user/ada'), username: 'file:///etc/passwd', groups: [`system:${hostile[6]}`] },
        ],
        accounts: [],
      },
    },
  });
  plan = planMigration(world, cluster);
  text = planText(plan, proveMigration(world, cluster, plan));
});

const directory = mkdtempSync(join(tmpdir(), 'entryway-migrate-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('the script tells the AWS CLI the names as they are, and runs nothing of them', () => {
  // An `aws` and a `kubectl` that write down what they are told, each word on its own line as JSON.
  const log = join(directory, 'log');
  const stub = `#!${process.execPath}
const fs = require('node:fs'), words = process.argv.slice(2), text = words.join(' ');
fs.appendFileSync(${JSON.stringify(log)}, JSON.stringify(words) + '\\n');
if (process.argv[1].endsWith('kubectl')) {
  if (words[0] === 'apply') fs.writeFileSync(${JSON.stringify(join(directory, 'applied'))}, fs.readFileSync(0));
  if (words[0] === 'config') process.stdout.write('https://c');
  if (words.includes('get')) process.exit(1);
}
else if (text.includes('get-caller-identity')) console.log('111122223333');
else if (text.includes('cluster.arn')) console.log(${JSON.stringify(testClusterArn)});
else if (text.includes('cluster.endpoint')) console.log('https://c');
else if (text.includes('authenticationMode')) console.log('API_AND_CONFIG_MAP');
else if (words[1] === 'create-access-entry') process.exit(7);
else if (words[1] === 'describe-access-entry') process.exit(1);
`;
  for (const name of ['aws', 'kubectl']) {
    writeFileSync(join(directory, name), stub);
    chmodSync(join(directory, name), 0o755);
  }
  const script = migrationScript({ ...plan, entries: plan.entries.slice(1, 2) });
  const { status, stdout } = spawnSync('sh', ['-s'], {
    cwd: directory,
    input: script,
    env: { PATH: `${directory}:${process.env.PATH}` },
    encoding: 'utf8',
  });
  // It ends where creating the entry failed, and says nothing of success.
  expect(status).toBe(7);
  expect(stdout).not.toMatch(/created:|as planned/);
  const calls = readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as readonly string[]);
  const creation = calls.find((words) => words[1] === 'create-access-entry') ?? [];
  expect(JSON.parse(creation[creation.indexOf('--cli-input-json') + 1] ?? '')).toEqual({
    ...{ clusterName: 'prod', principalArn: testArn('role/ops'), type: 'STANDARD' },
    ...{ username: hostile.join(''), kubernetesGroups: hostile },
  });
  expect(parseAllDocuments(readFileSync(join(directory, 'applied'), 'utf8'))[0]?.toJS()).toMatchObject({
    subjects: [{ kind: 'Group', name: `from-aws-auth:system:${hostile[6]}` }],
  });
  expect(() => readFileSync(join(directory, 'pwned'))).toThrow();
});

test('Terraform reads every text as it is', () => {
  // What HCL makes of a quoted string: no template begins in it, and each escape is one character.
  for (const name of hostile) {
    const written = hcl(name);
    expect(written.slice(1, -1)).not.toMatch(/[$%]\{|["\n](?<!\\")/);
    expect(JSON.parse(written)).toBe(name);
  }
  expect(hcl(`\${x} and %{y}, $\${z}`)).toBe('"\\u0024{x} and \\u0025{y}, \\u0024\\u0024{z}"');
  const made = terraform(plan);
  expect(made).toContain('resource "aws_eks_access_entry" "role_nodes" {');
  expect(made).toContain(
    'resource "aws_eks_access_policy_association" "role_ops_amazoneksclusteradminpolicy"',
  );
  expect(made).not.toMatch(/user_name\s+= "\S*system:node/);
});

test('CloudFormation and eksctl hold the same entries', () => {
  const { Resources } = parse(cloudformation(plan)) as {
    readonly Resources: Readonly<Record<string, { readonly Properties: object }>>;
  };
  expect(Object.values(Resources).map(({ Properties }) => Properties)).toMatchObject([
    { ClusterName: 'prod', PrincipalArn: testArn('role/nodes'), Type: 'EC2_LINUX' },
    {
      ...{ PrincipalArn: testArn('role/ops'), Username: hostile.join(''), KubernetesGroups: hostile },
      AccessPolicies: [{ AccessScope: { Type: 'cluster' } }],
    },
    { PrincipalArn: testArn('user/ada'), KubernetesGroups: [`from-aws-auth:system:${hostile[6]}`] },
  ]);
  expect(parse(eksctl(plan))).toMatchObject({
    metadata: { name: 'prod', region: 'us-east-1' },
    accessConfig: {
      accessEntries: [
        { principalARN: testArn('role/nodes'), type: 'EC2_LINUX' },
        { kubernetesUsername: hostile.join(''), kubernetesGroups: hostile },
        { kubernetesUsername: 'file:///etc/passwd' },
      ],
    },
  });
  expect(parse(bindingManifests(plan))).toMatchObject({ kind: 'ClusterRoleBinding' });
  const secret = plan.entries.map((entry) => ({ ...entry, username: '{{resolve:ssm:secret}}' }));
  expect(() => cloudformation({ ...plan, entries: secret })).toThrow('parameter');
});

test('nothing in the plan moves the cursor or turns text around', () => {
  expect(['\u001b', '\u202e'].filter((character) => text.includes(character))).toEqual([]);
  expect(text).toContain('\\u001b[2J');
});
