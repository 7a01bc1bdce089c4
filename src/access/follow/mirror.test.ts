import { beforeEach, describe, expect, test } from 'vitest';
import { createMemoryStorage } from '../../storage/memory/memory.ts';
import { clusterConnectionKey, objectKey, objectsPrefix } from '../../storage/records/keys.ts';
import { type Change, RevisionConflictError, type Storage } from '../../storage/storage.ts';
import { type FollowedKind, followedKinds } from './kinds.ts';
import {
  type KindState,
  type Mirror,
  MirrorFullError,
  type MirrorLimits,
  MirrorPaceError,
  openMirror,
} from './mirror.ts';

const clusterId = 'c1';
const connectionKey = clusterConnectionKey(clusterId);
let storage: Storage;
let revision: number;
/** What each commit changed, as `put roles` or `delete rolebindings`, sorted. */
let commits: string[][];

function kind(resource: string): FollowedKind {
  const found = followedKinds.find(({ definition }) => definition.resource === resource);
  if (found === undefined) throw new Error(`no ${resource}`);
  return found;
}

function state(resource: string, objects: Readonly<Record<string, string>>): KindState {
  return { kind: kind(resource), objects: new Map(Object.entries(objects)) };
}

let time = 0;
const open = (limits: Partial<MirrorLimits> = {}): Promise<Mirror> =>
  openMirror({
    clock: () => time,
    storage,
    clusterId,
    revision,
    kinds: followedKinds,
    limits: { objects: 100, characters: 1_000, changes: 10, ...limits },
  });

const keys = async (): Promise<readonly string[]> =>
  (await storage.list({ prefix: objectsPrefix(clusterId) })).entries.map(({ key }) =>
    key.slice(objectsPrefix(clusterId).length),
  );

beforeEach(async () => {
  storage = createMemoryStorage();
  revision = await storage.commit({ changes: [{ type: 'put', key: connectionKey, value: '{}' }] });
  commits = [];
  storage.watch({ prefix: objectsPrefix(clusterId) }, (changes) => {
    commits.push(changes.map(named).toSorted());
  });
});

function named({ key, value }: Change): string {
  return `${value === undefined ? 'delete' : 'put'} ${key.split('/').slice(3).join('/')}`;
}

describe('nothing is written by who followed an older connection', () => {
  test.each<['changed' | 'deleted']>([['changed'], ['deleted']])('that was %s since', async (how) => {
    const mirror = await open();
    await mirror.apply(kind('namespaces'), '/a', '{}');
    const change =
      how === 'changed'
        ? ({ type: 'put', key: connectionKey, value: '{"new":1}' } as const)
        : ({ type: 'delete', key: connectionKey } as const);
    await storage.commit({ changes: [change] });
    await expect(mirror.apply(kind('namespaces'), '/b', '{}')).rejects.toThrow(RevisionConflictError);
    await expect(mirror.replace([state('namespaces', {})])).rejects.toThrow(RevisionConflictError);
    expect(await keys()).toEqual(['/namespaces//a']);
  });
});

test('a difference of one commit is one moment', async () => {
  const mirror = await open();
  await mirror.replace([
    state('clusterroles', { '/view': 'old' }),
    state('clusterrolebindings', { '/b': 'to view' }),
  ]);
  await mirror.replace([state('clusterroles', { '/view': 'wide' }), state('clusterrolebindings', {})]);
  expect(commits).toEqual([
    ['put clusterrolebindings//b', 'put clusterroles//view'],
    ['delete clusterrolebindings//b', 'put clusterroles//view'],
  ]);
});

test('of a larger one, what grants goes before what it grants changes, and comes after it', async () => {
  const mirror = await open({ changes: 2 });
  await storage.commit({
    changes: [
      ['rolebindings', 'team', 'gone', 'x'],
      ['rolebindings', 'team', 'changed', 'x'],
      ['roles', 'team', 'wider', 'x'],
      ['roles', 'team', 'gone', 'x'],
    ].map(([resource = '', namespace = '', name = '', value = '']) => ({
      type: 'put',
      key: objectKey(clusterId, 'rbac.authorization.k8s.io', resource, namespace, name),
      value,
    })),
  });
  commits = [];
  await mirror.replace([
    state('roles', { 'team/wider': 'y', 'team/new': 'y' }),
    state('rolebindings', { 'team/changed': 'y', 'team/new': 'y' }),
  ]);
  const first = (text: string) => commits.findIndex((commit) => commit.includes(text));
  const last = (text: string) => commits.findLastIndex((commit) => commit.includes(text));
  for (const role of ['put roles/team/wider', 'put roles/team/new', 'delete roles/team/gone']) {
    expect(first(role), role).toBeGreaterThan(last('delete rolebindings/team/gone'));
    expect(first(role), role).toBeGreaterThan(last('delete rolebindings/team/changed'));
    for (const binding of ['put rolebindings/team/changed', 'put rolebindings/team/new']) {
      expect(first(binding), binding).toBeGreaterThan(last(role));
    }
  }
});

test('a larger one takes aws-auth first and at a stroke: at no moment is anybody mapped who was not, or nobody at all', async () => {
  const mirror = await open({ changes: 2 });
  await mirror.replace([state('configmaps', { 'kube-system/aws-auth': 'old' })]);
  commits = [];
  const many = Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [`/${name}`, 'x']));
  await mirror.replace([
    state('clusterroles', many),
    state('clusterrolebindings', many),
    state('configmaps', { 'kube-system/aws-auth': 'new' }),
  ]);
  const awsAuth = commits.flatMap((commit, at) =>
    commit.filter((change) => change.includes('aws-auth')).map((change) => `${at} ${change}`),
  );
  expect(awsAuth).toEqual(['0 put configmaps/kube-system/aws-auth']);
});

test('changes that wait are committed together, and those that change nothing not at all', async () => {
  const mirror = await open();
  await Promise.all(['/a', '/b', '/a'].map((place, n) => mirror.apply(kind('namespaces'), place, `v${n}`)));
  expect(commits).toEqual([['put namespaces//a', 'put namespaces//b']]);
  expect((await storage.get(objectKey(clusterId, '', 'namespaces', '', 'a')))?.value).toBe('v2');
  const before = storage.revision();
  await mirror.apply(kind('namespaces'), '/a', 'v2');
  await mirror.apply(kind('namespaces'), '/never', undefined);
  await mirror.replace([state('namespaces', { '/a': 'v2', '/b': 'v1' })]);
  expect(storage.revision()).toBe(before);
  expect(mirror.objects()).toBe(2);
});

test('a kind is replaced without touching another, nor another cluster', async () => {
  const foreign = objectKey('c10', '', 'namespaces', '', 'x');
  await storage.commit({ changes: [{ type: 'put', key: foreign, value: '{}' }] });
  const mirror = await open();
  await mirror.replace([state('namespaces', { '/a': '1' }), state('serviceaccounts', { 'a/s': '1' })]);
  await mirror.replace([state('namespaces', {})]);
  expect(await keys()).toEqual(['/serviceaccounts/a/s']);
  expect(await storage.get(foreign)).toBeDefined();
});

describe('more than is kept of one cluster', () => {
  test('is not taken, but for aws-auth, and what was there stays', async () => {
    const mirror = await open({ objects: 2 });
    await mirror.replace([state('namespaces', { '/a': '1' })]);
    const many = state('namespaces', { '/b': '1', '/c': '1', '/d': '1' });
    const awsAuth = state('configmaps', { 'kube-system/aws-auth': 'map' });
    await expect(mirror.replace([many, awsAuth])).rejects.toThrow(MirrorFullError);
    expect(await keys()).toEqual(['/configmaps/kube-system/aws-auth', '/namespaces//a']);
  });

  test('what an event would make too large is forgotten, not kept as it was', async () => {
    const mirror = await open({ characters: 10 });
    await mirror.apply(kind('roles'), 'team/a', 'narrow');
    await expect(mirror.apply(kind('roles'), 'team/a', 'x'.repeat(20))).rejects.toThrow(MirrorFullError);
    expect(await keys()).toEqual([]);
    await mirror.apply(kind('configmaps'), 'kube-system/aws-auth', 'x'.repeat(20));
    expect(await keys()).toEqual(['/configmaps/kube-system/aws-auth']);
  });

  test('counts what an earlier process left', async () => {
    await (await open()).replace([state('namespaces', { '/a': '1', '/b': '1' })]);
    const again = await open({ objects: 2 });
    expect(again.objects()).toBe(2);
    await expect(again.apply(kind('namespaces'), '/c', '1')).rejects.toThrow(MirrorFullError);
  });
});

describe('a cluster that changes without end', () => {
  const pace = { most: 200_000, perSecond: 10_000 };
  /** How many of the changes were written before one was refused. */
  const written = async (mirror: Mirror, resource: string, place: string): Promise<number> => {
    for (let n = 0; n < 100; n++) {
      const refused = await mirror.apply(kind(resource), place, `${n}`.padEnd(1_000)).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (refused === undefined) continue;
      expect(refused).toBeInstanceOf(MirrorPaceError);
      return n;
    }
    throw new Error('nothing was refused');
  };

  test('is written at a pace, and what was written last stays', async () => {
    const mirror = await open({ pace, characters: 10_000 });
    expect(await written(mirror, 'roles', 'team/a')).toBe(12);
    expect(await keys()).toEqual(['rbac.authorization.k8s.io/roles/team/a']);
    time += 2_000;
    expect(await written(mirror, 'roles', 'team/a')).toBe(1);
  });

  test('is written more slowly where it is aws-auth that changes, which is costly to read', async () => {
    const mirror = await open({ pace: { most: 5_000_000, perSecond: 500_000 } });
    expect(await written(mirror, 'configmaps', 'kube-system/aws-auth')).toBe(5);
  });
});
