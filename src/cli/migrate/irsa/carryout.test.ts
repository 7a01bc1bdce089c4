/** Carrying a migration out ends well wherever it was interrupted, by going on or by leading back. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { writeState } from '../statefile.ts';
import { finish, leadBack, prepare } from './carryout.ts';
import { type IrsaState, newIrsaState, readIrsaState } from './state.ts';
import type { FoundAssociation, IrsaTarget } from './target.ts';
import { apiArn, examplePlan } from './testworld.ts';

interface World {
  readonly trusts: Map<string, string>;
  readonly associations: Map<string, FoundAssociation>;
  readonly annotations: Map<string, string>;
  /** Service accounts that are gone. */
  readonly deleted: Set<string>;
}

const quiet = (): void => {};
const plan = examplePlan();
const key = ({
  namespace,
  serviceAccount,
}: {
  readonly namespace: string;
  readonly serviceAccount: string;
}) => `${namespace}/${serviceAccount}`;

/** A cluster in memory whose connection breaks after that many changes: before the last one, or after it. */
function fakeTarget(world: World, changes = Number.POSITIVE_INFINITY, isDone = false): IrsaTarget {
  let left = changes;
  const change = async (work: () => void): Promise<void> => {
    left -= 1;
    if (left < 0 && !isDone) throw new Error('killed');
    work();
    if (left < 0) throw new Error('killed');
  };
  let next = 1;
  return {
    trust: async (name) => world.trusts.get(name),
    writeTrust: (name, text) => change(() => void world.trusts.set(name, text)),
    association: async (account) => world.associations.get(key(account)),
    associate: (made) =>
      change(() => {
        if (world.associations.has(key(made))) throw new Error('in use');
        const { roleArn } = made;
        world.associations.set(key(made), {
          associationId: `a-${next++}`,
          roleArn,
          disableSessionTags: false,
        });
      }),
    disassociate: (id) =>
      change(() => {
        for (const [name, { associationId }] of world.associations) {
          if (associationId === id) world.associations.delete(name);
        }
      }),
    annotation: async (account) => world.annotations.get(key(account)),
    async annotate(account, roleArn) {
      if (world.deleted.has(key(account))) return false;
      await change(() => void world.annotations.set(key(account), roleArn));
      return true;
    },
    removeAnnotation: (account) => change(() => void world.annotations.delete(key(account))),
  };
}

function begin(): { readonly state: IrsaState; readonly world: World } {
  return {
    state: newIrsaState(plan, 0, 'file'),
    world: {
      trusts: new Map(plan.roles.map(({ roleName, before }) => [roleName, before])),
      associations: new Map(),
      annotations: new Map(plan.associations.map((one) => [key(one), one.roleArn])),
      deleted: new Set(),
    },
  };
}

const shown = ({ trusts, associations, annotations }: World): unknown => ({
  trusts: Object.fromEntries(trusts),
  annotations: Object.fromEntries([...annotations].sort()),
  associations: Object.fromEntries([...associations].map(([name, { roleArn }]) => [name, roleArn])),
});
const wholly = async (state: IrsaState, target: IrsaTarget): Promise<void> => {
  await prepare(state, target, quiet);
  await finish(state, target, quiet);
};

test('roles are ready before associations, and annotations go before what tokens needed', async () => {
  const { state, world } = begin();
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  await prepare(state, fakeTarget(world), say);
  await prepare(state, fakeTarget(world, 0), quiet);
  await finish(state, fakeTarget(world), say);
  await wholly(state, fakeTarget(world, 0));
  expect(said.map((line) => line.replace(/ (?:lets|of|with|away).*/, ''))).toEqual([
    ...['the trust policy', 'the trust policy'],
    ...[`associated ${apiArn}`, `associated ${apiArn}`, `associated ${apiArn.replace('api', 'bill')}`],
    '3 associations as planned',
    ...['took the annotation', 'took the annotation', 'took the annotation'],
    ...['the trust policy', 'the trust policy'],
  ]);
  expect(world.trusts.get('api')).toBe(plan.roles[0]?.finished);
});

test('interrupted anywhere, before a change or just after it, it goes on and ends the same', async () => {
  const done = begin();
  await wholly(done.state, fakeTarget(done.world));
  let interruptions = 0;
  for (const isDone of [false, true]) {
    for (let changes = 0; ; changes++) {
      const { state, world } = begin();
      const outcome = await wholly(state, fakeTarget(world, changes, isDone)).catch(String);
      if (outcome === undefined) break;
      expect(outcome).toBe('Error: killed');
      interruptions++;
      await wholly(state, fakeTarget(world));
      expect(shown(world)).toEqual(shown(done.world));
    }
  }
  expect(interruptions).toBe(20);
});

test('interrupted anywhere, it leads back to what was there, also when that is interrupted', async () => {
  for (let changes = 0; changes < 12; changes++) {
    for (let back = 0; back < 10; back++) {
      const { state, world } = begin();
      const before = shown(world);
      await wholly(state, fakeTarget(world, changes, true)).catch(String);
      await leadBack(state, fakeTarget(world, back, true), quiet).catch(String);
      expect(await leadBack(state, fakeTarget(world), quiet)).toEqual([]);
      expect(shown(world)).toEqual(before);
    }
  }
});

test('whoever took the annotation away meanwhile gets no association', async () => {
  const { state, world } = begin();
  world.annotations.delete('shop/web');
  await expect(prepare(state, fakeTarget(world), quiet)).rejects.toThrow('annotation of `shop/web`');
  expect([...world.associations.keys()]).toEqual(['shop/api']);
});

test('what somebody else has changed is neither written over nor deleted', async () => {
  const { state, world } = begin();
  await prepare(state, fakeTarget(world), quiet);
  const other = JSON.stringify({ Version: '2012-10-17', Statement: [] });
  world.trusts.set('api', other);
  world.associations.set('billing/api', { associationId: 'a-9', roleArn: apiArn, disableSessionTags: false });
  const before = shown(world);
  await expect(prepare(state, fakeTarget(world), quiet)).rejects.toThrow('was changed since');
  await expect(finish(state, fakeTarget(world), quiet)).rejects.toThrow('`billing/api` is not as planned');
  expect(shown(world)).toEqual(before);
  expect(await leadBack(state, fakeTarget(world), quiet)).toEqual([
    'the trust policy of api was changed since and stays',
    'the association of billing/api was changed since and stays',
    // Whether its tokens would be taken nobody knows.
    'the association of shop/web stays with its role',
    'the association of shop/api stays with its role',
  ]);
  expect(world.trusts.get('api')).toBe(other);
});

test('what is gone by now keeps nothing else from being led back', async () => {
  const { state, world } = begin();
  const before = shown(world) as { annotations: object };
  await wholly(state, fakeTarget(world));
  world.deleted.add('shop/api');
  world.trusts.delete('bill');
  await expect(prepare(state, fakeTarget(world), quiet)).rejects.toThrow(
    'role/bill` does not exist any more',
  );
  expect(await leadBack(state, fakeTarget(world), quiet)).toEqual([
    'role bill does not exist any more',
    'service account shop/api does not exist any more',
  ]);
  const { 'shop/api': _, ...annotations } = before.annotations as Record<string, string>;
  const [api] = plan.roles;
  expect(shown(world)).toEqual({ trusts: { api: api?.before }, annotations, associations: {} });
});

test('whose role somebody took away, or meant to change, does not get it back', async () => {
  const { state, world } = begin();
  await wholly(state, fakeTarget(world));
  world.associations.delete('shop/api');
  world.annotations.set('shop/web', 'arn:aws:iam::111122223333:role/other');
  expect(await leadBack(state, fakeTarget(world), quiet)).toEqual([
    'somebody took the association of shop/api away: it gets no annotation',
    // Without it Pods would have the other role, which the annotation gives to nobody as long as it is there.
    'the annotation of shop/web was changed since and stays, and its association with it',
    'the trust policy of api keeps what associations need',
  ]);
  expect(world.trusts.get('api')).toBe(plan.roles[0]?.prepared);
  expect([...world.annotations.keys()].sort()).toEqual(['billing/api', 'shop/web']);
  expect([...world.associations.keys()]).toEqual(['shop/web']);
});

test('an association without session tags, or that leads further, is not the planned one', async () => {
  for (const change of [{ disableSessionTags: true }, { targetRoleArn: apiArn }, { policy: '{}' }]) {
    const { state, world } = begin();
    world.associations.set('shop/api', {
      ...{ associationId: 'a-1', roleArn: apiArn, disableSessionTags: false },
      ...change,
    });
    await expect(prepare(state, fakeTarget(world), quiet)).rejects.toThrow('not as planned');
  }
});

const directory = mkdtempSync(join(tmpdir(), 'entryway-irsa-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('the file of another migration, or one that somebody has edited badly, is not taken', () => {
  const path = join(directory, 'rollback.json');
  const { state } = begin();
  expect(readIrsaState(path)).toBeUndefined();
  writeState(path, state);
  expect(readIrsaState(path)).toEqual(state);
  const [role] = state.plan.roles;
  for (const wrong of [
    { ...state, format: 'entryway.migration/v1' },
    { ...state, clusterArn: `${state.clusterArn}2` },
    { ...state, plan: { ...state.plan, roles: [role, role] } },
    { ...state, plan: { ...state.plan, roles: [{ ...role, roleName: 'admin' }] } },
    { ...state, plan: { ...state.plan, roles: [{ ...role, before: undefined }] } },
    { ...state, more: 1 },
  ]) {
    writeFileSync(path, JSON.stringify(wrong));
    expect(() => readIrsaState(path)).toThrow('no rollback file');
  }
});
