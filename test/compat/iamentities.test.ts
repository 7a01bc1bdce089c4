/** Groups, policy versions and permissions boundaries over the wire: what each gives and takes. */
import { DescribeClusterCommand, ListClustersCommand } from '@aws-sdk/client-eks';
import {
  AddUserToGroupCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateGroupCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateUserCommand,
  DeleteGroupCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteUserPermissionsBoundaryCommand,
  GetAccessKeyLastUsedCommand,
  GetGroupCommand,
  ListEntitiesForPolicyCommand,
  PutGroupPolicyCommand,
  PutUserPolicyCommand,
  RemoveUserFromGroupCommand,
  SetDefaultPolicyVersionCommand,
} from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { awsCliUnavailable } from './clients.ts';
import { openShell } from './process.ts';
import { openScene, type Scene } from './scene.ts';
import { allowAll, type Clients, createUser, outcome } from './world.ts';

const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;

let scene: Scene;
let iam: Clients['iam'];

beforeAll(async () => {
  scene = await openScene();
  ({ iam } = scene.root);
}, 60_000);

afterAll(() => scene?.close());

async function user(name: string, policy?: string): Promise<Clients> {
  return scene.as(await createUser(scene.root, name, policy));
}

async function policyArn(name: string, document: string): Promise<string> {
  const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName: name, PolicyDocument: document }));
  return Policy?.Arn ?? '';
}

const listing = ({ eks }: Clients): Promise<string> => outcome(eks.send(new ListClustersCommand({})));

test('a member may what the group may, until it leaves', async () => {
  const ada = await user('ada', allowAll('sts:*'));
  const GroupName = 'viewers';
  await iam.send(new CreateGroupCommand({ GroupName, Path: '/eks/' }));
  await iam.send(
    new PutGroupPolicyCommand({
      GroupName,
      PolicyName: 'list',
      PolicyDocument: allowAll('eks:ListClusters'),
    }),
  );
  const member = { GroupName: 'Viewers', UserName: 'ada' };
  expect(await listing(ada)).toBe('AccessDeniedException');
  await iam.send(new AddUserToGroupCommand(member));
  expect(await listing(ada)).toBe('ok');
  expect(await iam.send(new GetGroupCommand({ GroupName }))).toMatchObject({
    Group: { GroupName, Path: '/eks/' },
    Users: [{ UserName: 'ada' }],
  });
  expect(await outcome(iam.send(new DeleteGroupCommand({ GroupName })))).toBe('DeleteConflictException');
  await iam.send(new RemoveUserFromGroupCommand(member));
  expect(await listing(ada)).toBe('AccessDeniedException');
});

test('a new default version of a policy counts at once, and the old one can be had back', async () => {
  const bob = await user('bob', allowAll('sts:*'));
  const PolicyArn = await policyArn('changing', allowAll('eks:DescribeClusterVersions'));
  await iam.send(new AttachUserPolicyCommand({ UserName: 'bob', PolicyArn }));
  expect(await listing(bob)).toBe('AccessDeniedException');
  const PolicyDocument = allowAll('eks:ListClusters');
  await iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument, SetAsDefault: true }));
  expect(await listing(bob)).toBe('ok');
  await iam.send(new SetDefaultPolicyVersionCommand({ PolicyArn, VersionId: 'v1' }));
  expect(await listing(bob)).toBe('AccessDeniedException');
  const deleting = (VersionId: string) =>
    outcome(iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId })));
  expect(await deleting('v1')).toBe('DeleteConflictException');
  expect(await deleting('v2')).toBe('ok');
});

test('who may make users only under a boundary makes none that could do more', async () => {
  const limit = await policyArn('limit', allowAll('eks:List*'));
  const zhang = await user(
    'zhang',
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: ['iam:CreateUser', 'iam:PutUserPolicy', 'iam:PutUserPermissionsBoundary'],
          Resource: '*',
          Condition: { StringEquals: { 'iam:PermissionsBoundary': limit } },
        },
      ],
    }),
  );
  const creating = (PermissionsBoundary?: string) =>
    outcome(zhang.iam.send(new CreateUserCommand({ UserName: 'limited', PermissionsBoundary })));
  expect(await creating()).toBe('AccessDenied');
  expect(await creating('arn:aws:iam::aws:policy/AdministratorAccess')).toBe('AccessDenied');
  expect(await creating(limit)).toBe('ok');
  const givingAll = (UserName: string) =>
    outcome(
      zhang.iam.send(
        new PutUserPolicyCommand({ UserName, PolicyName: 'all', PolicyDocument: allowAll('*') }),
      ),
    );
  expect(await givingAll('zhang')).toBe('AccessDenied');
  expect(await givingAll('limited')).toBe('ok');

  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'limited' }));
  const accessKeyId = AccessKey?.AccessKeyId ?? '';
  const limited = scene.as({ accessKeyId, secretAccessKey: AccessKey?.SecretAccessKey ?? '' });
  expect(await outcome(limited.eks.send(new DescribeClusterCommand({ name: 'none' })))).toBe(
    'AccessDeniedException',
  );
  expect(await listing(limited)).toBe('ok');
  const lifting = new DeleteUserPermissionsBoundaryCommand({ UserName: 'limited' });
  expect(await outcome(limited.iam.send(lifting))).toBe('AccessDenied');
  expect(await outcome(iam.send(new DeletePolicyCommand({ PolicyArn: limit })))).toBe(
    'DeleteConflictException',
  );
  expect(await iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId: accessKeyId }))).toMatchObject({
    UserName: 'limited',
    AccessKeyLastUsed: { ServiceName: 'iam' },
  });
  expect(await iam.send(new ListEntitiesForPolicyCommand({ PolicyArn: limit }))).toMatchObject({
    PolicyUsers: [{ UserName: 'limited' }],
    PolicyGroups: [],
    PolicyRoles: [],
  });
});

describe.skipIf(unavailable !== undefined)(`with the AWS CLI${because}`, () => {
  test('a group with a member, a policy’s next version and a user under a boundary', async () => {
    const carol = await user('carol');
    const shell = openShell(scene.directory, scene.connection, scene.connection);
    const arn = await policyArn('growing', allowAll('eks:DescribeClusterVersions'));
    await iam.send(new AttachUserPolicyCommand({ UserName: 'carol', PolicyArn: arn }));
    expect(await listing(carol)).toBe('AccessDeniedException');
    const document = ['--policy-document', allowAll('eks:ListClusters'), '--set-as-default'];
    expect(
      await shell.awsJson('iam', 'create-policy-version', '--policy-arn', arn, ...document),
    ).toMatchObject({ PolicyVersion: { VersionId: 'v2', IsDefaultVersion: true } });
    expect(await listing(carol)).toBe('ok');

    const path = ['--path', '/eks/'];
    expect(await shell.awsJson('iam', 'create-group', '--group-name', 'readers', ...path)).toMatchObject({
      Group: { Path: '/eks/', Arn: `arn:aws:iam::${scene.connection.accountId}:group/eks/readers` },
    });
    await shell.awsJson('iam', 'add-user-to-group', '--group-name', 'readers', '--user-name', 'carol');
    expect(await shell.awsJson('iam', 'get-group', '--group-name', 'readers')).toMatchObject({
      Users: [{ UserName: 'carol' }],
    });

    const under = ['--permissions-boundary', arn];
    await shell.awsJson('iam', 'create-user', '--user-name', 'bounded', ...under);
    expect(await shell.awsJson('iam', 'list-entities-for-policy', '--policy-arn', arn)).toMatchObject({
      PolicyUsers: [{ UserName: 'bounded' }, { UserName: 'carol' }],
      PolicyGroups: [],
      PolicyRoles: [],
    });
  }, 60_000);
});
