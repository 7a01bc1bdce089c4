import { expect, test } from 'vitest';
import { createMemoryStorage } from '../storage/memory/memory.ts';
import { accountKey } from '../storage/records/keys.ts';
import type { TrailItem } from './item.ts';
import { aCall, accountId, aRequest, aTrail, noon } from './testworld.ts';
import type { Trail, TrailQuery } from './trail.ts';

const names = (items: readonly TrailItem[]): readonly string[] =>
  items.map((item) => (item.kind === 'aws' ? item.record.eventName : item.event.requestURI));

async function allPages(trail: Trail, query: TrailQuery): Promise<readonly TrailItem[]> {
  const items: TrailItem[] = [];
  for (let after: string | undefined; ; ) {
    const page = await trail.read({ ...query, ...(after !== undefined && { after }) });
    items.push(...page.items);
    if (page.next === undefined) return items;
    after = page.next;
  }
}

test('a look-up sees every call answered before it', async () => {
  const trail = await aTrail(createMemoryStorage());
  trail.calls.record(aCall({ operation: 'ListClusters' }));
  expect(names((await trail.read({ limit: 10 })).items)).toEqual(['ListClusters']);
  await trail.close();
});

test('thousands of records are sealed into chunks, and every one is found once in either order', async () => {
  const storage = createMemoryStorage();
  const trail = await aTrail(storage, { sealing: { chunkRecords: 100 }, queue: { batch: 50 } });
  for (let at = 0; at < 3000; at++) {
    if (at % 7 === 0)
      await storage.commit({ changes: trail.calls.recordOf(aCall({ operation: `Write${at}` })) });
    else trail.calls.record(aCall({ operation: `Get${at}` }));
    if (at % 500 === 0) await trail.flush();
  }
  await trail.flush();
  const newest = await allPages(trail, { limit: 37 });
  await expect.poll(() => trail.seals().length).toBeGreaterThan(10);
  expect(newest).toHaveLength(3000);
  expect(new Set(names(newest)).size).toBe(3000);
  const oldest = await allPages(trail, { limit: 1000, order: 'oldest' });
  expect(names(oldest)).toEqual(names(newest).toReversed());
  const rare = { attribute: { key: 'EventName', value: 'Get1234' }, limit: 5 } as const;
  expect(names((await trail.read({ ...rare, accountId })).items)).toEqual(['Get1234']);
  expect(names((await trail.read(rare)).items)).toEqual(['Get1234']);
  expect((await trail.read({ ...rare, accountId: '999999999999' })).items).toEqual([]);
  await trail.close();
  const again = await aTrail(storage, { sealing: { chunkRecords: 100 } });
  expect(names(await allPages(again, { limit: 1000 }))).toEqual(names(newest));
  await again.close();
});

test('sealed chunks are chained by their hashes', async () => {
  const trail = await aTrail(createMemoryStorage(), { sealing: { chunkRecords: 10 }, queue: { batch: 5 } });
  for (let at = 0; at < 200; at++) {
    trail.calls.record(aCall());
    if (at % 5 === 4) await trail.flush();
  }
  await expect.poll(() => trail.seals().length).toBeGreaterThan(5);
  let previous = '';
  for (const [at, seal] of trail.seals().entries()) {
    expect(seal).toMatchObject({ sequence: at + 1, previousSha256: previous });
    previous = seal.sha256;
  }
  await trail.close();
});

test('requests to clusters are found beside calls, by kind', async () => {
  const trail = await aTrail(createMemoryStorage());
  trail.requests.record(aRequest());
  trail.calls.record(aCall());
  expect(names((await trail.read({ limit: 10, kind: 'kubernetes' })).items)).toEqual([
    '/api/v1/namespaces/default/configmaps?limit=500',
  ]);
  expect(names((await trail.read({ limit: 10, kind: 'aws' })).items)).toEqual(['DescribeCluster']);
  await trail.close();
});

test('a time range has both its ends', async () => {
  let now = noon;
  const trail = await aTrail(createMemoryStorage(), { now: () => now });
  for (const second of [1, 2, 3]) {
    now = noon + second * 1000;
    trail.calls.record(aCall({ operation: `Get${second}` }));
  }
  const page = await trail.read({ limit: 10, from: noon + 2000, to: noon + 3000 });
  expect(names(page.items)).toEqual(['Get3', 'Get2']);
  await trail.close();
});

test('a stranger who names a role of an account that does not exist is recorded for the operator', async () => {
  const storage = createMemoryStorage();
  await storage.commit({ changes: [{ type: 'put', key: accountKey('444455556666'), value: '{}' }] });
  const trail = await aTrail(storage);
  for (const account of ['444455556666', '999988887777']) {
    const input = { RoleArn: `arn:aws:iam::${account}:role/ops`, RoleSessionName: account };
    const operation = { service: 'sts', operation: 'AssumeRoleWithWebIdentity', input };
    trail.calls.record(aCall({ ...operation, caller: undefined, code: 'InvalidIdentityToken' }));
  }
  const found = (await trail.read({ limit: 10, order: 'oldest' })).items.map((item) => item.accountId);
  expect(found).toEqual(['444455556666', accountId]);
  await trail.close();
});

test.each(['newest', 'oldest'] as const)(
  'a page that opens hundreds of chunks ends early: %s first',
  async (order) => {
    const trail = await aTrail(createMemoryStorage(), { sealing: { chunkRecords: 1 } });
    for (let at = 0; at < 600; at++) {
      trail.calls.record(aCall({ operation: `Get${at}` }));
      await trail.flush();
    }
    const page = await trail.read({ limit: 1000, order });
    expect(page.items.length).toBeLessThan(300);
    const found = names(await allPages(trail, { limit: 1000, order }));
    const inOrder = Array.from({ length: 600 }, (_, at) => `Get${at}`);
    expect(found).toEqual(order === 'oldest' ? inOrder : inOrder.toReversed());
    await trail.close();
  },
);
