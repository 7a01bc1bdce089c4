import { beforeEach, expect, test } from 'vitest';
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
import { type PrepareRotation, signingKeyOperations } from './signingkeys.ts';

let world: World;
const asked: string[] = [];
let announced = false;
const prepareRotation: PrepareRotation = async ({ name }, how) => {
  asked.push(`${name} ${how}`);
  const batch = { expect: [], changes: [{ type: 'put' as const, key: 'signing-keys/x', value: how }] };
  return { batch: announced ? undefined : batch, keyId: 'k', signsFrom: aNoon };
};

beforeEach(async () => {
  asked.splice(0);
  announced = false;
  world = await createWorld();
  await createApiCluster(world, 'prod');
  await createApiCluster(world, 'far');
  const key = clusterKey(account, region, 'far');
  const value = (await world.storage.get(key))?.value.replace('"builtIn"', '"connected"') ?? '';
  await world.storage.commit({ changes: [{ type: 'put', key, value }] });
});

async function rotate(input: object): Promise<unknown> {
  const operation = signingKeyOperations({ ...world, prepareRotation }).RotateSigningKey;
  if (operation === undefined || operation.unsigned) throw new Error('no operation');
  const context = { ...testContext(world.storage), caller: rootOf(account), region, now: aNoon };
  try {
    return await operation.handle(input, context);
  } catch (error) {
    if (error instanceof AwsError) return error.code;
    throw error;
  }
}

test.each([
  ['far', 'InvalidRequestException'],
  ['absent', 'ResourceNotFoundException'],
])('cluster %s has no keys here', async (clusterName, code) => {
  expect(await rotate({ clusterName })).toBe(code);
  expect(asked).toEqual([]);
});

test.each([
  [{}, 'announce'],
  [{ revoke: false }, 'announce'],
  [{ revoke: true }, 'replace'],
])('%j: %s', async (options, how) => {
  const answer = { clusterName: 'prod', keyId: 'k', signsFrom: new Date(aNoon) };
  expect(await rotate({ clusterName: 'prod', ...options })).toEqual(answer);
  expect([asked, (await world.storage.get('signing-keys/x'))?.value]).toEqual([[`prod ${how}`], how]);
});

test('a key that is announced already is told, and nothing stored', async () => {
  announced = true;
  expect(await rotate({ clusterName: 'prod' })).toMatchObject({ keyId: 'k' });
  expect(await world.storage.get('signing-keys/x')).toBeUndefined();
});
