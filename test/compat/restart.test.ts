/** What was acknowledged is there after the process ended, politely or not. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateAccessEntryCommand,
  DescribeAccessEntryCommand,
  DescribeClusterCommand,
  ListAccessEntriesCommand,
  ListAssociatedAccessPoliciesCommand,
  ListUpdatesCommand,
  UpdateClusterConfigCommand,
} from '@aws-sdk/client-eks';
import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetUserCommand,
  GetUserPolicyCommand,
  ListAccessKeysCommand,
  ListAttachedRolePoliciesCommand,
  ListPoliciesCommand,
  ListRolesCommand,
  ListUsersCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kubectlDirectory, newestKubectl, run } from './clients.ts';
import { clusterAddress, type KubernetesUser, openKubernetesUser, statusOf } from './kubernetes.ts';
import {
  type Connection,
  entryway,
  type Keys,
  type ServerProcess,
  startServerProcess,
  temporaryDirectory,
} from './process.ts';
import { associate, createEntry } from './scene.ts';
import {
  allowAll,
  assumeRole,
  type Clients,
  createClients,
  createCluster,
  createRole,
  createUser,
  roleArn,
  rootKeys,
} from './world.ts';

/** The tests of this file are one story: the server of each is the one before, ended and started again. */
describe('a restarted server', () => {
  const directory = temporaryDirectory();
  let server: ServerProcess;
  let connection: Connection;
  let root: Clients;
  let user: Keys;
  let session: Keys;
  let before: unknown;
  /** Made before the first end, used after every start. */
  let admin: KubernetesUser;
  let kubeconfig: string;
  let pageToken: string;
  let oldRevision: string;

  beforeAll(async () => {
    server = await startServerProcess(directory.path);
    connection = server.connection;
    root = createClients(connection, rootKeys(connection));
    await fill();
    before = await everything();
  }, 120_000);

  afterAll(async () => {
    root?.destroy();
    await server?.stop();
    directory.remove();
  });

  async function fill(): Promise<void> {
    user = await createUser(root, 'alice', allowAll('sts:AssumeRole'));
    await createRole(root, connection, 'viewer');
    await createRole(root, connection, 'second');
    const { Policy } = await root.iam.send(
      new CreatePolicyCommand({ PolicyName: 'describe', PolicyDocument: allowAll('eks:DescribeCluster') }),
    );
    await root.iam.send(new AttachRolePolicyCommand({ RoleName: 'viewer', PolicyArn: Policy?.Arn ?? '' }));
    await root.iam.send(
      new PutRolePolicyCommand({
        RoleName: 'viewer',
        PolicyName: 'list',
        PolicyDocument: allowAll('eks:ListClusters'),
      }),
    );
    await createCluster(root, connection, 'main', 'CONFIG_MAP');
    await root.eks.send(
      new UpdateClusterConfigCommand({
        name: 'main',
        accessConfig: { authenticationMode: 'API_AND_CONFIG_MAP' },
      }),
    );
    await createEntry(root, 'main', roleArn(connection, 'viewer'), { kubernetesGroups: ['watchers'] });
    await associate(root, 'main', roleArn(connection, 'viewer'), 'AmazonEKSViewPolicy', 'default');
    await root.eks.send(
      new CreateAccessEntryCommand({
        clusterName: 'main',
        principalArn: roleArn(connection, 'second'),
        username: 'second:{{SessionName}}',
        tags: { team: 'two' },
      }),
    );
    const alice = createClients(connection, user);
    session = await assumeRole(alice, roleArn(connection, 'viewer'), 'alice');
    alice.destroy();
    const { nextToken } = await root.eks.send(
      new ListAccessEntriesCommand({ clusterName: 'main', maxResults: 1 }),
    );
    pageToken = nextToken ?? '';

    admin = await openKubernetesUser(
      directory.path,
      connection,
      await clusterAddress(root, 'main'),
      rootKeys(connection),
    );
    await admin.apply(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { tier: 'one' } } },
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'settings', namespace: 'shop' },
        data: { colour: 'blå' },
      },
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'aws-auth', namespace: 'kube-system' },
        data: {
          mapUsers: `- {userarn: "arn:aws:iam::${connection.accountId}:user/alice", username: alice, groups: [watchers]}`,
        },
      },
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web', namespace: 'shop' },
        spec: {
          selector: { matchLabels: { app: 'web' } },
          template: {
            metadata: { labels: { app: 'web' } },
            spec: { containers: [{ name: 'web', image: 'web:1' }] },
          },
        },
      },
    );
    await admin.kubectl('create', 'clusterrole', 'watcher', '--verb=list', '--resource=nodes');
    await admin.kubectl('create', 'clusterrolebinding', 'w', '--clusterrole=watcher', '--group=watchers');
    const settings = { namespace: 'shop', name: 'settings' };
    oldRevision = (await admin.core.readNamespacedConfigMap(settings)).metadata?.resourceVersion ?? '';
    await admin.kubectl('label', 'configmap', 'settings', '-n', 'shop', 'changed=yes');
    kubeconfig = (await entryway(directory.path, ['kubeconfig', 'main', '--data', connection.dataDir]))
      .stdout;
    expect(kubeconfig).toContain(connection.kubernetesEndpoint);
  }

  /** All that the stock clients can see, answers of AWS without their request ids. */
  async function everything(): Promise<unknown> {
    const { eks, iam } = root;
    const of = { clusterName: 'main' };
    const { accessEntries = [] } = await eks.send(new ListAccessEntriesCommand(of));
    const answers = await Promise.all([
      eks.send(new DescribeClusterCommand({ name: 'main' })),
      eks.send(new ListUpdatesCommand({ name: 'main' })),
      ...accessEntries.flatMap((principalArn) => [
        eks.send(new DescribeAccessEntryCommand({ ...of, principalArn })),
        eks.send(new ListAssociatedAccessPoliciesCommand({ ...of, principalArn })),
      ]),
      iam.send(new ListUsersCommand({})),
      iam.send(new GetUserCommand({ UserName: 'alice' })),
      iam.send(new ListAccessKeysCommand({ UserName: 'alice' })),
      iam.send(new GetUserPolicyCommand({ UserName: 'alice', PolicyName: 'inline' })),
      iam.send(new ListRolesCommand({})),
      // When it was last used moves on: this test uses it.
      iam
        .send(new GetRoleCommand({ RoleName: 'viewer' }))
        .then((answer) => ({ ...answer, Role: { ...answer.Role, RoleLastUsed: undefined } })),
      iam.send(new ListAttachedRolePoliciesCommand({ RoleName: 'viewer' })),
      iam.send(new ListPoliciesCommand({ Scope: 'Local' })),
      iam.send(
        new GetPolicyVersionCommand({
          PolicyArn: `arn:aws:iam::${connection.accountId}:policy/describe`,
          VersionId: 'v1',
        }),
      ),
    ]);
    const kinds = 'ns,cm,secrets,sa,svc,deploy,clusterroles,clusterrolebindings,roles,rolebindings';
    const { code, stdout } = await admin.kubectl('get', kinds, '-A', '-o', 'json');
    expect(code).toBe(0);
    const { items } = JSON.parse(stdout) as { readonly items: readonly object[] };
    expect(items.length).toBeGreaterThan(100);
    return { aws: answers.map(({ $metadata: _, ...answer }) => answer), items };
  }

  const ports = (): readonly string[] => {
    const of = (endpoint: string): string => `127.0.0.1:${new URL(endpoint).port}`;
    return [
      ...['--aws-listen', of(connection.awsEndpoint)],
      ...['--kube-listen', of(connection.kubernetesEndpoint)],
    ];
  };

  async function allIsThere(): Promise<void> {
    const { pid: _, ...same } = connection;
    expect(server.connection).toMatchObject(same);
    expect(server.connection.pid).not.toBe(connection.pid);
    expect(await everything()).toEqual(before);

    // Keys, sessions and tokens that were out there still work and still mean the same.
    const nameOf = async (keys: Keys): Promise<string | undefined> => {
      const clients = createClients(connection, keys);
      const { Arn } = await clients.sts.send(new GetCallerIdentityCommand({}));
      clients.destroy();
      return Arn?.split(':').at(-1);
    };
    expect([await nameOf(user), await nameOf(session)]).toEqual(['user/alice', 'assumed-role/viewer/alice']);
    const address = await clusterAddress(root, 'main');
    const statuses = async (keys: Keys): Promise<readonly number[]> => {
      const { core } = await openKubernetesUser(directory.path, connection, address, keys);
      return [
        await statusOf(core.listNode()),
        await statusOf(core.listNamespacedPod({ namespace: 'default' })),
        await statusOf(core.listNamespacedPod({ namespace: 'shop' })),
      ];
    };
    expect(await statuses(session)).toEqual([200, 200, 403]);
    expect(await statuses(user)).toEqual([200, 403, 403]);
    const { accessEntries } = await root.eks.send(
      new ListAccessEntriesCommand({ clusterName: 'main', nextToken: pageToken }),
    );
    expect(accessEntries).toEqual([
      roleArn(connection, 'viewer'),
      `arn:aws:iam::${connection.accountId}:root`,
    ]);

    // The kubeconfig from before names the same endpoint and trusts the same CA.
    const file = join(directory.path, 'kubeconfig');
    writeFileSync(file, kubeconfig, { mode: 0o600 });
    const env = { PATH: kubectlDirectory(newestKubectl), HOME: directory.path, KUBECONFIG: file };
    expect(
      await run('kubectl', ['get', 'configmap', 'settings', '-n', 'shop', '-o', 'jsonpath={.data.colour}'], {
        env,
      }),
    ).toEqual({ code: 0, stdout: 'blå', stderr: '' });
  }

  test('SIGTERM ends it with exit code 0, and everything is there after the next start', async () => {
    expect(await server.stop()).toBe(0);
    server = await startServerProcess(directory.path, ports());
    await allIsThere();
  });

  test('everything is there after SIGKILL and the next start', async () => {
    await server.kill();
    server = await startServerProcess(directory.path, ports());
    await allIsThere();
  });

  test('a client that goes on watching from before the start is told to list again', async () => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const controller = await admin.watch.watch(
      '/api/v1/namespaces/shop/configmaps',
      { resourceVersion: oldRevision },
      (type: string, object: { readonly code?: number; readonly metadata?: { readonly name?: string } }) =>
        resolve(`${type} ${object.code ?? object.metadata?.name}`),
      (error: unknown) => reject(error ?? new Error('the watch ended without an event')),
    );
    const seen = await promise;
    controller.abort();
    // The history of changes lives in memory: clients list again, as after any compaction.
    expect(seen).toBe('ERROR 410');
  });

  test('a write after the restart goes on from the revisions before it', async () => {
    const { metadata } = await admin.core.createNamespacedConfigMap({
      namespace: 'shop',
      body: { metadata: { name: 'later' } },
    });
    expect(Number(metadata?.resourceVersion)).toBeGreaterThan(Number(oldRevision));
    const stale = admin.core.replaceNamespacedConfigMap({
      namespace: 'shop',
      name: 'settings',
      body: { metadata: { name: 'settings', resourceVersion: oldRevision } },
    });
    expect(await statusOf(stale)).toBe(409);
  });

  test('a second process on the same data directory refuses to start, says who holds it, and harms nothing', async () => {
    const { pid, dataDir } = server.connection;
    const serverFile = readFileSync(join(dataDir, 'server.json'), 'utf8');
    const readyFile = join(directory.path, 'second.json');
    const second = await entryway(directory.path, [
      ...['serve', '--data', dataDir, '--ready-file', readyFile],
      ...['--aws-listen', '127.0.0.1:0', '--kube-listen', '127.0.0.1:0'],
    ]);
    expect(second.code).toBe(3);
    expect(second.stdout).toBe('');
    expect(second.stderr).toMatch(
      new RegExp(
        `^entryway: data directory \`${dataDir}\` is held by process ${pid} on host \`[^\`]+\` since \\S+\n$`,
      ),
    );
    expect(existsSync(readyFile)).toBe(false);
    expect(readFileSync(join(dataDir, 'server.json'), 'utf8')).toBe(serverFile);
    expect(await statusOf(admin.core.listNamespace())).toBe(200);
    // Its going away does not free the directory either.
    const third = await entryway(directory.path, ['serve', '--data', dataDir, ...ports()]);
    expect([third.code, third.stderr]).toEqual([3, expect.stringContaining(`held by process ${pid} `)]);
  });
});
