/**
 * Pods get AWS credentials as on EKS (eks-access-facts I and J): the stock SDK and the stock AWS CLI run with what a
 * container of the pod finds, and nothing else says who they are.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreatePodIdentityAssociationCommand,
  type CreatePodIdentityAssociationRequest,
  DescribeClusterCommand,
} from '@aws-sdk/client-eks';
import {
  CreateOpenIDConnectProviderCommand,
  CreateRoleCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runAsPod } from '../../src/cli/pod/run.ts';
import { awsCliDirectory, awsCliUnavailable } from './clients.ts';
import type { KubernetesUser } from './kubernetes.ts';
import { entryway, type Keys } from './process.ts';
import { openScene, type Scene } from './scene.ts';
import { allowAll, type Clients, createCluster, createClusterRole, roleArn, rootKeys } from './world.ts';

const cluster = 'apps';
const askAws = join(import.meta.dirname, 'fixtures', 'askaws.mjs');
const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;

let scene: Scene;
let admin: KubernetesUser;
let issuer: string;
let other: Keys & { readonly accountId: string };
let otherRoot: Clients;

const podIdentityTrust = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Service: 'pods.eks.amazonaws.com' },
      Action: ['sts:AssumeRole', 'sts:TagSession'],
    },
  ],
});

beforeAll(async () => {
  scene = await openScene();
  const { root, connection } = scene;
  await createClusterRole(root);
  await createCluster(root, connection, cluster, 'API');
  issuer =
    (await root.eks.send(new DescribeClusterCommand({ name: cluster }))).cluster?.identity?.oidc?.issuer ??
    '';
  await root.iam.send(
    new CreateOpenIDConnectProviderCommand({ Url: issuer, ClientIDList: ['sts.amazonaws.com'] }),
  );
  admin = await scene.enter(cluster, rootKeys(connection));
  await admin.apply(
    ...['team-a', 'team-b'].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
  );
  const made = await entryway(scene.directory, [
    ...['account', 'create', '--output', 'json', '--data', connection.dataDir],
  ]);
  other = JSON.parse(made.stdout) as typeof other;
  otherRoot = scene.as(other);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAOFWHOEVERRUNSTHIS');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'is-not-the-pod');
}, 120_000);

afterAll(async () => {
  vi.unstubAllEnvs();
  await scene?.close();
});

/** Answers the role's ARN. */
async function role(
  name: string,
  trustPolicy: string,
  policy: string,
  { iam }: Clients = scene.root,
): Promise<string> {
  const { Role } = await iam.send(
    new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument: trustPolicy }),
  );
  await iam.send(new PutRolePolicyCommand({ RoleName: name, PolicyName: 'own', PolicyDocument: policy }));
  return Role?.Arn ?? '';
}

const associate = (association: Omit<CreatePodIdentityAssociationRequest, 'clusterName'>) =>
  scene.root.eks.send(new CreatePodIdentityAssociationCommand({ clusterName: cluster, ...association }));

/** A pod of its own service account, called alike. */
async function pod(namespace: string, name: string, annotations: Record<string, string> = {}): Promise<void> {
  const metadata = { name, namespace };
  await admin.apply(
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { ...metadata, annotations } },
    {
      ...{ apiVersion: 'v1', kind: 'Pod', metadata },
      spec: { serviceAccountName: name, containers: [{ name: 'app', image: 'example.com/app' }] },
    },
  );
}

/** Runs a program as the pod's container, by the command's own function, and answers what it printed. */
async function inPod(name: string, ...command: string[]): Promise<unknown> {
  const output = join(scene.directory, `${randomUUID()}.json`);
  const { dataDir } = scene.connection;
  const code = await runAsPod(name, ['sh', '-c', 'exec "$@" > "$0"', output, ...command], {
    ...{ cluster, data: dataDir },
  });
  if (code !== 0) throw new Error(`${command[0]} in ${name} ended with ${code}`);
  return JSON.parse(readFileSync(output, 'utf8'));
}
const sdkIn = (name: string) => inPod(name, process.execPath, askAws, cluster);
const cliIn = (name: string) =>
  inPod(name, join(awsCliDirectory(), 'aws'), 'sts', 'get-caller-identity', '--output', 'json');

describe('a service account with a role in its annotation', () => {
  const trustOf = (subject: string): string => {
    const provider = issuer.replace('https://', '');
    return JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { Federated: `arn:aws:iam::${scene.connection.accountId}:oidc-provider/${provider}` },
          Action: 'sts:AssumeRoleWithWebIdentity',
          Condition: {
            StringEquals: { [`${provider}:sub`]: subject, [`${provider}:aud`]: 'sts.amazonaws.com' },
          },
        },
      ],
    });
  };

  beforeAll(async () => {
    const arn = await role(
      'web',
      trustOf('system:serviceaccount:team-a:web'),
      allowAll('eks:DescribeCluster'),
    );
    await pod('team-a', 'web', { 'eks.amazonaws.com/role-arn': arn });
    await pod('team-b', 'web', { 'eks.amazonaws.com/role-arn': arn });
  });

  test('gives its pods the role (I5, I8), and those of the same name in another namespace nothing', async () => {
    const [own, foreign] = await Promise.all([sdkIn('team-a/web'), sdkIn('team-b/web')]);
    expect(own).toEqual({
      arn: expect.stringMatching(/:assumed-role\/web\/aws-sdk-js-session-\d+$/),
      describe: 'allowed',
      list: 'AccessDeniedException',
    });
    expect(foreign).toEqual({ refused: 'AccessDenied' });
  });

  test.skipIf(unavailable !== undefined)(`is what the AWS CLI is, too${because}`, async () => {
    expect(await cliIn('team-a/web')).toMatchObject({
      Arn: expect.stringMatching(/:assumed-role\/web\/botocore-session-\d+$/),
    });
  });
});

test('tokens are for the program alone, and gone when a signal ends it', async () => {
  const { TMPDIR: usual } = process.env;
  const directory = join(scene.directory, 'tmp');
  mkdirSync(directory);
  vi.stubEnv('TMPDIR', directory);
  const seen = join(scene.directory, 'seen');
  const file = '"$AWS_WEB_IDENTITY_TOKEN_FILE"';
  const script = `ls -ld "$TMPDIR"/entryway-pod-* ${file} > "$0"; kill -HUP "$1"; while :; do :; done`;
  const command = ['sh', '-c', script, seen, String(process.pid)];
  expect(await runAsPod('team-a/web', command, { cluster, data: scene.connection.dataDir })).toBe(129);
  vi.stubEnv('TMPDIR', usual);
  expect(
    readFileSync(seen, 'utf8')
      .match(/^[-drwx]{10}/gm)
      ?.sort(),
  ).toEqual(['-rw-------', 'drwx------']);
  expect(readdirSync(directory)).toEqual([]);
});

describe('a service account with a Pod Identity association', () => {
  /** What the session's tags say decides, not the role (J8). */
  const inNamespace = (namespace: string): string =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          ...{ Effect: 'Allow', Action: 'eks:DescribeCluster', Resource: '*' },
          Condition: { StringEquals: { 'aws:PrincipalTag/kubernetes-namespace': namespace } },
        },
      ],
    });

  test('gives its pods the role; a tag of the session allows in one namespace and not in the other', async () => {
    const roleArnOfBoth = await role('tagged', podIdentityTrust, inNamespace('team-a'));
    for (const namespace of ['team-a', 'team-b']) {
      await associate({ namespace, serviceAccount: 'tagged', roleArn: roleArnOfBoth });
      await pod(namespace, 'tagged');
    }
    const [allowed, refused] = await Promise.all([sdkIn('team-a/tagged'), sdkIn('team-b/tagged')]);
    const arn = expect.stringMatching(/:assumed-role\/tagged\/eks-apps-tagged-[0-9a-f-]+$/);
    expect(allowed).toEqual({ arn, describe: 'allowed', list: 'AccessDeniedException' });
    expect(refused).toEqual({ arn, describe: 'AccessDeniedException', list: 'AccessDeniedException' });
    if (unavailable === undefined) expect(await cliIn('team-a/tagged')).toMatchObject({ Arn: arn });
  });

  test('wins over the annotation of the same account (J20)', async () => {
    const winner = await role('winner', podIdentityTrust, allowAll('eks:ListClusters'));
    await associate({ namespace: 'team-a', serviceAccount: 'both', roleArn: winner });
    await pod('team-a', 'both', { 'eks.amazonaws.com/role-arn': roleArn(scene.connection, 'web') });
    expect(await sdkIn('team-a/both')).toMatchObject({
      arn: expect.stringContaining(':assumed-role/winner/eks-apps-both-'),
      list: 'allowed',
    });
  });

  test('leads on to a role of another account, with the external id and the tags (J6, J10)', async () => {
    const first = await role('first', podIdentityTrust, allowAll(['sts:AssumeRole', 'sts:TagSession']));
    const { region, accountId } = scene.connection;
    const target = await role(
      'target',
      JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            ...{ Effect: 'Allow', Principal: { AWS: first }, Action: ['sts:AssumeRole', 'sts:TagSession'] },
            Condition: {
              StringEquals: {
                'sts:ExternalId': `${region}/${accountId}/${cluster}/team-a/chained`,
                'aws:PrincipalTag/kubernetes-service-account': 'chained',
                // As the EKS user guide has it: inherited tags are asked for like those that are passed.
                'aws:RequestTag/kubernetes-namespace': 'team-a',
              },
            },
          },
        ],
      }),
      allowAll('eks:ListClusters'),
      otherRoot,
    );
    for (const serviceAccount of ['chained', 'mistaken']) {
      await associate({ namespace: 'team-a', serviceAccount, roleArn: first, targetRoleArn: target });
      await pod('team-a', serviceAccount);
    }
    const told = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const [chained, mistaken] = await Promise.all([sdkIn('team-a/chained'), sdkIn('team-a/mistaken')]);
    expect(told.mock.calls.join('\n')).toContain('EKS does not have permissions to assume the target role');
    told.mockRestore();
    expect(chained).toMatchObject({
      arn: expect.stringContaining(`arn:aws:sts::${other.accountId}:assumed-role/target/eks-apps-chained-`),
      list: 'allowed',
      describe: 'AccessDeniedException',
    });
    expect(mistaken).toEqual({ refused: expect.stringMatching(/^(CredentialsProviderError|Error)$/) });
  });

  test('gives no more than its session policy allows (J9)', async () => {
    const wide = await role('wide', podIdentityTrust, allowAll('eks:*'));
    await associate({
      ...{ namespace: 'team-a', serviceAccount: 'narrow', roleArn: wide, disableSessionTags: true },
      policy: allowAll(['eks:ListClusters', 's3:GetObject']),
    });
    await pod('team-a', 'narrow');
    expect(await sdkIn('team-a/narrow')).toMatchObject({
      list: 'allowed',
      describe: 'AccessDeniedException',
    });
  });
});
