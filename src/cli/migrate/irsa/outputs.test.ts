/** What carries a plan out must do what the plan says, whatever stands in the names and the trust policies. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import type { IrsaPlan } from '../../../engine/analysis/migrateirsa/plan.ts';
import { testClusterArn } from '../../../engine/analysis/testworld.ts';
import { hostile } from '../testworld.ts';
import { irsaCloudformation, irsaEksctl, irsaManifests, irsaTerraform } from './files.ts';
import { irsaPlanText } from './plantext.ts';
import { irsaScript } from './script.ts';
import { apiArn, examplePlan } from './testworld.ts';

const plan = examplePlan();
const nasty: IrsaPlan = {
  ...plan,
  associations: plan.associations.map((one, at) => ({ ...one, serviceAccount: hostile[at] ?? '' })),
  roles: plan.roles.map((role) => ({
    ...role,
    prepared: JSON.stringify({ ...JSON.parse(role.prepared), Id: hostile.join('') }),
  })),
};

const directory = mkdtempSync(join(tmpdir(), 'entryway-irsa-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Runs a stage of the script with an `aws` and a `kubectl` that write down what they are told; `aws`: cases of the shell. */
function runScript(script: string, stage: string, aws: readonly string[] = [], pods = '') {
  const work = mkdtempSync(join(directory, 'run-'));
  const stub = `#!/bin/sh
{ printf '%s\\0' "$@"; printf '\\036'; } >>log
case \${0##*/}:$* in
kubectl:config*) printf https://c; exit ;;
kubectl:*' get pods '*) cat pods; exit ;;
kubectl:*jsonpath*) printf '%s' '${apiArn}'; exit ;;
kubectl:*) exit ;;
esac
case $2 in
${aws.join('\n')}
describe-cluster) printf '%s\\t' ${testClusterArn} ACTIVE API https://c ;;
get-role) cat "trust-\${3#*=}" ;;
update-assume-role-policy) printf '%s' "$5" >"trust-\${3#*=}" ;;
list-pod-identity-associations) [ -e made ] && echo a-1 || echo None ;;
create-pod-identity-association) touch made; echo a-1 ;;
describe-pod-identity-association) printf '[\\n    "%s",\\n    null,\\n    false,\\n    null\\n]\\n' '${apiArn}' ;;
*) exit 9 ;;
esac
`;
  for (const name of ['aws', 'kubectl']) writeFileSync(join(work, name), stub, { mode: 0o755 });
  writeFileSync(join(work, 'pods'), pods);
  for (const { roleName, before } of plan.roles) {
    writeFileSync(join(work, `trust-${roleName}`), JSON.stringify(JSON.parse(before), undefined, 4));
  }
  const { status, stdout, stderr } = spawnSync('sh', ['-s', '--', stage], {
    ...{ cwd: work, input: script, encoding: 'utf8' },
    env: { PATH: `${work}:${process.env.PATH}` },
  });
  const calls = readFileSync(join(work, 'log'), 'utf8')
    .split('\u001e')
    .map((words) => words.split('\0').slice(0, -1));
  return { status, stdout, stderr, calls, work };
}

/** One role and one association, so that the stub needs no memory. */
const single = (from: IrsaPlan): IrsaPlan => ({
  ...from,
  associations: from.associations.slice(0, 1),
  roles: from.roles.slice(0, 1),
});

test('the script tells the AWS CLI the names as they are, and runs nothing of them', () => {
  for (const serviceAccount of hostile.slice(0, 6)) {
    const one = single(nasty);
    const associations = one.associations.map((association) => ({ ...association, serviceAccount }));
    const { status, stderr, calls, work } = runScript(irsaScript({ ...one, associations }), 'prepare');
    expect(status, stderr).toBe(0);
    const creation = calls.find((words) => words[1] === 'create-pod-identity-association') ?? [];
    expect(JSON.parse(creation[creation.indexOf('--cli-input-json') + 1] ?? '')).toEqual({
      ...{ clusterName: 'prod', namespace: 'shop', serviceAccount, roleArn: apiArn },
    });
    const written = calls.find((words) => words[1] === 'update-assume-role-policy') ?? [];
    expect(JSON.parse(written.at(-1) ?? '')).toEqual(JSON.parse(one.roles[0]?.prepared ?? ''));
    expect(() => readFileSync(join(work, 'pwned'))).toThrow();
  }
});

test.each<readonly [string, string, string, readonly string[], string]>([
  ['a trust policy that is another', 'prepare', 'was changed since', ['get-role) echo "{}" ;;'], ''],
  ['a role that cannot be read', 'prepare', 'cannot be read', ['get-role) exit 254 ;;'], ''],
  ['associations that cannot be read', 'prepare', '', ['list-pod-identity-associations) exit 254 ;;'], ''],
  [
    'another association',
    'prepare',
    'is not as planned',
    ['list-pod-identity-associations) echo a-2 ;;', 'describe-pod-identity-association) echo \'["x"]\' ;;'],
    '',
  ],
  ['no association', 'finish', 'there is no association', [], ''],
  [
    'a pod from before',
    'finish',
    'start them again: old',
    ['list-pod-identity-associations) echo a-1 ;;'],
    'old api AWS_ROLE_ARN\nnew api AWS_CONTAINER_CREDENTIALS_FULL_URI\n',
  ],
  [
    'a pod that sets a role by itself',
    'finish',
    'start them again: own',
    ['list-pod-identity-associations) echo a-1 ;;'],
    'own api AWS_ROLE_ARN AWS_CONTAINER_CREDENTIALS_FULL_URI\n',
  ],
  [
    'an association that is another by now',
    'undo',
    'of shop/api was changed since and stays',
    ['list-pod-identity-associations) echo a-1 ;;', 'describe-pod-identity-association) echo \'["x"]\' ;;'],
    '',
  ],
  ['another cluster', 'undo', 'not the cluster', ["describe-cluster) echo 'x ACTIVE API https://c' ;;"], ''],
])('the script changes nothing more where it finds %s', (_, stage, message, aws, pods) => {
  const { status, stderr, calls } = runScript(irsaScript(single(plan)), stage, aws, pods);
  expect(status).not.toBe(0);
  expect(stderr).toContain(message);
  const changed = calls.filter(
    // What a role needs goes before associations, and gives nobody anything by itself.
    (words) => words.includes('annotate') || /^(?:create|delete)-/.test(words[1] ?? ''),
  );
  expect(changed).toEqual([]);
});

test('before an annotation goes, an association that was there already is looked at, too', () => {
  const one = single(plan);
  const there = {
    ...one,
    associations: one.associations.map((association) => ({ ...association, isThere: true })),
    roles: [],
  };
  const listed = 'list-pod-identity-associations) echo a-1 ;;';
  const given = (arn: string) => `describe-pod-identity-association) echo ${arn} ;;`;
  expect(runScript(irsaScript(there), 'finish', [listed, given(apiArn)]).status).toBe(0);
  for (const aws of [[listed, given('arn:x')], ['list-pod-identity-associations) echo None ;;']]) {
    const { status, calls } = runScript(irsaScript(there), 'finish', aws);
    expect([status, calls.some((words) => words.includes('annotate'))]).toEqual([1, false]);
  }
});

test('the other outputs declare the associations, and say what comes before and after', () => {
  const expected = plan.associations.map(({ namespace, serviceAccount, roleArn }) => [
    namespace,
    serviceAccount,
    roleArn,
  ]);
  const head = (text: string): string =>
    text
      .split('\n')
      .filter((line) => line.startsWith('#'))
      .join('\n');
  const eksctl = irsaEksctl(plan);
  const declared = parse(eksctl).iam.podIdentityAssociations as { [member: string]: string }[];
  expect(declared.map((one) => [one.namespace, one.serviceAccountName, one.roleARN])).toEqual(expected);
  const template = irsaCloudformation(plan);
  const resources = Object.values(parse(template).Resources) as {
    Properties: { [member: string]: string };
  }[];
  expect(resources.map(({ Properties: one }) => [one.Namespace, one.ServiceAccount, one.RoleArn])).toEqual(
    expected,
  );
  const manifests = irsaManifests(plan);
  const objects = parseAllDocuments(manifests).map((document) => document.toJS().spec);
  expect(objects.map((one) => [one.namespace, one.serviceAccount, one.roleARN])).toEqual(expected);
  const terraform = irsaTerraform(plan);
  expect(terraform.match(/^resource "aws_eks_pod_identity_association" "\w+" \{$/gm)).toHaveLength(3);
  for (const text of [eksctl, template, manifests, terraform]) {
    expect(head(text)).toMatch(/trust policies of the roles first.*role\/api: \{.*Start the Pods again/s);
  }
});

test('nothing in the plan moves the cursor or turns text around, and no comment ends early', () => {
  const proof = { pairs: [], unchanged: 3, decisions: [], unread: [], isSafe: true, incomplete: [] };
  const texts = [irsaPlanText(nasty, proof), irsaTerraform(nasty), irsaEksctl(nasty), irsaManifests(nasty)];
  for (const text of texts) {
    expect(['\u001b', '\u202e'].filter((character) => text.includes(character))).toEqual([]);
  }
  expect(irsaTerraform(nasty)).not.toMatch(/^touch/m);
});
