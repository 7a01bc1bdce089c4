/** What carries a plan out must do what the plan says, whatever somebody wrote into aws-auth. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { afterMigration } from '../../engine/analysis/migrate/after.ts';
import type { PlannedEntry } from '../../engine/analysis/migrate/plan.ts';
import { proveMigration } from '../../engine/analysis/migrate/proof.ts';
import type { SnapshotCluster } from '../../engine/analysis/snapshot/snapshot.ts';
import { testArn, testClusterArn, testEntry } from '../../engine/analysis/testworld.ts';
import type { RbacObject } from '../../engine/rbac/objects.ts';
import { readFiles } from '../../sources/files/readfiles.ts';
import { cloudformation } from './cloudformation.ts';
import { eksctl } from './eksctl.ts';
import { bindingManifests } from './manifests.ts';
import { planText } from './plantext.ts';
import { proofText } from './prooftext.ts';
import { migrationScript } from './script.ts';
import { hcl, terraform } from './terraform.ts';
import { hostile, hostilePlan } from './testworld.ts';

const { world, cluster, plan } = hostilePlan();
const text = planText(plan, proveMigration(world, cluster, plan));

const directory = mkdtempSync(join(tmpdir(), 'entryway-migrate-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const awsAuthData = { mapRoles: `- ${hostile.join(' ')}\n`, mapUsers: '', other: 'x' };
const compared = `mapRoles ${Buffer.byteLength(awsAuthData.mapRoles)}\n${awsAuthData.mapRoles}\n`;

/**
 * Runs the script with an `aws` and a `kubectl` that write down what they are told. `aws`: what it answers, as cases of the shell
 * over the operation; the first that fits counts.
 */
function runScript(
  script: string,
  stage: string,
  { aws = [], kubectl = compared }: { readonly aws?: readonly string[]; readonly kubectl?: string },
) {
  const work = mkdtempSync(join(directory, 'run-'));
  const stub = `#!/bin/sh
{ printf '%s\\0' "$@"; printf '\\036'; } >>log
case \${0##*/}:$* in
kubectl:apply*) cat >applied; exit ;;
kubectl:config*) printf https://c; exit ;;
kubectl:*go-template*) cat compared; exit ;;
kubectl:*) exit ;;
*get-caller-identity*) echo 111122223333; exit ;;
esac
case $2 in
${aws.join('\n')}
describe-cluster) printf '%s\\t' ${testClusterArn} ACTIVE API_AND_CONFIG_MAP https://c ;;
*) exit 9 ;;
esac
`;
  for (const name of ['aws', 'kubectl']) writeFileSync(join(work, name), stub, { mode: 0o755 });
  writeFileSync(join(work, 'compared'), kubectl);
  const { status, stdout, stderr } = spawnSync('sh', ['-s', '--', stage], {
    ...{ cwd: work, input: script, encoding: 'utf8' },
    env: { PATH: `${work}:${process.env.PATH}` },
  });
  const calls = readFileSync(join(work, 'log'), 'utf8')
    .split('\u001e')
    .map((words) => words.split('\0').slice(0, -1));
  return { status, stdout, stderr, calls, work };
}

/** A case of that `aws`. */
const failing = (operation: string, error: string): string =>
  `${operation}) echo 'An error occurred (${error})' >&2; exit 254 ;;`;
const answering = (operation: string, answer: unknown): string =>
  `${operation}) cat <<'ANSWER'\n${typeof answer === 'string' ? answer : JSON.stringify(answer, undefined, 4)}\nANSWER\n;;`;
const inModeApi = answering('describe-cluster', `${testClusterArn}\tACTIVE\tAPI\thttps://c`);

test('the script tells the AWS CLI the names as they are, and runs nothing of them', () => {
  const script = migrationScript(
    { ...plan, entries: plan.entries.slice(1, 2) },
    { awsAuthData, accessEntries: [] },
  );
  const { status, stdout, calls, work } = runScript(script, 'prepare', {
    aws: [failing('create-access-entry', 'ServerException')],
  });
  // It ends where creating the entry failed, and says nothing of success.
  expect(status).toBe(1);
  expect(stdout).not.toMatch(/created:|as planned/);
  const creation = calls.find((words) => words[1] === 'create-access-entry') ?? [];
  expect(JSON.parse(creation[creation.indexOf('--cli-input-json') + 1] ?? '')).toEqual({
    ...{ clusterName: 'prod', principalArn: testArn('role/ops'), type: 'STANDARD' },
    ...{ username: hostile.join(''), kubernetesGroups: hostile },
  });
  expect(parseAllDocuments(readFileSync(join(work, 'applied'), 'utf8'))[0]?.toJS()).toMatchObject({
    subjects: [{ kind: 'Group', name: `from-aws-auth:system:${hostile[6]}` }],
  });
  expect(() => readFileSync(join(work, 'pwned'))).toThrow();
});

test.each<readonly [string, string, readonly string[], string]>([
  ['prepare', 'aws-auth was changed since', [], 'mapRoles 1\nx\n'],
  ['undo', 'aws-auth was changed since', [], ''],
  ['finish', 'aws-auth was changed since', [], `${compared}mapUsers 1\nx\n`],
  ['undo', 'ThrottlingException', [failing('describe-cluster', 'ThrottlingException')], compared],
  ['undo', 'shut everybody out', [inModeApi], compared],
  ['prepare', 'mode API already', [inModeApi], compared],
  ['undo', 'ThrottlingException', [failing('describe-access-entry', 'ThrottlingException')], compared],
  [
    'finish',
    'there is no entry of',
    [failing('describe-access-entry', 'ResourceNotFoundException')],
    compared,
  ],
  [
    'finish',
    'is not as planned',
    [
      answering('describe-access-entry', ['STANDARD', [], 'a b']),
      answering('list-associated-access-policies', [['admin', 'cluster', []]]),
    ],
    compared,
  ],
  [
    'prepare',
    'is not as planned',
    [
      failing('create-access-entry', 'ResourceInUseException'),
      answering('describe-access-entry', ['STANDARD', [], 'ab']),
    ],
    compared,
  ],
])('the script changes nothing at %s where it is told: %s', (stage, said, aws, kubectl) => {
  const entry: PlannedEntry = {
    ...{ principalArn: testArn('role/ops'), type: 'STANDARD', username: 'a b', kubernetesGroups: [] },
    ...{ policies: [], replacesStale: false, isKnown: true, from: 'mapRoles', changes: [] },
  };
  const script = migrationScript(
    { ...plan, entries: [entry], bindings: [] },
    { awsAuthData, accessEntries: [] },
  );
  const { status, stderr, calls } = runScript(script, stage, { aws, kubectl });
  expect(stderr).toContain(said);
  expect(status).not.toBe(0);
  expect(calls.filter((words) => /update-|delete-|associate-access|^apply/.test(words.join(' ')))).toEqual(
    [],
  );
});

test('the script deletes an entry of a principal that is gone as long as it is the one that was read', () => {
  const stale = testEntry(testArn('role/ops'), {}, { username: "it's old" });
  const script = migrationScript(
    {
      ...plan,
      entries: plan.entries.slice(1, 2).map((one) => ({ ...one, replacesStale: true })),
      bindings: [],
    },
    { awsAuthData, accessEntries: [stale] },
  );
  const deletions = (username: string, tag: string | null) =>
    runScript(script, 'prepare', {
      aws: [
        answering('describe-access-entry', [tag, 'STANDARD', [], username]),
        answering('delete-access-entry', ''),
      ],
    }).calls.filter((words) => words[1] === 'delete-access-entry').length;
  expect([deletions("it's old", null), deletions('mended', null), deletions("it's old", 'yes')]).toEqual([
    1, 0, 0,
  ]);
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

/** What `--from` reads of a file. */
async function reread(name: string, content: string): Promise<SnapshotCluster> {
  const path = join(directory, name);
  writeFileSync(path, content);
  const { clusters } = await readFiles([path], { now: 0, clusters: [testClusterArn] });
  const [read] = clusters;
  if (read === undefined) throw new Error(`${name} has no cluster`);
  return read;
}
const shown = ({ accessEntries }: Pick<SnapshotCluster, 'accessEntries'>): unknown =>
  accessEntries.map(({ principalArn, type, username, kubernetesGroups, associatedPolicies }) => ({
    ...{ principalArn, type, username, kubernetesGroups },
    policies: associatedPolicies.map(({ policyArn, accessScope }) => [policyArn, accessScope]),
  }));

/** A plan of Terraform's for our own file: what the blocks say, each escape read as HCL reads it. */
function planned(file: string): string {
  const blocks = [...file.matchAll(/^resource "(\w+)" "(\w+)" \{\n([\s\S]*?)^\}/gm)].map(
    ([, type = '', name = '', body = '']) => {
      const values: Record<string, unknown> = Object.fromEntries(
        [...body.matchAll(/^ {2}(\w+) += (.*)$/gm)].map(([, key = '', value = '']) => [
          key,
          // A reference to the entry of the same name.
          value.startsWith('aws_eks_access_entry.') ? value : JSON.parse(value),
        ]),
      );
      const scope = /access_scope \{\n\s+type = (".*")/.exec(body)?.[1];
      if (scope !== undefined) values.access_scope = [{ type: JSON.parse(scope), namespaces: null }];
      return { type, name, values };
    },
  );
  const referred = (reference: unknown): unknown => {
    const [, name, key = ''] = /^aws_eks_access_entry\.(\w+)\.(\w+)$/.exec(String(reference)) ?? [];
    return blocks.find((block) => block.name === name)?.values[key] ?? reference;
  };
  const resources = blocks.map(({ type, name, values }) => ({
    ...{ address: `${type}.${name}`, mode: 'managed', type, name },
    values: Object.fromEntries(
      Object.entries(values).map(([key, value]) => [
        key,
        typeof value === 'string' ? referred(value) : value,
      ]),
    ),
  }));
  return JSON.stringify({
    ...{ format_version: '1.2', terraform_version: '1.9.0' },
    planned_values: { root_module: { resources } },
  });
}

test('what is read of each output is what the plan makes, whatever the names', async () => {
  const { accessEntries, rbac } = afterMigration(cluster.cluster, plan, world);
  const expected = shown({ accessEntries: accessEntries.toSorted(byArn) });
  const outputs = {
    'template.yaml': cloudformation(plan),
    'config.yaml': eksctl(plan),
    'plan.json': planned(terraform(plan)),
  };
  for (const [name, content] of Object.entries(outputs)) {
    const read = await reread(name, content);
    expect(shown({ accessEntries: read.accessEntries.toSorted(byArn) }), name).toEqual(expected);
  }
  const manifests = bindingManifests(plan);
  const made = (objects: readonly RbacObject[]) =>
    objects.filter(({ name }) => name.endsWith('-from-aws-auth'));
  expect(made((await reread('bindings.yaml', manifests)).rbac)).toEqual(made(rbac));
  // kubectl and eksctl read YAML 1.1, and neither takes a control character.
  for (const content of [outputs['config.yaml'], outputs['template.yaml'], manifests]) {
    expect(parse(content, { version: '1.1', merge: false })).toEqual(parse(content));
    expect(content).not.toMatch(/[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u);
  }
});

const byArn = (one: { readonly principalArn: string }, other: { readonly principalArn: string }): number =>
  one.principalArn < other.principalArn ? -1 : 1;

test('a name that an output cannot say is refused and not changed', () => {
  const called = (username: string) => ({
    ...plan,
    entries: plan.entries.map((entry) => ({ ...entry, username })),
  });
  expect(() => cloudformation(called('{{resolve:ssm:secret}}'))).toThrow('parameter');
  // Terraform composes what RBAC compares by its bytes.
  expect(() => terraform(called('e\u0301va'))).toThrow('spell');
});

test('outputs that only declare entries say what comes before and after them', () => {
  const legacy = {
    ...plan,
    from: 'CONFIG_MAP' as const,
    entries: plan.entries.map((entry) => ({ ...entry, replacesStale: true })),
  };
  for (const output of [terraform(legacy), cloudformation(legacy), eksctl(legacy)]) {
    const head = output.split('\n').filter((line) => line.startsWith('# '));
    expect(head.join('\n')).toMatch(/bindings first.*API_AND_CONFIG_MAP.*role\/nodes\n.*no way back/s);
  }
});

test('of an aws-auth that was not read whole the proof says so, and why', () => {
  const proof = { ...proveMigration(world, cluster, plan), principals: [], isSafe: false };
  expect(proofText({ ...proof, unread: ['mapRoles is \u001b[2J broken'] })).toBe(
    'Proof: none, since aws-auth was not read whole. Mend what stands here, and ask again.\n' +
      '  NOT PROVEN of whomever else aws-auth may let in: mapRoles is \\u001b[2J broken\n',
  );
});

test('nothing in the plan moves the cursor or turns text around', () => {
  expect(['\u001b', '\u202e'].filter((character) => text.includes(character))).toEqual([]);
  expect(text).toContain('\\u001b[2J');
});
