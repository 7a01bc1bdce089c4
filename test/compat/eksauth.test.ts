/** EKS Auth with the client its agents are made with: stock AWS, signed by a node (eks-access-facts J13 to J16, J22). */
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { CreatePodIdentityAssociationCommand } from '@aws-sdk/client-eks';
import { CreateRoleCommand } from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { awsCliUnavailable } from './clients.ts';
import type { KubernetesUser } from './kubernetes.ts';
import { type Keys, openShell, type Shell, until } from './process.ts';
import { openScene, type Scene } from './scene.ts';
import { draft, errorOf, sendSigned } from './signed.ts';
import { allowAll, createCluster, createClusterRole, createUser, roleArn, rootKeys } from './world.ts';

const cluster = 'eksworkshop-eksctl';
const audience = 'pods.eks.amazonaws.com';
const podName = 'app1-v1-56b9f94b4-dvd5c';
const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;

let scene: Scene;
let admin: KubernetesUser;
let node: Keys;
let shell: Shell;
let podUid: string;

beforeAll(async () => {
  scene = await openScene();
  const { root, connection } = scene;
  await createClusterRole(root);
  await createCluster(root, connection, cluster, 'API');
  admin = await scene.enter(cluster, rootKeys(connection));
  const namespace = 'ns-a';
  await admin.core.createNamespace({ body: { metadata: { name: namespace } } });
  for (const name of ['sa1', 'sa2']) {
    await admin.core.createNamespacedServiceAccount({ namespace, body: { metadata: { name } } });
  }
  const pod = await admin.core.createNamespacedPod({
    namespace,
    body: {
      metadata: { name: podName },
      spec: { serviceAccountName: 'sa1', containers: [{ name: 'app', image: 'example.com/app' }] },
    },
  });
  podUid = pod.metadata?.uid ?? '';
  await root.iam.send(
    new CreateRoleCommand({
      RoleName: 'shop',
      AssumeRolePolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Principal: { Service: audience }, Action: ['sts:AssumeRole', 'sts:TagSession'] },
        ],
      }),
    }),
  );
  await root.eks.send(
    new CreatePodIdentityAssociationCommand({
      ...{ clusterName: cluster, namespace, serviceAccount: 'sa1' },
      roleArn: roleArn(connection, 'shop'),
    }),
  );
  node = await createUser(root, 'node', allowAll('eks-auth:AssumeRoleForPodIdentity'));
  shell = openShell(scene.directory, connection, node);
}, 120_000);

afterAll(() => scene?.close());

/** A token of the service account, bound to the pod when it is the pod's. */
async function tokenOf(name: string, audiences = [audience]): Promise<string> {
  const { status } = await admin.core.createNamespacedServiceAccountToken({
    name,
    namespace: 'ns-a',
    body: {
      spec: {
        audiences,
        ...(name === 'sa1' && {
          boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: podName, uid: podUid },
        }),
      },
    },
  });
  return status?.token ?? '';
}

/** `CODE STATUS: MESSAGE` as a client reads it. */
async function refusal(token: string, keys = node, clusterName = cluster): Promise<string> {
  const request = draft('eks-auth', 'AssumeRoleForPodIdentity', { clusterName, token });
  const answer = await sendSigned(scene.connection, request, { keys, service: 'eks-auth' });
  expect(answer.headers['x-amzn-errortype']).toBe(JSON.parse(answer.text).__type);
  const { error, message } = errorOf('eks-auth', answer);
  expect(message).not.toContain(token.slice(0, 20));
  return `${error}: ${message}`;
}

test('every refusal has its code and its status, AccessDenied with 400 (J15)', async () => {
  const stranger = await createUser(scene.root, 'stranger');
  const token = await tokenOf('sa1');
  expect(await refusal(token, stranger)).toBe(
    `AccessDeniedException 400: User: arn:aws:iam::${scene.connection.accountId}:user/stranger is not authorized to perform: eks-auth:AssumeRoleForPodIdentity on resource: arn:aws:eks:us-east-1:${scene.connection.accountId}:cluster/${cluster} because no identity-based policy allows the eks-auth:AssumeRoleForPodIdentity action`,
  );
  expect(await refusal(token, node, 'none')).toBe(
    'ResourceNotFoundException 404: No cluster found for name: none.',
  );
  expect(await refusal('x')).toContain('InvalidParameterException 400: The parameter token must');
  expect(await refusal(`${token.slice(0, -9)}AAAAAAAAA`)).toContain('InvalidTokenException 400: ');
  expect(await refusal(await tokenOf('sa1', ['sts.amazonaws.com']))).toContain('InvalidTokenException 400: ');
  expect(await refusal(await tokenOf('sa2'))).toContain('is not bound to a pod');
});

describe.skipIf(unavailable !== undefined)(`the AWS CLI${because}`, () => {
  test('gets credentials for a pod, and its record tells neither token nor secrets', async () => {
    const token = await tokenOf('sa1');
    const { accountId, region } = scene.connection;
    const answer = await shell.awsJson<{
      readonly credentials: Keys;
      readonly assumedRoleUser: { readonly arn: string; readonly assumeRoleId: string };
    }>('eks-auth', 'assume-role-for-pod-identity', '--cluster-name', cluster, '--token', token);
    expect(answer).toMatchObject({
      subject: { namespace: 'ns-a', serviceAccount: 'sa1' },
      audience,
      podIdentityAssociation: {
        associationArn: expect.stringMatching(
          `^arn:aws:eks:${region}:${accountId}:podidentityassociation/${cluster}/a-[a-z0-9]{17}$`,
        ),
      },
      assumedRoleUser: {
        arn: expect.stringMatching(
          `^arn:aws:sts::${accountId}:assumed-role/shop/eks-eksworksho-app1-v1-56-[0-9a-f-]{36}$`,
        ),
      },
    });
    const { credentials, assumedRoleUser } = answer;
    const { accessKeyId, secretAccessKey, sessionToken = '' } = credentials;
    const pod = scene.as({ accessKeyId, secretAccessKey, sessionToken });
    const identity = await pod.sts.send(new GetCallerIdentityCommand({}));
    expect(identity).toMatchObject({ Arn: assumedRoleUser.arn, UserId: assumedRoleUser.assumeRoleId });

    const trail = new CloudTrailClient({
      endpoint: scene.connection.awsEndpoint,
      region,
      credentials: rootKeys(scene.connection),
    });
    const records = async (name: string) => {
      const command = new LookupEventsCommand({
        LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: name }],
      });
      const { Events = [] } = await trail.send(command);
      const texts = Events.map(({ CloudTrailEvent = '' }) => CloudTrailEvent);
      expect(texts.join()).not.toContain(token.slice(0, 20));
      expect(texts.join()).not.toContain(secretAccessKey);
      return texts.map((text) => JSON.parse(text)).filter(({ errorCode }) => errorCode === undefined);
    };
    let found: object[] = [];
    await until(async () => {
      found = [...(await records('AssumeRoleForPodIdentity')), ...(await records('AssumeRole'))];
      return found.length === 2;
    }, 'both records are in the trail');
    trail.destroy();
    expect(found).toMatchObject([
      {
        eventSource: 'eks-auth.amazonaws.com',
        userIdentity: { type: 'IAMUser', userName: 'node' },
        requestParameters: { clusterName: cluster, token: 'HIDDEN_DUE_TO_SECURITY_REASONS' },
        responseElements: null,
        readOnly: true,
      },
      {
        eventSource: 'sts.amazonaws.com',
        userIdentity: { type: 'AWSService', invokedBy: audience },
        requestParameters: {
          roleArn: roleArn(scene.connection, 'shop'),
          durationSeconds: 21_600,
          tags: expect.arrayContaining([{ key: 'kubernetes-pod-uid', value: podUid }]),
        },
        responseElements: { credentials: { accessKeyId } },
      },
    ]);
  });

  test('reads that a token has no association', async () => {
    await admin.core.deleteNamespacedPod({ name: podName, namespace: 'ns-a', gracePeriodSeconds: 0 });
    const pod = await admin.core.createNamespacedPod({
      namespace: 'ns-a',
      body: {
        metadata: { name: podName },
        spec: { serviceAccountName: 'sa2', containers: [{ name: 'app', image: 'example.com/app' }] },
      },
    });
    const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: podName, uid: pod.metadata?.uid ?? '' };
    const { status } = await admin.core.createNamespacedServiceAccountToken({
      name: 'sa2',
      namespace: 'ns-a',
      body: { spec: { audiences: [audience], boundObjectRef } },
    });
    const command = [
      'assume-role-for-pod-identity',
      '--cluster-name',
      cluster,
      '--token',
      status?.token ?? '',
    ];
    const result = await shell.aws('eks-auth', ...command);
    expect(result.code).not.toBe(0);
    expect(result.stderr).toContain(
      'An error occurred (ResourceNotFoundException) when calling the AssumeRoleForPodIdentity operation: The token included in the request has no service account role association for it.',
    );
  });
});
