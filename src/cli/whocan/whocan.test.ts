import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Snapshot } from '../../engine/analysis/snapshot/snapshot.ts';
import {
  testArn,
  testCluster,
  testEntry,
  testGrant,
  testRole,
  testUser,
  testWorld,
} from '../../engine/analysis/testworld.ts';
import { allow } from '../../engine/rbac/allow.ts';
import { parseQuestion, type QuestionOptions } from '../../wire/kube/question.ts';
import { answerWhoCan, type WhoCanOptions } from './whocan.ts';

const readSecrets = [allow('get list', 'core', 'secrets')];
const what = {
  account: {
    users: [testUser('ada')],
    roles: ['admin', 'team/ops', 'dev', 'oncall'].map((path) => testRole(path)),
  },
  cluster: {
    accessEntries: [
      testEntry(
        testArn('role/admin'),
        { AmazonEKSClusterAdminPolicy: [] },
        { kubernetesGroups: ['readers'] },
      ),
      testEntry(testArn('role/team/ops'), { AmazonEKSSecretReaderPolicy: ['payments', 'payments-*'] }),
      testEntry(testArn('role/oncall'), {}, { username: 'oncall:{{SessionName}}' }),
      testEntry(testArn('role/dev'), { AmazonEKSComputePolicy: [] }),
      testEntry('arn:aws:iam::999900001111:role/ci', {}, { kubernetesGroups: ['readers'] }),
    ],
    awsAuth: {
      roles: [],
      users: [{ userarn: testArn('user/ada'), username: 'ada', groups: ['system:masters'] }],
      accounts: [],
    },
    rbac: [
      ...testGrant('read', 'Group:readers', readSecrets),
      ...testGrant('pager', 'User:oncall:bob', readSecrets, 'payments'),
      ...testGrant('backup', 'ServiceAccount:kube-system/backup', readSecrets),
    ],
    identityProviders: [
      {
        name: 'corp',
        issuerUrl: 'https://id.example.com',
        clientId: 'k',
        groupsClaim: 'groups',
        groupsPrefix: 'read',
      },
    ],
  },
};

const emptyCluster = testCluster();

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

type Options = Partial<Omit<WhoCanOptions, keyof QuestionOptions>> & QuestionOptions;

function run(question: string, options: Options = {}, change: Partial<Snapshot> = {}) {
  const written = { out: '', err: '' };
  const collect = (into: keyof typeof written) => (text: unknown) => {
    written[into] += String(text);
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(collect('out'));
  vi.spyOn(process.stderr, 'write').mockImplementation(collect('err'));
  const [verb = '', resource = ''] = question.split(' ');
  const { world } = testWorld({ ...what, ...change });
  answerWhoCan(world, parseQuestion(verb, resource, options), { output: 'table', ...options });
  return { ...written, exitCode: process.exitCode };
}

/** The subjects of the table. */
const subjectsIn = (out: string): readonly string[] =>
  out
    .slice(0, out.indexOf('\n\n'))
    .split('\n')
    .slice(1)
    .map((line) => line.split(/ {2,}/)[0] ?? '');

describe('who-can', () => {
  test('a line for each, with the way that decides', () => {
    const { out, exitCode } = run('get secrets', { namespace: 'payments' });
    expect(exitCode).toBeUndefined();
    expect(out).toBe(`SUBJECT                            KIND                            HOW
role/admin                         IAM role                        entry role/admin → AmazonEKSClusterAdminPolicy on the cluster (+1 more)
role/oncall                        IAM role                        entry role/oncall, session bob → user oncall:bob → RoleBinding payments/pager → Role pager
role/team/ops                      IAM role                        entry role/team/ops → AmazonEKSSecretReaderPolicy on payments, payments-*
user/ada                           IAM user                        aws-auth user/ada → system:masters may do everything
arn:aws:iam::999900001111:role/ci  IAM role, not read              entry role/ci → group readers → ClusterRoleBinding read → ClusterRole read
kube-system/backup                 ServiceAccount, does not exist  ClusterRoleBinding backup → ClusterRole backup
oncall:bob                         User                            RoleBinding payments/pager → Role pager
readers                            Group, from corp                ClusterRoleBinding read → ClusterRole read
system:masters                     Group                           system:masters may do everything

9 subjects may get secrets in namespace payments on prod
not known: role/dev has AmazonEKSComputePolicy, of which AWS does not publish all rules
`);
  });

  test('each way, when asked', () => {
    const { out } = run('get secrets', { namespace: 'payments', paths: true });
    const [, first = '', second = ''] = out.split('\n');
    expect(first).toMatch(/^role\/admin .* AmazonEKSClusterAdminPolicy on the cluster$/);
    expect(second).toMatch(
      /^ +entry role\/admin → group readers → ClusterRoleBinding read → ClusterRole read$/,
    );
  });

  test('across all namespaces, with how many more may in one of them', () => {
    const { out, err } = run('get secrets');
    expect(subjectsIn(out)).not.toContain('role/team/ops');
    expect(err).toBe(
      'entryway: this is about all namespaces at once\n' +
        'hint: 3 others may in at least one: see where with --any-namespace, or ask about one with -n NAMESPACE\n',
    );
  });

  test('in which namespaces', () => {
    const { out, err } = run('get secrets', { anyNamespace: true });
    expect(out).toMatch(/^role\/team\/ops +IAM role +payments, payments-\* +entry/m);
    expect(out).toMatch(/^role\/admin +IAM role +everywhere +entry/m);
    expect(out).toContain('9 subjects may get secrets in some namespace on prod');
    expect(err).toBe('');
  });

  test('nobody', () => {
    const { out, exitCode } = run('get /nowhere', {}, { clusters: [{ ...emptyCluster }] });
    expect(out).toBe('nobody but the group system:masters may get /nowhere on prod\n');
    expect(exitCode).toBe(1);
  });

  test('whoever an identity provider may call an administrator is somebody', () => {
    const [corp] = what.cluster.identityProviders;
    const identityProviders = corp === undefined ? [] : [{ ...corp, groupsPrefix: '' }];
    const { out, exitCode } = run('get /nowhere', {}, { clusters: [{ ...emptyCluster, identityProviders }] });
    expect(out).toMatch(/^system:masters +Group, from corp +system:masters may do everything$/m);
    expect(exitCode).toBeUndefined();
  });

  test('who can become one of them is not all that is known while some account was not read', () => {
    const gap = { area: 'iam', accountId: '444455556666', reason: 'iam:ListRoles was refused' } as const;
    const plain = run('get secrets', { namespace: 'default' }, { gaps: [gap] });
    expect(plain.err).toBe('');
    const { out, err } = run('get secrets', { namespace: 'default', transitive: true }, { gaps: [gap] });
    expect(err).toBe('entryway: incomplete because iam:ListRoles was refused\n');
    expect(out).toMatch(/can become one of them.*, as far as it is known\n$/);
  });

  test('a no that is not the whole truth says so', () => {
    const gap = { area: 'rbac', reason: 'RBAC was not read' } as const;
    const { out, err, exitCode } = run('get /nowhere', {}, { clusters: [{ ...emptyCluster }], gaps: [gap] });
    expect(out).toBe('nobody but the group system:masters may get /nowhere on prod, as far as it is known\n');
    expect(err).toBe('entryway: incomplete because RBAC was not read\n');
    expect(exitCode).toBe(1);
  });

  test('as data: all ways, whatever is printed of them', () => {
    const { out } = run('get secrets', { namespace: 'payments', output: 'json' });
    const { clusters, incomplete } = JSON.parse(out);
    expect(incomplete).toEqual([]);
    expect(clusters).toHaveLength(1);
    const [{ rows, cluster, question }] = clusters;
    expect(cluster.name).toBe('prod');
    expect(question).toMatchObject({ verb: 'get', resource: 'secrets', namespace: 'payments' });
    expect(
      rows.find(({ key }: { key: string }) => key === `iam:${testArn('role/admin')}`).paths,
    ).toHaveLength(2);
  });

  test('who can become one of them', () => {
    const ci = testRole('ci', {
      inlinePolicies: {
        p: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}]}',
      },
    });
    const admin = testRole('admin', {
      trustPolicy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"${ci.arn}"},"Action":"sts:AssumeRole"}]}`,
    });
    const { world } = testWorld({ account: { roles: [ci, admin] }, cluster: what.cluster });
    const { out } = run(
      'get secrets',
      { transitive: true, namespace: 'default' },
      { accounts: world.snapshot.accounts },
    );
    expect(out).toMatch(/^role\/ci +assumes role .*role\/admin` +role\/admin$/m);
    expect(out).toMatch(/others? can become one of them or an administrator, or permit it to themselves$/m);
  });

  test('names of others do not reach the terminal as they are', () => {
    const rbac = testGrant('bad\u001b[31m', 'User:evil\u202e', readSecrets);
    const { out } = run('get secrets', {}, { clusters: [{ ...emptyCluster, rbac }] });
    expect(out).toContain('evil\\u202e');
    expect(out).toContain('bad\\u001b[31m');
  });

  test.each([
    ['get nodes', { anyNamespace: true }, /there is no namespace in it/],
    ['get /healthz', { anyNamespace: true }, /there is no namespace in it/],
  ] as const)('%s in any namespace is no question', (question, options, message) => {
    expect(() => run(question, options)).toThrow(message);
  });
});
