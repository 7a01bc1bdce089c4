/** Connected clusters, by the stock SDK and the stock AWS CLI: registered, shown, given access to, let go. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AssociateAccessPolicyCommand,
  CreateAccessEntryCommand,
  DeleteClusterCommand,
  DeregisterClusterCommand,
  DescribeClusterCommand,
  DescribeUpdateCommand,
  ListAccessEntriesCommand,
  ListAssociatedAccessPoliciesCommand,
  ListClustersCommand,
  ListTagsForResourceCommand,
  ListUpdatesCommand,
  paginateListClusters,
  RegisterClusterCommand,
  type RegisterClusterCommandInput,
  TagResourceCommand,
  UpdateClusterConfigCommand,
} from '@aws-sdk/client-eks';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { awsCliUnavailable } from './clients.ts';
import { statusOf } from './kubernetes.ts';
import { entryway, openShell } from './process.ts';
import { openScene, policyArn, type Scene } from './scene.ts';
import { draft, sendSigned } from './signed.ts';
import { type Clients, createCluster, createUser, outcome, roleArn, rootKeys } from './world.ts';

const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;

let scene: Scene;
let root: Clients;
let agent: string;

beforeAll(async () => {
  scene = await openScene();
  ({ root } = scene);
  agent = roleArn(scene.connection, 'AmazonEKSConnectorAgentRole');
  await createCluster(root, scene.connection, 'main', 'API');
}, 60_000);

afterAll(() => scene?.close());

const allow = (Action: string, Resource: string, Condition?: object): object => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...(Condition === undefined ? {} : { Condition }),
});

async function userWith(name: string, ...Statement: readonly object[]): Promise<Clients> {
  return scene.as(await createUser(root, name, JSON.stringify({ Version: '2012-10-17', Statement })));
}

const register = ({ eks }: Clients, name: string, input: Partial<RegisterClusterCommandInput> = {}) =>
  eks.send(
    new RegisterClusterCommand({ name, connectorConfig: { provider: 'OTHER', roleArn: agent }, ...input }),
  );
const describeIt = async (name: string, { eks }: Clients = root) =>
  (await eks.send(new DescribeClusterCommand({ name }))).cluster;
const list = async (include?: string[]) =>
  (await root.eks.send(new ListClustersCommand(include === undefined ? {} : { include }))).clusters;

describe('nobody', () => {
  const toSsm = { StringEquals: { 'iam:PassedToService': 'ssm.amazonaws.com' } };
  const onTeamA = 'arn:aws:eks:*:*:cluster/team-a-*';

  test.each<readonly [string, () => readonly object[], string, Partial<RegisterClusterCommandInput>]>([
    ['registers without permission', () => [allow('iam:PassRole', '*')], 'team-a-1', {}],
    ['registers without passing the role', () => [allow('eks:RegisterCluster', '*')], 'team-a-1', {}],
    [
      'registers with permission to pass it elsewhere',
      () => [
        allow('eks:RegisterCluster', '*'),
        allow('iam:PassRole', '*', { StringEquals: { 'iam:PassedToService': 'ec2.amazonaws.com' } }),
      ],
      'team-a-1',
      {},
    ],
    [
      'registers a name that is another team’s',
      () => [allow('eks:RegisterCluster', onTeamA), allow('iam:PassRole', agent, toSsm)],
      'team-b-1',
      {},
    ],
    [
      'tags what they register without permission to tag',
      () => [allow('eks:RegisterCluster', onTeamA), allow('iam:PassRole', agent, toSsm)],
      'team-a-1',
      { tags: { team: 'a' } },
    ],
    [
      'registers without the tag that is required',
      () => [
        allow('eks:RegisterCluster', '*', { StringEquals: { 'aws:RequestTag/team': 'a' } }),
        allow('iam:PassRole', agent, toSsm),
        allow('eks:TagResource', '*'),
      ],
      'team-a-1',
      { tags: { team: 'b' } },
    ],
  ])('%s', async (name, statements, cluster, input) => {
    const user = await userWith(name.replaceAll(/[^a-z]+/g, '-'), ...statements());
    expect(await outcome(register(user, cluster, input))).toBe('AccessDeniedException');
    expect(await list(['all'])).toEqual(['main']);
  });

  test('but who may, with exactly these rights', async () => {
    const user = await userWith(
      'registrar',
      allow('eks:RegisterCluster', onTeamA, { StringEquals: { 'aws:RequestTag/team': 'a' } }),
      allow('eks:DeregisterCluster', onTeamA, { StringEquals: { 'aws:ResourceTag/team': 'a' } }),
      allow('eks:TagResource', onTeamA),
      allow('iam:PassRole', agent, toSsm),
    );
    expect(await outcome(register(user, 'team-a-1', { tags: { team: 'a' } }))).toBe('ok');
    await register(root, 'team-a-2');
    const deregister = (name: string) => outcome(user.eks.send(new DeregisterClusterCommand({ name })));
    expect(await deregister('team-a-2')).toBe('AccessDeniedException');
    expect(await deregister('team-a-1')).toBe('ok');
    await root.eks.send(new DeregisterClusterCommand({ name: 'team-a-2' }));
  });
});

describe('a connected cluster', () => {
  beforeAll(async () => {
    const { cluster } = await register(root, 'edge', { tags: { env: 'edge' } });
    expect(cluster?.connectorConfig?.activationCode).toMatch(/^[\w-]{20}$/);
  });

  test('is not made a second time, of either kind', async () => {
    expect(await outcome(register(root, 'edge'))).toBe('ResourceInUseException');
    expect(await outcome(register(root, 'main'))).toBe('ResourceInUseException');
    const creation = createCluster(root, scene.connection, 'edge');
    expect(await outcome(creation)).toBe('ResourceInUseException');
  });

  test('is not deleted, and a built-in one is not deregistered', async () => {
    await expect(root.eks.send(new DeleteClusterCommand({ name: 'edge' }))).rejects.toMatchObject({
      name: 'InvalidRequestException',
      clusterName: 'edge',
    });
    await expect(root.eks.send(new DeregisterClusterCommand({ name: 'main' }))).rejects.toMatchObject({
      name: 'ClientException',
      clusterName: 'main',
    });
    await expect(root.eks.send(new DeregisterClusterCommand({ name: 'gone' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'No cluster found for name: gone.',
    });
  });

  test('has no Kubernetes API here, not even for its administrator', async () => {
    const main = await describeIt('main');
    const { config } = await scene.enter('main', rootKeys(scene.connection));
    const server = config.getCurrentCluster()?.server ?? '';
    expect(server).toBe(main?.endpoint);
    const other = new KubeConfig();
    other.loadFromString(config.exportConfig().replaceAll(server, server.replace(/main$/, 'edge')));
    expect(await statusOf(other.makeApiClient(CoreV1Api).listNamespace())).toBe(404);
    expect(await statusOf(config.makeApiClient(CoreV1Api).listNamespace())).toBe(200);
  });

  test('is shown as EKS shows one, with its access config', async () => {
    const cluster = await describeIt('edge');
    expect(cluster).toEqual({
      name: 'edge',
      arn: `arn:aws:eks:${scene.connection.region}:${scene.connection.accountId}:cluster/edge`,
      createdAt: expect.any(Date),
      status: 'PENDING',
      connectorConfig: {
        activationId: expect.any(String),
        activationExpiry: expect.any(Date),
        provider: 'OTHER',
        roleArn: agent,
      },
      accessConfig: {
        authenticationMode: 'API_AND_CONFIG_MAP',
        bootstrapClusterCreatorAdminPermissions: false,
      },
      tags: { env: 'edge' },
    });
  });

  test('has no address to write into a kubeconfig before it is connected', async () => {
    const { directory, connection } = scene;
    const args = ['kubeconfig', 'edge', '--data', connection.dataDir];
    expect(await entryway(directory, args)).toEqual({
      code: 3,
      stdout: '',
      stderr:
        'entryway: cluster `edge` is connected, and where its API server is has not been told\nhint: store a connection to it, or take the address from its own kubeconfig\n',
    });
  });

  test('is listed when all are asked for', async () => {
    expect(await list()).toEqual(['main']);
    expect(await list(['all'])).toEqual(['edge', 'main']);
    expect(await outcome(list(['All']))).toBe('InvalidParameterException');
    const pages: unknown[] = [];
    const options = { client: root.eks, pageSize: 1 };
    for await (const { clusters } of paginateListClusters(options, { include: ['all'] }))
      pages.push(clusters);
    expect(pages).toEqual([['edge'], ['main']]);
  });

  test('takes entries, policies, tags and a step of its mode', async () => {
    const principalArn = await scene.role('operator');
    const entry = { clusterName: 'edge', principalArn };
    expect(await root.eks.send(new ListAccessEntriesCommand({ clusterName: 'edge' }))).toMatchObject({
      accessEntries: [],
    });
    await root.eks.send(new CreateAccessEntryCommand({ ...entry, kubernetesGroups: ['operators'] }));
    const policy = policyArn('AmazonEKSEditPolicy');
    await root.eks.send(
      new AssociateAccessPolicyCommand({
        ...entry,
        policyArn: policy,
        accessScope: { type: 'namespace', namespaces: ['team-*'] },
      }),
    );
    const { associatedAccessPolicies } = await root.eks.send(new ListAssociatedAccessPoliciesCommand(entry));
    expect(associatedAccessPolicies).toMatchObject([{ policyArn: policy }]);

    const resourceArn = (await describeIt('edge'))?.arn;
    await root.eks.send(new TagResourceCommand({ resourceArn, tags: { team: 'a' } }));
    const { tags } = await root.eks.send(new ListTagsForResourceCommand({ resourceArn }));
    expect(tags).toEqual({ env: 'edge', team: 'a' });

    const change = new UpdateClusterConfigCommand({
      name: 'edge',
      accessConfig: { authenticationMode: 'API' },
    });
    const { update } = await root.eks.send(change);
    const { updateIds } = await root.eks.send(new ListUpdatesCommand({ name: 'edge' }));
    expect(updateIds).toEqual([update?.id]);
    const described = await root.eks.send(new DescribeUpdateCommand({ name: 'edge', updateId: update?.id }));
    expect(described.update).toMatchObject({ type: 'AccessConfigUpdate', status: 'Successful' });
    expect((await describeIt('edge'))?.accessConfig?.authenticationMode).toBe('API');
    await expect(root.eks.send(change)).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: 'Unsupported authentication mode update from API to API',
    });
  });

  test('is gone once it is deregistered, and a new one of its name starts empty', async () => {
    const { cluster } = await root.eks.send(new DeregisterClusterCommand({ name: 'edge' }));
    expect(cluster).toMatchObject({ name: 'edge', status: 'DELETING' });
    expect(await outcome(describeIt('edge'))).toBe('ResourceNotFoundException');
    expect(await list(['all'])).toEqual(['main']);
    await register(root, 'edge');
    const { accessEntries } = await root.eks.send(new ListAccessEntriesCommand({ clusterName: 'edge' }));
    expect(accessEntries).toEqual([]);
    expect((await describeIt('edge'))?.tags).toEqual({});
  });
});

describe.skipIf(unavailable !== undefined)(`the AWS CLI${because}`, () => {
  test('registers a cluster, lists it, and writes a kubeconfig for it once it is connected', async () => {
    const { connection, directory } = scene;
    const shell = openShell(directory, connection, rootKeys(connection));
    const { cluster } = await shell.awsJson<{ cluster: Record<string, unknown> }>(
      ...[
        'eks',
        'register-cluster',
        '--name',
        'kind',
        '--connector-config',
        `roleArn=${agent},provider=OTHER`,
      ],
    );
    expect(cluster).toMatchObject({ name: 'kind', status: 'PENDING', connectorConfig: { roleArn: agent } });
    const { clusters } = await shell.awsJson<{ clusters: readonly string[] }>(
      ...['eks', 'list-clusters', '--include', 'all'],
    );
    expect(clusters).toContain('kind');

    const ca = readFileSync(connection.caFile).toString('base64');
    const stored = await sendSigned(
      connection,
      draft('entryway', 'PutClusterConnection', {
        clusterName: 'kind',
        server: 'https://127.0.0.1:1',
        certificateAuthorityData: ca,
        bearerToken: 'token',
      }),
      { keys: rootKeys(connection), service: 'entryway' },
    );
    expect(stored).toMatchObject({ status: 200 });
    expect(await describeIt('kind')).toMatchObject({ status: 'ACTIVE', endpoint: 'https://127.0.0.1:1' });
    const file = join(directory, 'kind.config');
    const written = await shell.aws('eks', 'update-kubeconfig', '--name', 'kind', '--kubeconfig', file);
    expect(written).toMatchObject({ code: 0, stderr: '' });
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('server: https://127.0.0.1:1\n');
    expect(text).toContain(`certificate-authority-data: ${ca}`);
    expect(text).toMatch(/- --cluster-name\n\s+- kind\n/);
  }, 60_000);
});
