/**
 * The stock SDK's default credentials are renewed before they end: in this process, whose clock server, agent and SDK share,
 * so that a test can step it.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreatePodIdentityAssociationCommand, DescribeClusterCommand, EKSClient } from '@aws-sdk/client-eks';
import { CreateOpenIDConnectProviderCommand, CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Agent, agentPath, createAgent } from '../../src/agent/agent.ts';
import { type Cluster, startCluster } from '../../src/embedded/cluster.ts';
import { listen, originOf } from '../../src/server/addresses.ts';

const minute = 60_000;
const hour = 60 * minute;
const name = 'apps';
const directory = mkdtempSync(join(tmpdir(), 'entryway-renewal-'));
const start = Date.now();
const silent = { info() {}, warn() {}, error() {}, debug() {} };

let cluster: Cluster;
let agent: Agent;
/** Other programs may be running here. */
const patiently = { interval: 5, timeout: 10_000 };
const at = (milliseconds: number): unknown => vi.setSystemTime(start + milliseconds);

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: start });
  cluster = await startCluster({
    name,
    manifests: ['shop', 'web'].map((account) => [
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: account } },
      {
        ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: account } },
        spec: { serviceAccountName: account, containers: [{ name: 'app', image: 'example.com/app' }] },
      },
    ]),
  });
  const { endpoint, region, credentials } = cluster.aws;
  agent = createAgent({
    ...{ clusterName: name, endpoint, region, credentials: async () => credentials },
    ...{ log: silent, sweepInterval: 0 },
  });
  vi.stubEnv('AWS_ENDPOINT_URL', endpoint);
  vi.stubEnv('AWS_REGION', region);
  for (const file of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']) {
    vi.stubEnv(file, join(directory, 'none'));
  }
});

afterAll(async () => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  await agent?.close(0);
  await cluster?.close();
  rmSync(directory, { recursive: true, force: true });
});

/** A file with a token of the account's pod, as a kubelet keeps it. */
async function tokenFile(account: string, audience: string): Promise<string> {
  const config = new KubeConfig();
  config.loadFromString(cluster.kubeconfig);
  const core = config.makeApiClient(CoreV1Api);
  const { metadata } = await core.readNamespacedPod({ namespace: 'default', name: account });
  const { status } = await core.createNamespacedServiceAccountToken({
    ...{ namespace: 'default', name: account },
    body: {
      spec: {
        ...{ audiences: [audience], expirationSeconds: 86_400 },
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: account, uid: metadata?.uid ?? '' },
      },
    },
  });
  const path = join(directory, account);
  writeFileSync(path, status?.token ?? '');
  return path;
}

async function createRole(RoleName: string, statement: object): Promise<string> {
  const iam = new IAMClient(cluster.aws);
  const AssumeRolePolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', ...statement }],
  });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  return Role?.Arn ?? '';
}

/** Whoever has the environment's credentials: who it is, and with which access key. */
function openClient() {
  const { credentials } = new STSClient({}).config;
  return {
    // A client anew: from a Date header, which no test can step, it would learn that its clock is wrong.
    arn: async () => {
      const sts = new STSClient({ credentials, maxAttempts: 1 });
      return (await sts.send(new GetCallerIdentityCommand({}))).Arn;
    },
    accessKey: async () => (await credentials()).accessKeyId,
  };
}

/** While the old ones are good, the SDK gives them once more and asks for others meanwhile. */
const renewed = (client: ReturnType<typeof openClient>, old: string): Promise<void> =>
  vi.waitFor(async () => expect(await client.accessKey()).not.toBe(old), patiently);

test('those of a web identity, five minutes before they end, with the token that is in the file by then', async () => {
  const eks = new EKSClient(cluster.aws);
  const described = await eks.send(new DescribeClusterCommand({ name }));
  const issuer = described.cluster?.identity?.oidc?.issuer ?? '';
  const iam = new IAMClient(cluster.aws);
  await iam.send(
    new CreateOpenIDConnectProviderCommand({ Url: issuer, ClientIDList: ['sts.amazonaws.com'] }),
  );
  const provider = issuer.replace('https://', '');
  const roleArn = await createRole('web', {
    Principal: { Federated: `arn:aws:iam::${cluster.accountId}:oidc-provider/${provider}` },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: { StringEquals: { [`${provider}:sub`]: 'system:serviceaccount:default:web' } },
  });
  vi.stubEnv('AWS_ROLE_ARN', roleArn);
  vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', await tokenFile('web', 'sts.amazonaws.com'));
  const client = openClient();
  const first = await client.accessKey();
  at(54 * minute);
  expect(await client.accessKey()).toBe(first);
  at(56 * minute);
  await renewed(client, first);
  expect(await client.arn()).toContain(':assumed-role/web/');

  // The token has ended and nobody renewed it; then a kubelet does.
  at(25 * hour);
  await expect(client.arn()).rejects.toThrow(/^Token expired: current date\/time \d+ must be before/);
  await tokenFile('web', 'sts.amazonaws.com');
  expect(await client.arn()).toContain(':assumed-role/web/');
  at(0);
  vi.stubEnv('AWS_ROLE_ARN', undefined);
  vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', undefined);
});

test('those of Pod Identity, by the agent after three hours and by the SDK before six', async () => {
  const roleArn = await createRole('shop', {
    Principal: { Service: 'pods.eks.amazonaws.com' },
    Action: ['sts:AssumeRole', 'sts:TagSession'],
  });
  await new EKSClient(cluster.aws).send(
    new CreatePodIdentityAssociationCommand({
      ...{ clusterName: name, namespace: 'default', serviceAccount: 'shop', roleArn },
    }),
  );
  const host = '127.0.0.1';
  const uri = `${originOf('http', host, await listen(agent.podServer(host), { host, port: 0 }))}${agentPath}`;
  vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', uri);
  vi.stubEnv('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', await tokenFile('shop', 'pods.eks.amazonaws.com'));

  const [client, another] = [openClient(), openClient()];
  const first = await client.accessKey();
  expect(await another.accessKey()).toBe(first);
  // The agent asks EKS Auth anew; who holds the old ones keeps them until shortly before their end.
  at(3 * hour + minute);
  agent.sweep();
  await vi.waitFor(async () => expect(await openClient().accessKey()).not.toBe(first), patiently);
  expect(await client.accessKey()).toBe(first);
  at(5 * hour + 56 * minute);
  await renewed(client, first);
  expect(await client.arn()).toMatch(/:assumed-role\/shop\/eks-apps-shop-/);

  at(25 * hour);
  await expect(openClient().arn()).rejects.toThrow();
});
