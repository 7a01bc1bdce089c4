import { expect, test, vi } from 'vitest';
import { seedOfRun } from '../../../../test/seed.ts';
import { createMemoryStorage } from '../../../storage/memory/memory.ts';
import { objectKey } from '../../../storage/records/keys.ts';
import type { Storage } from '../../../storage/storage.ts';
import { deletionStep, isFinished, type Propagation, withoutFinalizer } from '../../objects/deletion.ts';
import type { KubeObject } from '../../objects/object.ts';
import { readObject, writeObject } from '../../objects/store.ts';
import { namespaceKey } from '../../resources/namespaces.ts';
import { clusterId, controllersOver } from '../testworld.ts';
import { createGarbageCollector } from './garbagecollector.ts';
import { type Model, type ModelObject, type ModelReference, markModel, settle } from './testworld.ts';

const kind = { group: '', resource: 'configmaps' } as const;
const keyOf = (namespace: string, name: string) => objectKey(clusterId, '', 'configmaps', namespace, name);

const collectorOver = (storage: Storage) => controllersOver(storage, [createGarbageCollector]);

/** A small generator of numbers that a seed repeats (mulberry32). */
function numbers(seed: number) {
  let state = seed;
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

interface World {
  readonly storage: Storage;
  readonly model: Model;
  /** Of every object there ever was. */
  readonly uids: string[];
}

const namespaceOf = (name: string) =>
  writeObject(namespaceKey(clusterId, name), { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
const policies: readonly Propagation[] = ['Background', 'Foreground', 'Orphan'];

/** One random write, done to the store as the API would do it, and to the model. */
async function step({ storage, model, uids }: World, below: (n: number) => number): Promise<string> {
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const name = `o${below(7)}`;
  const namespace = below(6) === 0 ? 'two' : 'one';
  const key = keyOf(namespace, name);
  const references = (): ModelReference[] =>
    Array.from({ length: below(3) }, () => {
      const known = model.size === 0 || below(8) === 0 ? undefined : pick([...model.values()]);
      return {
        apiVersion: below(40) === 0 ? 'acme.example/v1' : 'v1',
        kind: 'ConfigMap',
        name: known?.name ?? `o${below(7)}`,
        uid: known === undefined ? pick(['never', ...uids]) : known.uid,
        blockOwnerDeletion: below(2) === 0,
      };
    });
  const put = async (object: KubeObject, modelled: ModelObject): Promise<void> => {
    const isGone = isFinished(kind, object);
    await storage.commit({ changes: [isGone ? { type: 'delete', key } : writeObject(key, object)] });
    if (isGone) model.delete(key);
    else model.set(key, modelled);
  };
  const entry = await storage.get(key);
  const known = model.get(key);
  if (entry === undefined || known === undefined) {
    const uid = `u${uids.length}`;
    uids.push(uid);
    const finalizers = below(4) === 0 ? ['acme.example/x'] : [];
    const made = references();
    const metadata = { name, namespace, uid, ownerReferences: made as never, finalizers };
    await put(
      { apiVersion: 'v1', kind: 'ConfigMap', metadata },
      { name, namespace, uid, references: made, finalizers, isDeleting: false },
    );
    return `create ${namespace}/${name} ${uid} ${JSON.stringify(made)} ${finalizers}`;
  }
  const object = readObject(entry);
  switch (below(5)) {
    case 0: {
      const made = references();
      const metadata = { ...object.metadata, ownerReferences: made as never };
      await put({ ...object, metadata }, { ...known, references: made });
      return `change ${namespace}/${name} ${JSON.stringify(made)}`;
    }
    case 1:
      await put(withoutFinalizer(object, 'acme.example/x'), {
        ...known,
        finalizers: known.finalizers.filter((one) => one !== 'acme.example/x'),
      });
      return `release ${namespace}/${name}`;
    default: {
      const propagation = pick(policies);
      const { outcome, object: next } = deletionStep(kind, object, { propagation }, 0);
      const change = outcome === 'gone' ? ({ type: 'delete', key } as const) : writeObject(key, next);
      await storage.commit({ changes: [change] });
      if (outcome === 'gone') model.delete(key);
      else model.set(key, markModel(known, propagation));
      return `delete ${namespace}/${name} ${propagation}`;
    }
  }
}

function shuffled<T>(list: readonly T[], below: (n: number) => number): readonly T[] {
  return list
    .map((one) => ({ one, at: below(2 ** 20) }))
    .sort((left, right) => left.at - right.at)
    .map(({ one }) => one);
}

function modelOf({ metadata }: KubeObject): ModelObject {
  const {
    name = '',
    namespace = '',
    uid = '',
    finalizers = [],
    ownerReferences,
    deletionTimestamp,
  } = metadata;
  const references = (ownerReferences ?? []) as unknown as readonly ModelReference[];
  return { name, namespace, uid, references, finalizers, isDeleting: deletionTimestamp !== undefined };
}

const lives = (key: string, isDeleting: boolean): string => `${key} ${isDeleting ? 'deleting' : 'living'}`;

test('whatever is deleted in whatever graph, what lives is what a slow model says', async () => {
  const rounds = Number(process.env.TEST_GC_ROUNDS ?? 30);
  const first = seedOfRun();
  for (let seed = first; seed < first + rounds; seed += 1) {
    const below = numbers(seed);
    const storage = createMemoryStorage();
    await storage.commit({ changes: ['one', 'two'].map((name) => namespaceOf(name)) });
    let collector = collectorOver(storage);
    const model: Model = new Map();
    const world: World = { storage, model, uids: [] };
    const history: string[] = [];
    for (let count = 0; count < 40; count += 1) {
      history.push(await step(world, below));
      if (below(8) === 0) {
        // Before anything has been done, as when the process is killed.
        collector.controllers.close();
        collector = collectorOver(storage);
        await collector.controllers.start(clusterId);
        history.push('stop and start');
      }
      await collector.controllers.idle();
      const { entries } = await storage.list({ prefix: `object/${clusterId}//configmaps/` });
      const stored = entries.map((entry) =>
        lives(entry.key, readObject(entry).metadata.deletionTimestamp !== undefined),
      );
      let expected: readonly string[] = [];
      for (let tries = 0; tries < 100; tries += 1) {
        const guess: Model = new Map(model);
        settle(guess, (keys) => (tries === 0 ? keys : shuffled(keys, below)));
        expected = [...guess].map(([key, one]) => lives(key, one.isDeleting)).sort();
        if (expected.join() === stored.join()) break;
      }
      expect(stored, `seed ${seed}\n${history.join('\n')}`).toEqual(expected);
      model.clear();
      for (const entry of entries) model.set(entry.key, modelOf(readObject(entry)));
      expect(collector.faults, `seed ${seed}`).toEqual([]);
    }
    collector.controllers.close();
  }
});

const metadata = (name: string, more: object) => ({ name, namespace: 'one', uid: `uid-${name}`, ...more });
const make = (name: string, more: object) =>
  writeObject(keyOf('one', name), {
    ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata(name, more) },
  });
const owner = (name: string) => ({
  ownerReferences: [
    { apiVersion: 'v1', kind: 'ConfigMap', name, uid: `uid-${name}`, blockOwnerDeletion: true },
  ],
});
const going = (finalizer: string) => ({
  deletionTimestamp: '2026-01-01T00:00:00Z',
  deletionGracePeriodSeconds: 0,
  finalizers: [finalizer],
});
const namesIn = async (storage: Storage) =>
  (await storage.list({ prefix: `object/${clusterId}/` })).entries.map(
    (entry) => readObject(entry).metadata.name,
  );

test('a process that starts finds what an earlier one left half done', async () => {
  const storage = createMemoryStorage();
  await storage.commit({
    changes: [
      make('of-nobody', owner('gone')),
      make('foreground', going('foregroundDeletion')),
      make('of-foreground', owner('foreground')),
      make('orphaning', going('orphan')),
      make('of-orphaning', owner('orphaning')),
    ],
  });
  const { controllers } = collectorOver(storage);
  await controllers.start(clusterId);
  await controllers.idle();
  const { entries } = await storage.list({ prefix: `object/${clusterId}/` });
  expect(entries.map((entry) => readObject(entry).metadata)).toMatchObject([{ name: 'of-orphaning' }]);
  expect(entries.map(({ value }) => value.includes('ownerReferences'))).toEqual([false]);
  controllers.close();
});

test('a dependent lives when its waiting owner is told to let it go while it is being looked at', async () => {
  const memory = createMemoryStorage();
  let isTold = false;
  const storage: Storage = {
    ...memory,
    async commit(batch) {
      if (
        !isTold &&
        batch.changes.some(({ type, key }) => type === 'delete' && key === keyOf('one', 'child'))
      ) {
        isTold = true;
        await memory.commit({ changes: [make('parent', going('orphan'))] });
      }
      return memory.commit(batch);
    },
  };
  await memory.commit({
    changes: [make('parent', going('foregroundDeletion')), make('child', owner('parent'))],
  });
  const { controllers } = collectorOver(storage);
  await controllers.start(clusterId);
  await controllers.idle();
  expect(isTold).toBe(true);
  expect(await namesIn(storage)).toEqual(['child']);
  controllers.close();
});

test('an object whose owner has no name or no uid is one of which nothing is known', async () => {
  const storage = createMemoryStorage();
  const [reference] = owner('nobody').ownerReferences;
  await storage.commit({
    changes: [
      make('of-no-uid', { ownerReferences: [{ ...reference, uid: '' }] }),
      make('of-no-name', { ownerReferences: [{ ...reference, name: '' }] }),
      make('of-nobody', owner('nobody')),
    ],
  });
  const { controllers } = collectorOver(storage);
  await controllers.start(clusterId);
  await controllers.idle();
  expect(await namesIn(storage)).toEqual(['of-no-name', 'of-no-uid']);
  controllers.close();
});

test('an owner of many dependents is read once, not once for each', async () => {
  const storage = createMemoryStorage();
  const parent = make('parent', {});
  const children = Array.from({ length: 50 }, (_, index) => make(`child-${index}`, owner('parent')));
  await storage.commit({ changes: [parent, ...children] });
  const { controllers } = collectorOver(storage);
  await controllers.start(clusterId);
  const parse = vi.spyOn(JSON, 'parse');
  await controllers.idle();
  const reads = parse.mock.calls.filter(([text]) => text === parent.value).length;
  parse.mockRestore();
  expect(reads).toBe(1);
  controllers.close();
});
