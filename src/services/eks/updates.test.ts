import type {
  DescribeAccessEntryResponse,
  DescribeClusterResponse,
  DescribeUpdateResponse,
  ListAccessEntriesResponse,
  ListUpdatesResponse,
  UpdateClusterConfigResponse,
} from '@aws-sdk/client-eks';
import { beforeEach, describe, expect, test } from 'vitest';
import type { AccessEntryRecord, ClusterRecord } from '../../storage/records/eks.ts';
import {
  account,
  aNoon,
  type CallOptions,
  clusterInput,
  createWorld,
  outcomeOf,
  type World,
} from './testworld.ts';

const invalid = 'InvalidParameterException: ';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});

const create = (authenticationMode: string, options: CallOptions = {}): Promise<unknown> =>
  world.call('CreateCluster', { ...clusterInput('prod'), accessConfig: { authenticationMode } }, options);
const update = (input: object, options: CallOptions = {}): Promise<UpdateClusterConfigResponse> =>
  world.call('UpdateClusterConfig', { name: 'prod', ...input }, options);
const toMode = (authenticationMode: string, more: object = {}): Promise<UpdateClusterConfigResponse> =>
  update({ accessConfig: { authenticationMode }, ...more });
const entries = async (): Promise<readonly string[] | undefined> =>
  (await world.call<ListAccessEntriesResponse>('ListAccessEntries', { clusterName: 'prod' })).accessEntries;

async function mode(): Promise<string | undefined> {
  const { cluster } = await world.call<DescribeClusterResponse>('DescribeCluster', { name: 'prod' });
  return cluster?.accessConfig?.authenticationMode;
}

async function first<Record>(prefix: string): Promise<Record> {
  const { entries: found } = await world.storage.list({ prefix, limit: 1 });
  return JSON.parse(found[0]?.value ?? expect.fail('not stored')) as Record;
}

test.each([
  ['CONFIG_MAP', 'CONFIG_MAP'],
  ['CONFIG_MAP', 'API'],
  ['API_AND_CONFIG_MAP', 'CONFIG_MAP'],
  ['API_AND_CONFIG_MAP', 'API_AND_CONFIG_MAP'],
  ['API', 'CONFIG_MAP'],
  ['API', 'API_AND_CONFIG_MAP'],
  ['API', 'API'],
])('the step from %s to %s is refused (F18, D2 to D4)', async (from, to) => {
  await create(from);
  expect(await outcomeOf(toMode(to))).toBe(
    `${invalid}Unsupported authentication mode update from ${from} to ${to}`,
  );
  expect(await mode()).toBe(from);
  expect((await world.call<ListUpdatesResponse>('ListUpdates', { name: 'prod' })).updateIds).toEqual([]);
});

test.each<readonly [string, object, string]>([
  ['nothing', {}, 'The type for cluster update was not provided.'],
  ['an access config without mode', { accessConfig: {} }, 'The type for cluster update was not provided.'],
  [
    'two kinds',
    { accessConfig: { authenticationMode: 'API' }, deletionProtection: true },
    'Only one type of update can be allowed.',
  ],
  ['logging', { logging: {} }, 'logging cannot be changed; accessConfig can'],
  [
    'endpoints',
    { resourcesVpcConfig: {}, accessConfig: { authenticationMode: 'API' } },
    'resourcesVpcConfig cannot be changed; accessConfig can',
  ],
  [
    'an unknown mode',
    { accessConfig: { authenticationMode: 'NONE' } },
    'The authentication mode NONE is invalid, it must be one of [CONFIG_MAP, API_AND_CONFIG_MAP, API]',
  ],
])('%s is refused', async (_name, input, message) => {
  await create('CONFIG_MAP');
  expect(await outcomeOf(update(input))).toBe(invalid + message);
  expect(await mode()).toBe('CONFIG_MAP');
});

describe('from the config map to the API', () => {
  test('step by step, each an update that can be described (D5)', async () => {
    await create('CONFIG_MAP');
    const { update: one } = await toMode('API_AND_CONFIG_MAP');
    expect(one).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      status: 'Successful',
      type: 'AccessConfigUpdate',
      params: [{ type: 'AuthenticationMode', value: '"API_AND_CONFIG_MAP"' }],
      createdAt: new Date(aNoon),
      errors: [],
    });
    expect(await mode()).toBe('API_AND_CONFIG_MAP');
    const { update: two } = await toMode('API');
    expect(await mode()).toBe('API');

    const ids = [one?.id, two?.id].toSorted();
    const listUpdates = (input: object): Promise<ListUpdatesResponse> =>
      world.call('ListUpdates', { name: 'prod', ...input });
    expect(await listUpdates({})).toEqual({ updateIds: ids });
    const page = await listUpdates({ maxResults: 1 });
    expect(await listUpdates({ maxResults: 1, nextToken: page.nextToken })).toEqual({ updateIds: [ids[1]] });
    const described: DescribeUpdateResponse = await world.call('DescribeUpdate', {
      name: 'prod',
      updateId: one?.id,
    });
    expect(described).toEqual({ update: one });
  });

  test('the hidden administrator becomes a visible entry that can be deleted (D8)', async () => {
    const arn = await world.add('role', 'builder', { path: '/ci/', principalId: 'AROABUILDER0000000000' });
    await create('CONFIG_MAP', { caller: world.caller('role', 'builder', 'AROABUILDER0000000000') });
    await toMode('API_AND_CONFIG_MAP');
    expect(await entries()).toEqual([arn]);
    expect(await first<ClusterRecord>('eks/')).not.toHaveProperty('hiddenAdminPrincipalId');
    expect(await first<AccessEntryRecord>('access-entry/')).toMatchObject({
      principalId: 'AROABUILDER0000000000',
      type: 'STANDARD',
      username: `arn:aws:sts::${account}:assumed-role/builder/{{SessionName}}`,
      associatedPolicies: [
        {
          policyArn: 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy',
          accessScope: { type: 'cluster', namespaces: [] },
        },
      ],
    });
    await world.call('DeleteAccessEntry', { clusterName: 'prod', principalArn: arn });
    await toMode('API');
    expect(await entries()).toEqual([]);
  });

  test('a root creator becomes the entry of the root ARN', async () => {
    await create('CONFIG_MAP');
    await toMode('API_AND_CONFIG_MAP');
    const principalArn = `arn:aws:iam::${account}:root`;
    const { accessEntry }: DescribeAccessEntryResponse = await world.call('DescribeAccessEntry', {
      clusterName: 'prod',
      principalArn,
    });
    expect(accessEntry?.username).toBe(principalArn);
    expect((await first<AccessEntryRecord>('access-entry/')).principalId).toBe(account);
  });

  test.each(['deleted', 'deleted and created again'])('a creator that was %s gets no entry', async (fate) => {
    await world.add('role', 'builder', { principalId: 'AROABUILDER0000000000' });
    await create('CONFIG_MAP', { caller: world.caller('role', 'builder', 'AROABUILDER0000000000') });
    await world.remove('role', 'builder');
    if (fate !== 'deleted') await world.add('role', 'builder', { principalId: 'AROASOMEBODYELSE00000' });
    await toMode('API_AND_CONFIG_MAP');
    expect(await entries()).toEqual([]);
    expect(await first<ClusterRecord>('eks/')).not.toHaveProperty('hiddenAdminPrincipalId');
  });

  test('the second step makes no entry', async () => {
    await create('API_AND_CONFIG_MAP');
    await world.call('DeleteAccessEntry', {
      clusterName: 'prod',
      principalArn: `arn:aws:iam::${account}:root`,
    });
    await toMode('API');
    expect(await entries()).toEqual([]);
  });

  test('a repeated token answers the update it made; another token is another wish (A14)', async () => {
    await create('CONFIG_MAP');
    const made = await toMode('API_AND_CONFIG_MAP', { clientRequestToken: 't' });
    expect(await toMode('API_AND_CONFIG_MAP', { clientRequestToken: 't' })).toEqual(made);
    expect(await outcomeOf(toMode('API_AND_CONFIG_MAP', { clientRequestToken: 'u' }))).toContain(
      'Unsupported',
    );
    expect(await outcomeOf(toMode('API_AND_CONFIG_MAP'))).toContain('Unsupported');
    expect(await outcomeOf(toMode('API', { clientRequestToken: 't' }))).toBe('ok');
  });

  test('of two racing steps one is made and one refused', async () => {
    await create('API_AND_CONFIG_MAP');
    const outcomes = await Promise.all([outcomeOf(toMode('API')), outcomeOf(toMode('API'))]);
    expect(outcomes.toSorted()).toEqual([
      `${invalid}Unsupported authentication mode update from API to API`,
      'ok',
    ]);
  });
});

describe('updates that are asked for', () => {
  test.each<readonly [string, object, string]>([
    ['unknown', { updateId: 'x' }, 'No update found for ID: x'],
    ['of another cluster', { name: 'other', updateId: 'x' }, 'No cluster found for name: other.'],
    ['of a node group', { updateId: 'x', nodegroupName: 'ng' }, 'No node group found for name: ng.'],
    ['of an addon', { updateId: 'x', addonName: 'a' }, 'No addon found for name: a.'],
  ])('%s: not found', async (_name, input, message) => {
    await create('API');
    const call = world.call('DescribeUpdate', { name: 'prod', ...input });
    expect(await outcomeOf(call)).toBe(`ResourceNotFoundException: ${message}`);
  });

  test('are at most a hundred, the oldest is forgotten', async () => {
    await create('API');
    const { update: oldest } = await update({ deletionProtection: true });
    for (let i = 1; i <= 100; i++) {
      await update({ deletionProtection: i % 2 === 0 }, { now: aNoon + i });
    }
    expect(await world.storage.count('cluster-update/')).toBe(100);
    const call = world.call('DescribeUpdate', { name: 'prod', updateId: oldest?.id });
    expect(await outcomeOf(call)).toContain('No update found');
  });
});
