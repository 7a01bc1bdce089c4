/** What an organization would forbid, given to the server as files and met by stock clients. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DescribeClusterCommand, ListClustersCommand } from '@aws-sdk/client-eks';
import { CreateUserCommand, ListUsersCommand, SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { entryway, type ServerProcess, startServerProcess, temporaryDirectory } from './process.ts';
import {
  allowAll,
  assumeRole,
  type Clients,
  createClients,
  createRole,
  createUser,
  roleArn,
  rootKeys,
} from './world.ts';

const directory = temporaryDirectory();
let server: ServerProcess;
let root: Clients;
let ada: Clients;

function file(name: string, ...Statement: readonly object[]): string {
  const path = join(directory.path, name);
  writeFileSync(path, JSON.stringify({ Version: '2012-10-17', Statement }));
  return path;
}

beforeAll(async () => {
  server = await startServerProcess(directory.path, [
    '--in-memory',
    '--service-control-policy',
    file(
      'root.json',
      { Effect: 'Allow', Action: '*', Resource: '*' },
      { Effect: 'Deny', Action: 'iam:ListUsers', Resource: '*' },
    ),
    file('unit.json', {
      Effect: 'Allow',
      NotAction: 'eks:ListClusters',
      Resource: '*',
    }),
    '--service-control-policy',
    file('account.json', { Effect: 'Allow', Action: ['eks:*', 'iam:*', 'sts:*'], Resource: '*' }),
    '--resource-control-policy',
    file('resources.json', {
      Effect: 'Deny',
      Principal: '*',
      Action: 'sts:AssumeRole',
      Resource: 'arn:aws:iam::*:role/closed',
    }),
  ]);
  const { connection } = server;
  root = createClients(connection, rootKeys(connection));
  ada = createClients(connection, await createUser(root, 'ada', allowAll('*')));
  for (const name of ['open', 'closed']) await createRole(root, connection, name);
}, 60_000);

afterAll(async () => {
  root?.destroy();
  ada?.destroy();
  await server?.stop();
  directory.remove();
});

describe('root and an administrator alike', () => {
  test.each([
    ['root', () => root],
    ['an administrator', () => ada],
  ])('%s', async (_, who) => {
    const { iam, eks, sts } = who();
    await expect(iam.send(new ListUsersCommand({}))).rejects.toMatchObject({
      name: 'AccessDenied',
      message: expect.stringMatching(/ with an explicit deny in a service control policy$/),
    });
    await expect(eks.send(new ListClustersCommand({}))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringMatching(
        / because no service control policy allows the eks:ListClusters action$/,
      ),
    });
    // What every level allows is as it was: here, that there is no such cluster.
    await expect(eks.send(new DescribeClusterCommand({ name: 'none' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
    await expect(iam.send(new CreateUserCommand({ UserName: 'ada' }))).rejects.toMatchObject({
      name: 'EntityAlreadyExistsException',
    });
    expect(await sts.send(new GetCallerIdentityCommand({}))).toHaveProperty('Arn');
  });
});

test('a role is entered only where resource control policies let it', async () => {
  const { connection } = server;
  await expect(assumeRole(ada, roleArn(connection, 'closed'))).rejects.toMatchObject({
    name: 'AccessDenied',
    message: `User: arn:aws:iam::${connection.accountId}:user/ada is not authorized to perform: sts:AssumeRole on resource: ${roleArn(connection, 'closed')}`,
  });
  expect(await assumeRole(ada, roleArn(connection, 'open'))).toHaveProperty('sessionToken');
});

test('the policy simulator knows what is set above the account', async () => {
  const { EvaluationResults } = await root.iam.send(
    new SimulatePrincipalPolicyCommand({
      PolicySourceArn: `arn:aws:iam::${server.connection.accountId}:user/ada`,
      ActionNames: ['iam:ListUsers', 'eks:ListClusters', 'eks:DescribeCluster'],
    }),
  );
  expect(
    EvaluationResults?.map(({ EvalDecision, OrganizationsDecisionDetail: told }) => [
      EvalDecision,
      told?.AllowedByOrganizations,
    ]),
  ).toEqual([
    ['explicitDeny', false],
    ['implicitDeny', false],
    ['allowed', true],
  ]);
});

test('files that cannot be used are misuse, with the place', async () => {
  const broken = join(directory.path, 'broken.json');
  writeFileSync(broken, '{\n  "Version": "2012-10-17",\n  "Statement": [}\n');
  const missing = join(directory.path, 'missing.json');
  const serve = (...args: readonly string[]) => entryway(directory.path, ['serve', '--in-memory', ...args]);
  const [unreadable, absent] = await Promise.all([
    serve('--service-control-policy', broken),
    serve('--resource-control-policy', missing),
  ]);
  expect([unreadable.code, absent.code]).toEqual([2, 2]);
  expect(unreadable.stderr).toContain(`--service-control-policy \`${broken}\` line 3, column 17: `);
  expect(absent.stderr).toContain(`there is no file \`${missing}\``);
});
