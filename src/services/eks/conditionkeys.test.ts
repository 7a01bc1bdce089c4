import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  actionsMatching,
  type KnownAction,
  knownActions,
} from '../../engine/analysis/catalogue/catalogue.ts';
import type { RequestContext } from '../../engine/iam/request.ts';
import type { AuthorizationTarget } from '../operation.ts';
import { account, clusterInput, createWorld, outcomeOf, type World } from './testworld.ts';

const cluster = `arn:aws:eks:eu-central-1:${account}:cluster/prod`;
const view = 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy';
const scope = { type: 'namespace', namespaces: ['team-a', 'team-b'] };

let world: World;
let ops: string;
let entryArn: string;

beforeEach(async () => {
  world = await createWorld();
  await world.call('CreateCluster', {
    ...clusterInput('prod'),
    accessConfig: { authenticationMode: 'API', bootstrapClusterCreatorAdminPermissions: false },
    tags: { Stage: 'Test' },
  });
  ops = await world.add('role', 'ops', { path: '/team/' });
  const entry = { clusterName: 'prod', principalArn: ops };
  const created = await world.call<{ accessEntry: { accessEntryArn: string } }>('CreateAccessEntry', {
    ...entry,
    username: 'ops:x',
    kubernetesGroups: ['b', 'a'],
    tags: { Team: 'Blue' },
  });
  entryArn = created.accessEntry.accessEntryArn;
  await world.call('AssociateAccessPolicy', { ...entry, policyArn: view, accessScope: scope });
  world.asked.length = 0;
});

type Keys = Readonly<Record<string, string | readonly string[]>>;
const plain = (context: RequestContext | undefined): Keys => Object.fromEntries(context ?? []);
const keysOf = async (operation: string, input: object): Promise<{ request: Keys; resource: Keys }> =>
  split(await world.target(operation, input));
function split(target: AuthorizationTarget | undefined): { request: Keys; resource: Keys } {
  const [resource = ''] = target?.resources ?? [];
  return {
    request: plain(target?.context),
    resource: typeof resource === 'string' ? {} : plain(resource.context),
  };
}

const entry = () => ({ clusterName: 'prod', principalArn: ops });
const ofEntry = () => ({
  'eks:clustername': 'prod',
  'eks:principalarn': ops,
  'eks:accessentrytype': 'STANDARD',
  'eks:username': 'ops:x',
  'eks:kubernetesgroups': ['b', 'a'],
  'aws:resourcetag/team': 'Blue',
});
const ofCluster = { 'aws:resourcetag/stage': 'Test' };

/** Everything a client can say. */
const everySetting = {
  resourcesVpcConfig: {
    subnetIds: [],
    endpointPublicAccess: false,
    endpointPrivateAccess: true,
    controlPlaneEgressMode: 'CUSTOMER_ROUTED',
  },
  accessConfig: { authenticationMode: 'API', bootstrapClusterCreatorAdminPermissions: false },
  logging: {
    clusterLogging: [
      { types: ['api', 'audit'], enabled: true },
      { types: ['scheduler', 'audit'], enabled: false },
    ],
  },
  upgradePolicy: { supportType: 'STANDARD' },
  zonalShiftConfig: { enabled: true },
  computeConfig: { enabled: true },
  kubernetesNetworkConfig: { elasticLoadBalancing: { enabled: true } },
  storageConfig: { blockStorage: { enabled: true } },
  controlPlaneScalingConfig: { tier: 'tier-xl' },
  deletionProtection: true,
  kubeApiServerConfig: {},
  kubeSchedulerConfig: {},
  kubeControllerManagerConfig: {},
};
const everySettingsKeys = {
  'eks:authenticationmode': 'API',
  'eks:blockstorageenabled': 'true',
  'eks:computeconfigenabled': 'true',
  'eks:controlplaneegressmode': 'CUSTOMER_ROUTED',
  'eks:controlplanescalingtier': 'tier-xl',
  'eks:deletionprotection': 'true',
  'eks:elasticloadbalancingenabled': 'true',
  'eks:endpointprivateaccess': 'true',
  'eks:endpointpublicaccess': 'false',
  'eks:kubeapiserverconfig': 'true',
  'eks:kubecontrollermanagerconfig': 'true',
  'eks:kubeschedulerconfig': 'true',
  'eks:loggingtype/api': 'true',
  'eks:loggingtype/audit': 'true',
  'eks:loggingtype/scheduler': 'false',
  'eks:supporttype': 'STANDARD',
  'eks:zonalshiftenabled': 'true',
};

describe('the keys of a request that says nothing', () => {
  test('to create a cluster are what the cluster will be', async () => {
    const off = Object.fromEntries(
      ['api', 'audit', 'authenticator', 'controllermanager', 'scheduler'].map((type) => [
        `eks:loggingtype/${type}`,
        'false',
      ]),
    );
    expect((await keysOf('CreateCluster', clusterInput('new'))).request).toEqual({
      'eks:authenticationmode': 'CONFIG_MAP',
      'eks:blockstorageenabled': 'false',
      'eks:bootstrapclustercreatoradminpermissions': 'true',
      'eks:bootstrapselfmanagedaddons': 'true',
      'eks:computeconfigenabled': 'false',
      'eks:controlplaneegressmode': 'AWS_MANAGED',
      'eks:controlplanescalingtier': 'standard',
      'eks:deletionprotection': 'false',
      'eks:elasticloadbalancingenabled': 'false',
      'eks:endpointprivateaccess': 'false',
      'eks:endpointpublicaccess': 'true',
      'eks:kubeapiserverconfig': 'false',
      'eks:kubecontrollermanagerconfig': 'false',
      'eks:kubeschedulerconfig': 'false',
      'eks:kubernetesversion': '1.35',
      'eks:supporttype': 'EXTENDED',
      'eks:zonalshiftenabled': 'false',
      ...off,
    });
  });

  test('to update one are nothing but that it leaves Kubernetes’ own settings', async () => {
    expect((await keysOf('UpdateClusterConfig', { name: 'prod' })).request).toEqual({
      'eks:kubeapiserverconfig': 'false',
      'eks:kubecontrollermanagerconfig': 'false',
      'eks:kubeschedulerconfig': 'false',
    });
  });

  test('to create an entry are its principal and its type, and neither name nor groups', async () => {
    const input = { ...entry(), username: '', kubernetesGroups: [], tags: {} };
    expect((await keysOf('CreateAccessEntry', input)).request).toEqual({
      'eks:principalarn': ops,
      'eks:accessentrytype': 'STANDARD',
    });
  });

  test('about an entry that does not exist are how it is named', async () => {
    const input = { clusterName: 'gone', principalArn: 'x' };
    expect(await keysOf('DescribeAccessEntry', input)).toEqual({
      request: {},
      resource: { 'eks:clustername': 'gone', 'eks:principalarn': 'x' },
    });
  });
});

describe('the keys of a request that says everything', () => {
  test('to create a cluster', async () => {
    const keyArn = 'arn:aws:kms:eu-central-1:111122223333:key/k';
    const input = {
      ...clusterInput('new'),
      ...everySetting,
      version: '1.34',
      bootstrapSelfManagedAddons: false,
      encryptionConfig: [{ resources: ['secrets'], provider: { keyArn } }],
      tags: { Team: 'Blue', stage: '' },
    };
    const { request, resource } = await keysOf('CreateCluster', input);
    expect(request).toEqual({
      ...everySettingsKeys,
      'eks:loggingtype/authenticator': 'false',
      'eks:loggingtype/controllermanager': 'false',
      'eks:bootstrapclustercreatoradminpermissions': 'false',
      'eks:bootstrapselfmanagedaddons': 'false',
      'eks:kubernetesversion': '1.34',
      'eks:encryptionconfigproviderkeyarns': [keyArn],
      'aws:requesttag/team': 'Blue',
      'aws:requesttag/stage': '',
      'aws:tagkeys': ['Team', 'stage'],
    });
    expect(resource).toEqual({});
  });

  test('to update one', async () => {
    expect(await keysOf('UpdateClusterConfig', { name: 'prod', ...everySetting })).toEqual({
      request: everySettingsKeys,
      resource: ofCluster,
    });
  });

  test('to create an entry; the type is upper case', async () => {
    const input = {
      ...entry(),
      type: 'EC2_Linux',
      username: 'u:1',
      kubernetesGroups: ['a', 'b'],
      tags: { Team: 'Red' },
    };
    expect(await keysOf('CreateAccessEntry', input)).toEqual({
      request: {
        'eks:principalarn': ops,
        'eks:accessentrytype': 'EC2_LINUX',
        'eks:username': 'u:1',
        'eks:kubernetesgroups': ['a', 'b'],
        'aws:requesttag/team': 'Red',
        'aws:tagkeys': ['Team'],
      },
      resource: ofCluster,
    });
  });

  test('to update an entry are the entry’s as it is, not as it would be (E3)', async () => {
    const input = { ...entry(), username: 'u:2', kubernetesGroups: ['admins'] };
    expect(await keysOf('UpdateAccessEntry', input)).toEqual({ request: {}, resource: ofEntry() });
  });

  test('to associate a policy are the wanted scope, to end it the one that ends', async () => {
    const wanted = { ...entry(), policyArn: view, accessScope: { type: 'cluster', namespaces: [] } };
    expect(await keysOf('AssociateAccessPolicy', wanted)).toEqual({
      request: { 'eks:policyarn': view, 'eks:accessscope': 'cluster' },
      resource: ofEntry(),
    });
    expect(await keysOf('DisassociateAccessPolicy', { ...entry(), policyArn: view })).toEqual({
      request: { 'eks:policyarn': view, 'eks:accessscope': 'namespace', 'eks:namespaces': scope.namespaces },
      resource: ofEntry(),
    });
    expect((await keysOf('DisassociateAccessPolicy', { ...entry(), policyArn: `${view}x` })).request).toEqual(
      {
        'eks:policyarn': `${view}x`,
      },
    );
  });

  test('to tag and untag', async () => {
    const tags = { Team: 'Red' };
    const sent = { 'aws:requesttag/team': 'Red', 'aws:tagkeys': ['Team'] };
    expect(await keysOf('TagResource', { resourceArn: entryArn, tags })).toEqual({
      request: sent,
      resource: ofEntry(),
    });
    expect(await keysOf('TagResource', { resourceArn: `${cluster}x`, tags })).toEqual({
      request: sent,
      resource: {},
    });
    expect(await keysOf('UntagResource', { resourceArn: cluster, tagKeys: ['Team'] })).toEqual({
      request: { 'aws:tagkeys': ['Team'] },
      resource: ofCluster,
    });
  });
});

describe('second checks', () => {
  test('a role is passed to EKS for the cluster (E14)', async () => {
    await world.call('CreateCluster', clusterInput('new'));
    await world.call('CreateAccessEntry', {
      ...entry(),
      principalArn: await world.add('role', 'n'),
      type: 'EC2',
    });
    const passed = (clusterArn: string): Keys => ({
      'iam:passedtoservice': 'eks.amazonaws.com',
      'iam:associatedresourcearn': clusterArn,
    });
    expect(world.asked.map(({ action, context }) => [action, plain(context)])).toEqual([
      ['iam:PassRole', passed(cluster.replace('prod', 'new'))],
      ['iam:PassRole', passed(cluster)],
    ]);
  });

  test('tags on creation need TagResource, of the cluster or of the entry that is to be (E15)', async () => {
    world.refused.add('eks:TagResource');
    const tags = { Team: 'Red' };
    const refused = 'AccessDeniedException: no eks:TagResource';
    const web = await world.add('role', 'web');
    expect(await outcomeOf(world.call('CreateCluster', { ...clusterInput('new'), tags }))).toBe(refused);
    expect(
      await outcomeOf(world.call('CreateAccessEntry', { clusterName: 'prod', principalArn: web, tags })),
    ).toBe(refused);
    const sent = new Map<string, unknown>([
      ['aws:requesttag/team', 'Red'],
      ['aws:tagkeys', ['Team']],
    ]);
    const nobody = '00000000-0000-0000-0000-000000000000';
    expect(world.asked).toEqual([
      { action: 'eks:TagResource', resources: [cluster.replace('prod', 'new')], context: sent },
      {
        action: 'eks:TagResource',
        resources: [`arn:aws:eks:eu-central-1:${account}:access-entry/prod/role/${account}/web/${nobody}`],
        context: sent,
      },
    ]);
  });
});

test.each(['CreateCluster', 'CreateAccessEntry', 'TagResource'])(
  '%s refuses tags that differ in case alone: conditions could not tell them apart',
  async (operation) => {
    const tags = { team: 'a', Team: 'b' };
    const input = { ...clusterInput('new'), ...entry(), principalArn: await world.add('role', 'web'), tags };
    expect(await outcomeOf(world.call(operation, { ...input, resourceArn: cluster }))).toMatch(
      /^(InvalidParameter|BadRequest)Exception: Tag keys must differ in more than case$/,
    );
  },
);

describe('the catalogue of the Service Authorization Reference', () => {
  /** The key without what follows the slash, which names a tag or a type of log. */
  const family = (key: string): string => key.replace(/\/.*$/, '/');
  const tags = { a: 'b' };
  const inputs: Readonly<Record<string, () => object>> = {
    CreateCluster: () => ({
      ...clusterInput('new'),
      ...everySetting,
      encryptionConfig: [{ provider: { keyArn: 'k' } }],
      tags,
    }),
    UpdateClusterConfig: () => ({ name: 'prod', ...everySetting }),
    RegisterCluster: () => ({ name: 'new', tags }),
    AssociateIdentityProviderConfig: () => ({
      clusterName: 'prod',
      oidc: { issuerUrl: 'https://login.example.com', clientId: 'k' },
      tags,
    }),
    CreateAccessEntry: () => ({ ...entry(), username: 'a', kubernetesGroups: ['a'], tags }),
    AssociateAccessPolicy: () => ({ ...entry(), policyArn: view, accessScope: scope }),
    DisassociateAccessPolicy: () => ({ ...entry(), policyArn: view }),
    TagResource: () => ({ resourceArn: entryArn, tags }),
    UntagResource: () => ({ resourceArn: entryArn, tagKeys: ['a'] }),
    ListTagsForResource: () => ({ resourceArn: cluster }),
  };
  /** On a cluster's ARN as the user guide has them; the reference lists no resource type. */
  const onClusterBeforeItExists = ['CreateCluster', 'RegisterCluster'];
  const served = [
    ...Object.keys(inputs),
    ...['DescribeCluster', 'ListClusters', 'DeleteCluster', 'DescribeUpdate', 'ListUpdates'],
    ...['DeregisterCluster', 'ListIdentityProviderConfigs'],
    ...['DescribeAccessEntry', 'ListAccessEntries', 'UpdateAccessEntry', 'DeleteAccessEntry'],
    ...['ListAssociatedAccessPolicies', 'ListAccessPolicies'],
  ];

  test.each(served)('%s has exactly its keys', async (operation) => {
    const [action] = actionsMatching(`eks:${operation}`);
    const input = inputs[operation]?.() ?? { ...entry(), name: 'prod', resourceArn: cluster };
    const { request, resource } = await keysOf(operation, input);
    expect(new Set(Object.keys(request).map(family))).toEqual(action?.keys);
    const type = Object.hasOwn(resource, 'eks:clustername') ? 'access-entry' : 'cluster';
    const known = action?.resourceTypes.find(({ name }) => name === type)?.keys ?? new Set();
    // A cluster that is being created has no tags of its own yet.
    const allowed = onClusterBeforeItExists.includes(operation) ? new Set() : known;
    expect(new Set(Object.keys(resource).map(family))).toEqual(allowed);
  });

  const file = join(import.meta.dirname, '../../../../shared/reference/eks-authorization.json');
  test.skipIf(!existsSync(file))('is the reference’s, key for key', () => {
    interface Listed {
      readonly name: string;
      readonly conditionKeys: readonly string[];
      readonly resourceTypes: readonly { readonly name: string }[];
    }
    const reference = JSON.parse(readFileSync(file, 'utf8')) as {
      services: Record<'eks' | 'eks-auth', { actions: Listed[]; resourceTypes: Listed[] }>;
    };
    const lower = (keys: readonly string[]): string[] =>
      keys.map((key) => family(key.toLowerCase())).toSorted();
    const known = (service: string): KnownAction[] =>
      knownActions.filter(({ name }) => name.startsWith(`${service}:`));
    for (const service of ['eks', 'eks-auth'] as const) {
      const { actions, resourceTypes } = reference.services[service];
      const keysOfType = new Map(
        resourceTypes.map(({ name, conditionKeys }) => [name, lower(conditionKeys)]),
      );
      expect(
        known(service).map(({ name, keys, resourceTypes: types }) => [
          name,
          [...keys].toSorted(),
          types.map((type) => [type.name, [...type.keys].toSorted()]),
        ]),
      ).toEqual(
        actions.map((action) => [
          `${service}:${action.name}`,
          lower(action.conditionKeys),
          [
            ...action.resourceTypes.map(({ name }) => name),
            ...(onClusterBeforeItExists.includes(action.name) ? ['cluster'] : []),
          ].map((type) => [type, keysOfType.get(type)]),
        ]),
      );
    }
  });
});
