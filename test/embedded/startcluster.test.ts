/** What `entryway/cluster` promises, judged by stock clients in the same process. */
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AssociateAccessPolicyCommand, DeleteAccessEntryCommand, EKSClient } from '@aws-sdk/client-eks';
import { AuthenticationV1Api, AuthorizationV1Api, CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, ClusterError, type ClusterOptions, startCluster } from '../../src/embedded/cluster.ts';
import { websiteDefinition } from '../churn/websites.ts';

function kubeConfig(text: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromString(text);
  return config;
}

async function failure(work: Promise<unknown>): Promise<ClusterError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ClusterError))
    throw new Error('it did not fail with a ClusterError', { cause: error });
  return error;
}

const twoNamespaces = `
kind: ConfigMap
apiVersion: v1
metadata: {name: settings, namespace: team-a}
data: {color: blue}
---
apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: Namespace, metadata: {name: team-a}}
  - {apiVersion: v1, kind: Namespace, metadata: {name: team-b}}
---
# A document of comments is no object.
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: controller}
`;

describe('a cluster in this process', () => {
  let cluster: Cluster;
  let admin: CoreV1Api;
  const written: unknown[] = [];
  const { write } = process.stderr;

  beforeAll(async () => {
    process.stderr.write = (text: unknown) => written.push(text) > 0;
    cluster = await startCluster({
      version: '1.33',
      name: 'shop',
      manifests: [twoNamespaces],
      entries: [
        { role: 'developer', policies: [{ policy: 'AmazonEKSEditPolicy', namespaces: ['team-a'] }] },
        { role: 'auditor', groups: ['auditors'] },
      ],
    });
    admin = kubeConfig(cluster.kubeconfig).makeApiClient(CoreV1Api);
  });

  afterAll(async () => {
    await cluster.close();
    process.stderr.write = write;
    expect(written).toEqual([]);
  });

  test('says who and where it is', async () => {
    expect(cluster).toMatchObject({
      name: 'shop',
      version: '1.33',
      arn: 'arn:aws:eks:us-east-1:111122223333:cluster/shop',
      accountId: '111122223333',
      url: expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+\/clusters\/111122223333\/us-east-1\/shop$/),
    });
    const config = kubeConfig(cluster.kubeconfig);
    expect(config.getCurrentContext()).toBe('shop');
    const { status } = await config.makeApiClient(AuthenticationV1Api).createSelfSubjectReview({ body: {} });
    expect(status?.userInfo?.username).toBe('arn:aws:iam::111122223333:root');
  });

  test('holds what its manifests say, what others need first', async () => {
    const { data } = await admin.readNamespacedConfigMap({ name: 'settings', namespace: 'team-a' });
    expect(data).toEqual({ color: 'blue' });
    await admin.readNamespacedServiceAccount({ name: 'controller', namespace: 'default' });
  });

  test('a custom resource is applied with its definition, in whatever order they stand', async () => {
    const website = {
      apiVersion: 'example.com/v1',
      kind: 'Website',
      metadata: { name: 'shop' },
      spec: { host: 'shop.example' },
    };
    const [, applied] = await cluster.apply([website], websiteDefinition);
    expect(applied).toMatchObject({ kind: 'Website', spec: { host: 'shop.example', replicas: 1 } });
    expect(await cluster.can({ username: 'ana' }, 'get', 'websites')).toMatchObject({ allowed: false });
    const unfit = await failure(cluster.apply({ ...website, spec: { host: 'a', replicas: -1 } }));
    expect(unfit.message).toMatch(
      /^manifest \(Website shop\): Website\.example\.com "shop" is invalid: spec\.replicas/,
    );
  });

  test('an object is applied again, and what somebody else wrote stays', async () => {
    const settings = (data: Record<string, string>) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'again', namespace: 'team-b' },
      data,
    });
    await cluster.apply(settings({ mine: '1', old: '1' }));
    await admin.patchNamespacedConfigMap({
      name: 'again',
      namespace: 'team-b',
      body: [{ op: 'add', path: '/data/theirs', value: '1' }],
    });
    const [applied] = await cluster.apply(settings({ mine: '2' }));
    expect(applied).toMatchObject({ kind: 'ConfigMap', data: { mine: '2', theirs: '1' } });
    expect(applied?.data).not.toHaveProperty('old');
  });

  test.each<[string, Parameters<Cluster['can']>, boolean, RegExp]>([
    [
      'an access policy in its namespace',
      [{ role: 'developer' }, 'create', 'pods', { namespace: 'team-a' }],
      true,
      /role\/developer → AmazonEKSEditPolicy on team-a/,
    ],
    [
      'and not in another',
      [{ role: 'developer' }, 'create', 'pods', { namespace: 'team-b' }],
      false,
      /allows this in `team-a` only/,
    ],
    ['nor in all of them', [{ role: 'developer' }, 'list', 'pods'], false, /the request names no namespace/],
    ['a group without a binding', [{ role: 'auditor' }, 'get', 'pods', { namespace: 'team-a' }], false, /./],
    ['a group without an entry', [{ username: 'ana', groups: ['admins'] }, 'get', 'nodes'], false, /./],
    ['a path that everybody may read', [{ username: 'ana' }, 'get', '/version'], true, /./],
    [
      'a service account',
      [{ serviceAccount: 'controller' }, 'get', 'secrets', { namespace: 'default' }],
      false,
      /./,
    ],
    [
      'a cluster-scoped resource by its group',
      [{ role: 'developer' }, 'list', 'clusterroles.rbac.authorization.k8s.io'],
      false,
      /./,
    ],
  ])('%s', async (_, question, allowed, reason) => {
    const answer = await cluster.can(...question);
    expect(answer).toMatchObject({ allowed });
    expect(answer.reason).toMatch(reason);
    // The answer is the one the cluster gives everybody who asks it with that user's kubeconfig.
    const [user, verb, resource, where] = question;
    if (resource.startsWith('/') || resource.includes('.')) return;
    const { status } = await kubeConfig(await cluster.kubeconfigFor(user))
      .makeApiClient(AuthorizationV1Api)
      .createSelfSubjectAccessReview({
        body: { spec: { resourceAttributes: { verb, resource, namespace: where?.namespace ?? '' } } },
      });
    expect(status?.allowed).toBe(allowed);
  });

  test('whom no entry lets in may do nothing', async () => {
    await cluster.apply({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'everybody-views' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:authenticated' }],
    });
    expect(await cluster.can({ role: 'auditor' }, 'get', 'pods')).toMatchObject({ allowed: true });
    const eks = new EKSClient(cluster.aws);
    const principalArn = `arn:aws:iam::${cluster.accountId}:role/auditor`;
    await eks.send(new DeleteAccessEntryCommand({ clusterName: cluster.name, principalArn }));
    eks.destroy();
    const answer = await cluster.can({ role: 'auditor' }, 'get', 'pods');
    expect(answer).toMatchObject({
      allowed: false,
      reason: expect.stringMatching(/^Unauthorized: .*auditor/),
    });
  });

  test('the stock SDK changes what is decided', async () => {
    const eks = new EKSClient(cluster.aws);
    const question = [{ role: 'developer' }, 'create', 'pods/exec', { namespace: 'team-b' }] as const;
    expect(await cluster.can(...question)).toMatchObject({ allowed: false });
    await eks.send(
      new AssociateAccessPolicyCommand({
        clusterName: cluster.name,
        principalArn: `arn:aws:iam::${cluster.accountId}:role/developer`,
        policyArn: 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy',
        accessScope: { type: 'cluster' },
      }),
    );
    eks.destroy();
    expect(await cluster.can(...question)).toMatchObject({ allowed: true });
  });

  test('what a namespace held is gone once the cluster is idle', async () => {
    await admin.deleteNamespace({ name: 'team-b' });
    await cluster.idle();
    const { items } = await admin.listConfigMapForAllNamespaces();
    expect(items.filter(({ metadata }) => metadata?.namespace === 'team-b')).toEqual([]);
  });

  test.each<[string, () => Promise<unknown>, ClusterError['code'], string | RegExp]>([
    [
      'a path in place of a manifest',
      () => cluster.apply('config/crd'),
      'manifest',
      '`config/crd` is a text and no Kubernetes object: a file is named by its URL, pathToFileURL(path)',
    ],
    [
      'YAML that does not parse',
      () => cluster.apply('kind: A', 'a: 1\n---\nb: [1'),
      'manifest',
      /^manifest 1:1: the A has no apiVersion/,
    ],
    [
      'a fault in a later document',
      () => cluster.apply('a: &a 1\n---\nb: *c\n'),
      'manifest',
      /^manifest:1: the object has no kind/,
    ],
    [
      'a name that YAML reads as a number',
      () => cluster.apply('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 12}'),
      'manifest',
      'manifest:1: the ConfigMap has the name 12, which is no text: put it in quotes',
    ],
    [
      'a kind nobody serves',
      () => cluster.apply('apiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: a}'),
      'manifest',
      'manifest:1 (Gadget a): the cluster serves no kind `Gadget` in `example.com/v1`',
    ],
    [
      'an object the cluster refuses',
      () => cluster.apply('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: A_b}'),
      'refused',
      /^manifest:1 \(ConfigMap A_b\): ConfigMap "A_b" is invalid: metadata\.name/,
    ],
    [
      'a file that is not there',
      () => cluster.apply(new URL('file:///nowhere/a.yaml')),
      'manifest',
      'there is no file `/nowhere/a.yaml`',
    ],
    [
      'a file elsewhere',
      () => cluster.apply(new URL('https://example.com/a.yaml')),
      'manifest',
      /nothing is fetched$/,
    ],
    [
      'a role nobody made',
      () => cluster.can({ role: 'stranger' }, 'get', 'pods'),
      'refused',
      /role\/stranger: NoSuchEntityException/,
    ],
    [
      'a role of another account',
      () => cluster.can({ role: 'arn:aws:iam::444455556666:role/a' }, 'get', 'pods'),
      'option',
      /is not the ARN of a role of account 111122223333$/,
    ],
    [
      'a username EKS does not take',
      () => cluster.kubeconfigFor({ username: 'system:admin' }),
      'refused',
      /must not begin with system:$/,
    ],
    [
      'a service account nobody made',
      () => cluster.kubeconfigFor({ serviceAccount: 'nobody' }),
      'refused',
      /serviceaccounts "nobody" not found$/,
    ],
    [
      'a resource nobody serves',
      () => cluster.can({ role: 'developer' }, 'get', 'podz'),
      'option',
      /^the cluster serves no resource `podz`/,
    ],
    ['a user that is none', () => cluster.kubeconfigFor({} as never), 'option', /^a user is named by/],
    ['no user at all', () => cluster.kubeconfigFor(undefined as never), 'option', /^a user is named by/],
    ['a user without a name', () => cluster.can({ username: '' }, 'get', 'pods'), 'option', /is empty$/],
    [
      'an object that is no JSON',
      () => cluster.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { a: 1n } }),
      'manifest',
      /^manifest: this cannot be written as JSON: /,
    ],
  ])('%s is told', async (_, work, code, message) => {
    const error = await failure(work());
    expect(error).toMatchObject({ name: 'ClusterError', code });
    expect(error.message).toMatch(message);
  });

  test('a user that was refused stands in nobody’s way', async () => {
    const refused = { username: 'eve', groups: ['system:masters'] };
    expect((await failure(cluster.can(refused, 'get', 'pods'))).code).toBe('refused');
    expect(await cluster.can({ username: 'adam' }, 'get', 'nodes')).toMatchObject({ allowed: false });
  });

  test('nothing of a call is written when one of its manifests cannot be read', async () => {
    const good = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: half}';
    await failure(cluster.apply(good, 'kind: ConfigMap'));
    const { items } = await admin.listNamespacedConfigMap({ namespace: 'default' });
    expect(items.map(({ metadata }) => metadata?.name)).not.toContain('half');
  });

  test('reads files, and the files of a directory in the order of their names', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'entryway-manifests-'));
    try {
      const configMap = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
      writeFileSync(join(directory, '2.json'), JSON.stringify(configMap('second')));
      writeFileSync(join(directory, '1.yaml'), JSON.stringify(configMap('first')));
      writeFileSync(join(directory, 'notes.txt'), 'nothing of ours');
      const applied = await cluster.apply(pathToFileURL(directory));
      expect(applied.map(({ metadata }) => metadata.name)).toEqual(['first', 'second']);
      writeFileSync(join(directory, '1.yaml'), 'a: 1\n---\nb: [');
      expect((await failure(cluster.apply(pathToFileURL(directory)))).message).toContain(
        '1.yaml:1: the object has no kind',
      );
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

test.each<[ClusterOptions, string | RegExp]>([
  [{ version: '1.20' as never }, 'version `1.20` is not one of 1.32, 1.33, 1.34, 1.35, 1.36'],
  [{ manifests: { kind: 'ConfigMap' } } as never, '`manifests` is not an array'],
  [null as never, 'the options are no object'],
  [{ region: 'mars' }, 'region `mars` is not a region name'],
  [{ log: 'loud' as never }, 'log `loud` is not one of silent, error, warn, info, debug'],
  [
    { manifest: [] } as never,
    'there is no option `manifest`; there are version, name, region, manifests, entries, log',
  ],
  [{ name: 'a b' }, /^CreateCluster: .*name contains invalid characters/],
  [{ entries: [{ role: 'a', policies: ['AmazonEKSNoPolicy'] }] }, /^AssociateAccessPolicy: /],
  [
    { entries: [{ role: 'a', policies: [{ policy: 'AmazonEKSViewPolicy', namespaces: [] }] }] },
    /names no namespace/,
  ],
])('a start that cannot be is refused, and leaves nothing: %j', async (options, message) => {
  expect((await failure(startCluster(options))).message).toMatch(message);
});

test('several run side by side, know nothing of one another, and leave nothing behind', async () => {
  const home = mkdtempSync(join(tmpdir(), 'entryway-side-by-side-'));
  const before = {
    listeners: process.eventNames().map((name) => process.listenerCount(name)),
    TMPDIR: process.env.TMPDIR,
  };
  process.env.TMPDIR = home;
  try {
    const clusters = await Promise.all([1, 2, 3].map(() => startCluster()));
    const [one, two] = clusters as [Cluster, Cluster, Cluster];
    await one.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'only-here' } });
    const names = async ({ kubeconfig }: Cluster) => {
      const { items } = await kubeConfig(kubeconfig).makeApiClient(CoreV1Api).listNamespace();
      return items.map(({ metadata }) => metadata?.name);
    };
    expect(await names(one)).toContain('only-here');
    expect(await names(two)).not.toContain('only-here');
    // A kubeconfig of one does not open another.
    const stranger = kubeConfig(
      two.kubeconfig
        .replace(two.url, one.url)
        .replace(
          /certificate-authority-data: .*/,
          `certificate-authority-data: ${Buffer.from(one.caPem).toString('base64')}`,
        ),
    );
    await expect(stranger.makeApiClient(CoreV1Api).listNamespace()).rejects.toMatchObject({ code: 401 });

    // Somebody who has connected and says nothing holds nobody up.
    const silent = connect(Number(new URL(one.url).port), '127.0.0.1');
    await once(silent, 'connect');
    const cut = new Promise((ended) => silent.on('error', () => undefined).on('close', ended));
    const started = performance.now();
    await Promise.all(clusters.flatMap((cluster) => [cluster.close(), cluster.close()]));
    await cut;
    expect(performance.now() - started).toBeLessThan(4_000);
    expect((await failure(one.idle())).code).toBe('closed');
    expect(readdirSync(home)).toEqual([]);
  } finally {
    process.env.TMPDIR = before.TMPDIR;
    if (before.TMPDIR === undefined) delete process.env.TMPDIR;
    rmSync(home, { recursive: true });
  }
  expect(process.eventNames().map((name) => process.listenerCount(name))).toEqual(before.listeners);
});

test('a cluster declared with `await using` is closed at the end of its block', async () => {
  let escaped: Cluster;
  {
    await using cluster = await startCluster();
    escaped = cluster;
  }
  expect((await failure(escaped.apply())).code).toBe('closed');
});

test('who asks while the cluster closes is told that it has', async () => {
  const cluster = await startCluster();
  const asked = [cluster.can({ username: 'ana' }, 'get', 'pods'), cluster.kubeconfigFor({ username: 'bob' })];
  const outcomes = asked.map((work) =>
    work.then(
      () => 'answered',
      (error: unknown) => (error instanceof ClusterError ? error.code : error),
    ),
  );
  await cluster.close();
  for (const outcome of await Promise.all(outcomes)) expect(['answered', 'closed']).toContain(outcome);
});
