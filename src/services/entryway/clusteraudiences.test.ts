import { beforeEach, expect, test } from 'vitest';
import type { ClusterRecord } from '../../storage/records/eks.ts';
import { clusterKey } from '../../storage/records/keys.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import {
  account,
  aNoon,
  createApiCluster,
  createWorld,
  region,
  rootOf,
  type World,
} from '../eks/testworld.ts';
import { testContext } from '../testworld.ts';
import { clusterAudienceOperations } from './clusteraudiences.ts';

let world: World;
let cluster: ClusterRecord;
const key = (name: string) => clusterKey(account, region, name);
const stored = async (name = 'prod'): Promise<ClusterRecord> =>
  JSON.parse((await world.storage.get(key(name)))?.value ?? '{}');

beforeEach(async () => {
  world = await createWorld();
  await createApiCluster(world, 'builtin');
  await createApiCluster(world, 'prod');
  cluster = { ...(await stored()), kind: 'connected', apiAudiences: ['before'] };
  await world.storage.commit({
    changes: [{ type: 'put', key: key('prod'), value: JSON.stringify(cluster) }],
  });
});

async function put(audiences: readonly string[], clusterName = 'prod'): Promise<unknown> {
  const operation = clusterAudienceOperations(world).PutClusterAudiences;
  if (operation === undefined || operation.unsigned) throw new Error('no operation');
  const context = { ...testContext(world.storage), caller: rootOf(account), region, now: aNoon };
  try {
    return await operation.handle({ clusterName, audiences }, context);
  } catch (error) {
    if (error instanceof AwsError) return error.code;
    throw error;
  }
}

test.each<[string, readonly string[]]>([
  ['an empty one', ['https://api', '']],
  ['one of 257 characters', ['x'.repeat(257)]],
  ['one of two lines', ['a\nb']],
  ['one with a sign nobody sees', ['a\u200bb']],
  ['one with a space at its end', ['a ']],
  ['17 of them', Array.from({ length: 17 }, (_, at) => `a${at}`)],
])('audiences are refused: %s', async (_, audiences) => {
  expect(await put(audiences)).toBe('InvalidParameterException');
  expect(await stored()).toEqual(cluster);
});

test('only connected clusters have audiences', async () => {
  expect(await put(['a'], 'builtin')).toBe('InvalidRequestException');
  expect(await stored('builtin')).not.toHaveProperty('apiAudiences');
  expect(await put(['a'], 'absent')).toBe('ResourceNotFoundException');
});

test('audiences are set, each once, and taken away, and nothing else of the cluster changes', async () => {
  const longest = 'x'.repeat(256);
  expect(await put(['a', longest, 'a'])).toEqual({ clusterName: 'prod', audiences: ['a', longest] });
  expect(await stored()).toEqual({ ...cluster, apiAudiences: ['a', longest] });
  const most = Array.from({ length: 16 }, (_, at) => `a${at}`);
  expect(await put(most)).toMatchObject({ audiences: most });
  expect(await put([])).toEqual({ clusterName: 'prod', audiences: [] });
  const { apiAudiences: _gone, ...rest } = cluster;
  expect(await stored()).toEqual(rest);
});
