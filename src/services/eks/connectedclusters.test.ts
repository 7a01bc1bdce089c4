import type {
  DescribeClusterResponse,
  DescribeUpdateResponse,
  ListAccessEntriesResponse,
  ListClustersResponse,
  RegisterClusterResponse,
  UpdateClusterConfigResponse,
} from '@aws-sdk/client-eks';
import { beforeEach, describe, expect, test } from 'vitest';
import type { ClusterConnectionRecord, WebhookCredentialRecord } from '../../storage/records/connections.ts';
import type { ClusterRecord } from '../../storage/records/eks.ts';
import {
  clusterConnectionKey,
  clusterKey,
  clustersPrefix,
  webhookCredentialKey,
} from '../../storage/records/keys.ts';
import { MAX_CLUSTERS } from './clusterquota.ts';
import {
  account,
  aNoon,
  clusterInput,
  createWorld,
  otherAccount,
  outcomeOf,
  region,
  type World,
} from './testworld.ts';

const agent = `arn:aws:iam::${account}:role/AmazonEKSConnectorAgentRole`;
const arn = `arn:aws:eks:${region}:${account}:cluster/edge`;
const threeDays = 3 * 24 * 60 * 60 * 1000;
const invalid = 'InvalidParameterException: ';
const missing = 'ResourceNotFoundException: No cluster found for name: edge.';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});

const register = (input: object = {}, options = {}): Promise<RegisterClusterResponse> =>
  world.call(
    'RegisterCluster',
    { name: 'edge', connectorConfig: { provider: 'OTHER', roleArn: agent }, ...input },
    options,
  );
const describeIt = (options = {}): Promise<DescribeClusterResponse> =>
  world.call('DescribeCluster', { name: 'edge' }, options);
const list = async (input: object = {}): Promise<readonly string[] | undefined> =>
  (await world.call<ListClustersResponse>('ListClusters', input)).clusters;

async function stored(name = 'edge'): Promise<ClusterRecord> {
  const found = await world.storage.get(clusterKey(account, region, name));
  return JSON.parse(found?.value ?? expect.fail('not stored')) as ClusterRecord;
}

test('shows who issues its tokens, once somebody has told', async () => {
  await register();
  expect((await describeIt()).cluster?.identity).toBeUndefined();
  const url = 'https://kubernetes.example.com';
  await put(clusterKey(account, region, 'edge'), { ...(await stored()), tokenIssuer: { url } });
  expect((await describeIt()).cluster?.identity).toEqual({ oidc: { issuer: url } });
});

async function put(key: string, value: object): Promise<void> {
  await world.storage.commit({ changes: [{ type: 'put', key, value: JSON.stringify(value) }] });
}

describe('a registration that is refused', () => {
  const connector = (change: object): object => ({
    connectorConfig: { provider: 'OTHER', roleArn: agent, ...change },
  });
  const badProvider = `${invalid}The provider must be one of [EKS_ANYWHERE, ANTHOS, GKE, AKS, OPENSHIFT, TANZU, RANCHER, EC2, OTHER]`;
  const badRole = `${invalid}The roleArn parameter format is not valid`;
  test.each<readonly [string, object, string]>([
    ['an unknown provider', connector({ provider: 'MINE' }), badProvider],
    ['a provider in lower case', connector({ provider: 'other' }), badProvider],
    ['a provider every object has', connector({ provider: 'constructor' }), badProvider],
    ['no role', connector({ roleArn: '' }), badRole],
    ['a user as role', connector({ roleArn: `arn:aws:iam::${account}:user/agent` }), badRole],
    [
      'a role of another account',
      connector({ roleArn: `arn:aws:iam::${otherAccount}:role/agent` }),
      'AccessDeniedException: Cross-account pass role is not allowed.',
    ],
    [
      'a name that would be another key',
      { name: 'a/b' },
      `${invalid}The parameter name contains invalid characters. It should conform to the regular expression "^[0-9A-Za-z][A-Za-z0-9\\-_]*"`,
    ],
    [
      'a reserved tag',
      { tags: { 'aws:x': '' } },
      `${invalid}The tag key aws:x is invalid, it cannot start with aws:`,
    ],
  ])('%s', async (_name, input, outcome) => {
    expect(await outcomeOf(register(input))).toBe(outcome);
    expect(await world.storage.count('eks/')).toBe(0);
  });

  test.each(['iam:PassRole', 'eks:TagResource'])('without %s', async (action) => {
    world.refused.add(action);
    expect(await outcomeOf(register({ tags: { team: 'a' } }))).toBe(`AccessDeniedException: no ${action}`);
    expect(await world.storage.count('eks/')).toBe(0);
  });

  test('of a name that a built-in cluster has, and the other way round', async () => {
    await world.call('CreateCluster', clusterInput('edge'));
    const taken = 'ResourceInUseException: Cluster already exists with name: edge';
    expect(await outcomeOf(register())).toBe(taken);
    await register({ name: 'other', clientRequestToken: 't' });
    const creation = { ...clusterInput('other'), clientRequestToken: 't' };
    expect(await outcomeOf(world.call('CreateCluster', creation))).toBe(taken.replace('edge', 'other'));
  });

  test('after the hundredth cluster of both kinds together', async () => {
    await world.storage.commit({
      changes: Array.from({ length: MAX_CLUSTERS - 1 }, (_, i) => ({
        type: 'put',
        key: `${clustersPrefix(account, region)}c${i}`,
        value: '{}',
      })),
    });
    expect(await outcomeOf(register())).toBe('ok');
    const full = 'ResourceLimitExceededException: An account can have at most 100 clusters in a region';
    expect(await outcomeOf(register({ name: 'more' }))).toBe(full);
    expect(await outcomeOf(world.call('CreateCluster', clusterInput('more')))).toBe(full);
  });
});

describe('a removal that is refused', () => {
  test('of a connected cluster by DeleteCluster', async () => {
    await register();
    expect(await outcomeOf(world.call('DeleteCluster', { name: 'edge' }))).toBe(
      'InvalidRequestException: Cluster edge is a connected cluster; DeregisterCluster removes it',
    );
    expect(await outcomeOf(describeIt())).toBe('ok');
  });

  test('of a built-in cluster by DeregisterCluster', async () => {
    await world.call('CreateCluster', clusterInput('edge'));
    expect(await outcomeOf(world.call('DeregisterCluster', { name: 'edge' }))).toBe(
      'ClientException: Cluster edge is not a connected cluster; DeleteCluster deletes it',
    );
    expect(await outcomeOf(describeIt())).toBe('ok');
  });

  test('of a cluster that is not there', async () => {
    expect(await outcomeOf(world.call('DeregisterCluster', { name: 'edge' }))).toBe(missing);
  });
});

describe('a new connected cluster', () => {
  test('waits to be connected and has nothing of a built-in one', async () => {
    const { cluster } = await register({ tags: { env: 'edge' } });
    const shown = {
      name: 'edge',
      arn,
      createdAt: new Date(aNoon),
      status: 'PENDING',
      accessConfig: {
        authenticationMode: 'API_AND_CONFIG_MAP',
        bootstrapClusterCreatorAdminPermissions: false,
      },
      connectorConfig: {
        activationId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        activationExpiry: new Date(aNoon + threeDays),
        provider: 'OTHER',
        roleArn: agent,
      },
      tags: { env: 'edge' },
    };
    expect(cluster).toEqual({
      ...shown,
      connectorConfig: {
        ...shown.connectorConfig,
        activationCode: expect.stringMatching(/^[\w-]{20}$/),
      },
    });
    expect((await describeIt()).cluster).toEqual(shown);
  });

  test('has no entry for who registered it, in no mode a hidden administrator, and no objects of ours', async () => {
    await register({}, { caller: world.caller('role', 'builder', 'AROABUILDER0000000000') });
    const entries: ListAccessEntriesResponse = await world.call('ListAccessEntries', { clusterName: 'edge' });
    expect(entries.accessEntries).toEqual([]);
    expect(await stored()).not.toHaveProperty('hiddenAdminPrincipalId');
    expect(await world.storage.count('object/')).toBe(0);
  });

  test('is listed with the others, and only by who asks for all', async () => {
    await register();
    await world.call('CreateCluster', clusterInput('prod'));
    expect(await list()).toEqual(['prod']);
    expect(await list({ include: [] })).toEqual(['prod']);
    expect(await list({ include: ['all'] })).toEqual(['edge', 'prod']);
    expect(await outcomeOf(list({ include: ['ALL'] }))).toBe(
      `${invalid}The parameter include must be all, in lower case, or left out`,
    );
    const first: ListClustersResponse = await world.call('ListClusters', { include: ['all'], maxResults: 1 });
    expect(first.clusters).toEqual(['edge']);
    const { nextToken } = first;
    expect(await list({ include: ['all'], maxResults: 1, nextToken })).toEqual(['prod']);
    expect(await outcomeOf(list({ nextToken }))).toBe(`${invalid}The nextToken parameter is not valid`);
  });

  test('asked for again with its token is the same, and with another wish is refused', async () => {
    const clientRequestToken = 't';
    const first = await register({ clientRequestToken });
    expect(await register({ clientRequestToken }, { now: aNoon + 5000 })).toEqual(first);
    const taken = 'ResourceInUseException: Cluster already exists with name: edge';
    const gke = { provider: 'GKE', roleArn: agent };
    expect(await outcomeOf(register({ clientRequestToken, connectorConfig: gke }))).toBe(taken);
    expect(await outcomeOf(register({ clientRequestToken, tags: { a: 'b' } }))).toBe(taken);
    expect(await outcomeOf(register())).toBe(taken);
  });
});

describe('a connected cluster is active', () => {
  const credential = (change: Partial<WebhookCredentialRecord> = {}): WebhookCredentialRecord => ({
    serialNumber: 'ab',
    clusterId: '',
    fingerprint: '',
    description: '',
    issuedAt: aNoon,
    expiresAt: aNoon + 1000,
    ...change,
  });

  test('with the address of its own API server once that is known', async () => {
    await register();
    const connection: ClusterConnectionRecord = {
      server: 'https://10.0.0.5:6443',
      certificateAuthorityData: 'Q0E=',
      sealedCredential: 'sealed',
      savedAt: aNoon,
    };
    await put(clusterConnectionKey((await stored()).clusterId), connection);
    const { cluster } = await describeIt();
    expect(cluster).toMatchObject({
      status: 'ACTIVE',
      endpoint: 'https://10.0.0.5:6443',
      certificateAuthority: { data: 'Q0E=' },
    });
    expect(cluster).not.toHaveProperty('identity');
    expect(JSON.stringify(cluster)).not.toContain('sealed');
  });

  test.each<readonly [string, WebhookCredentialRecord, string]>([
    ['with a certificate for our webhooks', credential(), 'ACTIVE'],
    ['not with one that is revoked', credential({ revokedAt: aNoon }), 'PENDING'],
    ['not with one that has ended', credential({ expiresAt: aNoon }), 'PENDING'],
  ])('%s', async (_name, record, status) => {
    await register();
    await put(webhookCredentialKey((await stored()).clusterId, record.serialNumber), record);
    const { cluster } = await describeIt();
    expect(cluster?.status).toBe(status);
    expect(cluster).not.toHaveProperty('endpoint');
  });
});

describe('what works as on a built-in cluster', () => {
  test('entries, policies, tags and updates', async () => {
    await register();
    const principalArn = await world.add('role', 'ops');
    const entry = { clusterName: 'edge', principalArn };
    await world.call('CreateAccessEntry', entry);
    await world.call('AssociateAccessPolicy', {
      ...entry,
      policyArn: 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy',
      accessScope: { type: 'cluster' },
    });
    await world.call('TagResource', { resourceArn: arn, tags: { team: 'a' } });
    expect((await describeIt()).cluster?.tags).toEqual({ team: 'a' });
    const wish = { name: 'edge', accessConfig: { authenticationMode: 'API' } };
    const { update }: UpdateClusterConfigResponse = await world.call('UpdateClusterConfig', wish);
    const described: DescribeUpdateResponse = await world.call('DescribeUpdate', {
      name: 'edge',
      updateId: update?.id,
    });
    expect(described.update).toEqual(update);
    expect((await describeIt()).cluster?.accessConfig?.authenticationMode).toBe('API');
    const back = { name: 'edge', accessConfig: { authenticationMode: 'API_AND_CONFIG_MAP' } };
    expect(await outcomeOf(world.call('UpdateClusterConfig', back))).toBe(
      `${invalid}Unsupported authentication mode update from API to API_AND_CONFIG_MAP`,
    );
  });

  test('but not deletion protection, which EKS does not have for it', async () => {
    await register();
    const wish = { name: 'edge', deletionProtection: true };
    expect(await outcomeOf(world.call('UpdateClusterConfig', wish))).toBe(
      `${invalid}deletionProtection is not available for a connected cluster`,
    );
  });

  test('and removing it leaves nothing behind', async () => {
    await register();
    await world.call('CreateAccessEntry', {
      clusterName: 'edge',
      principalArn: `arn:aws:iam::${account}:root`,
    });
    const { clusterId } = await stored();
    await put(clusterConnectionKey(clusterId), { server: '' });
    await put(webhookCredentialKey(clusterId, 'ab'), { serialNumber: 'ab' });
    const answer: DescribeClusterResponse = await world.call('DeregisterCluster', { name: 'edge' });
    expect(answer.cluster).toMatchObject({ name: 'edge', status: 'DELETING' });
    expect(await outcomeOf(describeIt())).toBe(missing);
    const left = await world.storage.list({ prefix: '' });
    expect(left.entries.map(({ key }) => key)).toEqual([`account/${account}`, `account/${otherAccount}`]);
  });
});

describe('what permission is judged on', () => {
  test.each(['RegisterCluster', 'DeregisterCluster'])('%s: the cluster', async (operation) => {
    expect(await world.judgedOn(operation, { name: 'edge' })).toEqual({
      action: `eks:${operation}`,
      resources: [arn],
    });
  });

  test('the agent’s role is passed to Systems Manager, and tags are asked for', async () => {
    await register({ tags: { Team: 'a' } });
    expect(world.asked).toEqual([
      {
        action: 'eks:TagResource',
        resources: [arn],
        context: new Map<string, unknown>([
          ['aws:requesttag/team', 'a'],
          ['aws:tagkeys', ['Team']],
        ]),
      },
      {
        action: 'iam:PassRole',
        resources: [agent],
        context: new Map([
          ['iam:passedtoservice', 'ssm.amazonaws.com'],
          ['iam:associatedresourcearn', arn],
        ]),
      },
    ]);
  });
});
