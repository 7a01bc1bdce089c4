/** The block list with stock clients: who is on it is refused at once, everywhere on this server; nobody else is. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { DescribeClusterCommand } from '@aws-sdk/client-eks';
import { AssumeRoleCommand, GetCallerIdentityCommand, GetSessionTokenCommand } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAwsClient } from '../../src/clients/aws.ts';
import { run } from './clients.ts';
import { type KubernetesUser, statusOf } from './kubernetes.ts';
import { entryway, type Keys, npxDirectory, startServerProcess, until } from './process.ts';
import { associate, createEntry, openScene, type Scene } from './scene.ts';
import {
  allowAll,
  type Clients,
  createClients,
  createCluster,
  createClusterRole,
  createRole,
  createUser,
  outcome,
  roleArn,
  rootKeys,
  sessionKeys,
} from './world.ts';

let scene: Scene;
let ada: Keys;
let opsId: string;
let ops: { readonly ada: Keys; readonly ben: Keys };

beforeAll(async () => {
  scene = await openScene();
  const { root, connection } = scene;
  await createClusterRole(root);
  await createCluster(root, connection, 'prod');
  ada = await createUser(root, 'ada', allowAll(['sts:*', 'eks:*']));
  opsId = await createRole(root, connection, 'ops');
  ops = { ada: await scene.session('ops', 'ada'), ben: await scene.session('ops', 'ben') };
  await createEntry(root, 'prod', roleArn(connection, 'ops'));
  await createEntry(root, 'prod', `arn:aws:iam::${connection.accountId}:user/ada`);
});

afterAll(() => scene.close());

function call(
  operation: string,
  input: Readonly<Record<string, unknown>>,
  keys = rootKeys(scene.connection),
) {
  const { awsEndpoint: endpoint, region } = scene.connection;
  return createAwsClient({ endpoint, region, credentials: keys }).call('entryway', operation, input);
}

const identity = (clients: Clients): Promise<string> =>
  outcome(clients.sts.send(new GetCallerIdentityCommand({})));

/** Runs while the target is blocked. */
async function whileBlocked(target: string, work: () => Promise<void>): Promise<void> {
  await call('CreateBlock', { target });
  try {
    await work();
  } finally {
    await call('DeleteBlock', { target });
  }
}

/** 401 is a token that was refused; 403 somebody who is known and may not. */
async function enters(user: KubernetesUser): Promise<boolean> {
  return (await statusOf(user.core.listNamespace())) !== 401;
}

describe('nobody makes a block', () => {
  test.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['of a name', { target: 'ada' }, 'InvalidParameterException'],
    ['in the past', { target: 'AROADBQP57FF2AEXAMPLE', until: new Date(0) }, 'InvalidParameterException'],
  ])('%s', async (_, input, code) => {
    await expect(call('CreateBlock', input)).rejects.toMatchObject({ code });
  });

  test('that locks the operator out', async () => {
    const { accountId, accessKeyId } = scene.connection;
    for (const target of [`arn:aws:iam::${accountId}:root`, accessKeyId]) {
      await expect(call('CreateBlock', { target })).rejects.toMatchObject({
        code: 'InvalidRequestException',
      });
    }
    await expect(call('CreateBlock', { target: accountId })).rejects.toMatchObject({
      code: 'InvalidParameterException',
    });
  });

  test('without permission, nor of himself with it', async () => {
    const target = 'AROADBQP57FF2AEXAMPLE';
    await expect(call('CreateBlock', { target }, ada)).rejects.toMatchObject({
      code: 'AccessDeniedException',
    });
    const guard = await createUser(scene.root, 'guard', allowAll('entryway:*Block*'));
    await call('CreateBlock', { target }, guard);
    await call('DeleteBlock', { target }, guard);
    const self = `arn:aws:iam::${scene.connection.accountId}:user/guard`;
    await expect(call('CreateBlock', { target: self }, guard)).rejects.toMatchObject({
      code: 'InvalidRequestException',
    });
  });
});

describe('at once', () => {
  test.each([
    ['a role', () => roleArn(scene.connection, 'ops'), [false, false, true]],
    ['a role by its id', () => opsId, [false, false, true]],
    [
      'a session',
      () => `arn:aws:sts::${scene.connection.accountId}:assumed-role/ops/ada`,
      [false, true, true],
    ],
    ['a session by the role’s id', () => `${opsId}:ada`, [false, true, true]],
    ['a session’s key', () => ops.ada.accessKeyId, [false, true, true]],
    ['a user', () => `arn:aws:iam::${scene.connection.accountId}:user/ada`, [true, true, false]],
    ['a user’s key', () => ada.accessKeyId, [true, true, false]],
  ])('%s is refused AWS calls and the cluster; others are not', async (_, target, open) => {
    const callers = [ops.ada, ops.ben, ada];
    const clients = callers.map((keys) => scene.as(keys));
    const users = await Promise.all(callers.map((keys) => scene.enter('prod', keys)));
    const see = async () => ({
      aws: await Promise.all(clients.map(async (caller) => (await identity(caller)) === 'ok')),
      cluster: await Promise.all(users.map(enters)),
    });
    expect(await see()).toEqual({ aws: [true, true, true], cluster: [true, true, true] });
    await whileBlocked(target(), async () => {
      expect(await see()).toEqual({ aws: open, cluster: open });
    });
    expect(await see()).toEqual({ aws: [true, true, true], cluster: [true, true, true] });
  });

  test('the refusal has the form of each protocol, and does not say why', async () => {
    const { eks, sts } = scene.as(ada);
    const target = `arn:aws:iam::${scene.connection.accountId}:user/ada`;
    await call('CreateBlock', { target, reason: 'key leaked' });
    await expect(eks.send(new DescribeClusterCommand({ name: 'prod' }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: `${target} is blocked on this server`,
    });
    await expect(sts.send(new GetSessionTokenCommand({}))).rejects.toMatchObject({
      name: 'AccessDenied',
      message: `${target} is blocked on this server`,
    });
    await call('DeleteBlock', { target });
  });

  test('sessions of the user end with the user; those of roles it took stay, and no new one is made', async () => {
    const own = scene.as(
      sessionKeys((await scene.as(ada).sts.send(new GetSessionTokenCommand({}))).Credentials),
    );
    const taken = scene.as(ops.ben);
    await whileBlocked(`arn:aws:iam::${scene.connection.accountId}:user/ada`, async () => {
      expect([await identity(own), await identity(taken)]).toEqual(['AccessDenied', 'ok']);
    });
    const assume = new AssumeRoleCommand({
      RoleArn: roleArn(scene.connection, 'ops'),
      RoleSessionName: 'ada',
    });
    await whileBlocked(opsId, async () => {
      await expect(scene.as(ada).sts.send(assume)).rejects.toMatchObject({ name: 'AccessDenied' });
    });
  });

  test('an open watch ends, and another’s goes on', async () => {
    const watching = async (keys: Keys) => {
      const { watch } = await scene.enter('prod', keys);
      const state = { isOpen: true };
      await watch.watch(
        '/api/v1/namespaces',
        {},
        () => undefined,
        () => {
          state.isOpen = false;
        },
      );
      return state;
    };
    await associate(scene.root, 'prod', roleArn(scene.connection, 'ops'), 'AmazonEKSClusterAdminPolicy');
    const [first, second] = [await watching(ops.ada), await watching(ops.ben)];
    await whileBlocked(`${opsId}:ada`, async () => {
      await until(() => !first.isOpen, 'the watch ends');
      expect(second.isOpen).toBe(true);
    });
  });
});

test('docs/howto/block-list.md works as printed, and a block survives a restart', async () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../docs/howto/block-list.md'), 'utf8');
  const [add = '', listAndRemove = '', trail = ''] = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(
    ([, text]) => text,
  );
  const [shown = ''] = [...page.matchAll(/```text\n([\s\S]*?)```/g)].map(([, text]) => text);
  const npx = npxDirectory(scene.directory);
  const bash = async (commands: string): Promise<string> => {
    const { code, stdout, stderr } = await run('bash', ['-euo', 'pipefail', '-c', commands], {
      cwd: scene.directory,
      env: {
        PATH: `${npx}:${process.env.PATH ?? ''}`,
        HOME: scene.directory,
        ENTRYWAY_DATA: scene.connection.dataDir,
      },
    });
    expect(code, stderr).toBe(0);
    return stdout;
  };
  const withoutTime = (text: string): string => text.replace(/\d{4}-\d\d-\d\dT\S+Z/, 'TIME');
  expect(withoutTime(await bash(add))).toBe(withoutTime(shown));
  await scene.server.stop();
  const again = await startServerProcess(scene.directory);
  try {
    const clients = createClients(again.connection, ops.ben);
    expect(await identity(clients)).toBe('AccessDenied');
    const output = await bash(listAndRemove);
    expect(output).toMatch(/^TARGET +UNTIL +SINCE +BY +REASON\n/);
    expect(output).toContain('laptop of ada stolen');
    expect(output).toContain('arn:aws:iam::111122223333:role/ops is not blocked any more\n');
    expect(await identity(clients)).toBe('ok');
    clients.destroy();
    expect(await bash(trail)).toContain('AccessDenied');
    const target = '111122223333';
    const refused = await entryway(scene.directory, [
      'block',
      'add',
      target,
      '--data',
      scene.connection.dataDir,
    ]);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('cannot be blocked')]);
  } finally {
    await again.stop();
  }
}, 60_000);
