/** Access entries with groups, and RBAC objects that name those groups: the second way in (eks-access-facts B4, C8, H6). */
import { UpdateAccessEntryCommand } from '@aws-sdk/client-eks';
import { GetRoleCommand, GetUserCommand } from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { forbidden, type KubernetesUser, statusOf } from './kubernetes.ts';
import { associate, createEntry, deleteEntry, openScene, type Scene } from './scene.ts';
import { createCluster, createUser, rootKeys } from './world.ts';

const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1' };
const groupSubject = (name: string): object => ({
  kind: 'Group',
  name,
  apiGroup: 'rbac.authorization.k8s.io',
});
const roleRef = (kind: 'Role' | 'ClusterRole', name: string): object => ({
  kind,
  name,
  apiGroup: 'rbac.authorization.k8s.io',
});

interface Review {
  readonly status: {
    readonly userInfo: {
      readonly username: string;
      readonly uid: string;
      readonly groups: readonly string[];
      readonly extra: Readonly<Record<string, readonly string[]>>;
    };
  };
}

describe('groups of access entries', () => {
  let scene: Scene;
  let admin: KubernetesUser;

  beforeAll(async () => {
    scene = await openScene();
    await createCluster(scene.root, scene.connection, 'main', 'API');
    admin = await scene.enter('main', rootKeys(scene.connection));
    await admin.apply(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
      {
        ...rbac,
        kind: 'Role',
        metadata: { name: 'configurer', namespace: 'shop' },
        rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'create'] }],
      },
      {
        ...rbac,
        kind: 'RoleBinding',
        metadata: { name: 'configurers', namespace: 'shop' },
        subjects: [groupSubject('configurers')],
        roleRef: roleRef('Role', 'configurer'),
      },
      {
        ...rbac,
        kind: 'ClusterRole',
        metadata: { name: 'node-reader' },
        rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch'] }],
      },
      {
        ...rbac,
        kind: 'ClusterRoleBinding',
        metadata: { name: 'operators-read-nodes' },
        subjects: [groupSubject('operators')],
        roleRef: roleRef('ClusterRole', 'node-reader'),
      },
      {
        ...rbac,
        kind: 'RoleBinding',
        metadata: { name: 'shop-admins', namespace: 'shop' },
        subjects: [groupSubject('shop-admins')],
        roleRef: roleRef('ClusterRole', 'admin'),
      },
    );
  }, 120_000);

  afterAll(() => scene?.close());

  /** A role with an entry in these groups, entered as `SESSION`. */
  async function member(
    name: string,
    wish: { readonly kubernetesGroups?: string[]; readonly username?: string },
    sessionName = 'sam',
  ): Promise<{ readonly arn: string; readonly user: KubernetesUser }> {
    const arn = await scene.role(name);
    await createEntry(scene.root, 'main', arn, wish);
    return { arn, user: await scene.enter('main', await scene.session(name, sessionName)) };
  }

  async function whoami(user: KubernetesUser): Promise<Review['status']['userInfo']> {
    const { stdout } = await user.kubectl('auth', 'whoami', '-o', 'json');
    return (JSON.parse(stdout) as Review).status.userInfo;
  }

  const listConfigMaps = (user: KubernetesUser, namespace: string): Promise<number> =>
    statusOf(user.core.listNamespacedConfigMap({ namespace }));

  test('a group without a binding allows nothing', async () => {
    const { user } = await member('unbound', { kubernetesGroups: ['nobody-binds-this'] });
    expect(await listConfigMaps(user, 'shop')).toBe(403);
    expect(await statusOf(user.core.listNode())).toBe(403);
  });

  test('a Role bound to a group allows in its namespace, a bound ClusterRole everywhere', async () => {
    const { user } = await member('both', { kubernetesGroups: ['configurers', 'operators'] });
    const name = `arn:aws:sts::${scene.connection.accountId}:assumed-role/both/sam`;
    expect(await user.kubectl('create', 'configmap', 'colours', '-n', 'shop')).toEqual({
      code: 0,
      stdout: 'configmap/colours created\n',
      stderr: '',
    });
    expect(await user.kubectl('get', 'nodes')).toMatchObject({ code: 0, stderr: 'No resources found\n' });
    expect(await user.kubectl('get', 'configmaps', '-n', 'default')).toMatchObject({
      code: 1,
      stderr: forbidden('configmaps', name, 'list', 'in the namespace "default"'),
    });
    expect(await user.kubectl('delete', 'configmap', 'colours', '-n', 'shop')).toMatchObject({
      code: 1,
      stderr: `Error from server (Forbidden): configmaps "colours" is forbidden: User "${name}" cannot delete resource "configmaps" in API group "" in the namespace "shop"\n`,
    });
    expect(await user.can('watch', 'nodes')).toBe(true);
    expect(await user.can('list', 'configmaps', '-n', 'shop')).toBe(true);
    expect(await user.can('list', 'configmaps', '-A')).toBe(false);
    const { stdout } = await user.kubectl('auth', 'can-i', '--list', '-n', 'shop', '--no-headers');
    expect(stdout).toMatch(/^nodes +\[\] +\[\] +\[get list watch\]$/m);
  });

  test('updating the groups counts for the next request of a token in use: replaced, kept, cleared', async () => {
    const { arn, user } = await member('moving', { kubernetesGroups: ['configurers'] });
    const update = (change: { readonly kubernetesGroups?: string[]; readonly username?: string }) =>
      scene.root.eks.send(
        new UpdateAccessEntryCommand({ clusterName: 'main', principalArn: arn, ...change }),
      );
    const state = async (): Promise<readonly number[]> => [
      await listConfigMaps(user, 'shop'),
      await statusOf(user.core.listNode()),
    ];
    expect(await state()).toEqual([200, 403]);
    await update({ kubernetesGroups: ['operators'] });
    expect(await state()).toEqual([403, 200]);
    await update({ username: 'mover' });
    expect(await state()).toEqual([403, 200]);
    expect(await whoami(user)).toMatchObject({
      username: 'mover',
      groups: ['operators', 'system:authenticated'],
    });
    await update({ kubernetesGroups: [] });
    expect(await state()).toEqual([403, 403]);
    expect((await whoami(user)).groups).toEqual(['system:authenticated']);
  });

  test('taking the binding or the role away ends what it allowed', async () => {
    const { user } = await member('short', { kubernetesGroups: ['short-lived'] });
    await admin.apply({
      ...rbac,
      kind: 'RoleBinding',
      metadata: { name: 'short', namespace: 'shop' },
      subjects: [groupSubject('short-lived')],
      roleRef: roleRef('ClusterRole', 'view'),
    });
    expect(await listConfigMaps(user, 'shop')).toBe(200);
    await admin.rbac.deleteNamespacedRoleBinding({ namespace: 'shop', name: 'short' });
    expect(await listConfigMaps(user, 'shop')).toBe(403);
  });

  test('a binding may name the user instead of a group', async () => {
    const { user } = await member('named', { username: 'team:{{SessionName}}' }, 'n.amed@example.com');
    expect((await whoami(user)).username).toBe('team:n.amed-example.com');
    const bind = ['create', 'rolebinding', 'named', '-n', 'shop', '--clusterrole=view'];
    expect(await admin.kubectl(...bind, '--user=team:n.amed-example.com')).toMatchObject({ code: 0 });
    expect(await listConfigMaps(user, 'shop')).toBe(200);
    expect(await listConfigMaps(user, 'default')).toBe(403);
  });

  test('access policies and groups add up', async () => {
    const { arn, user } = await member('sum', { kubernetesGroups: ['operators'] });
    await associate(scene.root, 'main', arn, 'AmazonEKSViewPolicy', 'shop');
    expect(await statusOf(user.core.listNode())).toBe(200);
    expect(await listConfigMaps(user, 'shop')).toBe(200);
    expect(await listConfigMaps(user, 'default')).toBe(403);
    await deleteEntry(scene.root, 'main', arn);
    expect(await statusOf(user.core.listNode())).toBe(401);
  });

  test('who may write roles by RBAC grants no more than it has; a policy does not count as having', async () => {
    const { user } = await member('delegate', { kubernetesGroups: ['shop-admins'] });
    const create = (who: KubernetesUser, name: string, ...rule: string[]) =>
      who.kubectl('create', 'role', name, '-n', 'shop', ...rule);
    expect(await create(user, 'mine', '--verb=get', '--resource=pods')).toMatchObject({ code: 0 });
    const more = await create(user, 'more', '--verb=get', '--resource=nodes');
    expect(more.code).toBe(1);
    expect(more.stderr).toContain('is attempting to grant RBAC permissions not currently held');

    // C14: AmazonEKSAdminPolicy may create roles, yet holds no rules that RBAC could find.
    const { arn, user: byPolicy } = await member('by-policy', {});
    await associate(scene.root, 'main', arn, 'AmazonEKSAdminPolicy', 'shop');
    expect(await byPolicy.can('create', 'roles.rbac.authorization.k8s.io', '-n', 'shop')).toBe(true);
    const unheld = await create(byPolicy, 'unheld', '--verb=get', '--resource=pods');
    expect(unheld.code).toBe(1);
    expect(unheld.stderr).toContain('is attempting to grant RBAC permissions not currently held');
  });

  test('whoami of a role shows its username, groups, uid and extra as the authenticator makes them', async () => {
    const { accountId } = scene.connection;
    const arn = await scene.role('shown', '/people/');
    await createEntry(scene.root, 'main', arn, { kubernetesGroups: ['operators', 'extra:{{SessionName}}'] });
    const keys = await scene.session('people/shown', 'who@example.com');
    const user = await scene.enter('main', keys);
    const { Role } = await scene.root.iam.send(new GetRoleCommand({ RoleName: 'shown' }));
    const session = `arn:aws:sts::${accountId}:assumed-role/shown/`;
    expect(await whoami(user)).toEqual({
      username: `${session}who-example.com`,
      uid: `aws-iam-authenticator:${accountId}:${Role?.RoleId}`,
      groups: ['operators', 'extra:who-example.com', 'system:authenticated'],
      extra: {
        accessKeyId: [keys.accessKeyId],
        arn: [`${session}who@example.com`],
        canonicalArn: [`arn:aws:iam::${accountId}:role/shown`],
        principalId: [Role?.RoleId],
        sessionName: ['who@example.com'],
        'sigs.k8s.io/aws-iam-authenticator/principalId': [Role?.RoleId],
      },
    });
    const { stdout } = await user.kubectl('auth', 'whoami');
    expect(stdout.split('\n').map((line) => line.replace(/ {2,}/g, '  '))).toEqual([
      'ATTRIBUTE  VALUE',
      `Username  ${session}who-example.com`,
      `UID  aws-iam-authenticator:${accountId}:${Role?.RoleId}`,
      'Groups  [operators extra:who-example.com system:authenticated]',
      `Extra: accessKeyId  [${keys.accessKeyId}]`,
      `Extra: arn  [${session}who@example.com]`,
      `Extra: canonicalArn  [arn:aws:iam::${accountId}:role/shown]`,
      `Extra: principalId  [${Role?.RoleId}]`,
      'Extra: sessionName  [who@example.com]',
      `Extra: sigs.k8s.io/aws-iam-authenticator/principalId  [${Role?.RoleId}]`,
      '',
    ]);
  });

  test('whoami of a user shows the user’s ARN, and an empty session name', async () => {
    const { accountId } = scene.connection;
    const keys = await createUser(scene.root, 'ursula');
    const { User } = await scene.root.iam.send(new GetUserCommand({ UserName: 'ursula' }));
    const arn = User?.Arn ?? '';
    await createEntry(scene.root, 'main', arn);
    expect(await whoami(await scene.enter('main', keys))).toEqual({
      username: arn,
      uid: `aws-iam-authenticator:${accountId}:${User?.UserId}`,
      groups: ['system:authenticated'],
      extra: {
        accessKeyId: [keys.accessKeyId],
        arn: [arn],
        canonicalArn: [arn],
        principalId: [User?.UserId],
        sessionName: [''],
        'sigs.k8s.io/aws-iam-authenticator/principalId': [User?.UserId],
      },
    });
  });
});
