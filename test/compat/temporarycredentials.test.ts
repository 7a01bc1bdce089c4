/** Temporary credentials of every kind, made and used by stock clients (iam-facts I). */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DescribeClusterCommand, ListClustersCommand } from '@aws-sdk/client-eks';
import {
  CreateOpenIDConnectProviderCommand,
  CreateRoleCommand,
  CreateVirtualMFADeviceCommand,
  EnableMFADeviceCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
  GetFederationTokenCommand,
  GetSessionTokenCommand,
  type STSClient,
} from '@aws-sdk/client-sts';
import { HOTP, Secret } from 'otpauth';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { awsCliUnavailable } from './clients.ts';
import type { KubernetesUser } from './kubernetes.ts';
import { type Keys, openShell, startServerProcess, temporaryDirectory } from './process.ts';
import { associate, createEntry, openScene, type Scene } from './scene.ts';
import {
  allowAll,
  type Clients,
  createClients,
  createCluster,
  createClusterRole,
  createUser,
  roleArn,
  rootKeys,
  sessionKeys,
} from './world.ts';

const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;

let scene: Scene;
let user: Clients;
let creator: KubernetesUser;
let issuer: string;

beforeAll(async () => {
  scene = await openScene();
  const { root, connection } = scene;
  await createClusterRole(root);
  await createCluster(root, connection, 'main', 'API');
  const { cluster } = await root.eks.send(new DescribeClusterCommand({ name: 'main' }));
  issuer = cluster?.identity?.oidc?.issuer ?? '';
  user = scene.as(await createUser(root, 'ada', allowAll(['sts:*', 'eks:*'])));
  await scene.role('reader');
  await root.iam.send(
    new PutRolePolicyCommand({ RoleName: 'reader', PolicyName: 'eks', PolicyDocument: allowAll('eks:*') }),
  );
  await createEntry(root, 'main', roleArn(connection, 'reader'));
  await associate(root, 'main', roleArn(connection, 'reader'), 'AmazonEKSViewPolicy');
  creator = await scene.enter('main', rootKeys(connection));
}, 120_000);

afterAll(() => scene?.close());

/** What the credentials can do on all three sides: AWS over STS and EKS, and the cluster. */
async function useOf(keys: Keys): Promise<{ readonly arn: string | undefined; readonly pods: boolean }> {
  const { eks, sts } = scene.as(keys);
  const { Arn } = await sts.send(new GetCallerIdentityCommand({}));
  await eks.send(new ListClustersCommand({}));
  const inside = await scene.enter('main', keys);
  return { arn: Arn, pods: await inside.can('list', 'pods') };
}

describe('the longest session that a request can have', () => {
  const sessionArn = () => `arn:aws:sts::${scene.connection.accountId}:assumed-role/reader/${'s'.repeat(64)}`;
  const Tags = Array.from({ length: 30 }, (_, at) => ({ Key: `key-${at}`, Value: `value-${at * 7919}` }));

  beforeAll(async () => {
    await scene.root.iam.send(
      new CreateRoleCommand({
        RoleName: 'tagged',
        AssumeRolePolicyDocument: JSON.stringify({
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Principal: { AWS: `arn:aws:iam::${scene.connection.accountId}:root` },
              Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
            },
          ],
        }),
      }),
    );
    await scene.root.iam.send(
      new PutRolePolicyCommand({
        RoleName: 'tagged',
        PolicyName: 'eks',
        PolicyDocument: allowAll('eks:*'),
      }),
    );
    await createEntry(scene.root, 'main', roleArn(scene.connection, 'tagged'));
    await associate(scene.root, 'main', roleArn(scene.connection, 'tagged'), 'AmazonEKSViewPolicy');
  });

  test('passes the listener’s header limit, and a cluster’s token limit', async () => {
    const answer = await user.sts.send(
      new AssumeRoleCommand({
        RoleArn: roleArn(scene.connection, 'tagged'),
        RoleSessionName: 's'.repeat(64),
        SourceIdentity: 'i'.repeat(64),
        Policy: allowAll(['eks:*', 'sts:*']).padEnd(2048),
        Tags,
        TransitiveTagKeys: Tags.map(({ Key }) => Key),
      }),
    );
    expect(answer.PackedPolicySize).toBeGreaterThan(30);
    expect(await useOf(sessionKeys(answer.Credentials))).toEqual({
      arn: sessionArn().replace('/reader/', '/tagged/'),
      pods: true,
    });
  });

  test('of 4,096 characters, asked for, passes the header limit', async () => {
    const { Credentials } = await user.sts.send(
      new AssumeRoleCommand({
        RoleArn: roleArn(scene.connection, 'reader'),
        RoleSessionName: 's'.repeat(64),
        MinimumSessionTokenSize: 4096,
      }),
    );
    expect(Credentials?.SessionToken?.length).toBeGreaterThanOrEqual(4096);
    const { sts } = scene.as(sessionKeys(Credentials));
    expect(await sts.send(new GetCallerIdentityCommand({}))).toMatchObject({ Arn: sessionArn() });
  });

  test('one tag too many is refused as AWS refuses it', async () => {
    const refused = user.sts.send(
      new AssumeRoleCommand({
        RoleArn: roleArn(scene.connection, 'tagged'),
        RoleSessionName: 'full',
        Tags: Tags.map(({ Key }) => ({ Key, Value: 'v'.repeat(256) })),
      }),
    );
    await expect(refused).rejects.toMatchObject({
      name: 'PackedPolicyTooLargeException',
      message: expect.stringMatching(/^Packed size of session tags consumes \d+% of allotted space\.$/),
    });
  });
});

test('a federated user has its policies and no more', async () => {
  const { Credentials, FederatedUser } = await user.sts.send(
    new GetFederationTokenCommand({ Name: 'guest', Policy: allowAll('eks:List*') }),
  );
  const guest = scene.as(sessionKeys(Credentials));
  expect(await guest.sts.send(new GetCallerIdentityCommand({}))).toMatchObject({ Arn: FederatedUser?.Arn });
  await guest.eks.send(new ListClustersCommand({}));
  await expect(guest.eks.send(new DescribeClusterCommand({ name: 'main' }))).rejects.toMatchObject({
    name: 'AccessDeniedException',
  });
});

describe('a pod’s service account enters AWS (IRSA)', () => {
  let provider: string;
  let podToken: string;
  const federate = (WebIdentityToken: string, name = 'pod') =>
    unsigned().send(
      new AssumeRoleWithWebIdentityCommand({
        RoleArn: roleArn(scene.connection, name),
        RoleSessionName: 'web-1',
        WebIdentityToken,
      }),
    );
  /** The SDK sends no signature with this call, whatever credentials it has. */
  const unsigned = (): STSClient => user.sts;
  const tokenFor = async (audience: string): Promise<string> => {
    const made = await creator.core.createNamespacedServiceAccountToken({
      name: 'web',
      namespace: 'default',
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { audiences: [audience], expirationSeconds: 600 },
      },
    });
    return made.status?.token ?? '';
  };

  beforeAll(async () => {
    const { root } = scene;
    const { OpenIDConnectProviderArn } = await root.iam.send(
      new CreateOpenIDConnectProviderCommand({ Url: issuer, ClientIDList: ['sts.amazonaws.com'] }),
    );
    provider = OpenIDConnectProviderArn ?? '';
    const host = issuer.slice('https://'.length);
    for (const [name, subject] of [
      ['pod', 'system:serviceaccount:default:web'],
      ['other', 'system:serviceaccount:default:other'],
    ] as const) {
      await root.iam.send(
        new CreateRoleCommand({
          RoleName: name,
          AssumeRolePolicyDocument: JSON.stringify({
            Version: '2012-10-17',
            Statement: [
              {
                Effect: 'Allow',
                Principal: { Federated: provider },
                Action: 'sts:AssumeRoleWithWebIdentity',
                Condition: {
                  StringEquals: { [`${host}:sub`]: subject, [`${host}:aud`]: 'sts.amazonaws.com' },
                },
              },
            ],
          }),
        }),
      );
      await root.iam.send(
        new PutRolePolicyCommand({ RoleName: name, PolicyName: 'eks', PolicyDocument: allowAll('eks:*') }),
      );
    }
    await createEntry(root, 'main', roleArn(scene.connection, 'pod'));
    await associate(root, 'main', roleArn(scene.connection, 'pod'), 'AmazonEKSViewPolicy');
    await creator.apply({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'web', namespace: 'default' },
    });
    podToken = await tokenFor('sts.amazonaws.com');
  }, 60_000);

  test('not with a token for the API server, of another account, forged or cut', async () => {
    await expect(
      tokenFor('https://kubernetes.default.svc').then((token) => federate(token)),
    ).rejects.toMatchObject({
      name: 'InvalidIdentityTokenException',
      message: 'Incorrect token audience',
    });
    await expect(federate(podToken.slice(0, -8))).rejects.toMatchObject({
      name: 'InvalidIdentityTokenException',
    });
    await expect(federate(podToken, 'other')).rejects.toMatchObject({
      name: 'AccessDenied',
      message: 'Not authorized to perform sts:AssumeRoleWithWebIdentity',
    });
  });

  test('with the SDK', async () => {
    const answer = await federate(podToken);
    expect(answer).toMatchObject({
      Provider: provider,
      Audience: 'sts.amazonaws.com',
      SubjectFromWebIdentityToken: 'system:serviceaccount:default:web',
    });
    expect(await useOf(sessionKeys(answer.Credentials))).toEqual({
      arn: `arn:aws:sts::${scene.connection.accountId}:assumed-role/pod/web-1`,
      pods: true,
    });
  });

  const withCli = test.skipIf(unavailable !== undefined);
  withCli(`with the AWS CLI, as a pod’s environment tells it${because}`, async () => {
    const file = join(scene.directory, 'token');
    writeFileSync(file, podToken);
    const shell = openShell(scene.directory, scene.connection, scene.connection);
    const { code, stdout } = await shell.script(
      [
        'unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY',
        `export AWS_ROLE_ARN=${roleArn(scene.connection, 'pod')} AWS_WEB_IDENTITY_TOKEN_FILE=${file} AWS_ROLE_SESSION_NAME=cli`,
        'aws sts get-caller-identity --query Arn --output text',
      ].join('\n'),
    );
    expect({ code, stdout: stdout.trim() }).toEqual({
      code: 0,
      stdout: `arn:aws:sts::${scene.connection.accountId}:assumed-role/pod/cli`,
    });
  });
});

test('a code that was used is used after kill -9 as well', async () => {
  const directory = temporaryDirectory();
  let server = await startServerProcess(directory.path);
  try {
    const { connection } = server;
    const root = createClients(connection, rootKeys(connection));
    const keys = await createUser(root, 'ada');
    const { VirtualMFADevice } = await root.iam.send(
      new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: 'ada' }),
    );
    const secret = Secret.fromBase32(Buffer.from(VirtualMFADevice?.Base32StringSeed ?? []).toString());
    const step = Math.floor(Date.now() / 30_000);
    const codeAt = (counter: number) => HOTP.generate({ secret, counter });
    const SerialNumber = VirtualMFADevice?.SerialNumber ?? '';
    await root.iam.send(
      new EnableMFADeviceCommand({
        UserName: 'ada',
        SerialNumber,
        AuthenticationCode1: codeAt(step - 1),
        AuthenticationCode2: codeAt(step),
      }),
    );
    root.destroy();
    const input = { SerialNumber, TokenCode: codeAt(step + 1) };
    const ada = createClients(connection, keys);
    await ada.sts.send(new GetSessionTokenCommand(input));
    ada.destroy();
    await server.kill();

    server = await startServerProcess(directory.path);
    const again = createClients(server.connection, keys);
    await expect(again.sts.send(new GetSessionTokenCommand(input))).rejects.toMatchObject({
      name: 'AccessDenied',
      message: expect.stringMatching(
        /^MultiFactorAuthentication failed with invalid MFA one time pass code\./,
      ),
    });
    again.destroy();
  } finally {
    await server.stop();
    directory.remove();
  }
}, 60_000);
