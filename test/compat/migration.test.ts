/** CONFIG_MAP → API_AND_CONFIG_MAP → API with the stock AWS CLI (eks-access-facts D2 to D10, F2, F18). */
import { ListAccessEntriesCommand } from '@aws-sdk/client-eks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { awsCliUnavailable } from './clients.ts';
import { type KubernetesUser, statusOf } from './kubernetes.ts';
import { openShell, type Shell } from './process.ts';
import { associate, createEntry, deleteEntry, openScene, policyArn, type Scene } from './scene.ts';
import { allowAll, createClients, createCluster, createUser, roleArn } from './world.ts';

const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;

interface Update {
  readonly id: string;
  readonly status: string;
  readonly type: string;
  readonly params: readonly { readonly type: string; readonly value: string }[];
  readonly errors: readonly unknown[];
}

/** The tests of this file are one story: each starts where the one before it ended. */
describe.skipIf(unavailable !== undefined)(`migrating the authentication mode${because}`, () => {
  let scene: Scene;
  let shell: Shell;
  let creatorArn: string;
  let creator: KubernetesUser;
  let mapped: KubernetesUser;
  let newcomer: KubernetesUser;
  let newcomerArn: string;

  beforeAll(async () => {
    scene = await openScene();
    const { connection, root } = scene;
    const keys = await createUser(root, 'carla', allowAll(['eks:*', 'iam:PassRole']));
    creatorArn = `arn:aws:iam::${connection.accountId}:user/carla`;
    shell = openShell(scene.directory, connection, keys);
    const clients = createClients(connection, keys);
    await createCluster(clients, connection, 'legacy', 'CONFIG_MAP');
    clients.destroy();
    creator = await scene.enter('legacy', keys);
    newcomerArn = await scene.role('newcomer');
    newcomer = await scene.enter('legacy', await scene.session('newcomer'));
    await scene.role('mapped');
    mapped = await scene.enter('legacy', await scene.session('mapped'));
    await creator.apply({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'aws-auth', namespace: 'kube-system' },
      data: {
        mapRoles: `- {rolearn: "${roleArn(connection, 'mapped')}", username: mapped, groups: ["system:masters"]}`,
      },
    });
  }, 120_000);

  afterAll(() => scene?.close());

  const modeTo = (mode: string) =>
    shell.aws(
      ...['eks', 'update-cluster-config', '--name', 'legacy', '--output', 'json'],
      ...['--access-config', `authenticationMode=${mode}`],
    );
  const nodes = (user: KubernetesUser): Promise<number> => statusOf(user.core.listNode());
  const state = async (): Promise<Readonly<Record<string, number>>> => ({
    creator: await nodes(creator),
    mapped: await nodes(mapped),
    newcomer: await nodes(newcomer),
  });
  const describeUpdate = async (id: string): Promise<Update> =>
    (
      await shell.awsJson<{ readonly update: Update }>(
        ...['eks', 'describe-update', '--name', 'legacy', '--update-id', id],
      )
    ).update;
  const unsupported = (from: string, to: string): object => ({
    stderr: expect.stringContaining(
      `An error occurred (InvalidParameterException) when calling the UpdateClusterConfig operation: Unsupported authentication mode update from ${from} to ${to}`,
    ),
  });
  const updates: string[] = [];

  test('in CONFIG_MAP the creator administers unseen, and every call about access entries is refused', async () => {
    expect(await state()).toEqual({ creator: 200, mapped: 200, newcomer: 401 });
    expect(await creator.can('*', '*', '-A')).toBe(true);
    const refusal = {
      name: 'InvalidRequestException',
      message:
        "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.",
    };
    const { root } = scene;
    await expect(createEntry(root, 'legacy', newcomerArn)).rejects.toMatchObject(refusal);
    await expect(deleteEntry(root, 'legacy', newcomerArn)).rejects.toMatchObject(refusal);
    await expect(associate(root, 'legacy', newcomerArn, 'AmazonEKSViewPolicy')).rejects.toMatchObject(
      refusal,
    );
    await expect(
      root.eks.send(new ListAccessEntriesCommand({ clusterName: 'legacy' })),
    ).rejects.toMatchObject(refusal);
    const listed = await shell.aws('eks', 'list-access-entries', '--cluster-name', 'legacy');
    expect(listed).toMatchObject({
      stderr: expect.stringContaining(
        `An error occurred (InvalidRequestException) when calling the ListAccessEntries operation: ${refusal.message}`,
      ),
    });
  }, 60_000);

  test('the steps go one at a time: not over API_AND_CONFIG_MAP, and not in place', async () => {
    expect(await modeTo('API')).toMatchObject(unsupported('CONFIG_MAP', 'API'));
    expect(await modeTo('CONFIG_MAP')).toMatchObject(unsupported('CONFIG_MAP', 'CONFIG_MAP'));
    expect(await state()).toEqual({ creator: 200, mapped: 200, newcomer: 401 });
  }, 60_000);

  test('API_AND_CONFIG_MAP keeps aws-auth, shows the creator as an entry, and lets new entries in', async () => {
    const { code, stdout } = await modeTo('API_AND_CONFIG_MAP');
    expect(code).toBe(0);
    const { update } = JSON.parse(stdout) as { readonly update: Update };
    expect(update).toMatchObject({
      type: 'AccessConfigUpdate',
      params: [{ type: 'AuthenticationMode', value: '"API_AND_CONFIG_MAP"' }],
      errors: [],
    });
    expect(await describeUpdate(update.id)).toMatchObject({
      id: update.id,
      status: 'Successful',
      type: 'AccessConfigUpdate',
    });
    updates.push(update.id);
    expect((await shell.aws('eks', 'wait', 'cluster-active', '--name', 'legacy')).code).toBe(0);
    const { cluster } = await shell.awsJson<{ readonly cluster: { readonly accessConfig: object } }>(
      ...['eks', 'describe-cluster', '--name', 'legacy'],
    );
    expect(cluster.accessConfig).toMatchObject({ authenticationMode: 'API_AND_CONFIG_MAP' });

    expect(await state()).toEqual({ creator: 200, mapped: 200, newcomer: 401 });
    expect(await shell.awsJson('eks', 'list-access-entries', '--cluster-name', 'legacy')).toEqual({
      accessEntries: [creatorArn],
    });
    const { associatedAccessPolicies } = await shell.awsJson<{
      readonly associatedAccessPolicies: readonly object[];
    }>(
      ...['eks', 'list-associated-access-policies', '--cluster-name', 'legacy'],
      ...['--principal-arn', creatorArn],
    );
    expect(associatedAccessPolicies).toMatchObject([
      {
        policyArn: policyArn('AmazonEKSClusterAdminPolicy'),
        accessScope: { type: 'cluster', namespaces: [] },
      },
    ]);

    await createEntry(scene.root, 'legacy', newcomerArn);
    await associate(scene.root, 'legacy', newcomerArn, 'AmazonEKSAdminViewPolicy');
    expect(await state()).toEqual({ creator: 200, mapped: 200, newcomer: 200 });
  }, 60_000);

  test('there is no way back to CONFIG_MAP', async () => {
    expect(await modeTo('CONFIG_MAP')).toMatchObject(unsupported('API_AND_CONFIG_MAP', 'CONFIG_MAP'));
    expect(await modeTo('API_AND_CONFIG_MAP')).toMatchObject(
      unsupported('API_AND_CONFIG_MAP', 'API_AND_CONFIG_MAP'),
    );
  }, 60_000);

  test('API ignores aws-auth, tokens in use included, and keeps every entry', async () => {
    const { code, stdout } = await modeTo('API');
    expect(code).toBe(0);
    updates.push((JSON.parse(stdout) as { readonly update: Update }).update.id);
    expect(await state()).toEqual({ creator: 200, mapped: 401, newcomer: 200 });
    expect((await mapped.kubectl('get', 'nodes')).stderr).toContain('You must be logged in to the server');
    // The ConfigMap is still there, and just an object now.
    expect(
      (await creator.kubectl('get', 'configmap', 'aws-auth', '-n', 'kube-system', '-o', 'name')).stdout,
    ).toBe('configmap/aws-auth\n');
    // As AWS recommends: an entry for whoever it let in.
    await createEntry(scene.root, 'legacy', roleArn(scene.connection, 'mapped'));
    await associate(scene.root, 'legacy', roleArn(scene.connection, 'mapped'), 'AmazonEKSClusterAdminPolicy');
    expect(await state()).toEqual({ creator: 200, mapped: 200, newcomer: 200 });
  }, 60_000);

  test('there is no way back from API', async () => {
    expect(await modeTo('API_AND_CONFIG_MAP')).toMatchObject(unsupported('API', 'API_AND_CONFIG_MAP'));
    expect(await modeTo('CONFIG_MAP')).toMatchObject(unsupported('API', 'CONFIG_MAP'));
  }, 60_000);

  test('every update is listed and can be described', async () => {
    const { updateIds } = await shell.awsJson<{ readonly updateIds: readonly string[] }>(
      ...['eks', 'list-updates', '--name', 'legacy'],
    );
    expect([...updateIds].sort()).toEqual([...updates].sort());
    expect(
      await shell.aws('eks', 'describe-update', '--name', 'legacy', '--update-id', 'none'),
    ).toMatchObject({
      stderr: expect.stringContaining(
        '(ResourceNotFoundException) when calling the DescribeUpdate operation',
      ),
    });
  }, 60_000);

  test('the creator’s entry can be deleted like any other, and then nothing lets the creator in', async () => {
    await deleteEntry(scene.root, 'legacy', creatorArn);
    expect(await state()).toEqual({ creator: 401, mapped: 200, newcomer: 200 });
  });
});
