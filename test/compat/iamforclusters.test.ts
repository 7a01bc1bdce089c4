/**
 * What eksctl and Terraform make in IAM around a cluster: instance profiles for its nodes, service-linked roles, and an
 * OpenID Connect provider for its issuer.
 */
import { DescribeClusterCommand } from '@aws-sdk/client-eks';
import {
  AddClientIDToOpenIDConnectProviderCommand,
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  CreateOpenIDConnectProviderCommand,
  CreateServiceLinkedRoleCommand,
  DeleteInstanceProfileCommand,
  DeleteOpenIDConnectProviderCommand,
  DeleteRoleCommand,
  DeleteServiceLinkedRoleCommand,
  GetOpenIDConnectProviderCommand,
  GetRoleCommand,
  GetServiceLinkedRoleDeletionStatusCommand,
  ListInstanceProfilesForRoleCommand,
  RemoveClientIDFromOpenIDConnectProviderCommand,
  RemoveRoleFromInstanceProfileCommand,
  type Tag,
  UpdateOpenIDConnectProviderThumbprintCommand,
} from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { awsCliUnavailable } from './clients.ts';
import { openShell } from './process.ts';
import { openScene, type Scene } from './scene.ts';
import { type Clients, createCluster, createUser, outcome, roleArn } from './world.ts';

const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;

let scene: Scene;
let root: Clients;
let issuer: string;

beforeAll(async () => {
  scene = await openScene();
  ({ root } = scene);
  await createCluster(root, scene.connection, 'main', 'API');
  const { cluster } = await root.eks.send(new DescribeClusterCommand({ name: 'main' }));
  issuer = cluster?.identity?.oidc?.issuer ?? '';
}, 60_000);

afterAll(() => scene?.close());

async function userWith(name: string, ...Statement: readonly object[]): Promise<Clients> {
  const policy = JSON.stringify({ Version: '2012-10-17', Statement });
  return scene.as(await createUser(root, name, policy));
}

const allow = (Action: string | readonly string[], Resource: string, Condition?: object): object => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...(Condition === undefined ? {} : { Condition }),
});

const ofTeamA: Tag = { Key: 'team', Value: 'a' };

describe('a role enters an instance profile', () => {
  const InstanceProfileName = 'nodes';

  test('only by who may pass that role to EC2', async () => {
    await scene.role('nodes');
    await scene.role('admin');
    const profile = { InstanceProfileName, Path: '/eks/', Tags: [ofTeamA] };
    await root.iam.send(new CreateInstanceProfileCommand(profile));
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
    const adding = ({ iam }: Clients, RoleName: string) =>
      outcome(iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName })));
    for (const clients of [none, lambda]) expect(await adding(clients, 'nodes')).toBe('AccessDenied');
    expect(await adding(ec2, 'admin')).toBe('AccessDenied');
    expect(await adding(ec2, 'nodes')).toBe('ok');
    expect(await adding(root, 'admin')).toBe('LimitExceededException');
  });

  test('and keeps it from being deleted', async () => {
    const { iam } = root;
    const role = { RoleName: 'nodes' };
    const deletions = [
      () => iam.send(new DeleteRoleCommand(role)),
      () => iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName })),
    ];
    for (const deletion of deletions) expect(await outcome(deletion())).toBe('DeleteConflictException');
    expect(await iam.send(new ListInstanceProfilesForRoleCommand(role))).toMatchObject({
      InstanceProfiles: [
        {
          Arn: `arn:aws:iam::${scene.connection.accountId}:instance-profile/eks/nodes`,
          Roles: [role],
        },
      ],
    });
    await iam.send(new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName, ...role }));
    for (const deletion of deletions) expect(await outcome(deletion())).toBe('ok');
  });
});

describe('a service-linked role', () => {
  const creating = ({ iam }: Clients, AWSServiceName: string) =>
    outcome(iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName })));
  const RoleName = 'AWSServiceRoleForAmazonEKSNodegroup';

  test('is created for the services one may create it for', async () => {
    const linker = await userWith(
      'linker',
      allow('iam:CreateServiceLinkedRole', 'arn:aws:iam::*:role/aws-service-role/*', {
        StringEquals: { 'iam:AWSServiceName': ['eks.amazonaws.com', 'eks-nodegroup.amazonaws.com'] },
      }),
    );
    expect(await creating(linker, 'eks-fargate.amazonaws.com')).toBe('AccessDenied');
    expect(await creating(linker, 'eks-nodegroup.amazonaws.com')).toBe('ok');
    expect(await creating(root, 'eks-nodegroup.amazonaws.com')).toBe('InvalidInputException');
    expect(await creating(root, 'ops.example.com')).toBe('InvalidInputException');
  });

  test('is not changed, only deleted, by a task that says how it ended', async () => {
    const { iam } = root;
    expect(await outcome(iam.send(new DeleteRoleCommand({ RoleName })))).toBe('UnmodifiableEntityException');
    const { DeletionTaskId } = await iam.send(new DeleteServiceLinkedRoleCommand({ RoleName }));
    expect(await iam.send(new GetServiceLinkedRoleDeletionStatusCommand({ DeletionTaskId }))).toMatchObject({
      Status: 'SUCCEEDED',
    });
    expect(await outcome(iam.send(new GetRoleCommand({ RoleName })))).toBe('NoSuchEntityException');
  });
});

describe('an OpenID Connect provider', () => {
  const providerArn = () => ({
    OpenIDConnectProviderArn: `arn:aws:iam::${scene.connection.accountId}:oidc-provider/${issuer.replace('https://', '')}`,
  });

  test('for the issuer of a cluster is registered by who may, once', async () => {
    const registrar = await userWith(
      'registrar',
      allow(
        ['iam:CreateOpenIDConnectProvider', 'iam:TagOpenIDConnectProvider'],
        'arn:aws:iam::*:oidc-provider/oidc.eks.*',
        { StringEquals: { 'aws:RequestTag/team': 'a' } },
      ),
    );
    const creating = ({ iam }: Clients, Url: string, ...Tags: Tag[]) =>
      outcome(
        iam.send(new CreateOpenIDConnectProviderCommand({ Url, ClientIDList: ['sts.amazonaws.com'], Tags })),
      );
    expect(await creating(registrar, issuer)).toBe('AccessDenied');
    expect(await creating(registrar, 'https://oidc.example.com', ofTeamA)).toBe('AccessDenied');
    expect(await creating(registrar, issuer, ofTeamA)).toBe('ok');
    expect(await creating(root, issuer)).toBe('EntityAlreadyExistsException');
    expect(await creating(root, 'https://oidc.example.com:8443')).toBe('ValidationError');
    expect(await outcome(registrar.iam.send(new GetOpenIDConnectProviderCommand(providerArn())))).toBe(
      'AccessDenied',
    );
  });

  test('keeps its audiences and thumbprints', async () => {
    const { iam } = root;
    const named = providerArn();
    const thumbprint = '9e99a48a9960b14926bb7f3b02e22da2b0ab7280';
    await iam.send(new AddClientIDToOpenIDConnectProviderCommand({ ...named, ClientID: 'app' }));
    await iam.send(new RemoveClientIDFromOpenIDConnectProviderCommand({ ...named, ClientID: 'gone' }));
    await iam.send(
      new UpdateOpenIDConnectProviderThumbprintCommand({ ...named, ThumbprintList: [thumbprint] }),
    );
    const { $metadata: _, ...found } = await iam.send(new GetOpenIDConnectProviderCommand(named));
    expect(found).toEqual({
      Url: issuer.replace('https://', ''),
      ClientIDList: ['sts.amazonaws.com', 'app'],
      ThumbprintList: [thumbprint],
      CreateDate: expect.any(Date),
      Tags: [ofTeamA],
    });
  });

  test('is deleted, and deleting it again is no error', async () => {
    const { iam } = root;
    for (const _ of [1, 2]) {
      expect(await outcome(iam.send(new DeleteOpenIDConnectProviderCommand(providerArn())))).toBe('ok');
    }
    expect(await outcome(iam.send(new GetOpenIDConnectProviderCommand(providerArn())))).toBe(
      'NoSuchEntityException',
    );
  });
});

describe.skipIf(unavailable !== undefined)(`with the AWS CLI${because}`, () => {
  test('a cluster’s nodes and pods get what they need', async () => {
    await scene.role('workers');
    const { awsJson } = openShell(scene.directory, scene.connection, scene.connection);
    const profile = ['--instance-profile-name', 'workers'];
    await awsJson('iam', 'create-instance-profile', ...profile, '--tags', 'Key=team,Value=a');
    await awsJson('iam', 'add-role-to-instance-profile', ...profile, '--role-name', 'workers');
    // botocore decodes the trust policy into an object.
    expect(await awsJson('iam', 'list-instance-profiles-for-role', '--role-name', 'workers')).toMatchObject({
      InstanceProfiles: [
        { Roles: [{ RoleName: 'workers', AssumeRolePolicyDocument: { Version: '2012-10-17' } }] },
      ],
    });

    const service = ['--aws-service-name', 'eks.amazonaws.com'];
    expect(await awsJson('iam', 'create-service-linked-role', ...service)).toMatchObject({
      Role: {
        RoleName: 'AWSServiceRoleForAmazonEKS',
        AssumeRolePolicyDocument: { Version: '2012-10-17' },
      },
    });

    const { OpenIDConnectProviderArn } = await awsJson<{ OpenIDConnectProviderArn: string }>(
      ...['iam', 'create-open-id-connect-provider', '--url', issuer],
      ...['--client-id-list', 'sts.amazonaws.com', '--tags', 'Key=team,Value=a'],
    );
    const named = ['--open-id-connect-provider-arn', OpenIDConnectProviderArn];
    expect(await awsJson('iam', 'get-open-id-connect-provider', ...named)).toMatchObject({
      Url: issuer.replace('https://', ''),
      ClientIDList: ['sts.amazonaws.com'],
      CreateDate: expect.any(String),
      Tags: [ofTeamA],
    });
  }, 60_000);
});
