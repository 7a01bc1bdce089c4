import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createWorld } from '../../engine/analysis/world/world.ts';
import { parseSnapshot, writeSnapshot } from '../saved/saved.ts';
import { readFiles } from './readfiles.ts';
import { aNoon, fixture, gapTexts, readTexts } from './testworld.ts';

const role = (more: string): string =>
  `apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r, namespace: dev}\n${more}`;

describe('manifests', () => {
  test.each([
    ['a rule that is no object', role('rules: [get]')],
    ['verbs that are no list', role('rules: [{verbs: get, apiGroups: [""], resources: [pods]}]')],
    ['a verb that is no text', role('rules: [{verbs: [yes], apiGroups: [""], resources: [pods]}]')],
    [
      'a binding of another group',
      'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: r}\nroleRef: {apiGroup: x, kind: ClusterRole, name: a}',
    ],
  ])('%s is a gap, and nothing of it counts', async (_, text) => {
    const snapshot = await readTexts({
      'a.yaml': text,
      'b.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: {name: dev}',
    });
    expect(gapTexts(snapshot)).toContainEqual(
      expect.stringMatching(/^1:1 .* `r` is not as Kubernetes would take it/),
    );
    expect(snapshot.clusters[0]?.rbac.filter(({ name }) => name === 'r')).toEqual([]);
  });

  test('are read with what they grant, and the rest is told once', async () => {
    const snapshot = await readFiles([fixture('manifests')], { now: aNoon });
    expect(snapshot.sources).toEqual([
      fixture('manifests'),
      '1 object of `Deployment` does not grant access',
      "assumed for cluster `manifests`: Kubernetes' own default roles and bindings, which the files do not bring",
    ]);
    const [cluster] = snapshot.clusters;
    expect(cluster?.rbac.slice(-2).map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'Role secret-reader',
      'RoleBinding payments-secrets',
    ]);
    expect(cluster?.serviceAccounts).toEqual([
      { namespace: 'payments', name: 'payments-api', roleArn: 'arn:aws:iam::111122223333:role/payments-api' },
    ]);
    const world = createWorld(snapshot).clusters[0];
    expect(world?.serviceAccounts).toBeUndefined();
    const payments = world?.subjects().find((one) => one.kind === 'iam' && one.arn.endsWith('role/payments'));
    if (world === undefined || payments === undefined) throw new Error('nobody is there');
    const question = {
      kind: 'resource',
      verb: 'get',
      apiGroup: '',
      resource: 'secrets',
      subresource: '',
      name: '',
    } as const;
    expect(world.can(payments, { ...question, namespace: 'payments' }).allowed).toBe(true);
    expect(world.can(payments, { ...question, namespace: 'dev' }).allowed).toBe(false);
  });

  test('a list that leaves the kind out of its items reads as with it', async () => {
    const items = [{ metadata: { name: 'a' } }, { metadata: { name: 'kube-system' } }];
    const list = { apiVersion: 'v1', kind: 'NamespaceList', items };
    const snapshot = await readTexts({ 'a.json': JSON.stringify(list) });
    expect(snapshot.clusters[0]?.namespaces).toEqual(['a', 'kube-system']);
  });

  test('a role that is there twice and differs is a gap that names both places, and the later counts', async () => {
    const rules = (verb: string): string =>
      role(`rules: [{verbs: [${verb}], apiGroups: [""], resources: [pods]}]`);
    const snapshot = await readTexts({ 'a.yaml': `${rules('get')}\n---\n${rules('list')}` });
    expect(gapTexts(snapshot)).toContainEqual(
      expect.stringMatching(/^6:1 Role `dev\/r` is also at .*a\.yaml:1:1, and differs/),
    );
    expect(snapshot.clusters[0]?.rbac.at(-1)).toMatchObject({ rules: [{ verbs: ['list'] }] });
  });

  test('of what YAML merges, the own names win, and of the merged the first', async () => {
    const snapshot = await readTexts({
      'a.yaml': `x: &x {name: theirs, namespace: x}
y: &y {name: late, labels: {a: b}}
kind: ServiceAccount
apiVersion: v1
metadata: {<<: [*x, *y], namespace: own}`,
    });
    expect(snapshot.clusters[0]?.serviceAccounts).toEqual([{ namespace: 'own', name: 'theirs' }]);
  });

  test('SECURITY: a ConfigMap `aws-auth` in another namespace maps nobody', async () => {
    const awsAuth = (namespace: string): string => `apiVersion: v1
kind: ConfigMap
metadata: {name: aws-auth, namespace: ${namespace}}
data: {mapAccounts: "['111122223333']"}`;
    for (const [namespace, isRead] of [
      ['kube-system', true],
      ['dev', false],
    ] as const) {
      const { clusters } = await readTexts({ 'a.yaml': awsAuth(namespace), 'b.yaml': role('rules: []') });
      expect(clusters[0]?.awsAuth !== undefined, namespace).toBe(isRead);
    }
  });

  test('whose they are must be clear', async () => {
    const cluster = (name: string): string => JSON.stringify({ cluster: { name } });
    const files = { 'a.json': cluster('a') + cluster('b'), 'c.yaml': role('rules: []') };
    await expect(readTexts(files)).rejects.toMatchObject({
      code: 'misuse',
      hint: expect.stringContaining('one of `a`, `b`'),
    });
    await expect(readTexts(files, ['c'])).rejects.toMatchObject({ code: 'misuse' });
    const { clusters } = await readTexts(files, ['b']);
    expect(clusters.map(({ name, rbac }) => [name, rbac.some((one) => one.name === 'r')])).toEqual([
      ['a', false],
      ['b', true],
    ]);
  });
});

describe('output of the AWS CLI', () => {
  test('makes accounts and clusters whole, and names what is missing', async () => {
    const snapshot = await readFiles([fixture('awscli')], { now: aNoon });
    expect(snapshot.clusters[0]).toMatchObject({
      arn: 'arn:aws:eks:eu-central-1:111122223333:cluster/prod',
      authenticationMode: 'API',
      accessEntries: [
        {
          principalArn: 'arn:aws:iam::111122223333:role/team/ops',
          createdAt: 1768467600500,
          kubernetesGroups: ['ops'],
          associatedPolicies: [{ accessScope: { type: 'namespace', namespaces: ['dev-*'] } }],
        },
        {
          principalArn: 'arn:aws:iam::111122223333:user/ada',
          username: 'arn:aws:iam::111122223333:user/ada',
        },
      ],
    });
    expect(snapshot.accounts[0]).toMatchObject({
      users: [
        {
          groupNames: ['devs'],
          inlinePolicies: { inline: '{"Version":"2012-10-17","Statement":[]}' },
          mfaDevices: 0,
          hasPassword: true,
        },
      ],
      roles: [{ principalId: 'AROAEXAMPLEOPS000001', lastUsedAt: Date.UTC(2026, 10, 20, 8) }],
      managedPolicies: [{ document: expect.stringContaining('eks:Describe*') }],
      root: { accessKeys: 0, mfa: true },
    });
    expect([...gapTexts(snapshot)].sort()).toEqual([
      '1:1 the entry of `arn:aws:iam::111122223333:user/ada` is only named: its type and groups are not in the files; `aws eks describe-access-entry` prints them',
      '1:1 the policies of the entry of `arn:aws:iam::111122223333:user/ada` are not in the files',
      'roles and bindings of cluster `prod` are not in the files',
    ]);
  });

  test('an entry of which only the policies are told has groups that are not known, which is told', async () => {
    const policies = {
      ...{ clusterName: 'prod', principalArn: 'arn:aws:iam::111122223333:role/ops' },
      associatedAccessPolicies: [],
    };
    expect(gapTexts(await readTexts({ 'a.json': JSON.stringify(policies) }))).toContainEqual(
      expect.stringContaining('role/ops` is only named: its type and groups are not in the files'),
    );
  });

  test('a page that is cut off leaves the account open: others of it may exist', async () => {
    const page = {
      UserDetailList: [],
      RoleDetailList: [],
      GroupDetailList: [],
      Policies: [],
      IsTruncated: true,
    };
    const user = { Users: [{ Arn: 'arn:aws:iam::111122223333:user/ada', UserId: 'AIDAEXAMPLEADA000001' }] };
    const snapshot = await readTexts({ 'a.json': JSON.stringify(page) + JSON.stringify(user) });
    expect(snapshot.gaps).toContainEqual(expect.objectContaining({ area: 'iam', accountId: '111122223333' }));
  });
});

describe('a Terraform plan', () => {
  test('is what it leads to; what is known only after apply follows references, or is a gap', async () => {
    const snapshot = await readFiles([fixture('terraform')], { now: aNoon });
    expect(snapshot.clusters.map(({ accessEntries }) => accessEntries)).toMatchObject([
      [
        {
          principalArn: 'arn:aws:iam::111122223333:role/team/ops',
          associatedPolicies: [{ policyArn: expect.stringMatching(/AmazonEKSClusterAdminPolicy$/) }],
        },
      ],
    ]);
    expect(snapshot.clusters[0]?.rbac.at(-1)).toMatchObject({
      kind: 'RoleBinding',
      subjects: [{ kind: 'Group' }, { kind: 'ServiceAccount', namespace: 'payments' }],
    });
    expect(gapTexts(snapshot)).toContainEqual(
      expect.stringMatching(
        /^\d+:\d+ `aws_eks_access_entry.late`: `principal_arn` is known only after apply$/,
      ),
    );
    expect(snapshot.gaps).toContainEqual(expect.objectContaining({ area: 'iam', accountId: '111122223333' }));
  });

  test('of a format that is not known is a gap', async () => {
    const plan = JSON.stringify({ format_version: '2.0', planned_values: {} });
    await expect(readTexts({ 'p.json': plan })).rejects.toMatchObject({
      message: expect.stringMatching(/p\.json:1:1: Terraform's format `2\.0` is not known here/),
    });
  });
});

describe('a CloudFormation template', () => {
  test('is read with its functions carried out', async () => {
    const caller = JSON.stringify({
      UserId: 'AIDA',
      Account: '111122223333',
      Arn: 'arn:aws:iam::111122223333:root',
    });
    const template = fixture('cloudformation/access.yaml');
    const directory = mkdtempSync(join(tmpdir(), 'entryway-files-'));
    writeFileSync(join(directory, 'caller.json'), caller);
    const snapshot = await readFiles([template, directory], { now: aNoon });
    rmSync(directory, { recursive: true });
    expect(snapshot.clusters[0]?.accessEntries).toMatchObject([
      {
        principalArn: 'arn:aws:iam::111122223333:role/team/ops',
        kubernetesGroups: ['ops'],
        associatedPolicies: [{ accessScope: { type: 'namespace', namespaces: ['payments'] } }],
      },
    ]);
    const [account] = snapshot.accounts;
    expect(account?.roles[0]).toMatchObject({
      attachedPolicyArns: ['arn:aws:iam::111122223333:policy/look'],
      trustPolicy: expect.stringContaining('arn:aws:iam::111122223333:root'),
    });
    expect(account?.managedPolicies[0]?.document).toContain('arn:aws:eks:*:111122223333:cluster/prod');
    expect(gapTexts(snapshot).filter((text) => text.includes('000000000000'))).toEqual([]);
  });

  test('names that go in a circle, and functions that double, are gaps', async () => {
    const nested = (depth: number): unknown =>
      depth === 0 ? 'x' : { 'Fn::Sub': [`\${a}\${a}`, { a: nested(depth - 1) }] };
    const entry = (principal: unknown): unknown => ({
      Type: 'AWS::EKS::AccessEntry',
      Properties: { ClusterName: 'prod', PrincipalArn: principal },
    });
    const roleNamed = (name: unknown): unknown => ({
      Type: 'AWS::IAM::Role',
      Properties: { RoleName: name, Path: { 'Fn::GetAtt': 'A.Arn' } },
    });
    const Resources = {
      A: roleNamed({ 'Fn::Sub': `\${B}\${B}` }),
      B: roleNamed({ Ref: 'A' }),
      Deep: entry(nested(40)),
      Good: entry('arn:aws:iam::111122223333:role/ops'),
    };
    const snapshot = await readTexts({ 't.json': JSON.stringify({ Resources }) });
    expect(gapTexts(snapshot)).toContainEqual(
      expect.stringContaining('`Deep`: its cluster or its principal cannot be told'),
    );
    expect(snapshot.clusters[0]?.accessEntries).toHaveLength(1);
  });
});

test('an eksctl config is read with entries, mappings and service accounts', async () => {
  const snapshot = await readFiles([fixture('eksctl')], { now: aNoon });
  expect(snapshot.clusters[0]).toMatchObject({
    arn: 'arn:aws:eks:eu-central-1:111122223333:cluster/staging',
    accessEntries: [{ associatedPolicies: [{ accessScope: { type: 'cluster' } }] }, { username: 'ada' }],
    awsAuth: { roles: [{ rolearn: 'arn:aws:iam::111122223333:role/build' }], accounts: ['444455556666'] },
    serviceAccounts: [{ name: 'uploader', roleArn: 'arn:aws:iam::111122223333:role/uploader' }],
  });
});

test.each(['manifests', 'awscli', 'terraform', 'cloudformation', 'eksctl'])(
  'a snapshot of %s, saved and read again, is the same',
  async (name) => {
    const snapshot = await readFiles([fixture(name)], { now: aNoon });
    const text = writeSnapshot(snapshot);
    expect(parseSnapshot(text)).toEqual(snapshot);
    expect(await readTexts({ 's.json': text })).toEqual({
      ...snapshot,
      sources: [expect.stringContaining('s.json'), ...snapshot.sources],
    });
  },
);

test('links in a circle, other files and directories that begin with a dot do not hold up', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'entryway-files-'));
  try {
    symlinkSync(directory, join(directory, 'again'));
    symlinkSync('nowhere', join(directory, 'gone.yaml'));
    mkdirSync(join(directory, '.git'));
    writeFileSync(join(directory, 'README.md'), '# none');
    writeFileSync(join(directory, 'values.yaml'), 'replicas: 2');
    writeFileSync(join(directory, 'a.yaml'), role('rules: []'));
    const { sources } = await readFiles([directory], { now: aNoon });
    expect(sources[1]).toMatch(/^left out: 1 documents of other kinds, in `.*values\.yaml`$/);
    expect(sources[2]).toBe('left out: directories `.git`, files `*.md`, links that lead nowhere');
    await expect(readFiles(['/dev/null'], { now: aNoon })).rejects.toMatchObject({ code: 'misuse' });
    await expect(readFiles([join(directory, 'none')], { now: aNoon })).rejects.toMatchObject({
      code: 'misuse',
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
});
