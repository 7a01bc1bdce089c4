/** Instance profiles and service-linked roles with the stock AWS CLI: passing a role, and what cannot be deleted. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openShell, type Shell } from './process.ts';
import { openScene, type Scene } from './scene.ts';
import { createUser, roleArn } from './world.ts';

let scene: Scene;
let admin: Shell;

beforeAll(async () => {
  scene = await openScene();
  admin = openShell(scene.directory, scene.connection, scene.connection);
}, 120_000);

afterAll(() => scene?.close());

/** `ok`, or the error's code. */
async function outcome(shell: Shell, ...args: readonly string[]): Promise<string> {
  const { code, stderr } = await shell.aws(...args);
  return code === 0 ? 'ok' : (/\((\w+)\)/.exec(stderr)?.[1] ?? stderr);
}

async function userWith(name: string, ...statements: readonly object[]): Promise<Shell> {
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  return openShell(scene.directory, scene.connection, await createUser(scene.root, name, policy));
}

const allow = (Action: string, Resource: string, Condition?: object): object => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...(Condition === undefined ? {} : { Condition }),
});

describe('a role enters an instance profile', () => {
  const adding = ['iam', 'add-role-to-instance-profile', '--instance-profile-name', 'nodes', '--role-name'];

  test('only by who may pass that role to EC2', async () => {
    await scene.role('nodes');
    await scene.role('admin');
    await admin.awsJson(
      ...['iam', 'create-instance-profile', '--instance-profile-name', 'nodes', '--path', '/eks/'],
      ...['--tags', 'Key=team,Value=a'],
    );
    const profiles = allow('iam:*InstanceProfile*', 'arn:aws:iam::*:instance-profile/eks/*', {
      StringEquals: { 'aws:ResourceTag/team': 'a' },
    });
    const pass = (service: string): object =>
      allow('iam:PassRole', roleArn(scene.connection, 'nodes'), {
        StringEquals: { 'iam:PassedToService': service },
      });
    const none = await userWith('none', profiles);
    const lambda = await userWith('lambda', profiles, pass('lambda.amazonaws.com'));
    const ec2 = await userWith('ec2', profiles, pass('ec2.amazonaws.com'));
    for (const shell of [none, lambda]) expect(await outcome(shell, ...adding, 'nodes')).toBe('AccessDenied');
    expect(await outcome(ec2, ...adding, 'admin')).toBe('AccessDenied');
    expect(await outcome(ec2, ...adding, 'nodes')).toBe('ok');
    expect(await outcome(admin, ...adding, 'admin')).toBe('LimitExceeded');
  });

  test('and keeps it from being deleted', async () => {
    expect(await outcome(admin, 'iam', 'delete-role', '--role-name', 'nodes')).toBe('DeleteConflict');
    expect(await outcome(admin, 'iam', 'delete-instance-profile', '--instance-profile-name', 'nodes')).toBe(
      'DeleteConflict',
    );
    const listed = await admin.awsJson<{
      InstanceProfiles: { Arn: string; Roles: { RoleName: string; AssumeRolePolicyDocument: object }[] }[];
    }>('iam', 'list-instance-profiles-for-role', '--role-name', 'nodes');
    expect(listed.InstanceProfiles).toMatchObject([
      {
        Arn: `arn:aws:iam::${scene.connection.accountId}:instance-profile/eks/nodes`,
        Roles: [{ RoleName: 'nodes', AssumeRolePolicyDocument: { Version: '2012-10-17' } }],
      },
    ]);
    await admin.awsJson(
      ...[
        'iam',
        'remove-role-from-instance-profile',
        '--instance-profile-name',
        'nodes',
        '--role-name',
        'nodes',
      ],
    );
    expect(await outcome(admin, 'iam', 'delete-role', '--role-name', 'nodes')).toBe('ok');
    expect(await outcome(admin, 'iam', 'delete-instance-profile', '--instance-profile-name', 'nodes')).toBe(
      'ok',
    );
  });
});

describe('a service-linked role', () => {
  const creating = (service: string) => ['iam', 'create-service-linked-role', '--aws-service-name', service];
  const name = 'AWSServiceRoleForAmazonEKSNodegroup';

  test('is created for the services one may create it for', async () => {
    const linker = await userWith(
      'linker',
      allow('iam:CreateServiceLinkedRole', 'arn:aws:iam::*:role/aws-service-role/*', {
        StringEquals: { 'iam:AWSServiceName': ['eks.amazonaws.com', 'eks-nodegroup.amazonaws.com'] },
      }),
    );
    expect(await outcome(linker, ...creating('eks-fargate.amazonaws.com'))).toBe('AccessDenied');
    expect(await outcome(linker, ...creating('eks-nodegroup.amazonaws.com'))).toBe('ok');
    expect(await outcome(admin, ...creating('eks-nodegroup.amazonaws.com'))).toBe('InvalidInput');
    expect(await outcome(admin, ...creating('ops.example.com'))).toBe('InvalidInput');
  });

  test('is not changed, only deleted, by a task that says how it ended', async () => {
    expect(await outcome(admin, 'iam', 'delete-role', '--role-name', name)).toBe('UnmodifiableEntity');
    const { DeletionTaskId } = await admin.awsJson<{ DeletionTaskId: string }>(
      ...['iam', 'delete-service-linked-role', '--role-name', name],
    );
    expect(
      await admin.awsJson(
        'iam',
        'get-service-linked-role-deletion-status',
        '--deletion-task-id',
        DeletionTaskId,
      ),
    ).toEqual({ Status: 'SUCCEEDED' });
    expect(await outcome(admin, 'iam', 'get-role', '--role-name', name)).toBe('NoSuchEntity');
  });
});
