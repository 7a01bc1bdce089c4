import { describe, expect, test } from 'vitest';
import { createMemoryStorage } from '../../storage/memory/memory.ts';
import { accessKeyKey } from '../../storage/records/keys.ts';
import { type Batch, type Storage, StorageError } from '../../storage/storage.ts';
import type { TrailItem } from '../item.ts';
import { aCall, aRequest, aTrail, noon } from '../testworld.ts';
import type { Trail } from '../trail.ts';
import { createRefusals } from './refusals.ts';

/** A store that refuses writes while it is told to. */
function brokenStorage(): { readonly storage: Storage; broken: boolean; readonly batches: Batch[] } {
  const inner = createMemoryStorage();
  const world = {
    broken: false,
    batches: [] as Batch[],
    storage: {
      ...inner,
      async commit(batch: Batch) {
        if (world.broken) throw new StorageError('storageFailed', 'the disk is full');
        world.batches.push(batch);
        return inner.commit(batch);
      },
    },
  };
  return world;
}

async function all(trail: Trail): Promise<readonly TrailItem[]> {
  return (await trail.read({ limit: 1000, order: 'oldest' })).items;
}

const namesOf = (items: readonly TrailItem[]): readonly string[] =>
  items.map((item) => (item.kind === 'aws' ? item.record.eventName : item.event.verb));

describe('while the store refuses', () => {
  test('records wait, and each is stored once when it works again', async () => {
    const world = brokenStorage();
    const errors: string[] = [];
    const trail = await aTrail(world.storage, { errors });
    world.broken = true;
    for (let at = 0; at < 5; at++) {
      trail.calls.record(aCall({ operation: `Get${at}` }));
      await trail.flush();
    }
    expect(await all(trail)).toEqual([]);
    world.broken = false;
    expect(namesOf(await all(trail))).toEqual(['Get0', 'Get1', 'Get2', 'Get3', 'Get4']);
    expect(errors).toContain('records of the trail could not be stored and wait');
    await trail.close();
  });

  test('beyond the bound they are counted, logged once, and a record says how many were lost', async () => {
    const world = brokenStorage();
    const errors: string[] = [];
    const trail = await aTrail(world.storage, { errors, queue: { waiting: 10 } });
    world.broken = true;
    for (let at = 0; at < 25; at++) trail.calls.record(aCall());
    await trail.flush();
    world.broken = false;
    const items = await all(trail);
    expect(items).toHaveLength(11);
    const notice = items.find((item) => item.kind === 'aws' && item.record.eventName === 'RecordsLost');
    expect(notice).toMatchObject({
      record: {
        eventSource: 'entryway',
        eventType: 'AwsServiceEvent',
        additionalEventData: { entryway: { lost: { count: 15, from: expect.any(String) } } },
      },
    });
    expect(errors.filter((message) => message.includes('being lost'))).toHaveLength(1);
    await trail.close();
  });

  test('a change whose record cannot be stored is not stored either', async () => {
    const world = brokenStorage();
    const trail = await aTrail(world.storage, { errors: [] });
    world.broken = true;
    const change = { type: 'put', key: 'k', value: 'v' } as const;
    const batch = { changes: [change, ...trail.calls.recordOf(aCall())] };
    await expect(world.storage.commit(batch)).rejects.toThrow();
    world.broken = false;
    expect(await world.storage.get('k')).toBeUndefined();
    expect(await all(trail)).toEqual([]);
    await trail.close();
  });
});

test('closing stores what waits', async () => {
  const storage = createMemoryStorage();
  const trail = await aTrail(storage);
  trail.calls.record(aCall({ operation: 'ListClusters' }));
  await trail.close();
  const again = await aTrail(storage);
  expect(namesOf(await all(again))).toEqual(['ListClusters']);
  await again.close();
});

test('many records share one commit and few keys', async () => {
  const world = brokenStorage();
  const trail = await aTrail(world.storage);
  for (let at = 0; at < 400; at++) trail.calls.record(aCall());
  await trail.flush();
  expect(world.batches).toHaveLength(1);
  expect(world.batches[0]?.changes.length).toBeLessThan(12);
  await trail.close();
});

test('where many records wait, more of them are stored at once', async () => {
  const world = brokenStorage();
  const trail = await aTrail(world.storage, { queue: { batch: 5 }, errors: [] });
  world.broken = true;
  for (let at = 0; at < 200; at++) trail.calls.record(aCall());
  await trail.flush();
  world.broken = false;
  expect(await all(trail)).toHaveLength(200);
  expect(world.batches.length).toBeLessThan(25);
  await trail.close();
});

test('a record that cannot be made is counted', async () => {
  const errors: string[] = [];
  const trail = await aTrail(createMemoryStorage(), { errors });
  trail.calls.record(aCall({ source: undefined }));
  expect(errors).toEqual(['a record of the trail could not be made', 'records of the trail are being lost']);
  expect(namesOf(await all(trail))).toEqual(['RecordsLost']);
  await trail.close();
});

describe('strangers cannot fill the trail', () => {
  const refused = { caller: undefined, accessKeyId: 'AKIANOBODY', code: 'InvalidClientTokenId' };

  test('beyond the bound their refused calls are counted', async () => {
    const trail = await aTrail(createMemoryStorage(), { now: () => 0, refusals: { burst: 10 } });
    for (let at = 0; at < 100; at++) trail.calls.record(aCall({ ...refused, at: 0 }));
    trail.calls.record(aCall({ operation: 'ListClusters' }));
    expect(await all(trail)).toHaveLength(11);
    await trail.close();
  });

  test('in a day of knocking they make ten thousand records at most', async () => {
    const refusals = createRefusals();
    let admitted = 0;
    for (let second = 0; second < 86_400; second++) if (refusals.admit(noon + second * 1000)) admitted++;
    expect(admitted).toBeLessThan(10_000);
  });

  test('their records are short, whatever they send', async () => {
    const storage = createMemoryStorage();
    const trail = await aTrail(storage);
    const long = 'x'.repeat(8000);
    const source = { sourceIp: '192.0.2.1', secureTransport: true, userAgent: long, host: long };
    const input = { RoleArn: long, RoleSessionName: long, WebIdentityToken: long, Policy: long };
    const operation = { service: 'sts', operation: 'AssumeRoleWithWebIdentity', input };
    const message = `Value '${long}'`;
    trail.calls.record(aCall({ ...refused, ...operation, source, message, accessKeyId: long }));
    const authentication = { outcome: 'refused', code: 'malformed', accessKeyId: long } as const;
    trail.requests.record(aRequest({ requestUri: `/${long}`, userAgent: long, authentication, status: 401 }));
    for (const item of await all(trail)) expect(JSON.stringify(item).length).toBeLessThan(2500);
    await trail.close();
  });

  test('who is known and has no access to a cluster is no stranger', async () => {
    const trail = await aTrail(createMemoryStorage(), { refusals: { burst: 0 } });
    const authentication = { outcome: 'refused', code: 'noMapping', principalId: 'AIDAALICE' } as const;
    trail.requests.record(aRequest({ authentication, status: 401 }));
    trail.requests.record(aRequest({ authentication: { outcome: 'refused' }, status: 401 }));
    expect(await all(trail)).toHaveLength(1);
    await trail.close();
  });
});

test('a look-up does not wait for calls that go on coming', async () => {
  const inner = createMemoryStorage();
  let trail: Trail | undefined;
  let coming = 2000;
  const storage: Storage = {
    ...inner,
    commit(batch: Batch) {
      // While this is stored, the next call is answered.
      if (coming-- > 0) trail?.calls.record(aCall({ operation: 'Later' }));
      return inner.commit(batch);
    },
  };
  trail = await aTrail(storage);
  trail.calls.record(aCall({ operation: 'Before' }));
  expect(namesOf(await all(trail))).toContain('Before');
  expect(coming).toBeGreaterThan(1990);
  coming = 0;
  await trail.close();
});

test('large records that come at once do not become one chunk that is too large to be opened', async () => {
  const trail = await aTrail(createMemoryStorage(), { sealing: { chunkRecords: 50 } });
  const PolicyInputList = Array.from({ length: 12 }, () => '漢'.repeat(8000));
  const large = aCall({ service: 'iam', operation: 'SimulateCustomPolicy', input: { PolicyInputList } });
  for (let at = 0; at < 50; at++) trail.calls.record(large);
  expect(await all(trail)).toHaveLength(50);
  await expect.poll(() => trail.seals().map(({ records }) => records)).toEqual([11, 11, 11, 11]);
  await trail.close();
});

test('while preparing fails, new records try no more often than the timer', async () => {
  const inner = createMemoryStorage();
  let tries = 0;
  const storage: Storage = {
    ...inner,
    getMany() {
      tries++;
      return Promise.reject(new StorageError('storageFailed', 'unreadable'));
    },
  };
  const trail = await aTrail(storage, { errors: [], queue: { batch: 5, retryDelay: 600_000 } });
  for (let at = 0; at < 50; at++) {
    trail.calls.record(aCall());
    await new Promise(setImmediate);
  }
  expect(tries).toBe(1);
  await trail.close();
});

test('a damaged access key that a stranger names keeps no call from being recorded', async () => {
  const storage = createMemoryStorage();
  await storage.commit({ changes: [{ type: 'put', key: accessKeyKey('AKIADAMAGED'), value: '{broken' }] });
  const trail = await aTrail(storage);
  trail.calls.record(aCall({ caller: undefined, accessKeyId: 'AKIADAMAGED', code: 'SignatureDoesNotMatch' }));
  expect(await all(trail)).toHaveLength(1);
  await trail.close();
});
