import { beforeEach, describe, expect, test } from 'vitest';
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
import type { OperationContext } from '../operation.ts';
import { testContext } from '../testworld.ts';
import { breakGlassOperations } from './breakglass.ts';

let world: World;
let ops: string;

beforeEach(async () => {
  world = await createWorld();
  await createApiCluster(world);
  ops = await world.add('role', 'ops', { path: '/team/', principalId: 'AROAOPS' });
});

async function call(name: string, input: object): Promise<unknown> {
  const operation = breakGlassOperations(world)[`${name}BreakGlassPrincipal`];
  if (operation === undefined || operation.unsigned) throw new Error(`no operation ${name}`);
  const context: OperationContext = {
    ...testContext(world.storage),
    caller: rootOf(account),
    region,
    now: aNoon,
  };
  return operation.handle(input, context);
}

async function refusalOf(answer: Promise<unknown>): Promise<string> {
  try {
    await answer;
    return 'ok';
  } catch (error) {
    if (error instanceof AwsError) return error.code;
    throw error;
  }
}

const storedCluster = async (): Promise<ClusterRecord> =>
  JSON.parse((await world.storage.get(clusterKey(account, region, 'prod')))?.value ?? '{}');

describe('nobody breaks the glass', () => {
  test.each<[string, object, string]>([
    [
      'who does not exist',
      { principalArn: `arn:aws:iam::${account}:role/nobody` },
      'InvalidParameterException',
    ],
    [
      'whose path is another',
      { principalArn: `arn:aws:iam::${account}:role/ops` },
      'InvalidParameterException',
    ],
    ['who is root', { principalArn: `arn:aws:iam::${account}:root` }, 'InvalidParameterException'],
    [
      'who is root elsewhere',
      { principalArn: 'arn:aws:iam::444455556666:root' },
      'InvalidParameterException',
    ],
    [
      'who is a session',
      { principalArn: `arn:aws:sts::${account}:assumed-role/ops/s` },
      'InvalidParameterException',
    ],
    ['by a pattern', { principalArn: `arn:aws:iam::${account}:role/*` }, 'InvalidParameterException'],
    [
      'of another partition',
      { principalArn: `arn:aws-cn:iam::${account}:role/team/ops` },
      'InvalidParameterException',
    ],
    ['without a reason', { reason: ' \n' }, 'InvalidParameterException'],
    ['with a novel for a reason', { reason: 'x'.repeat(501) }, 'InvalidParameterException'],
    ['on a cluster that is not there', { clusterName: 'absent' }, 'ResourceNotFoundException'],
  ])('%s', async (_, change, code) => {
    const input = { clusterName: 'prod', principalArn: ops, reason: 'drill', ...change };
    expect(await refusalOf(call('Put', input))).toBe(code);
    expect(await storedCluster()).not.toHaveProperty('breakGlass');
  });

  test('who is a service-linked role', async () => {
    const principalArn = await world.add('role', 'AWSServiceRoleForX', { path: '/aws-service-role/x/' });
    const input = { clusterName: 'prod', principalArn, reason: 'drill' };
    expect(await refusalOf(call('Put', input))).toBe('InvalidParameterException');
  });
});

test('the principal is set by its id, shown and taken away again', async () => {
  const breakGlass = { principalArn: ops, principalId: 'AROAOPS', reason: 'pager', setAt: new Date(aNoon) };
  const put = await call('Put', { clusterName: 'prod', principalArn: ops, reason: ' pager ' });
  expect(put).toEqual({ breakGlass: { ...breakGlass, state: 'READY' } });
  expect((await storedCluster()).breakGlass).toEqual({ ...breakGlass, setAt: aNoon });
  expect(await call('Describe', { clusterName: 'prod' })).toEqual(put);

  await call('Delete', { clusterName: 'prod' });
  expect(await storedCluster()).not.toHaveProperty('breakGlass');
  for (const name of ['Describe', 'Delete']) {
    expect(await refusalOf(call(name, { clusterName: 'prod' }))).toBe('ResourceNotFoundException');
  }
});

test('a principal that was deleted, or re-created since, is told before it is needed', async () => {
  const stateOf = async () =>
    ((await call('Describe', { clusterName: 'prod' })) as { breakGlass: { state: string } }).breakGlass.state;
  await call('Put', { clusterName: 'prod', principalArn: ops, reason: 'pager' });
  await world.remove('role', 'ops');
  expect(await stateOf()).toBe('PRINCIPAL_GONE');
  await world.add('role', 'ops', { path: '/team/', principalId: 'AROANEW' });
  expect(await stateOf()).toBe('PRINCIPAL_GONE');
});
