/** The aws-auth ConfigMap: an ordinary object that decides who gets in (eks-access-facts G). */
import { GetRoleCommand } from '@aws-sdk/client-iam';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type KubernetesUser, statusOf } from './kubernetes.ts';
import type { Keys } from './process.ts';
import { associate, createEntry, deleteEntry, openScene, type Scene } from './scene.ts';
import { createCluster, createUser, roleArn, rootKeys } from './world.ts';

describe('aws-auth', () => {
  let scene: Scene;
  let admin: KubernetesUser;
  let role: KubernetesUser;
  let user: KubernetesUser;
  let userArn: string;

  beforeAll(async () => {
    scene = await openScene();
    const { root, connection } = scene;
    await createCluster(root, connection, 'main', 'API_AND_CONFIG_MAP');
    admin = await scene.enter('main', rootKeys(connection));
    await scene.role('deployer');
    role = await scene.enter('main', await scene.session('deployer', 'ci'));
    user = await scene.enter('main', await createUser(root, 'ulla'));
    userArn = `arn:aws:iam::${connection.accountId}:user/ulla`;
    for (const [verb, resource] of [
      ['list', 'nodes'],
      ['list', 'pods'],
    ] as const) {
      const name = `${resource}-readers`;
      await admin.kubectl('create', 'clusterrole', name, `--verb=${verb}`, `--resource=${resource}`);
      await admin.kubectl('create', 'clusterrolebinding', name, `--clusterrole=${name}`, `--group=${name}`);
    }
  }, 120_000);

  afterAll(() => scene?.close());

  beforeEach(async () => {
    await admin.kubectl('delete', 'configmap', 'aws-auth', '-n', 'kube-system', '--ignore-not-found');
  });

  const write = (data: Readonly<Record<string, string>>): Promise<void> =>
    admin.apply({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'aws-auth', namespace: 'kube-system' },
      data,
    });

  const nodes = (who: KubernetesUser): Promise<number> => statusOf(who.core.listNode());
  const pods = (who: KubernetesUser): Promise<number> => statusOf(who.core.listPodForAllNamespaces());

  async function nameAndGroups(who: KubernetesUser): Promise<readonly string[]> {
    const { code, stdout, stderr } = await who.kubectl(
      ...['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}{" "}{.status.userInfo.groups[*]}'],
    );
    if (code !== 0) throw new Error(stderr);
    return stdout.split(' ');
  }

  test('nobody is let in before it is written', async () => {
    expect([await nodes(role), await nodes(user)]).toEqual([401, 401]);
  });

  test('mapRoles lets every session of a role in, with templates filled in', async () => {
    await write({
      mapRoles: [
        `- rolearn: ${roleArn(scene.connection, 'deployer')}`,
        '  username: deploy:{{SessionName}}',
        '  groups: [nodes-readers, "account:{{AccountID}}"]',
      ].join('\n'),
    });
    expect(await nameAndGroups(role)).toEqual([
      'deploy:ci',
      'nodes-readers',
      `account:${scene.connection.accountId}`,
      'system:authenticated',
    ]);
    expect([await nodes(role), await pods(role)]).toEqual([200, 403]);
    expect(await nodes(user)).toBe(401);
  });

  test('a role is written without its path there; with it, the mapping never matches', async () => {
    const arn = await scene.role('pathed', '/division/');
    const pathed = await scene.enter('main', await scene.session('division/pathed'));
    const mapping = (rolearn: string): Promise<void> =>
      write({ mapRoles: `- {rolearn: "${rolearn}", username: pathed, groups: [nodes-readers]}` });
    await mapping(arn);
    expect(await nodes(pathed)).toBe(401);
    await mapping(roleArn(scene.connection, 'pathed'));
    expect(await nodes(pathed)).toBe(200);
  });

  test('mapUsers lets a user in, without regard to case', async () => {
    await write({
      mapUsers: `- {userarn: "${userArn.toUpperCase()}", username: ulla, groups: [pods-readers]}`,
    });
    expect(await nameAndGroups(user)).toEqual(['ulla', 'pods-readers', 'system:authenticated']);
    expect([await nodes(user), await pods(user)]).toEqual([403, 200]);
    expect(await nodes(role)).toBe(401);
  });

  test('mapAccounts lets everybody of an account in under the canonical ARN, with no groups', async () => {
    await write({ mapAccounts: `- ${scene.connection.accountId}` });
    expect(await nameAndGroups(role)).toEqual([
      roleArn(scene.connection, 'deployer'),
      'system:authenticated',
    ]);
    expect(await nameAndGroups(user)).toEqual([userArn, 'system:authenticated']);
    expect([await nodes(role), await nodes(user)]).toEqual([403, 403]);
    await write({ mapAccounts: '- "999999999999"' });
    expect([await nodes(role), await nodes(user)]).toEqual([401, 401]);
  });

  test('a change counts with the next request, and deleting the ConfigMap locks out whoever it let in', async () => {
    const mapped = (group: string): Promise<void> =>
      write({ mapUsers: `- {userarn: "${userArn}", username: ulla, groups: [${group}]}` });
    await mapped('nodes-readers');
    expect([await nodes(user), await pods(user)]).toEqual([200, 403]);
    await mapped('pods-readers');
    expect([await nodes(user), await pods(user)]).toEqual([403, 200]);
    await admin.core.deleteNamespacedConfigMap({ namespace: 'kube-system', name: 'aws-auth' });
    expect([await nodes(user), await pods(user)]).toEqual([401, 401]);
    expect((await user.kubectl('get', 'pods')).stderr).toContain(
      'error: You must be logged in to the server (',
    );
  });

  test('broken YAML under one key drops that key, the good value it had included, and leaves the others', async () => {
    const mapRoles = `- {rolearn: "${roleArn(scene.connection, 'deployer')}", username: d, groups: [nodes-readers]}`;
    const mapUsers = `- {userarn: "${userArn}", username: ulla, groups: [nodes-readers]}`;
    await write({ mapRoles, mapUsers });
    expect([await nodes(role), await nodes(user)]).toEqual([200, 200]);
    await write({ mapRoles: `${mapRoles}\n  - oops: [`, mapUsers });
    expect([await nodes(role), await nodes(user)]).toEqual([401, 200]);
    await write({ mapRoles, mapUsers: '- userarn: "' });
    expect([await nodes(role), await nodes(user)]).toEqual([200, 401]);
  });

  test('a bad item is dropped and the rest of its key stays', async () => {
    await write({
      mapUsers: [
        '- {username: nobody, groups: ["system:masters"]}',
        `- {userarn: "${userArn}", username: ulla, groups: nodes-readers}`,
      ].join('\n'),
    });
    // `groups` as text is a type error: the item stays with no groups (G4).
    expect(await nameAndGroups(user)).toEqual(['ulla', 'system:authenticated']);
  });

  test('system:masters through aws-auth allows everything', async () => {
    await write({
      mapRoles: `- {rolearn: "${roleArn(scene.connection, 'deployer')}", username: boss, groups: ["system:masters"]}`,
    });
    expect(await role.can('*', '*', '-A')).toBe(true);
    expect(await role.kubectl('delete', 'clusterrole', 'no-such')).toMatchObject({
      stderr: 'Error from server (NotFound): clusterroles.rbac.authorization.k8s.io "no-such" not found\n',
    });
    expect(await nodes(user)).toBe(401);
  });

  test('an access entry wins over aws-auth, also when it allows less; without it aws-auth counts again', async () => {
    const arn = roleArn(scene.connection, 'deployer');
    await write({ mapRoles: `- {rolearn: "${arn}", username: boss, groups: ["system:masters"]}` });
    expect(await nodes(role)).toBe(200);
    await createEntry(scene.root, 'main', arn, { username: 'plain' });
    expect(await nameAndGroups(role)).toEqual(['plain', 'system:authenticated']);
    expect(await nodes(role)).toBe(403);
    await associate(scene.root, 'main', arn, 'AmazonEKSViewPolicy');
    expect([await nodes(role), await pods(role)]).toEqual([403, 200]);
    await deleteEntry(scene.root, 'main', arn);
    expect(await nameAndGroups(role)).toEqual(['boss', 'system:masters', 'system:authenticated']);
  });

  test('aws-auth does not look at unique ids: a re-created role gets in, unlike through an entry', async () => {
    await scene.role('again');
    await write({
      mapRoles: `- {rolearn: "${roleArn(scene.connection, 'again')}", username: again, groups: [nodes-readers]}`,
    });
    const enter = async (): Promise<{ readonly keys: Keys; readonly id: string | undefined }> => {
      const keys = await scene.session('again');
      expect(await nodes(await scene.enter('main', keys))).toBe(200);
      const { Role } = await scene.root.iam.send(new GetRoleCommand({ RoleName: 'again' }));
      return { keys, id: Role?.RoleId };
    };
    const first = await enter();
    await scene.deleteRole('again');
    // The role's sessions go with it.
    expect(await nodes(await scene.enter('main', first.keys))).toBe(401);
    await scene.role('again');
    const second = await enter();
    expect(second.id).not.toBe(first.id);
  });
});
