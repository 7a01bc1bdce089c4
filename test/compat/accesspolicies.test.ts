/** Access policies as kubectl and @kubernetes/client-node meet them (eks-access-facts C). */
import { DisassociateAccessPolicyCommand } from '@aws-sdk/client-eks';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { forbidden, type KubernetesUser, statusOf } from './kubernetes.ts';
import { associate, createEntry, deleteEntry, openScene, policyArn, type Scene } from './scene.ts';
import { createCluster } from './world.ts';

describe('access policies', () => {
  let scene: Scene;
  let arn: string;
  let username: string;
  let user: KubernetesUser;
  let admin: KubernetesUser;

  beforeAll(async () => {
    scene = await openScene();
    const { root, connection } = scene;
    await createCluster(root, connection, 'main', 'API');
    arn = await scene.role('developer');
    username = `arn:aws:sts::${connection.accountId}:assumed-role/developer/dora`;
    user = await scene.enter('main', await scene.session('developer', 'dora'));
    const { accessKeyId, secretAccessKey } = connection;
    admin = await scene.enter('main', { accessKeyId, secretAccessKey });
    await admin.apply(
      ...['team-a', 'team-b', 'other'].map((name) => ({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name },
      })),
    );
  }, 120_000);

  afterAll(() => scene?.close());

  beforeEach(async () => {
    await createEntry(scene.root, 'main', arn);
    return () => deleteEntry(scene.root, 'main', arn);
  });

  const give = (policy: string, ...namespaces: string[]): Promise<void> =>
    associate(scene.root, 'main', arn, policy, ...namespaces);

  /** What the user may do in each namespace, judged by real requests, which `kubectl auth can-i` must agree with. */
  async function mayListPods(): Promise<Readonly<Record<string, boolean>>> {
    const places = ['team-a', 'team-b', 'other', 'kube-system'];
    const answers: Record<string, boolean> = {};
    await Promise.all(
      places.map(async (namespace) => {
        const status = await statusOf(user.core.listNamespacedPod({ namespace }));
        expect([200, 403]).toContain(status);
        expect(await user.can('list', 'pods', '-n', namespace)).toBe(status === 200);
        answers[namespace] = status === 200;
      }),
    );
    const status = await statusOf(user.core.listPodForAllNamespaces());
    expect(await user.can('list', 'pods', '-A')).toBe(status === 200);
    return { ...answers, everywhere: status === 200 };
  }

  test('an entry without policies is somebody who may do nothing but ask', async () => {
    expect(await mayListPods()).toEqual({
      'team-a': false,
      'team-b': false,
      other: false,
      'kube-system': false,
      everywhere: false,
    });
    expect(await user.kubectl('get', 'pods', '-n', 'team-a')).toEqual({
      code: 1,
      stdout: '',
      stderr: forbidden('pods', username, 'list', 'in the namespace "team-a"'),
    });
    expect(await user.kubectl('get', 'nodes')).toMatchObject({
      code: 1,
      stderr: forbidden('nodes', username, 'list', 'at the cluster scope'),
    });
  });

  test('a cluster scope holds in every namespace and across them', async () => {
    await give('AmazonEKSViewPolicy');
    expect(await mayListPods()).toEqual({
      'team-a': true,
      'team-b': true,
      other: true,
      'kube-system': true,
      everywhere: true,
    });
  });

  test('a namespace scope holds in that namespace only, and never across all', async () => {
    await give('AmazonEKSViewPolicy', 'team-a');
    expect(await mayListPods()).toEqual({
      'team-a': true,
      'team-b': false,
      other: false,
      'kube-system': false,
      everywhere: false,
    });
    expect(await user.kubectl('get', 'pods', '-A')).toMatchObject({
      code: 1,
      stderr: forbidden('pods', username, 'list', 'at the cluster scope'),
    });
  });

  test('a wildcard in a namespace scope covers every name it matches, existing or not', async () => {
    await give('AmazonEKSViewPolicy', 'team-*');
    expect(await mayListPods()).toEqual({
      'team-a': true,
      'team-b': true,
      other: false,
      'kube-system': false,
      everywhere: false,
    });
    expect(await statusOf(user.core.listNamespacedPod({ namespace: 'team-of-tomorrow' }))).toBe(200);
  });

  test('associating a policy again replaces its scope', async () => {
    await give('AmazonEKSViewPolicy');
    await give('AmazonEKSViewPolicy', 'team-b');
    expect(await mayListPods()).toMatchObject({ 'team-a': false, 'team-b': true, everywhere: false });
    await give('AmazonEKSViewPolicy', 'team-a');
    expect(await mayListPods()).toMatchObject({ 'team-a': true, 'team-b': false, everywhere: false });
  });

  test('disassociating a policy ends what it allowed with the next request, also for a token in use', async () => {
    await give('AmazonEKSViewPolicy');
    expect(await statusOf(user.core.listNode())).toBe(403);
    expect(await statusOf(user.core.listPodForAllNamespaces())).toBe(200);
    await scene.root.eks.send(
      new DisassociateAccessPolicyCommand({
        clusterName: 'main',
        principalArn: arn,
        policyArn: policyArn('AmazonEKSViewPolicy'),
      }),
    );
    expect(await statusOf(user.core.listPodForAllNamespaces())).toBe(403);
    expect(await mayListPods()).toMatchObject({ 'team-a': false, everywhere: false });
  });

  test('deleting the entry locks its principal out, and takes the policies with it', async () => {
    await give('AmazonEKSClusterAdminPolicy');
    expect(await statusOf(user.core.listNode())).toBe(200);
    await deleteEntry(scene.root, 'main', arn);
    expect(await statusOf(user.core.listNode())).toBe(401);
    expect((await user.kubectl('get', 'nodes')).stderr).toContain(
      'error: You must be logged in to the server (Unauthorized)',
    );
    await createEntry(scene.root, 'main', arn);
    expect(await statusOf(user.core.listNode())).toBe(403);
  });

  test('a policy whose content AWS does not publish can be associated and grants nothing', async () => {
    await give('AmazonEKSNetworkingPolicy');
    await give('AmazonSagemakerHyperpodUserClusterPolicy', 'team-*');
    await expect(give('AmazonEKSComputePolicy')).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: 'The specified policyArn can only be associated with service-linked roles',
    });
    expect(await mayListPods()).toMatchObject({ 'team-a': false, everywhere: false });
    expect(await user.can('get', 'nodes')).toBe(false);
  });

  test('several policies add up, each in its own scope', async () => {
    await give('AmazonEKSViewPolicy');
    await give('AmazonEKSEditPolicy', 'team-a');
    await give('AmazonEKSSecretReaderPolicy', 'team-b');
    const create = (namespace: string): Promise<number> =>
      statusOf(
        user.core.createNamespacedConfigMap({ namespace, body: { metadata: { generateName: 'c-' } } }),
      );
    const readSecrets = (namespace: string): Promise<number> =>
      statusOf(user.core.listNamespacedSecret({ namespace }));
    expect(await mayListPods()).toMatchObject({ other: true, everywhere: true });
    expect({
      create: [await create('team-a'), await create('team-b'), await create('other')],
      readSecrets: [await readSecrets('team-a'), await readSecrets('team-b'), await readSecrets('other')],
    }).toEqual({ create: [200, 403, 403], readSecrets: [200, 200, 403] });
  });

  test('AmazonEKSViewPolicy reads what runs, and neither secrets nor roles nor nodes, and writes nothing', async () => {
    await give('AmazonEKSViewPolicy');
    const answers: Record<string, boolean> = {};
    const requests = [
      'list pods',
      'get pods --subresource=log',
      'watch deployments.apps',
      'list configmaps',
      'list namespaces',
      'list secrets',
      'get secrets',
      'list roles.rbac.authorization.k8s.io',
      'list nodes',
      'create pods',
      'create pods --subresource=exec',
      'get pods --subresource=exec',
      'delete configmaps',
      'create serviceaccounts --subresource=token',
      'impersonate serviceaccounts',
    ];
    for (const request of requests) answers[request] = await user.can(...request.split(' '), '-n', 'team-a');
    expect(requests.filter((request) => answers[request])).toEqual(requests.slice(0, 5));

    await admin.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'password', namespace: 'team-a' },
    });
    expect(await user.kubectl('get', 'secret', 'password', '-n', 'team-a')).toEqual({
      code: 1,
      stdout: '',
      stderr: `Error from server (Forbidden): secrets "password" is forbidden: User "${username}" cannot get resource "secrets" in API group "" in the namespace "team-a"\n`,
    });
    expect((await user.kubectl('get', 'all', '-n', 'team-a')).code).toBe(0);
    expect(await statusOf(user.rbac.listNamespacedRole({ namespace: 'team-a' }))).toBe(403);
    expect(
      await statusOf(
        user.core.createNamespacedPod({ namespace: 'team-a', body: { metadata: { name: 'p' } } }),
      ),
    ).toBe(403);
  });

  test('AmazonEKSClusterAdminPolicy allows everything; in a namespace, nothing outside it', async () => {
    await give('AmazonEKSClusterAdminPolicy', 'team-a');
    const inside = ['delete', '*', '-n', 'team-a'];
    expect(await user.can(...inside)).toBe(true);
    expect(await user.can('*', '*', '-A')).toBe(false);
    expect(await user.can('get', '/metrics')).toBe(false);
    expect(await user.can('create', 'clusterrolebindings.rbac.authorization.k8s.io')).toBe(false);
    await give('AmazonEKSClusterAdminPolicy');
    expect(await user.can('*', '*', '-A')).toBe(true);
    expect(await user.can('get', '/metrics')).toBe(true);
    expect(await user.can('escalate', 'clusterroles.rbac.authorization.k8s.io')).toBe(true);
  });

  test('`auth can-i --list` shows RBAC only, and says that it is incomplete', async () => {
    await give('AmazonEKSClusterAdminPolicy');
    const { stdout, stderr } = await user.kubectl('auth', 'can-i', '--list', '-n', 'team-a');
    expect(stderr).toMatch(/^Warning: the list may be incomplete: /);
    expect(stdout).toContain('selfsubjectaccessreviews.authorization.k8s.io');
    expect(stdout).not.toMatch(/^\*\.\*/m);
  });

  test('impersonation switches access policies off: only RBAC for whom it names', async () => {
    await give('AmazonEKSClusterAdminPolicy');
    const asSelf = ['--as', username];
    expect(await user.kubectl('get', 'nodes')).toMatchObject({ code: 0 });
    expect(await user.kubectl('get', 'nodes', ...asSelf)).toEqual({
      code: 1,
      stdout: '',
      stderr: forbidden('nodes', username, 'list', 'at the cluster scope'),
    });
    // The keys the policies hang on cannot be put back by hand.
    const whoami = JSON.parse((await user.kubectl('auth', 'whoami', '-o', 'json')).stdout) as {
      readonly status: {
        readonly userInfo: { readonly uid: string; readonly extra: Record<string, string[]> };
      };
    };
    const { uid, extra } = whoami.status.userInfo;
    const principalId = extra.principalId?.[0] ?? '';
    expect(principalId).toMatch(/^AROA/);
    expect(
      await user.kubectl(
        ...['get', 'nodes', ...asSelf, '--as-uid', uid],
        ...['--as-user-extra', `sigs.k8s.io/aws-iam-authenticator/principalId=${principalId}`],
      ),
    ).toMatchObject({ code: 1 });
    expect(await user.can('list', 'nodes', ...asSelf)).toBe(false);
    expect(await user.can('list', 'nodes', '--as', 'anyone', '--as-group', 'system:masters')).toBe(true);
  });

  test('whoever may not impersonate is told so', async () => {
    await give('AmazonEKSEditPolicy', 'team-a');
    expect(await user.kubectl('get', 'pods', '-n', 'team-a', '--as', 'somebody')).toMatchObject({
      code: 1,
      stderr: `Error from server (Forbidden): users "somebody" is forbidden: User "${username}" cannot impersonate resource "users" in API group "" at the cluster scope\n`,
    });
    // Its rule for service accounts holds in the scope, and the account's own permissions are none.
    const asAccount = (namespace: string): string[] => ['--as', `system:serviceaccount:${namespace}:default`];
    expect((await user.kubectl('get', 'pods', '-n', 'team-a', ...asAccount('team-a'))).stderr).toContain(
      'User "system:serviceaccount:team-a:default" cannot list resource "pods"',
    );
    expect((await user.kubectl('get', 'pods', '-n', 'team-a', ...asAccount('team-b'))).stderr).toContain(
      `User "${username}" cannot impersonate resource "serviceaccounts" in API group "" in the namespace "team-b"`,
    );
  });
});
