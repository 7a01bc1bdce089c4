import type {
  CreateClusterResponse,
  DescribeAccessEntryResponse,
  DescribeClusterResponse,
  ListAccessEntriesResponse,
  ListAssociatedAccessPoliciesResponse,
  ListClustersResponse,
} from '@aws-sdk/client-eks';
import { beforeEach, describe, expect, test } from 'vitest';
import type { ClusterRecord } from '../../storage/records/eks.ts';
import { clusterKey, clustersPrefix } from '../../storage/records/keys.ts';
import { MAX_CLUSTERS } from './clusterquota.ts';
import { sweepOrphans } from './orphans.ts';
import {
  account,
  aNoon,
  clusterInput,
  createApiCluster,
  createWorld,
  otherAccount,
  outcomeOf,
  region,
  rootOf,
  type World,
} from './testworld.ts';

const invalid = 'InvalidParameterException: ';
const missing = 'ResourceNotFoundException: No cluster found for name: prod.';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});

const create = (input: object = {}, options = {}): Promise<CreateClusterResponse> =>
  world.call('CreateCluster', { ...clusterInput('prod'), ...input }, options);
const describeCluster = (name = 'prod', options = {}): Promise<DescribeClusterResponse> =>
  world.call('DescribeCluster', { name }, options);
const entries = (): Promise<ListAccessEntriesResponse> =>
  world.call('ListAccessEntries', { clusterName: 'prod' });
const api = { authenticationMode: 'API' };

async function stored(name = 'prod'): Promise<ClusterRecord> {
  const found = await world.storage.get(clusterKey(account, region, name));
  return JSON.parse(found?.value ?? expect.fail('not stored')) as ClusterRecord;
}

describe('a cluster that is refused', () => {
  const badName = `${invalid}The parameter name contains invalid characters. It should conform to the regular expression "^[0-9A-Za-z][A-Za-z0-9\\-_]*"`;
  const badRole = `${invalid}The roleArn parameter format is not valid`;
  test.each<readonly [string, object, string]>([
    [
      'F19',
      { accessConfig: { bootstrapClusterCreatorAdminPermissions: false } },
      `${invalid}bootstrapClusterCreatorAdminPermissions must be true if cluster authentication mode is set to CONFIG_MAP`,
    ],
    [
      'an unknown mode',
      { accessConfig: { authenticationMode: 'IAM' } },
      `${invalid}The authentication mode IAM is invalid, it must be one of [CONFIG_MAP, API_AND_CONFIG_MAP, API]`,
    ],
    ['no name', { name: '' }, `${invalid}The parameter name must have 1 to 100 characters`],
    ['a long name', { name: 'a'.repeat(101) }, `${invalid}The parameter name must have 1 to 100 characters`],
    ['a name with a slash', { name: 'a/b' }, badName],
    ['a name that begins with a hyphen', { name: '-a' }, badName],
    ['a name with a line break', { name: 'a\n' }, badName],
    ['an old version', { version: '1.31' }, `${invalid}unsupported Kubernetes version`],
    ['a patch version', { version: '1.35.1' }, `${invalid}unsupported Kubernetes version`],
    ['no role', { roleArn: 'eks' }, badRole],
    ['a user as role', { roleArn: `arn:aws:iam::${account}:user/eks` }, badRole],
    ['a role of another partition', { roleArn: `arn:aws-cn:iam::${account}:role/eks` }, badRole],
    [
      'a role of another account',
      { roleArn: `arn:aws:iam::${otherAccount}:role/eks` },
      'AccessDeniedException: Cross-account pass role is not allowed.',
    ],
    [
      'a reserved tag',
      { tags: { 'aws:x': '' } },
      `${invalid}The tag key aws:x is invalid, it cannot start with aws:`,
    ],
    ['an Outpost', { outpostConfig: {} }, `${invalid}outpostConfig is not available for a built-in cluster`],
    [
      'Auto Mode without entries (D12)',
      { computeConfig: { enabled: true } },
      `${invalid}Auto Mode and hybrid nodes need authentication mode API or API_AND_CONFIG_MAP`,
    ],
    [
      'an unknown log type',
      { logging: { clusterLogging: [{ types: ['x'], enabled: true }] } },
      `${invalid}The log type x is invalid, it must be one of [api, audit, authenticator, controllerManager, scheduler]`,
    ],
  ])('%s: %j', async (_name, input, outcome) => {
    expect(await outcomeOf(create(input))).toBe(outcome);
    expect(world.storage.revision()).toBe(2); // the two accounts
  });

  test('without PassRole on its role', async () => {
    world.refused.add('iam:PassRole');
    expect(await outcomeOf(create())).toBe('AccessDeniedException: no iam:PassRole');
    expect(world.asked).toMatchObject([
      { action: 'iam:PassRole', resources: [`arn:aws:iam::${account}:role/eks`] },
    ]);
    expect(await outcomeOf(describeCluster())).toBe(missing);
  });
});

describe('a new cluster', () => {
  test('is active at once and answers what clients need', async () => {
    const { cluster } = await create({
      tags: { env: 'test' },
      resourcesVpcConfig: { subnetIds: ['subnet-1', 'subnet-2'], endpointPrivateAccess: true },
      logging: { clusterLogging: [{ types: ['audit'], enabled: true }] },
    });
    expect(cluster).toEqual({
      name: 'prod',
      arn: `arn:aws:eks:eu-central-1:${account}:cluster/prod`,
      createdAt: new Date(aNoon),
      version: '1.35',
      platformVersion: 'eks.1',
      status: 'ACTIVE',
      endpoint: `https://127.0.0.1:4743/clusters/${(await stored()).clusterId}`,
      certificateAuthority: { data: 'UEVN' },
      roleArn: `arn:aws:iam::${account}:role/eks`,
      accessConfig: { authenticationMode: 'CONFIG_MAP', bootstrapClusterCreatorAdminPermissions: true },
      identity: {
        oidc: {
          issuer: expect.stringMatching(
            /^https:\/\/oidc\.eks\.eu-central-1\.amazonaws\.com\/id\/[0-9A-F]{32}$/,
          ),
        },
      },
      health: { issues: [] },
      tags: { env: 'test' },
      resourcesVpcConfig: {
        subnetIds: ['subnet-1', 'subnet-2'],
        securityGroupIds: [],
        endpointPublicAccess: true,
        endpointPrivateAccess: true,
        publicAccessCidrs: ['0.0.0.0/0'],
      },
      kubernetesNetworkConfig: {
        serviceIpv4Cidr: '10.100.0.0/16',
        ipFamily: 'ipv4',
        elasticLoadBalancing: { enabled: false },
      },
      logging: {
        clusterLogging: [
          { types: ['audit'], enabled: true },
          { types: ['api', 'authenticator', 'controllerManager', 'scheduler'], enabled: false },
        ],
      },
      upgradePolicy: { supportType: 'EXTENDED' },
      deletionProtection: false,
    });
    expect(await describeCluster()).toEqual({ cluster });
  });

  test('echoes what only matters to infrastructure', async () => {
    const echoed = {
      kubernetesNetworkConfig: {
        ipFamily: 'ipv6',
        serviceIpv6Cidr: 'fd00:10:100::/108',
        elasticLoadBalancing: { enabled: true },
      },
      encryptionConfig: [{ resources: ['secrets'], provider: { keyArn: 'arn:aws:kms:x' } }],
      upgradePolicy: { supportType: 'STANDARD' },
      zonalShiftConfig: { enabled: true },
      computeConfig: { enabled: true, nodePools: ['system'] },
      storageConfig: { blockStorage: { enabled: true } },
      remoteNetworkConfig: { remoteNodeNetworks: [{ cidrs: ['10.0.0.0/16'] }] },
    };
    const { cluster } = await create({ ...echoed, accessConfig: api });
    expect(cluster).toMatchObject(echoed);
  });

  test.each(['1.32', '1.33', '1.34', '1.35', '1.36'])('can have version %s', async (version) => {
    expect((await create({ version })).cluster?.version).toBe(version);
  });

  test('appears together with its Kubernetes objects', async () => {
    const seen: (readonly string[])[] = [];
    world.storage.watch({ prefix: '' }, (changes) => seen.push(changes.map(({ key }) => key)));
    await create({ accessConfig: api });
    const { clusterId } = await stored();
    expect(seen).toEqual([
      [
        `eks/${account}/${region}/cluster/prod`,
        `access-entry/${clusterId}/arn:aws:iam::${account}:root`,
        `object/${clusterId}//namespaces//default`,
      ],
    ]);
  });
});

describe('the creator', () => {
  const admin = 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy';

  test('is the hidden administrator in mode CONFIG_MAP, by principal id (D8)', async () => {
    const caller = world.caller('role', 'builder', 'AROABUILDER0000000000');
    await create({}, { caller });
    expect((await stored()).hiddenAdminPrincipalId).toBe('AROABUILDER0000000000');
    expect(await world.storage.count('access-entry/')).toBe(0);
  });

  test('that is root is the hidden administrator by account id', async () => {
    await create();
    expect((await stored()).hiddenAdminPrincipalId).toBe(account);
  });

  test.each(['API', 'API_AND_CONFIG_MAP'])(
    'gets an ordinary entry in mode %s (D7)',
    async (authenticationMode) => {
      const caller = world.caller('user', 'ada', 'AIDAADA00000000000000');
      await create({ accessConfig: { authenticationMode } }, { caller });
      expect((await stored()).hiddenAdminPrincipalId).toBeUndefined();
      const principalArn = `arn:aws:iam::${account}:user/ada`;
      expect(await entries()).toEqual({ accessEntries: [principalArn] });
      const { accessEntry }: DescribeAccessEntryResponse = await world.call('DescribeAccessEntry', {
        clusterName: 'prod',
        principalArn,
      });
      expect(accessEntry).toMatchObject({ type: 'STANDARD', username: principalArn, kubernetesGroups: [] });
      const policies: ListAssociatedAccessPoliciesResponse = await world.call(
        'ListAssociatedAccessPolicies',
        {
          clusterName: 'prod',
          principalArn,
        },
      );
      expect(policies.associatedAccessPolicies).toMatchObject([
        { policyArn: admin, accessScope: { type: 'cluster', namespaces: [] } },
      ]);
      expect(await world.call('DeleteAccessEntry', { clusterName: 'prod', principalArn })).toEqual({});
    },
  );

  test('that is a role session gets an entry for the role', async () => {
    await create({ accessConfig: api }, { caller: world.caller('role', 'builder', 'AROABUILDER0000000000') });
    expect(await entries()).toEqual({ accessEntries: [`arn:aws:iam::${account}:role/builder`] });
  });

  test('that declines gets nothing (D6)', async () => {
    await createApiCluster(world);
    expect(await entries()).toEqual({ accessEntries: [] });
    expect((await stored()).hiddenAdminPrincipalId).toBeUndefined();
  });
});

describe('names', () => {
  const exists = 'ResourceInUseException: Cluster already exists with name: prod';

  test('are taken once per account and region', async () => {
    await create();
    expect(await outcomeOf(create({ version: '1.36' }))).toBe(exists);
    expect(await outcomeOf(create({}, { region: 'us-east-1' }))).toBe('ok');
    const roleArn = `arn:aws:iam::${otherAccount}:role/eks`;
    expect(await outcomeOf(create({ roleArn }, { caller: rootOf(otherAccount) }))).toBe('ok');
  });

  test('of two racing creations one is answered and one refused', async () => {
    const outcomes = await Promise.all([
      outcomeOf(create({ clientRequestToken: 'a' })),
      outcomeOf(create({ clientRequestToken: 'b' })),
    ]);
    expect(outcomes.toSorted()).toEqual([exists, 'ok']);
  });

  test('a repeated token with the same wish answers the same cluster, with another wish 409 (A14)', async () => {
    const first = await create({ clientRequestToken: 't' });
    expect(await create({ clientRequestToken: 't' }, { now: aNoon + 5000 })).toEqual(first);
    expect(await outcomeOf(create({ clientRequestToken: 't', version: '1.34' }))).toBe(exists);
    expect(await outcomeOf(create({ clientRequestToken: 't', accessConfig: api }))).toBe(exists);
    expect(await outcomeOf(create({ clientRequestToken: 'u' }))).toBe(exists);
  });

  test('are listed in order, paged, of this account and region only', async () => {
    for (const name of ['b', 'a', 'c']) await create({ name });
    await create({ name: 'elsewhere' }, { region: 'us-east-1' });
    const list = (input: object): Promise<ListClustersResponse> => world.call('ListClusters', input);
    const first = await list({ maxResults: 2 });
    expect(first.clusters).toEqual(['a', 'b']);
    expect(await list({ maxResults: 2, nextToken: first.nextToken })).toEqual({ clusters: ['c'] });
    expect(await outcomeOf(list({ nextToken: 'x' }))).toBe(`${invalid}The nextToken parameter is not valid`);
  });

  test('the cluster after the hundredth is refused', async () => {
    await world.storage.commit({
      changes: Array.from({ length: MAX_CLUSTERS - 1 }, (_, i) => ({
        type: 'put',
        key: `${clustersPrefix(account, region)}c${i}`,
        value: '{}',
      })),
    });
    expect(await outcomeOf(create())).toBe('ok');
    expect(await outcomeOf(create({ name: 'more' }))).toBe(
      'ResourceLimitExceededException: An account can have at most 100 clusters in a region',
    );
  });
});

describe('a deleted cluster', () => {
  test('is gone with everything that hangs on it', async () => {
    await create({ accessConfig: api });
    await world.call('UpdateClusterConfig', { name: 'prod', deletionProtection: false });
    const { clusterId } = await stored();
    await world.storage.commit({
      changes: Array.from({ length: 1200 }, (_, i) => ({
        type: 'put',
        key: `object/${clusterId}//pods/default/p${i}`,
        value: '{}',
      })),
    });
    const answer: DescribeClusterResponse = await world.call('DeleteCluster', { name: 'prod' });
    expect(answer.cluster?.status).toBe('DELETING');
    expect(await outcomeOf(describeCluster())).toBe(missing);
    expect(await outcomeOf(world.call('DeleteCluster', { name: 'prod' }))).toBe(missing);
    const left = await world.storage.list({ prefix: '' });
    expect(left.entries.map(({ key }) => key)).toEqual([`account/${account}`, `account/${otherAccount}`]);
  });

  test('is another cluster when created again: no entries, another id, another issuer', async () => {
    await create({ accessConfig: api });
    const issuer = (await describeCluster()).cluster?.identity?.oidc?.issuer;
    const { clusterId } = await stored();
    await world.call('DeleteCluster', { name: 'prod' });
    await createApiCluster(world);
    expect(await entries()).toEqual({ accessEntries: [] });
    expect((await stored()).clusterId).not.toBe(clusterId);
    expect((await describeCluster()).cluster?.identity?.oidc?.issuer).not.toBe(issuer);
  });

  test('has its issuer at the server’s own address, and keeps it wherever the server is reached later', async () => {
    world = await createWorld({ oidcIssuerAddress: 'https://issuer.example.com/a' });
    const { cluster } = await create();
    const issuer = cluster?.identity?.oidc?.issuer;
    expect(issuer).toMatch(/^https:\/\/issuer\.example\.com\/a\/id\/[0-9A-F]{32}$/);
    const { storage } = world;
    for (const oidcIssuerAddress of [undefined, 'https://other.example.com']) {
      const wrap = () => storage;
      world = await createWorld({ wrap, ...(oidcIssuerAddress !== undefined && { oidcIssuerAddress }) });
      expect((await describeCluster()).cluster?.identity?.oidc?.issuer).toBe(issuer);
    }
    await world.call('CreateCluster', clusterInput('later'));
    expect((await describeCluster('later')).cluster?.identity?.oidc?.issuer).toMatch(
      /^https:\/\/other\.example\.com\/id\//,
    );
  });

  test('takes no entry that is created while it goes', async () => {
    const racing = await createWorld({
      wrap: (storage) => ({
        ...storage,
        async commit(batch) {
          const isEntry = batch.changes.some(({ key }) => key.startsWith('access-entry/'));
          if (isEntry) await racing.call('DeleteCluster', { name: 'prod' });
          return storage.commit(batch);
        },
      }),
    });
    const principalArn = await racing.add('role', 'ops');
    await createApiCluster(racing);
    const call = racing.call('CreateAccessEntry', { clusterName: 'prod', principalArn });
    expect(await outcomeOf(call)).toBe(missing);
    expect(await racing.storage.count('access-entry/')).toBe(0);
  });

  test('with deletion protection is refused until it is off', async () => {
    await create({ deletionProtection: true });
    expect(await outcomeOf(world.call('DeleteCluster', { name: 'prod' }))).toBe(
      'InvalidRequestException: Cluster prod cannot be deleted while deletionProtection is on',
    );
    await world.call('UpdateClusterConfig', { name: 'prod', deletionProtection: false });
    expect(await outcomeOf(world.call('DeleteCluster', { name: 'prod' }))).toBe('ok');
  });

  test('leaves nothing after a sweep, and the sweep touches no living cluster', async () => {
    await create({ accessConfig: api });
    const living = await world.storage.list({ prefix: '' });
    const orphans = [
      'access-entry/gone-1/x',
      'object/gone-1//pods/a/b',
      'object/gone-2//pods/a/b',
      'cluster-update/gone-3/u',
      'signing-keys/gone-4/service-accounts',
    ];
    await world.storage.commit({ changes: orphans.map((key) => ({ type: 'put', key, value: '{}' })) });
    expect((await sweepOrphans(world)).toSorted()).toEqual(['gone-1', 'gone-2', 'gone-3', 'gone-4']);
    expect((await world.storage.list({ prefix: '' })).entries).toEqual(living.entries);
    expect(await sweepOrphans(world)).toEqual([]);
  });
});

describe('what permission is judged on', () => {
  const arn = `arn:aws:eks:eu-central-1:${account}:cluster/`;
  test.each([
    ['CreateCluster', [`${arn}prod`], undefined],
    ['ListClusters', ['*'], `${arn}*`],
    ['DescribeCluster', [`${arn}prod`], undefined],
    ['DeleteCluster', [`${arn}prod`], undefined],
    ['UpdateClusterConfig', [`${arn}prod`], undefined],
    ['DescribeUpdate', [`${arn}prod`], undefined],
    ['ListUpdates', [`${arn}prod`], undefined],
  ])('%s: %j', async (operation, resources, resourceInMessage) => {
    expect(await world.judgedOn(operation, { name: 'prod' })).toEqual({
      action: `eks:${operation}`,
      resources,
      ...(resourceInMessage !== undefined && { resourceInMessage }),
    });
  });
});
