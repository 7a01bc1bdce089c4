/** Entries of permission sets and role patterns with stock clients: who matches exactly comes in, and nobody else. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  CreateAccessEntryCommand,
  DeleteAccessEntryCommand,
  DescribeAccessEntryCommand,
  ListAccessEntriesCommand,
  UpdateAccessEntryCommand,
} from '@aws-sdk/client-eks';
import { CreateRoleCommand } from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callExtension, createAwsClient } from '../../src/clients/aws.ts';
import { awsCliDirectory, awsCliUnavailable, run } from './clients.ts';
import { statusOf } from './kubernetes.ts';
import { entryway, type Keys, npxDirectory, until } from './process.ts';
import { associate, openScene, type Scene } from './scene.ts';
import {
  allowAll,
  assumeRole,
  type Clients,
  createCluster,
  createClusterRole,
  createUser,
  rootKeys,
  trust,
} from './world.ts';

const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;

const setPath = '/aws-reserved/sso.amazonaws.com/eu-central-1/';
const view = 'AWSReservedSSO_View_0123456789abcdef';
const viewOnly = 'AWSReservedSSO_View_Only_0123456789abcdef';
const short = 'AWSReservedSSO_View_0123456789abcde';

let scene: Scene;
let setArn: string;
let caller: Clients;

beforeAll(async () => {
  scene = await openScene();
  await createClusterRole(scene.root);
  await createCluster(scene.root, scene.connection, 'prod', 'API');
  setArn = `arn:aws:iam::${scene.connection.accountId}:role/AWSReservedSSO_View_*`;
  caller = scene.as(await createUser(scene.root, 'enterer', allowAll('sts:AssumeRole')));
  for (const name of [view, viewOnly, short]) await scene.role(name, setPath);
  await scene.role('dev-a');
  await scene.role('ops-a');
});

afterAll(() => scene.close());

function call<Output = unknown>(
  operation: string,
  input: Readonly<Record<string, unknown>>,
  keys: Keys = rootKeys(scene.connection),
): Promise<Output> {
  const { awsEndpoint: endpoint, region } = scene.connection;
  return createAwsClient({ endpoint, region, credentials: keys }).call('entryway', operation, {
    clusterName: 'prod',
    ...input,
  });
}

/** 401: nobody there; 403: known, and may not; 200. */
async function enters(role: string, path = '/'): Promise<number> {
  const arn = `arn:aws:iam::${scene.connection.accountId}:role${path}${role}`;
  const user = await scene.enter('prod', await assumeRole(caller, arn, 'ada@example.com'));
  return statusOf(user.core.listNamespace());
}

const inSet = (role: string): Promise<number> => enters(role, setPath);

test('nobody makes an entry of a star at EKS’s own operation, of a pattern unseen, or without permission', async () => {
  const { eks } = scene.root;
  await expect(
    eks.send(new CreateAccessEntryCommand({ clusterName: 'prod', principalArn: setArn })),
  ).rejects.toMatchObject({ name: 'InvalidParameterException' });
  const pattern = `arn:aws:iam::${scene.connection.accountId}:role/dev-*`;
  await expect(
    call('CreateAccessEntry', { principalArn: pattern, username: 'dev:{{SessionName}}' }),
  ).rejects.toMatchObject({ code: 'InvalidRequestException' });
  const nobody = await createUser(scene.root, 'nobody', allowAll('entryway:*'));
  await expect(call('CreateAccessEntry', { principalArn: setArn }, nobody)).rejects.toMatchObject({
    code: 'AccessDeniedException',
  });
  expect(await inSet(view)).toBe(401);
});

describe('an entry of a permission set', () => {
  beforeAll(async () => {
    await call('CreateAccessEntry', { principalArn: setArn.replace('role/', `role${setPath}`) });
  });

  test('lets the roles of the set in, and none whose name only begins alike or is too short', async () => {
    expect([await inSet(view), await inSet(viewOnly), await inSet(short), await enters('dev-a')]).toEqual([
      403, 401, 401, 401,
    ]);
    await associate(scene.root, 'prod', setArn, 'AmazonEKSClusterAdminPolicy');
    expect([await inSet(view), await inSet(viewOnly)]).toEqual([200, 401]);
  });

  test('is of one account: the same role elsewhere stays out', async () => {
    const { awsEndpoint: endpoint, region } = scene.connection;
    const operator = { endpoint, region, credentials: rootKeys(scene.connection) };
    const { accessKeyId, secretAccessKey } = (await callExtension(operator, '/entryway/v1/accounts', {}))
      .body as Keys;
    const other = scene.as({ accessKeyId, secretAccessKey });
    const { Account } = await other.sts.send(new GetCallerIdentityCommand({}));
    const { Role } = await other.iam.send(
      new CreateRoleCommand({
        RoleName: view,
        Path: setPath,
        AssumeRolePolicyDocument: trust({ AWS: `arn:aws:iam::${Account}:root` }),
      }),
    );
    const there = scene.as(await createUser(other, 'caller', allowAll('sts:AssumeRole')));
    const user = await scene.enter('prod', await assumeRole(there, Role?.Arn ?? '', 'ada'));
    expect(await statusOf(user.core.listNamespace())).toBe(401);
  });

  test('shows which role came in, and goes on through EKS’s own operations', async () => {
    const { eks } = scene.root;
    const named = { clusterName: 'prod', principalArn: setArn };
    const { accessEntry } = await eks.send(new DescribeAccessEntryCommand(named));
    expect(accessEntry).toMatchObject({
      principalArn: setArn,
      username: `sso:${scene.connection.accountId}:View:{{SessionName}}`,
    });
    expect((await eks.send(new ListAccessEntriesCommand({ clusterName: 'prod' }))).accessEntries).toContain(
      setArn,
    );
    await eks.send(new UpdateAccessEntryCommand({ ...named, kubernetesGroups: ['viewers'] }));
    const seen = async () =>
      (
        await call<{ accessEntry: { matchedRoles: { principalArn: string; seenAt?: Date }[] } }>(
          'DescribeAccessEntry',
          { principalArn: setArn },
        )
      ).accessEntry.matchedRoles;
    await until(async () => (await seen())[0]?.seenAt !== undefined, 'the role is written down');
    expect((await seen()).map(({ principalArn }) => principalArn)).toEqual([
      `arn:aws:iam::${scene.connection.accountId}:role${setPath}${view}`,
    ]);
    await eks.send(new DeleteAccessEntryCommand(named));
    expect(await inSet(view)).toBe(401);
  });
});

test('the command line shows the roles, and creates nothing without a yes', async () => {
  const pattern = `arn:aws:iam::${scene.connection.accountId}:role/dev-*`;
  const shown = await entryway(scene.directory, [
    ...['entry', 'create', 'prod', '--pattern', pattern, '--username', 'dev:{{SessionName}}'],
    ...['--data', scene.connection.dataDir],
  ]);
  expect(shown.code).toBe(2);
  expect(shown.stdout).toMatch(/matches 1 role of this server now\n {2}\S+:role\/dev-a \(AROA/);
  expect(await enters('dev-a')).toBe(401);
});

test.skipIf(unavailable !== undefined)(
  `docs/howto/permission-sets.md works as printed${because}`,
  async () => {
    const page = readFileSync(resolve(import.meta.dirname, '../../docs/howto/permission-sets.md'), 'utf8');
    const blocksOf = (language: string): readonly string[] =>
      [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
        ([, text = '']) => text,
      );
    const { connection, directory } = scene;
    const { code, stdout, stderr } = await run(
      'bash',
      ['-euo', 'pipefail', '-c', blocksOf('sh').join('\n')],
      {
        cwd: directory,
        env: {
          PATH: [npxDirectory(directory), awsCliDirectory(), process.env.PATH].join(':'),
          HOME: directory,
          ENTRYWAY_DATA: connection.dataDir,
          AWS_ENDPOINT_URL: connection.awsEndpoint,
          AWS_ACCESS_KEY_ID: connection.accessKeyId,
          AWS_SECRET_ACCESS_KEY: connection.secretAccessKey,
          AWS_DEFAULT_REGION: connection.region,
          AWS_EC2_METADATA_DISABLED: 'true',
        },
      },
    );
    expect(code, stderr).toBe(0);
    expect(stdout.startsWith(blocksOf('text')[0] ?? '?')).toBe(true);
    expect(stdout).toMatch(/AmazonEKSViewPolicy\s+viewers\n/);
    expect(stdout).toContain('username   sso:111122223333:ViewOnly:{{SessionName}}\n');
    expect(stdout).toContain('access entry created; usernames are dev:{{SessionName}}\n');
    expect([await enters('dev-a'), await enters('ops-a')]).toEqual([403, 401]);
  },
  60_000,
);
