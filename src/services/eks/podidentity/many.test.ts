import type { PodIdentityAssociationSummary } from '@aws-sdk/client-eks';
import { beforeEach, describe, expect, test } from 'vitest';
import { outcomeOf, type World } from '../testworld.ts';
import { MAX_ASSOCIATIONS_PER_CLUSTER } from './associations.ts';
import { callsOf, createPodWorld, type PodIdentityCalls, seed } from './testworld.ts';

const invalid = 'InvalidParameterException: ';

let world: World;
let calls: PodIdentityCalls;

beforeEach(async () => {
  world = await createPodWorld();
  calls = callsOf(world);
});

describe('many', () => {
  test('of those that ask at once for the last place exactly one gets it, and a deletion makes a place (J11)', async () => {
    await seed(world, MAX_ASSOCIATIONS_PER_CLUSTER - 1);
    const full = 'ResourceLimitExceededException: A cluster can have at most 5000 Pod Identity associations';
    const outcomes = await Promise.all(
      [1, 2, 3, 4, 5].map((i) => outcomeOf(calls.create({ serviceAccount: `last-${i}` }))),
    );
    expect(outcomes.toSorted()).toEqual([full, full, full, full, 'ok']);
    const [last] = (await calls.list({ namespace: 'shop' })).associations;
    expect(await outcomeOf(calls.create({ serviceAccount: last?.serviceAccount }))).toMatch(/^ResourceInUse/);
    await calls.end(last?.associationId ?? '');
    expect(await outcomeOf(calls.create())).toBe('ok');
    expect(await outcomeOf(calls.create({ serviceAccount: 'more' }))).toBe(full);
  });

  test('are listed page by page, by namespace and name, with the members of a summary', async () => {
    await seed(world, 1000);
    const seen: PodIdentityAssociationSummary[] = [];
    let reads = 0;
    for (let nextToken: string | undefined; reads === 0 || nextToken !== undefined; reads++) {
      const page = await calls.list({ ...(nextToken !== undefined && { nextToken }) });
      seen.push(...page.associations);
      nextToken = page.nextToken;
    }
    expect(reads).toBe(10);
    const names = seen.map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`);
    expect(names).toEqual(names.toSorted());
    expect(new Set(names).size).toBe(1000);
    expect(Object.keys(seen[0] ?? {}).toSorted()).toEqual([
      ...['associationArn', 'associationId', 'clusterName', 'namespace', 'serviceAccount'],
    ]);
  });

  test('are filtered by namespace, by service account, and by both', async () => {
    await seed(world, 1000);
    for (const namespace of ['n0', 'other', 'shop'])
      await calls.create({ namespace, serviceAccount: 'cart' });
    await calls.create({ namespace: 'shop', serviceAccount: 'default' });
    const found = async (filter: object) =>
      (await calls.list(filter)).associations.map(
        ({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`,
      );
    expect(await found({ namespace: 'shop' })).toEqual(['shop/cart', 'shop/default']);
    expect(await found({ namespace: 'n0' })).toEqual(['n0/cart']);
    expect(await found({ serviceAccount: 'cart' })).toEqual(['n0/cart', 'other/cart', 'shop/cart']);
    expect(await found({ namespace: 'shop', serviceAccount: 'cart' })).toEqual(['shop/cart']);
    for (const none of [
      { namespace: 'none' },
      { namespace: '' },
      { serviceAccount: 'art' },
      { serviceAccount: 'shop/cart' },
      { namespace: 'shop', serviceAccount: 'none' },
      { namespace: 'Shop' },
    ]) {
      expect(await found(none)).toEqual([]);
    }
  });

  test('of one service account come in pages, too', async () => {
    for (const namespace of ['a', 'b', 'c', 'd', 'e']) {
      for (const serviceAccount of ['cart', 'default']) await calls.create({ namespace, serviceAccount });
    }
    const filter = { serviceAccount: 'cart', maxResults: 2 };
    const first = await calls.list(filter);
    const second = await calls.list({ ...filter, nextToken: first.nextToken });
    const third = await calls.list({ ...filter, nextToken: second.nextToken });
    expect(
      [first, second, third].map(({ associations }) => associations.map((one) => one.namespace)),
    ).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    expect(third.nextToken).toBeUndefined();
    expect(await outcomeOf(calls.list({ nextToken: first.nextToken }))).toBe(
      `${invalid}The nextToken parameter is not valid`,
    );
    expect(await outcomeOf(calls.list({ maxResults: 101 }))).toBe(
      `${invalid}maxResults must be between 1 and 100`,
    );
  });
});
