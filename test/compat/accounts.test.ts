/** Several accounts on one server, and the commands that make a user's identity without the AWS CLI. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateAccessEntryCommand,
  DescribeClusterCommand,
  ListAccessEntriesCommand,
  ListClustersCommand,
} from '@aws-sdk/client-eks';
import { GetRoleCommand, ListUsersCommand, UpdateAssumeRolePolicyCommand } from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { awsCliDirectory, awsCliUnavailable, kubectlDirectory, run } from './clients.ts';
import { type KubernetesUser, openKubernetesUser, statusOf } from './kubernetes.ts';
import { type Connection, entryway, type Keys } from './process.ts';
import { associate, createEntry, openScene, type Scene } from './scene.ts';
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
  trust,
} from './world.ts';

interface CreatedAccount extends Keys {
  readonly accountId: string;
}

let scene: Scene;
const opened: Clients[] = [];

beforeAll(async () => {
  scene = await openScene();
}, 120_000);

afterAll(async () => {
  for (const clients of opened) clients.destroy();
  await scene?.close();
});

const command = (...args: readonly string[]) =>
  entryway(scene.directory, [...args, '--data', scene.connection.dataDir]);
const clientsOf = (keys: Keys): Clients => {
  const clients = createClients(scene.connection, keys);
  opened.push(clients);
  return clients;
};
const pods = (user: KubernetesUser): Promise<number> => statusOf(user.core.listPodForAllNamespaces());

describe('a second account', () => {
  let other: CreatedAccount;
  let otherRoot: Clients;
  /** As `scene.connection`, with the second account's id: what ARNs are built from. */
  let there: Connection;

  beforeAll(async () => {
    const { code, stdout } = await command('account', 'create', '--output', 'json');
    expect(code).toBe(0);
    other = JSON.parse(stdout) as CreatedAccount;
    otherRoot = clientsOf(other);
    there = { ...scene.connection, accountId: other.accountId };
    await createCluster(scene.root, scene.connection, 'main', 'API');
  });

  test('`account create` prints a root key that is root of that account, and of no other', async () => {
    expect(other.accountId).toMatch(/^\d{12}$/);
    expect(other.accountId).not.toBe(scene.connection.accountId);
    expect(await otherRoot.sts.send(new GetCallerIdentityCommand({}))).toMatchObject({
      Account: other.accountId,
      Arn: `arn:aws:iam::${other.accountId}:root`,
      UserId: other.accountId,
    });
    expect((await otherRoot.iam.send(new ListUsersCommand({}))).Users).toEqual([]);
    // `caller`, whom the scene made, is a user of the first account.
    expect((await scene.root.iam.send(new ListUsersCommand({}))).Users).toMatchObject([
      { UserName: 'caller' },
    ]);
  });

  test('`account create` takes an id once, and says what is wrong with a bad one', async () => {
    const created = await command('account', 'create', '--account', '444455556666');
    expect(created).toMatchObject({ code: 0, stderr: '' });
    expect(created.stdout).toMatch(
      /^# root of account 444455556666\nexport AWS_ACCESS_KEY_ID=AKIA[A-Z0-9]{16}\nexport AWS_SECRET_ACCESS_KEY=\S{40}\n$/,
    );
    expect(await command('account', 'create', '--account', '444455556666')).toEqual({
      code: 3,
      stdout: '',
      stderr: 'entryway: account `444455556666` exists already\n',
    });
    expect((await command('account', 'create', '--account', '12345')).code).not.toBe(0);
  });

  test('sees neither the clusters of the first account nor their entries, and may use the same names', async () => {
    const notFound = { name: 'ResourceNotFoundException', message: 'No cluster found for name: main.' };
    const { eks } = otherRoot;
    expect((await eks.send(new ListClustersCommand({}))).clusters).toEqual([]);
    await expect(eks.send(new DescribeClusterCommand({ name: 'main' }))).rejects.toMatchObject(notFound);
    await expect(eks.send(new ListAccessEntriesCommand({ clusterName: 'main' }))).rejects.toMatchObject(
      notFound,
    );
    await createRole(otherRoot, there, 'intruder');
    await expect(createEntry(otherRoot, 'main', roleArn(there, 'intruder'))).rejects.toMatchObject(notFound);

    await createCluster(otherRoot, there, 'main', 'API');
    expect((await eks.send(new ListClustersCommand({}))).clusters).toEqual(['main']);
    // A token names its cluster by name only, so each root's token is well-formed for both; entries decide.
    const { connection, directory } = scene;
    const endpoints = await Promise.all(
      [scene.root, otherRoot].map(async (clients) => {
        const { cluster } = await clients.eks.send(new DescribeClusterCommand({ name: 'main' }));
        return {
          name: 'main',
          arn: cluster?.arn ?? '',
          endpoint: cluster?.endpoint ?? '',
          caData: cluster?.certificateAuthority?.data ?? '',
        };
      }),
    );
    const answers = endpoints.map((address) =>
      Promise.all(
        [rootKeys(connection), other].map(async (keys) =>
          pods(await openKubernetesUser(directory, connection, address, keys)),
        ),
      ),
    );
    expect(await Promise.all(answers)).toEqual([
      [200, 401],
      [401, 200],
    ]);
  });

  test('a role of another account gets in by an access entry like one of the cluster’s own', async () => {
    await createRole(otherRoot, there, 'guest');
    const arn = roleArn(there, 'guest');
    const keys = await createUser(otherRoot, 'gina', allowAll('sts:AssumeRole'));
    const guest = await scene.enter('main', await assumeRole(clientsOf(keys), arn, 'gina'));
    expect(await pods(guest)).toBe(401);
    await expect(
      scene.root.eks.send(
        new CreateAccessEntryCommand({ clusterName: 'main', principalArn: arn, type: 'EC2_LINUX' }),
      ),
    ).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message:
        'AccessEntry principalArn must be from the same account as the cluster when using types [EC2_LINUX, EC2_WINDOWS, FARGATE_LINUX, HYBRID_LINUX, EC2]',
    });
    await createEntry(scene.root, 'main', arn);
    await associate(scene.root, 'main', arn, 'AmazonEKSViewPolicy');
    expect(await pods(guest)).toBe(200);
    expect((await guest.kubectl('auth', 'whoami')).stdout).toContain(
      `arn:aws:sts::${other.accountId}:assumed-role/guest/gina`,
    );
    // A role of the same name in the cluster's account is somebody else, and so is who is not in IAM at all.
    await scene.role('guest');
    expect(await pods(await scene.enter('main', await scene.session('guest')))).toBe(401);
    await expect(createEntry(scene.root, 'main', roleArn(there, 'nobody'))).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: 'The specified principalArn is invalid: invalid principal.',
    });
  });

  test('assuming a role across accounts needs the role’s trust and the caller’s own permission', async () => {
    const { connection } = scene;
    const target = roleArn(there, 'shared');
    await createRole(otherRoot, there, 'shared');
    const trusting = (principal: string): Promise<unknown> =>
      otherRoot.iam.send(
        new UpdateAssumeRolePolicyCommand({
          RoleName: 'shared',
          PolicyDocument: trust({ AWS: principal }),
        }),
      );
    const allowed = clientsOf(await createUser(scene.root, 'allowed', allowAll('sts:AssumeRole', target)));
    const plain = clientsOf(await createUser(scene.root, 'plain'));
    const denied = (name: string): object => ({
      name: 'AccessDenied',
      message: `User: arn:aws:iam::${connection.accountId}:user/${name} is not authorized to perform: sts:AssumeRole on resource: ${target}`,
    });
    // Permission without trust.
    await expect(assumeRole(allowed, target)).rejects.toMatchObject(denied('allowed'));
    // Trust of the whole account: who has permission gets in, who has none does not.
    await trusting(`arn:aws:iam::${connection.accountId}:root`);
    expect((await assumeRole(allowed, target)).accessKeyId).toMatch(/^ASIA/);
    await expect(assumeRole(plain, target)).rejects.toMatchObject({ name: 'AccessDenied' });
    // Trust of the very user does not replace its permission where accounts differ.
    await trusting(`arn:aws:iam::${connection.accountId}:user/plain`);
    await expect(assumeRole(plain, target)).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(assumeRole(allowed, target)).rejects.toMatchObject(denied('allowed'));
  });

  test('even root sees and changes nothing of another account through IAM', async () => {
    await expect(scene.root.iam.send(new GetRoleCommand({ RoleName: 'shared' }))).rejects.toMatchObject({
      name: 'NoSuchEntityException',
    });
  });
});

describe('identities without the AWS CLI', () => {
  let developerArn: string;

  beforeAll(async () => {
    await createCluster(scene.root, scene.connection, 'solo', 'API');
    developerArn = await scene.role('developer');
    await createEntry(scene.root, 'solo', developerArn);
    await associate(scene.root, 'solo', developerArn, 'AmazonEKSViewPolicy', 'default');
    await createUser(scene.root, 'olga');
  });

  async function keysOf(...args: readonly string[]): Promise<Keys> {
    const { code, stdout, stderr } = await command('env', '--output', 'json', ...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const env = JSON.parse(stdout) as Record<string, string>;
    expect(env.AWS_ENDPOINT_URL).toBe(scene.connection.awsEndpoint);
    expect(env.AWS_REGION).toBe(scene.connection.region);
    return {
      accessKeyId: env.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? '',
      ...(env.AWS_SESSION_TOKEN === undefined ? {} : { sessionToken: env.AWS_SESSION_TOKEN }),
    };
  }
  const arnOf = async (keys: Keys): Promise<string | undefined> =>
    (await clientsOf(keys).sts.send(new GetCallerIdentityCommand({}))).Arn;

  test('`env` is root, with `--role` a session of the role, with `--user` the user', async () => {
    const { accountId } = scene.connection;
    expect(await arnOf(await keysOf())).toBe(`arn:aws:iam::${accountId}:root`);
    expect(await arnOf(await keysOf('--role', developerArn))).toMatch(
      new RegExp(`^arn:aws:sts::${accountId}:assumed-role/developer/[\\w-]+$`),
    );
    expect(await arnOf(await keysOf('--user', 'olga'))).toBe(`arn:aws:iam::${accountId}:user/olga`);
  });

  test('`env` refuses who does not exist, who is in another account, and two identities at once', async () => {
    const { accountId } = scene.connection;
    const outcome = async (...args: string[]): Promise<number> => {
      const { code, stdout, stderr } = await command('env', ...args);
      expect(stdout).toBe('');
      expect(stderr).toMatch(/^entryway: /);
      return code;
    };
    expect(await outcome('--role', `arn:aws:iam::${accountId}:role/nobody`)).toBe(3);
    expect(await outcome('--role', `arn:aws:iam::${accountId}:role/other/path/developer`)).toBe(3);
    expect(await outcome('--role', 'arn:aws:iam::999999999999:role/developer')).toBe(2);
    expect(await outcome('--user', 'nobody')).toBe(3);
    expect(await outcome('--user', 'olga', '--role', developerArn)).toBe(2);
  });

  test.skipIf(awsCliUnavailable() !== undefined)(
    'what `env` prints makes the stock AWS CLI in the same shell that identity',
    async () => {
      const script = [
        // Left over from another identity: `env` must not leave it in force.
        'export AWS_SESSION_TOKEN=stale AWS_PROFILE=none',
        '[ -n "$1" ] && env="$(ENTRYWAY env --data "$DATA" --role "$1")" || env="$(ENTRYWAY env --data "$DATA")"',
        'eval "$env"',
        'aws sts get-caller-identity --query Arn --output text',
      ].join('\n');
      const launcher = new URL('../../bin/entryway.js', import.meta.url).pathname;
      const shell = async (role: string): Promise<string> => {
        const { stdout, stderr } = await run(
          'sh',
          ['-eu', '-c', script.replaceAll('ENTRYWAY', `"${process.execPath}" "${launcher}"`), 'sh', role],
          {
            env: {
              PATH: `${awsCliDirectory()}:${process.env.PATH ?? ''}`,
              HOME: scene.directory,
              DATA: scene.connection.dataDir,
              AWS_EC2_METADATA_DISABLED: 'true',
            },
          },
        );
        expect(stderr).toBe('');
        return stdout.trim();
      };
      const { accountId } = scene.connection;
      expect(await shell('')).toBe(`arn:aws:iam::${accountId}:root`);
      expect(await shell(developerArn)).toContain(`arn:aws:sts::${accountId}:assumed-role/developer/`);
    },
    30_000,
  );

  test('`token` prints an ExecCredential, with `--token-only` the token, for the identity it is told', async () => {
    const { code, stdout } = await command('token', '--cluster-name', 'solo', '--role', developerArn);
    expect(code).toBe(0);
    const credential = JSON.parse(stdout) as {
      readonly status: { readonly token: string; readonly expirationTimestamp: string };
    };
    expect(credential).toMatchObject({
      kind: 'ExecCredential',
      apiVersion: 'client.authentication.k8s.io/v1beta1',
      spec: {},
      status: { token: expect.stringMatching(/^k8s-aws-v1\.[\w-]+$/) },
    });
    expect(Date.parse(credential.status.expirationTimestamp)).toBeGreaterThan(Date.now());
    const user = await scene.enter('solo', rootKeys(scene.connection));
    const as = (token: string) => user.kubectl('get', 'pods', '-n', 'default', '--token', token);
    expect(await as(credential.status.token)).toMatchObject({ code: 0 });
    const olga = await command('token', '--cluster-name', 'solo', '--user', 'olga', '--token-only');
    expect(olga.stdout).toMatch(/^k8s-aws-v1\.[\w-]+\n$/);
    // Olga is known to IAM and has no entry.
    expect((await as(olga.stdout.trim())).stderr).toContain('You must be logged in to the server');
    const elsewhere = await command(
      'token',
      '--cluster-name',
      'main',
      '--role',
      developerArn,
      '--token-only',
    );
    expect((await as(elsewhere.stdout.trim())).stderr).toContain('You must be logged in to the server');
  });

  test('`token` without a server’s name signs with the keys of the environment, as the AWS CLI does', async () => {
    const keys = await scene.session('developer', 'env');
    const { code, stdout } = await entryway(
      scene.directory,
      ['token', '--cluster-name', 'solo', '--token-only'],
      {
        AWS_ACCESS_KEY_ID: keys.accessKeyId,
        AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
        AWS_SESSION_TOKEN: keys.sessionToken ?? '',
        AWS_REGION: scene.connection.region,
      },
    );
    expect(code).toBe(0);
    const user = await scene.enter('solo', rootKeys(scene.connection));
    const { stdout: name } = await user.kubectl(
      ...['auth', 'whoami', '--token', stdout.trim(), '-o', 'jsonpath={.status.userInfo.username}'],
    );
    expect(name).toBe(`arn:aws:sts::${scene.connection.accountId}:assumed-role/developer/env`);
  });

  test('the kubeconfig of `kubeconfig` works with kubectl alone, for root, a role and a user', async () => {
    const kubectl = async (identity: readonly string[], ...args: readonly string[]) => {
      const { code, stdout, stderr } = await command('kubeconfig', 'solo', ...identity);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const file = join(scene.directory, `kubeconfig-${identity.join('-').replaceAll(/\W/g, '-')}`);
      writeFileSync(file, stdout, { mode: 0o600 });
      return run('kubectl', args, {
        // Neither `aws` nor `node` is found in PATH.
        env: { PATH: kubectlDirectory('1.32'), HOME: scene.directory, KUBECONFIG: file },
        cwd: scene.directory,
      });
    };
    expect(await kubectl([], 'get', 'namespaces', '-o', 'name')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('namespace/default\n'),
    });
    const role = ['--role', developerArn];
    expect(await kubectl(role, 'get', 'pods', '-n', 'default')).toMatchObject({
      code: 0,
      stderr: 'No resources found in default namespace.\n',
    });
    expect(await kubectl(role, 'get', 'pods', '-n', 'kube-system')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        'cannot list resource "pods" in API group "" in the namespace "kube-system"',
      ),
    });
    expect((await kubectl(['--user', 'olga'], 'get', 'pods')).stderr).toContain(
      'You must be logged in to the server',
    );
  });

  test('without a running server the commands say which file they looked for', async () => {
    const { code, stderr } = await entryway(scene.directory, ['env', '--data', `${scene.directory}/nothing`]);
    expect(code).toBe(3);
    expect(stderr).toBe(
      `entryway: no server has written \`${scene.directory}/nothing/server.json\`\nhint: start one with \`entryway serve\`, or name its directory with --data\n`,
    );
  });
});
