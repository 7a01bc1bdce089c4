import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createMemoryStorage } from '../../storage/memory/memory.ts';
import { chunkKey, freshPrefix, sealKey, sealsPrefix } from '../../storage/records/keys.ts';
import { openSqliteStorage } from '../../storage/sqlite/sqlite.ts';
import { type Batch, type Storage, StorageError } from '../../storage/storage.ts';
import type { TrailItem } from '../item.ts';
import { aCall, accountId, aTrail, noon } from '../testworld.ts';
import type { Trail } from '../trail.ts';

const sealing = { chunkRecords: 10 };
const queue = { batch: 5 };

async function fill(trail: Trail, count: number, operation = 'Get'): Promise<void> {
  for (let at = 0; at < count; at++) {
    trail.calls.record(aCall({ operation: `${operation}${at}` }));
    if (at % 5 === 4) await trail.flush();
  }
}

async function all(trail: Trail): Promise<readonly TrailItem[]> {
  const items: TrailItem[] = [];
  for (let after: string | undefined; ; ) {
    const page = await trail.read({ limit: 100, order: 'oldest', ...(after !== undefined && { after }) });
    items.push(...page.items);
    if (page.next === undefined) return items;
    after = page.next;
  }
}

const eventIds = (items: readonly TrailItem[]): readonly string[] =>
  items.map((item) => (item.kind === 'aws' ? item.record.eventID : item.event.auditID));

const freshRecords = async (storage: Storage): Promise<number> =>
  (await storage.list({ prefix: freshPrefix })).entries.reduce(
    (sum, { value }) => sum + value.split('\n').length,
    0,
  );

const charactersIn = async (storage: Storage): Promise<number> =>
  (await storage.list({ prefix: 'trail/' })).entries.reduce(
    (sum, { key, value }) => sum + key.length + value.length,
    0,
  );

describe('sealing', () => {
  test('moves records in one batch: at no moment is one of them missing or double', async () => {
    const inner = createMemoryStorage();
    const counts: number[] = [];
    const storage: Storage = {
      ...inner,
      async commit(batch: Batch) {
        const revision = await inner.commit(batch);
        const seals = await inner.list({ prefix: sealsPrefix });
        const sealed = seals.entries.reduce((sum, { value }) => sum + JSON.parse(value).records, 0);
        counts.push(sealed + (await freshRecords(inner)));
        return revision;
      },
    };
    const trail = await aTrail(storage, { sealing, queue });
    await fill(trail, 100);
    await expect.poll(() => trail.seals().length).toBe(9);
    // Every commit either adds records or leaves their number.
    expect(counts).toEqual(counts.toSorted((one, other) => one - other));
    expect(counts.at(-1)).toBe(100);
    await trail.close();
  });

  test('large records are sealed although they are few', async () => {
    const trail = await aTrail(createMemoryStorage(), { sealing: { chunkCharacters: 5000 }, queue });
    await fill(trail, 50);
    await expect.poll(() => trail.seals().length).toBeGreaterThan(3);
    await trail.close();
  });

  test('what the store refuses to seal stays fresh and is sealed later', async () => {
    const inner = createMemoryStorage();
    let refusing = true;
    const storage: Storage = {
      ...inner,
      commit: (batch: Batch) =>
        refusing && batch.changes.some(({ key }) => key.startsWith(sealsPrefix))
          ? Promise.reject(new StorageError('storageFailed', 'no'))
          : inner.commit(batch),
    };
    const errors: string[] = [];
    const trail = await aTrail(storage, { sealing, queue, errors });
    await fill(trail, 50);
    await expect.poll(() => errors).toContain('records of the trail could not be sealed');
    expect(trail.seals()).toEqual([]);
    refusing = false;
    await fill(trail, 50);
    await expect.poll(() => trail.seals().length).toBe(9);
    expect(new Set(eventIds(await all(trail))).size).toBe(100);
    await trail.close();
  });

  test('records that have waited for an hour are sealed, however few', async () => {
    const storage = createMemoryStorage();
    const trail = await aTrail(storage);
    await fill(trail, 3);
    await trail.close();
    const later = await aTrail(storage, { now: () => noon + 3_600_010 });
    await expect.poll(() => later.seals()).toMatchObject([{ sequence: 1, records: 3 }]);
    expect(await freshRecords(storage)).toBe(0);
    await later.close();
  });

  test('a clock that goes back disturbs nothing: records are found at the times they tell', async () => {
    let now = noon;
    const trail = await aTrail(createMemoryStorage(), { sealing, queue, now: () => now++ });
    await fill(trail, 50, 'Before');
    now = noon - 100_000;
    await fill(trail, 50, 'After');
    await expect.poll(() => trail.seals().length).toBeGreaterThan(5);
    const items = await all(trail);
    expect(items).toHaveLength(100);
    const names = items.map((item) => (item.kind === 'aws' ? item.record.eventName : ''));
    expect(names.slice(0, 50).every((name) => name.startsWith('After'))).toBe(true);
    const positions = items.map(({ position }) => position);
    expect(positions).toEqual(positions.toSorted());
    await trail.close();
  });
});

describe('after a crash at any moment', () => {
  const directories: string[] = [];
  afterEach(() => {
    for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
  });

  test.each([1, 2, 3, 5, 8, 13, 21])('at commit %i of a run that seals', async (last) => {
    const directory = mkdtempSync(join(tmpdir(), 'entryway-trail-'));
    directories.push(directory);
    const inner = openSqliteStorage({ directory });
    let commits = 0;
    // From then on nothing reaches the disk any more, as after a kill.
    const storage: Storage = {
      ...inner,
      commit: (batch) => (++commits > last ? new Promise(() => {}) : inner.commit(batch)),
    };
    const trail = await aTrail(storage, { sealing, queue, errors: [] });
    const acknowledged: string[] = [];
    const write = async (at: number): Promise<void> => {
      const put = { type: 'put', key: `k/${at}`, value: '' } as const;
      await storage.commit({ changes: [put, ...trail.calls.recordOf(aCall({ operation: `Create${at}` }))] });
      acknowledged.push(`Create${at}`);
    };
    const writing = Array.from({ length: 60 }, (_, at) => write(at));
    await Promise.race([Promise.all(writing), expect.poll(() => commits).toBeGreaterThan(last)]);
    await inner.close();

    const reopened = openSqliteStorage({ directory });
    const again = await aTrail(reopened, { sealing, queue });
    const items = await all(again);
    const names = items.map((item) => (item.kind === 'aws' ? item.record.eventName : ''));
    expect(names).toEqual(expect.arrayContaining(acknowledged));
    expect(new Set(names).size).toBe(names.length);
    expect(await reopened.count('k/')).toBe(names.length);
    await again.close();
    await reopened.close();
  });
});

test('a burst of reads is sealed at once, along with single changes, in one chain', async () => {
  const storage = createMemoryStorage();
  const trail = await aTrail(storage, { sealing, queue: { batch: 25 } });
  const told: string[] = [];
  trail.subscribe((items) => told.push(...eventIds(items)));
  for (let at = 0; at < 400; at++) {
    if (at % 9 === 0)
      await storage.commit({ changes: trail.calls.recordOf(aCall({ operation: `Create${at}` })) });
    else trail.calls.record(aCall({ operation: `Get${at}` }));
  }
  await trail.flush();
  await expect.poll(() => freshRecords(storage)).toBeLessThan(20);
  const items = await all(trail);
  expect(items).toHaveLength(400);
  expect(new Set(told)).toEqual(new Set(eventIds(items)));
  expect(told).toHaveLength(400);
  let previous = '';
  for (const [at, seal] of trail.seals().entries()) {
    expect(seal).toMatchObject({ sequence: at + 1, previousSha256: previous });
    previous = seal.sha256;
  }
  await trail.close();
});

describe('retention', () => {
  const removalOf = (items: readonly TrailItem[]): unknown =>
    items.flatMap((item) =>
      item.kind === 'aws' ? (item.record.additionalEventData?.entryway.removed ?? []) : [],
    );

  test('beyond the bound on size the oldest chunks go first, and a record says so', async () => {
    const storage = createMemoryStorage();
    const trail = await aTrail(storage, { sealing: { ...sealing, keptCharacters: 20_000 }, queue });
    await fill(trail, 300);
    await expect.poll(() => trail.seals()[0]?.sequence).toBeGreaterThan(5);
    await trail.flush();
    const items = await all(trail);
    const names = items.map((item) => (item.kind === 'aws' ? item.record.eventName : ''));
    expect(names).toContain('Get299');
    expect(names).not.toContain('Get0');
    expect(removalOf(items)).toContainEqual(expect.objectContaining({ reason: 'size' }));
    await expect.poll(() => charactersIn(storage)).toBeLessThan(40_000);
    await trail.close();
  });

  test('the bound on size holds while records come as fast as they are sealed', async () => {
    const inner = createMemoryStorage();
    let trail: Trail | undefined;
    let seals = 0;
    let most = 0;
    const storage: Storage = {
      ...inner,
      async commit(batch: Batch) {
        const revision = await inner.commit(batch);
        if (
          batch.changes.some(({ key, type }) => type === 'put' && key.startsWith(sealsPrefix)) &&
          seals++ < 100
        ) {
          while ((await freshRecords(inner)) < 30) {
            await inner.commit({ changes: trail?.calls.recordOf(aCall()) ?? [] });
          }
        }
        most = Math.max(most, await charactersIn(inner));
        return revision;
      },
    };
    trail = await aTrail(storage, { sealing: { ...sealing, keptCharacters: 50_000 }, queue });
    await fill(trail, 30);
    await expect.poll(() => seals).toBeGreaterThan(100);
    expect(most).toBeLessThan(90_000);
    await trail.close();
  });

  test('after ninety days records go, and the chain goes on from the hash the removal names', async () => {
    const storage = createMemoryStorage();
    const trail = await aTrail(storage, { sealing, queue });
    await fill(trail, 60);
    await expect.poll(() => trail.seals().length).toBe(5);
    const before = trail.seals();
    await trail.close();
    const now = noon + 91 * 86_400_000;
    const later = await aTrail(storage, { sealing, queue, now: () => now });
    await expect.poll(() => later.seals().length).toBeLessThan(3);
    const [left] = later.seals();
    const [removed] = removalOf(await all(later)) as { lastSha256: string; reason: string }[];
    expect(removed).toMatchObject({ reason: 'age', lastSha256: left?.previousSha256 });
    expect(before.map(({ sha256 }) => sha256)).toContain(removed?.lastSha256);
    await later.close();
  });
});

describe('tampering', () => {
  test('a chunk that was changed is told apart and shown to nobody', async () => {
    const storage = createMemoryStorage();
    const errors: string[] = [];
    const trail = await aTrail(storage, { sealing, queue, errors });
    await fill(trail, 40);
    await expect.poll(() => trail.seals().length).toBe(3);
    const other = await storage.get(chunkKey(2));
    await storage.commit({ changes: [{ type: 'put', key: chunkKey(1), value: other?.value ?? '' }] });
    expect(await all(trail)).toHaveLength(30);
    expect(errors).toContain('a sealed chunk of the trail is damaged');
    await trail.close();
  });

  test('a seal or a fresh record that was changed is told, and the rest goes on', async () => {
    const storage = createMemoryStorage();
    const trail = await aTrail(storage, { sealing, queue });
    await fill(trail, 45);
    await expect.poll(() => trail.seals().length).toBe(3);
    await trail.close();
    const [fresh] = (await storage.list({ prefix: freshPrefix })).entries;
    await storage.commit({
      changes: [
        { type: 'put', key: sealKey(3), value: '{}' },
        { type: 'put', key: fresh?.key ?? '', value: 'no record' },
      ],
    });
    const errors: string[] = [];
    const again = await aTrail(storage, { sealing, queue, errors });
    await fill(again, 40, 'Later');
    await expect.poll(() => again.seals().length).toBeGreaterThan(4);
    expect(again.seals()[2]?.sequence).toBe(4);
    expect(errors.filter((message) => message === 'a part of the trail is unreadable')).toHaveLength(2);
    expect((await all(again)).length).toBe(85 - 10 - 5);
    await again.close();
  });

  test.each([
    [
      'its index, so that look-ups pass it by',
      2,
      (seal: string) => seal.replace(/"terms":"[^"]*"/, '"terms":""'),
    ],
    ['its range', 2, (seal: string) => seal.replace(/"last":"./, '"last":"/')],
    [
      'the hash of its records',
      2,
      (seal: string) => seal.replace(/"contentSha256":"./, '"contentSha256":"x'),
    ],
    [
      'the hash of the one before',
      2,
      (seal: string) => seal.replace(/"previousSha256":"./, '"previousSha256":"x'),
    ],
    ['all of it, taken away with its records', undefined, () => undefined],
  ])('a seal that was changed breaks the chain, which a start tells: %s', async (_, left, change) => {
    const storage = createMemoryStorage();
    const trail = await aTrail(storage, { sealing, queue });
    await fill(trail, 40);
    await expect.poll(() => trail.seals().length).toBe(3);
    await trail.close();
    const key = sealKey(2);
    const value = change((await storage.get(key))?.value ?? '');
    await storage.commit({
      changes: [value === undefined ? { type: 'delete', key } : { type: 'put', key, value }],
    });
    const errors: string[] = [];
    const again = await aTrail(storage, { sealing, queue, errors });
    expect(again.seals()[1]?.sequence).toBe(left ?? 3);
    expect(errors).toContain('the chain of the trail is broken before this chunk');
    const notices = { attribute: { key: 'EventName', value: 'TrailDamaged' }, limit: 5 } as const;
    expect((await again.read(notices)).items.at(-1)).toMatchObject({
      record: { additionalEventData: { entryway: { damaged: { what: 'chain' } } } },
    });
    await again.close();
  });

  test('the seal of one chunk does not do for another', async () => {
    const storage = createMemoryStorage();
    const trail = await aTrail(storage, { sealing, queue });
    await fill(trail, 40);
    await expect.poll(() => trail.seals().length).toBe(3);
    await trail.close();
    const value = (await storage.get(sealKey(1)))?.value ?? '';
    await storage.commit({ changes: [{ type: 'put', key: sealKey(2), value }] });
    const errors: string[] = [];
    const again = await aTrail(storage, { sealing, queue, errors });
    expect(again.seals().map(({ sequence }) => sequence)).toEqual([1, 3]);
    expect(errors).toEqual(['a part of the trail is unreadable']);
    await again.close();
  });

  test('a chunk that was taken away is told apart from one that retention removed', async () => {
    const storage = createMemoryStorage();
    const errors: string[] = [];
    const trail = await aTrail(storage, { sealing, queue, errors });
    await fill(trail, 40);
    await expect.poll(() => trail.seals().length).toBe(3);
    await storage.commit({ changes: [{ type: 'delete', key: chunkKey(1) }] });
    expect(await all(trail)).toHaveLength(30);
    expect(errors).toEqual(['a sealed chunk of the trail is damaged']);
    await trail.close();
  });
});

test('subscribers are told of every record once, in the order of storing', async () => {
  const storage = createMemoryStorage();
  const trail = await aTrail(storage, { sealing, queue });
  const told: string[] = [];
  const stop = trail.subscribe((items) => told.push(...eventIds(items)));
  await fill(trail, 40);
  await storage.commit({ changes: trail.calls.recordOf(aCall()) });
  stop();
  await fill(trail, 5);
  expect(told).toHaveLength(41);
  expect(new Set(told).size).toBe(41);
  expect(told).toEqual(eventIds(await all(trail)).slice(0, 41));
  await trail.close();
});

test('what waits when strangers were too many is told when the trail closes', async () => {
  const storage = createMemoryStorage();
  const trail = await aTrail(storage, { refusals: { burst: 1, perSecond: 0 } });
  for (let at = 0; at < 5; at++) {
    trail.calls.record(aCall({ caller: undefined, accessKeyId: undefined, code: 'IncompleteSignature' }));
  }
  await trail.close();
  const again = await aTrail(storage);
  expect(
    await again.read({ accountId, attribute: { key: 'EventName', value: 'RefusalsCounted' }, limit: 5 }),
  ).toMatchObject({
    items: [{ record: { additionalEventData: { entryway: { unrecordedRefusals: { count: 4 } } } } }],
  });
  await again.close();
});
