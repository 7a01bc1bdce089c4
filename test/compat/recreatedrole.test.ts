/** A principal deleted and made again under its old name is somebody else (eks-access-facts B15 to B17). */
import { DescribeAccessEntryCommand } from '@aws-sdk/client-eks';
import {
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  GetRoleCommand,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KubernetesUser, statusOf } from './kubernetes.ts';
import type { Keys } from './process.ts';
import { associate, createEntry, deleteEntry, openScene, type Scene } from './scene.ts';
import {
  allowAll,
  assumeRole,
  type Clients,
  createClients,
  createCluster,
  createUser,
  roleArn,
  rootKeys,
  trust,
} from './world.ts';

describe('re-created principals', () => {
  let scene: Scene;
  const opened: Clients[] = [];

  beforeAll(async () => {
    scene = await openScene();
    await createCluster(scene.root, scene.connection, 'main', 'API');
  }, 120_000);

  afterAll(async () => {
    for (const clients of opened) clients.destroy();
    await scene?.close();
  });

  const pods = (user: KubernetesUser): Promise<number> => statusOf(user.core.listPodForAllNamespaces());
  const roleId = async (name: string): Promise<string> =>
    (await scene.root.iam.send(new GetRoleCommand({ RoleName: name }))).Role?.RoleId ?? '';
  const clientsOf = (keys: Keys): Clients => {
    const clients = createClients(scene.connection, keys);
    opened.push(clients);
    return clients;
  };
  async function deleteUser(name: string, { accessKeyId }: Keys, hasPolicy = false): Promise<void> {
    const { iam } = scene.root;
    await iam.send(new DeleteAccessKeyCommand({ UserName: name, AccessKeyId: accessKeyId }));
    if (hasPolicy) {
      await iam.send(new DeleteUserPolicyCommand({ UserName: name, PolicyName: 'inline' }));
    }
    await iam.send(new DeleteUserCommand({ UserName: name }));
  }

  test('a re-created role does not match the entry of its ARN; making the entry again repairs it', async () => {
    const { root } = scene;
    const arn = await scene.role('ops');
    await createEntry(root, 'main', arn);
    await associate(root, 'main', arn, 'AmazonEKSViewPolicy');
    const before = await scene.enter('main', await scene.session('ops'));
    const oldId = await roleId('ops');
    expect(await pods(before)).toBe(200);

    await scene.deleteRole('ops');
    expect(await pods(before)).toBe(401);
    expect(await scene.role('ops')).toBe(arn);
    expect(await roleId('ops')).not.toBe(oldId);
    // The old session stays dead, and the new role, whose ARN is the same to the letter, is not let in.
    const after = await scene.enter('main', await scene.session('ops'));
    expect([await pods(before), await pods(after)]).toEqual([401, 401]);
    expect((await after.kubectl('get', 'pods')).stderr).toContain('You must be logged in to the server');

    // The entry is still there and looks as before; a second one for the ARN is refused.
    const { accessEntry } = await root.eks.send(
      new DescribeAccessEntryCommand({ clusterName: 'main', principalArn: arn }),
    );
    expect(accessEntry).toMatchObject({ principalArn: arn, type: 'STANDARD' });
    await expect(createEntry(root, 'main', arn)).rejects.toMatchObject({ name: 'ResourceInUseException' });

    await deleteEntry(root, 'main', arn);
    await createEntry(root, 'main', arn);
    expect(await pods(after)).toBe(403);
    await associate(root, 'main', arn, 'AmazonEKSViewPolicy');
    expect([await pods(before), await pods(after)]).toEqual([401, 200]);
  });

  test('a re-created user does not match the entry of its ARN, and neither do the old keys', async () => {
    const { root, connection } = scene;
    const arn = `arn:aws:iam::${connection.accountId}:user/una`;
    const oldKeys = await createUser(root, 'una');
    await createEntry(root, 'main', arn);
    await associate(root, 'main', arn, 'AmazonEKSViewPolicy');
    const before = await scene.enter('main', oldKeys);
    expect(await pods(before)).toBe(200);

    await deleteUser('una', oldKeys);
    expect(await pods(before)).toBe(401);
    const newKeys = await createUser(root, 'una');
    const after = await scene.enter('main', newKeys);
    expect([await pods(before), await pods(after)]).toEqual([401, 401]);
    await expect(clientsOf(oldKeys).sts.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: 'InvalidClientTokenId',
    });

    await deleteEntry(root, 'main', arn);
    await createEntry(root, 'main', arn);
    await associate(root, 'main', arn, 'AmazonEKSViewPolicy');
    expect([await pods(before), await pods(after)]).toEqual([401, 200]);
  });

  test('a role trusting a user is not trusting the user made again under that name', async () => {
    const { root, connection } = scene;
    const userArn = `arn:aws:iam::${connection.accountId}:user/tina`;
    const policy = allowAll('sts:AssumeRole');
    const oldKeys = await createUser(root, 'tina', policy);
    await scene.role('vault');
    const trustTina = (): Promise<unknown> =>
      root.iam.send(
        new UpdateAssumeRolePolicyCommand({
          RoleName: 'vault',
          PolicyDocument: trust({ AWS: userArn }),
        }),
      );
    await trustTina();
    const enter = (keys: Keys): Promise<Keys> => assumeRole(clientsOf(keys), roleArn(connection, 'vault'));
    expect((await enter(oldKeys)).accessKeyId).toMatch(/^ASIA/);

    await deleteUser('tina', oldKeys, true);
    // IAM shows the unique id where the name no longer means anybody.
    const { Role } = await root.iam.send(new GetRoleCommand({ RoleName: 'vault' }));
    expect(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '')).toMatch(/"AIDA[A-Z0-9]+"/);
    const newKeys = await createUser(root, 'tina', policy);
    await expect(enter(newKeys)).rejects.toMatchObject({
      name: 'AccessDenied',
      message: `User: ${userArn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn(connection, 'vault')}`,
    });
    await trustTina();
    expect((await enter(newKeys)).accessKeyId).toMatch(/^ASIA/);
  });

  test('a user made again with other capitals is nobody the old entry knows', async () => {
    const { root, connection } = scene;
    const arnOf = (name: string): string => `arn:aws:iam::${connection.accountId}:user/${name}`;
    const oldKeys = await createUser(root, 'Casey');
    await createEntry(root, 'main', arnOf('Casey'));
    expect(await pods(await scene.enter('main', oldKeys))).toBe(403);
    await deleteUser('Casey', oldKeys);
    const user = await scene.enter('main', await createUser(root, 'casey'));
    expect(await pods(user)).toBe(401);
    await deleteEntry(root, 'main', arnOf('Casey'));
    // There is no principal of that spelling any more.
    await expect(createEntry(root, 'main', arnOf('Casey'))).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: 'The specified principalArn is invalid: invalid principal.',
    });
    await createEntry(root, 'main', arnOf('casey'));
    expect(await pods(user)).toBe(403);
  });

  test('the creator’s administration is not inherited by who takes the creator’s name', async () => {
    const { root, connection } = scene;
    const policy = allowAll(['eks:CreateCluster', 'iam:PassRole']);
    const oldKeys = await createUser(root, 'cleo', policy);
    for (const mode of ['CONFIG_MAP', 'API'] as const) {
      await createCluster(
        clientsOf(oldKeys),
        connection,
        `of-cleo-${mode.toLowerCase().replace('_', '-')}`,
        mode,
      );
    }
    const names = ['of-cleo-config-map', 'of-cleo-api'];
    for (const name of names) expect(await pods(await scene.enter(name, oldKeys))).toBe(200);
    await deleteUser('cleo', oldKeys, true);
    const newKeys = await createUser(root, 'cleo', policy);
    for (const name of names) {
      expect(await pods(await scene.enter(name, oldKeys))).toBe(401);
      expect(await pods(await scene.enter(name, newKeys))).toBe(401);
      expect(await pods(await scene.enter(name, rootKeys(connection)))).toBe(401);
    }
  });
});
