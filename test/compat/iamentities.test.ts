/** Groups, policy versions and permissions boundaries with the stock AWS CLI: what each gives and takes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openShell, type Shell } from './process.ts';
import { openScene, type Scene } from './scene.ts';
import { createUser } from './world.ts';

let scene: Scene;
let admin: Shell;

beforeAll(async () => {
  scene = await openScene();
  admin = openShell(scene.directory, scene.connection, scene.connection);
}, 120_000);

/** Each test runs a dozen processes of Python. */
const longTest = 90_000;

afterAll(() => scene?.close());

/** `ok`, or the error's code. */
async function outcome(shell: Shell, ...args: readonly string[]): Promise<string> {
  const { code, stderr } = await shell.aws(...args);
  return code === 0 ? 'ok' : (/\((\w+)\)/.exec(stderr)?.[1] ?? stderr);
}

const statement = (Action: string | readonly string[], Condition?: object): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action, Resource: '*', ...(Condition && { Condition }) }],
  });

async function user(name: string, policy: string): Promise<Shell> {
  return openShell(scene.directory, scene.connection, await createUser(scene.root, name, policy));
}

async function policyArn(name: string, document: string): Promise<string> {
  const { Policy } = (await admin.awsJson(
    ...['iam', 'create-policy', '--policy-name', name, '--policy-document', document],
  )) as { Policy: { Arn: string } };
  return Policy.Arn;
}

describe('groups', () => {
  test('a member may what the group may, until it leaves', { timeout: longTest }, async () => {
    const ada = await user('ada', statement('sts:*'));
    await admin.awsJson('iam', 'create-group', '--group-name', 'viewers', '--path', '/eks/');
    const inline = ['--policy-name', 'list', '--policy-document', statement('eks:ListClusters')];
    await admin.awsJson('iam', 'put-group-policy', '--group-name', 'viewers', ...inline);
    const listing = ['eks', 'list-clusters'];
    const member = ['--group-name', 'Viewers', '--user-name', 'ada'];
    expect(await outcome(ada, ...listing)).toBe('AccessDeniedException');
    await admin.awsJson('iam', 'add-user-to-group', ...member);
    expect(await outcome(ada, ...listing)).toBe('ok');
    expect(await admin.awsJson('iam', 'get-group', '--group-name', 'viewers')).toMatchObject({
      Group: { GroupName: 'viewers', Path: '/eks/' },
      Users: [{ UserName: 'ada' }],
    });
    expect(await outcome(admin, 'iam', 'delete-group', '--group-name', 'viewers')).toBe('DeleteConflict');
    await admin.awsJson('iam', 'remove-user-from-group', ...member);
    expect(await outcome(ada, ...listing)).toBe('AccessDeniedException');
  });
});

describe('policy versions', () => {
  test('a new default counts at once, and the old one can be had back', { timeout: longTest }, async () => {
    const bob = await user('bob', statement('sts:*'));
    const arn = await policyArn('changing', statement('eks:DescribeClusterVersions'));
    await admin.awsJson('iam', 'attach-user-policy', '--user-name', 'bob', '--policy-arn', arn);
    const listing = ['eks', 'list-clusters'];
    expect(await outcome(bob, ...listing)).toBe('AccessDeniedException');
    const document = ['--policy-document', statement('eks:ListClusters')];
    await admin.awsJson('iam', 'create-policy-version', '--policy-arn', arn, ...document, '--set-as-default');
    expect(await outcome(bob, ...listing)).toBe('ok');
    await admin.awsJson('iam', 'set-default-policy-version', '--policy-arn', arn, '--version-id', 'v1');
    expect(await outcome(bob, ...listing)).toBe('AccessDeniedException');
    const gone = ['iam', 'delete-policy-version', '--policy-arn', arn, '--version-id'];
    expect(await outcome(admin, ...gone, 'v1')).toBe('DeleteConflict');
    expect(await outcome(admin, ...gone, 'v2')).toBe('ok');
  });
});

describe('permissions boundaries', () => {
  test('who may make users only under a boundary makes none that could do more', {
    timeout: longTest,
  }, async () => {
    const limit = await policyArn('limit', statement('eks:List*'));
    const zhang = await user(
      'zhang',
      statement(['iam:CreateUser', 'iam:PutUserPolicy', 'iam:PutUserPermissionsBoundary'], {
        StringEquals: { 'iam:PermissionsBoundary': limit },
      }),
    );
    const creating = ['iam', 'create-user', '--user-name', 'limited'];
    expect(await outcome(zhang, ...creating)).toBe('AccessDenied');
    expect(
      await outcome(
        zhang,
        ...creating,
        '--permissions-boundary',
        'arn:aws:iam::aws:policy/AdministratorAccess',
      ),
    ).toBe('AccessDenied');
    expect(await outcome(zhang, ...creating, '--permissions-boundary', limit)).toBe('ok');
    const everything = ['--policy-name', 'all', '--policy-document', statement('*')];
    expect(await outcome(zhang, 'iam', 'put-user-policy', '--user-name', 'zhang', ...everything)).toBe(
      'AccessDenied',
    );
    expect(await outcome(zhang, 'iam', 'put-user-policy', '--user-name', 'limited', ...everything)).toBe(
      'ok',
    );
    const { AccessKey } = (await admin.awsJson('iam', 'create-access-key', '--user-name', 'limited')) as {
      AccessKey: { AccessKeyId: string; SecretAccessKey: string };
    };
    const limited = openShell(scene.directory, scene.connection, {
      accessKeyId: AccessKey.AccessKeyId,
      secretAccessKey: AccessKey.SecretAccessKey,
    });
    expect(await outcome(limited, 'eks', 'list-clusters')).toBe('ok');
    expect(await outcome(limited, 'eks', 'describe-cluster', '--name', 'none')).toBe('AccessDeniedException');
    const lifting = ['iam', 'delete-user-permissions-boundary', '--user-name', 'limited'];
    expect(await outcome(limited, ...lifting)).toBe('AccessDenied');
    expect(await outcome(admin, 'iam', 'delete-policy', '--policy-arn', limit)).toBe('DeleteConflict');
    expect(
      await admin.awsJson('iam', 'get-access-key-last-used', '--access-key-id', AccessKey.AccessKeyId),
    ).toMatchObject({ UserName: 'limited', AccessKeyLastUsed: { ServiceName: 'iam' } });
    expect(await admin.awsJson('iam', 'list-entities-for-policy', '--policy-arn', limit)).toMatchObject({
      PolicyUsers: [{ UserName: 'limited' }],
      PolicyGroups: [],
      PolicyRoles: [],
    });
  });
});
