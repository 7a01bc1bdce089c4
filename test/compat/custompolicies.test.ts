/** Extensions that the stock clients go along with: access policies of an account's own, and associations that end. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  AssociateAccessPolicyCommand,
  DisassociateAccessPolicyCommand,
  ListAccessEntriesCommand,
  ListAccessPoliciesCommand,
} from '@aws-sdk/client-eks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAwsClient } from '../../src/clients/aws.ts';
import { awsCliDirectory, awsCliUnavailable, run } from './clients.ts';
import { type KubernetesUser, statusOf } from './kubernetes.ts';
import {
  type Keys,
  npxDirectory,
  type ServerProcess,
  startServerProcess,
  temporaryDirectory,
  until,
} from './process.ts';
import { createEntry, openScene, policyArn, type Scene } from './scene.ts';
import { allowAll, createCluster, createUser, rootKeys } from './world.ts';

const pods = (...verbs: string[]) => ({ apiGroups: [''], resources: ['pods'], verbs });

describe('on a cluster', () => {
  let scene: Scene;
  let role: string;
  let user: KubernetesUser;
  let readers: string;

  const ours = (operation: string, input: object, keys?: Keys): Promise<unknown> => {
    const { awsEndpoint: endpoint, region } = scene.connection;
    const credentials = keys ?? rootKeys(scene.connection);
    return createAwsClient({ endpoint, region, credentials }).call('entryway', operation, { ...input });
  };
  const associate = (policy: string, ...namespaces: string[]) =>
    scene.root.eks.send(
      new AssociateAccessPolicyCommand({
        clusterName: 'main',
        principalArn: role,
        policyArn: policy,
        accessScope: namespaces.length > 0 ? { type: 'namespace', namespaces } : { type: 'cluster' },
      }),
    );
  const disassociate = (policy: string) =>
    scene.root.eks.send(
      new DisassociateAccessPolicyCommand({ clusterName: 'main', principalArn: role, policyArn: policy }),
    );
  const listsPods = (namespace = 'default') => statusOf(user.core.listNamespacedPod({ namespace }));

  beforeAll(async () => {
    scene = await openScene();
    await createCluster(scene.root, scene.connection, 'main', 'API');
    role = await scene.role('developer');
    await createEntry(scene.root, 'main', role);
    user = await scene.enter('main', await scene.session('developer', 'dora'));
    readers = `arn:aws:eks::${scene.connection.accountId}:cluster-access-policy/readers`;
  }, 120_000);

  afterAll(() => scene?.close());

  test('a policy of the account’s own is listed, associated and decides like AWS’s', async () => {
    await expect(associate(readers)).rejects.toThrow('The specified policyArn could not be found.');
    await ours('CreateAccessPolicy', { name: 'readers', rules: [pods('get', 'list')] });
    const { accessPolicies = [] } = await scene.root.eks.send(new ListAccessPoliciesCommand({}));
    expect(accessPolicies.at(-1)).toEqual({ name: 'readers', arn: readers });
    expect(await listsPods()).toBe(403);

    await associate(readers, 'default');
    expect([await listsPods(), await listsPods('kube-system')]).toEqual([200, 403]);
    expect(await statusOf(user.core.deleteNamespacedPod({ namespace: 'default', name: 'none' }))).toBe(403);
    const { accessEntries } = await scene.root.eks.send(
      new ListAccessEntriesCommand({ clusterName: 'main', associatedPolicyArn: readers }),
    );
    expect(accessEntries).toEqual([role]);
  });

  test('a new version counts at once, and a policy in use is not deleted', async () => {
    await ours('UpdateAccessPolicy', { name: 'readers', rules: [pods('get')] });
    expect(await listsPods()).toBe(403);
    await ours('UpdateAccessPolicy', { name: 'readers', rules: [pods('list')] });
    expect(await listsPods()).toBe(200);
    await expect(ours('DeleteAccessPolicy', { name: 'readers' })).rejects.toThrow(
      'associated with 1 access entry',
    );
    await disassociate(readers);
    await ours('DeleteAccessPolicy', { name: 'readers' });
    await ours('CreateAccessPolicy', { name: 'readers', rules: [pods('*')] });
    expect(await listsPods()).toBe(403);
  });

  test('permissions of our own prefix guard it', async () => {
    const keys = await createUser(scene.root, 'reader', allowAll('entryway:GetAccessPolicy', readers));
    await ours('GetAccessPolicy', { name: 'readers' }, keys);
    for (const operation of ['CreateAccessPolicy', 'UpdateAccessPolicy', 'DeleteAccessPolicy']) {
      await expect(ours(operation, { name: 'readers', rules: [pods('*')] }, keys)).rejects.toThrow(
        `not authorized to perform: entryway:${operation}`,
      );
    }
    const target = { clusterName: 'main', principalArn: role, policyArn: readers };
    await expect(
      ours('AssociateAccessPolicy', { ...target, accessScope: { type: 'cluster' } }, keys),
    ).rejects.toThrow('not authorized to perform: eks:AssociateAccessPolicy');
  });

  test('an association that ends lets in until then, whatever the stock client does to its scope', async () => {
    const view = policyArn('AmazonEKSViewPolicy');
    const holdUntil = (expiresAt: number) =>
      ours('AssociateAccessPolicy', {
        clusterName: 'main',
        principalArn: role,
        policyArn: view,
        accessScope: { type: 'cluster' },
        expiresAt: new Date(expiresAt),
        reason: 'incident 42',
      });
    await holdUntil(Date.now() + 3_600_000);
    expect(await listsPods()).toBe(200);
    await holdUntil(Date.now() + 1_000);
    await until(async () => (await listsPods()) === 403, 'the association to end');
    await associate(view, 'default');
    expect(await listsPods()).toBe(403);
    await disassociate(view);
    await associate(view);
    expect(await listsPods()).toBe(200);
  });
});

const root = resolve(import.meta.dirname, '../..');
const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;

describe.skipIf(unavailable !== undefined)(`docs/howto/access-policies.md${because}`, () => {
  const page = readFileSync(join(root, 'docs/howto/access-policies.md'), 'utf8');
  const blocksOf = (language: string): readonly string[] =>
    [...page.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text = '']) => text);
  const directory = temporaryDirectory();
  const npx = npxDirectory(directory.path);
  let server: ServerProcess;

  beforeAll(async () => {
    server = await startServerProcess(directory.path, ['--demo']);
  }, 90_000);

  afterAll(async () => {
    await server?.stop();
    directory.remove();
  });

  test('its commands work as printed', async () => {
    const [made = '', associated = '', updated = ''] = blocksOf('text');
    const { connection } = server;
    // One terminal: what a block makes, the next ones use.
    const { code, stdout, stderr } = await run(
      'bash',
      ['-euo', 'pipefail', '-c', blocksOf('sh').join('\n')],
      {
        cwd: directory.path,
        env: {
          PATH: [npx, awsCliDirectory(), process.env.PATH].join(':'),
          HOME: directory.path,
          ENTRYWAY_DATA: connection.dataDir,
          AWS_ENDPOINT_URL: connection.awsEndpoint,
          AWS_ACCESS_KEY_ID: connection.accessKeyId,
          AWS_SECRET_ACCESS_KEY: connection.secretAccessKey,
          AWS_REGION: connection.region,
          AWS_DEFAULT_REGION: connection.region,
          AWS_EC2_METADATA_DISABLED: 'true',
          npm_config_loglevel: 'silent',
          NO_COLOR: '1',
        },
      },
    );
    expect(code, stderr).toBe(0);
    const undated = (text: string): string => text.replace(/until [0-9TZ:.-]+/g, 'until then');
    expect(undated(stdout)).toBe(
      [
        made,
        'arn:aws:eks::111122223333:cluster-access-policy/on-call\n',
        undated(associated),
        updated,
        'access policy on-call is deleted\n',
      ].join(''),
    );
  }, 120_000);
});
