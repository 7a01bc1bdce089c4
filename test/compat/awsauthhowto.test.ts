/** docs/howto/aws-auth.md is a promise: its commands are run here, in the order in which they stand, on one server. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from './clients.ts';
import { type KubernetesUser, statusOf } from './kubernetes.ts';
import { npxDirectory } from './process.ts';
import { openScene, type Scene } from './scene.ts';
import { createCluster, roleArn, rootKeys } from './world.ts';

const page = readFileSync(resolve(import.meta.dirname, '../../docs/howto/aws-auth.md'), 'utf8');
const blocksOf = (language: string): readonly string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text = '']) => text);
const [check = '', serve = '', setAndShow = '', alerts = '', remove = ''] = blocksOf('sh');
const [checked = '', logged = ''] = blocksOf('text');

let scene: Scene;
let npx: string;
let admin: KubernetesUser;

beforeAll(async () => {
  expect(blocksOf('sh')).toHaveLength(5);
  const [, options = ''] = /^npx entryway serve (.*)\n$/.exec(serve) ?? [];
  scene = await openScene([...options.split(' '), '--sso-role-match']);
  npx = npxDirectory(scene.directory);
  await createCluster(scene.root, scene.connection, 'prod', 'API_AND_CONFIG_MAP');
  admin = await scene.enter('prod', rootKeys(scene.connection));
}, 120_000);

afterAll(() => scene?.close());

async function bash(commands: string): Promise<string> {
  const { code, stdout, stderr } = await run('bash', ['-euo', 'pipefail', '-c', commands], {
    cwd: scene.directory,
    env: {
      PATH: [npx, process.env.PATH].join(':'),
      HOME: scene.directory,
      ENTRYWAY_DATA: join(scene.directory, 'data'),
      NO_COLOR: '1',
    },
  });
  expect(code, stderr).toBe(0);
  return stdout;
}

const write = (mapRoles: string): Promise<void> =>
  admin.apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'aws-auth', namespace: 'kube-system' },
    data: { mapRoles },
  });

const nodes = (who: KubernetesUser): Promise<number> => statusOf(who.core.listNode());

test('the check says what the page shows', async () => {
  expect(await bash(check)).toBe(checked);
});

test('with the gate open, the roles of a permission set are let in, and those of one that begins alike are not', async () => {
  const enter = async (set: string): Promise<KubernetesUser> => {
    const name = `AWSReservedSSO_${set}_0123456789abcdef`;
    await scene.role(name, '/aws-reserved/sso.amazonaws.com/');
    return scene.enter('prod', await scene.session(`aws-reserved/sso.amazonaws.com/${name}`));
  };
  const [view, viewOnly] = [await enter('View'), await enter('View_Only')];
  const { accountId } = scene.connection;
  await write(
    `- {sso: {permissionSetName: View, accountID: "${accountId}"}, username: v, groups: ["system:masters"]}`,
  );
  expect([await nodes(view), await nodes(viewOnly)]).toEqual([200, 401]);
  await admin.core.deleteNamespacedConfigMap({ namespace: 'kube-system', name: 'aws-auth' });
  expect(await nodes(view)).toBe(401);
});

test('in strict mode a broken text shuts nobody out, and its removal does', async () => {
  await scene.role('deployer');
  const deployer = await scene.enter('prod', await scene.session('deployer'));
  const mapping = `- {rolearn: "${roleArn(scene.connection, 'deployer')}", username: d, groups: ["system:masters"]}`;
  await write(`${mapping}\n  - [`);
  expect(await nodes(deployer)).toBe(401);
  await write(mapping);
  expect(await nodes(deployer)).toBe(200);
  await write(`${mapping}\n  - [`);
  expect(await nodes(deployer)).toBe(200);
  for (const line of logged.trim().split('\n')) expect(scene.server.log()).toContain(line);
  await admin.core.deleteNamespacedConfigMap({ namespace: 'kube-system', name: 'aws-auth' });
  expect(await nodes(deployer)).toBe(401);
});

test('the break-glass principal is in while it is named, and its use is told', async () => {
  await scene.role('oncall');
  const oncall = await scene.enter('prod', await scene.session('oncall', 'ada'));
  expect(await nodes(oncall)).toBe(401);
  const shown = await bash(setAndShow);
  expect(shown).toMatch(/^principal {2}arn:aws:iam::111122223333:role\/oncall \(AROA\w+\)$/m);
  expect(shown).toMatch(/^state {6}READY$/m);
  expect(await nodes(oncall)).toBe(200);
  const { stdout } = await oncall.kubectl('auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}');
  expect(stdout).toBe('entryway:break-glass:role/oncall/ada');
  const told = await bash(alerts);
  expect(told).toContain('EW-TRAIL-028');
  expect(told).toContain('EW-TRAIL-029');
  await bash(remove);
  expect(await nodes(oncall)).toBe(401);
});
