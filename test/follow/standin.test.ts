import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectClusterApi, defaultGuardLimits } from '../../src/access/follow/clientnode.ts';
import type { ClusterAddress } from '../../src/access/follow/clusterapi.ts';
import { type ClusterFollowers, createClusterFollowers } from '../../src/access/follow/followers.ts';
import type { GuardLimits } from '../../src/access/follow/guard.ts';
import { createMemoryStorage } from '../../src/storage/memory/memory.ts';
import type { ClusterRecord } from '../../src/storage/records/eks.ts';
import {
  clusterConnectionKey,
  clusterKey,
  objectKey,
  objectsPrefix,
} from '../../src/storage/records/keys.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { openStandIn, type StandIn, sendJson } from './standin.ts';
import { eventually } from './world.ts';

const rbac = 'rbac.authorization.k8s.io';
const paths = {
  namespaces: '/api/v1/namespaces',
  serviceaccounts: '/api/v1/serviceaccounts',
  configmaps: '/api/v1/namespaces/kube-system/configmaps',
  roles: `/apis/${rbac}/v1/roles`,
  clusterroles: `/apis/${rbac}/v1/clusterroles`,
  rolebindings: `/apis/${rbac}/v1/rolebindings`,
} as const;

let standIn: StandIn;
let storage: Storage;
let followers: ClusterFollowers | undefined;
const told: string[] = [];

beforeEach(async () => {
  standIn = await openStandIn();
  storage = createMemoryStorage();
  told.length = 0;
});
afterEach(async () => {
  await followers?.close();
  followers = undefined;
  await standIn.close();
  await storage.close();
});

async function addCluster(clusterId: string, kind: ClusterRecord['kind'] = 'connected'): Promise<void> {
  const record: ClusterRecord = {
    clusterId,
    accountId: '111122223333',
    region: 'us-east-1',
    name: `name-${clusterId}`,
    arn: `arn:aws:eks:us-east-1:111122223333:cluster/name-${clusterId}`,
    createdAt: 0,
    version: '',
    roleArn: '',
    authenticationMode: 'API_AND_CONFIG_MAP',
    bootstrapClusterCreatorAdminPermissions: false,
    tags: {},
    kind,
    echoed: {},
  };
  const key = clusterKey('111122223333', 'us-east-1', record.name);
  await storage.commit({ changes: [{ type: 'put', key, value: JSON.stringify(record) }] });
}

async function addConnection(
  clusterId: string,
  change: { caData?: string; server?: string } = {},
): Promise<void> {
  const value = JSON.stringify({
    server: change.server ?? standIn.url,
    certificateAuthorityData: change.caData ?? standIn.caData,
    sealedCredential: 'sealed',
    savedAt: 0,
  });
  await storage.commit({ changes: [{ type: 'put', key: clusterConnectionKey(clusterId), value }] });
}

interface FollowOptions {
  readonly limits?: Partial<GuardLimits>;
  readonly page?: number;
  readonly objects?: number;
}

function follow({ limits, page = 500, objects = 50_000 }: FollowOptions = {}): ClusterFollowers {
  followers = createClusterFollowers({
    storage,
    openCredential: () => ({ kind: 'token', token: 'secret-token' }),
    now: Date.now,
    random: () => 0.5,
    log: {
      info: (fields, message) => void told.push(`${message} ${JSON.stringify(fields)}`),
      warn: (fields, message) => void told.push(`${message} ${JSON.stringify(fields)}`),
    },
    connect: (address: ClusterAddress) => connectClusterApi(address, { ...defaultGuardLimits, ...limits }),
    backoff: { first: 10, longest: 50 },
    listLimits: { page, objects, characters: 1_000_000 },
    mirrorLimits: { objects, characters: 1_000_000, changes: 100 },
  });
  followers.start();
  return followers;
}

const stateIs = (wanted: string) =>
  eventually(
    () => followers?.state('c1'),
    (state) => state?.state === wanted,
  );

async function keys(clusterId = 'c1'): Promise<readonly string[]> {
  const { entries } = await storage.list({ prefix: objectsPrefix(clusterId) });
  return entries.map(({ key }) => key.slice(objectsPrefix(clusterId).length));
}

const keysAre = (wanted: readonly string[]) =>
  eventually(keys, (found) => JSON.stringify(found) === JSON.stringify(wanted));

const namespace = (name: string): object => ({ metadata: { name, resourceVersion: '1' } });
const role = (name: string, verbs: readonly string[] = ['get']): object => ({
  metadata: { name, namespace: 'team', resourceVersion: '1' },
  rules: [{ apiGroups: [''], resources: ['pods'], verbs }],
});

async function followOne(options?: FollowOptions): Promise<void> {
  await addCluster('c1');
  await addConnection('c1');
  follow(options);
  await stateIs('following');
  await eventually(
    () => standIn.watches(),
    (open) => open === 7,
  );
}

/** What was asked about namespaces since the request of that number. */
function askedSince(before: number): readonly URLSearchParams[] {
  const asked = standIn.requests.slice(before).filter(({ pathname }) => pathname === paths.namespaces);
  return asked.map(({ searchParams }) => searchParams);
}

describe('what must never get into the store', () => {
  test('objects whose names would be keys of something else', async () => {
    standIn.set(paths.roles, [
      role('../../c2/x'),
      { ...role('a'), metadata: { name: 'a', namespace: 'team/../../c2' } },
      { ...role('b'), metadata: { name: 'b', namespace: '' } },
      { ...role('c'), metadata: { name: '', namespace: 'team' } },
      { ...role('d'), metadata: { name: 5, namespace: 'team' } },
      'garbage',
      null,
      role('good'),
    ]);
    standIn.set(paths.namespaces, [
      { metadata: { name: 'a', namespace: 'b' } },
      namespace('A'),
      namespace('team'),
    ]);
    await addCluster('c1');
    await addConnection('c1');
    follow();
    const state = await stateIs('degraded');
    expect(state?.message).toBe('namespaces, roles: 1 cannot be used');
    expect(await keys()).toEqual(['/namespaces//team', `${rbac}/roles/team/good`]);
    expect((await storage.list({ prefix: 'object/' })).entries).toHaveLength(2);
  });

  test('other ConfigMaps, other data of aws-auth, secrets and other annotations of service accounts, and who wrote what', async () => {
    const kept = {
      'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/app',
      'eks.amazonaws.com/audience': 'a',
      'eks.amazonaws.com/sts-regional-endpoints': 'false',
    };
    const odd = { 'eks.amazonaws.com/token-expiration': 7 };
    const meta = { resourceVersion: '1', managedFields: [{ manager: 'm' }], annotations: { note: 'secret' } };
    standIn.set(paths.configmaps, [
      { metadata: { ...meta, name: 'other', namespace: 'kube-system' }, data: { mapRoles: 'secret' } },
      { metadata: { ...meta, name: 'aws-auth', namespace: 'default' }, data: { mapRoles: 'secret' } },
      {
        metadata: { ...meta, name: 'aws-auth', namespace: 'kube-system', uid: 'u1' },
        data: { mapRoles: '- rolearn: x', other: 'secret' },
        binaryData: { x: 'secret' },
      },
    ]);
    standIn.set(paths.serviceaccounts, [
      { metadata: { ...meta, name: 'app', namespace: 'team' }, secrets: [{ name: 'secret' }] },
      {
        metadata: {
          ...meta,
          name: 'aws',
          namespace: 'team',
          annotations: { note: 'secret', ...kept, ...odd },
        },
      },
    ]);
    await followOne();
    const { entries } = await storage.list({ prefix: objectsPrefix('c1') });
    expect(entries.map(({ value }) => JSON.parse(value))).toEqual([
      {
        kind: 'ConfigMap',
        apiVersion: 'v1',
        metadata: { name: 'aws-auth', namespace: 'kube-system', uid: 'u1' },
        data: { mapRoles: '- rolearn: x' },
      },
      { kind: 'ServiceAccount', apiVersion: 'v1', metadata: { name: 'app', namespace: 'team' } },
      {
        kind: 'ServiceAccount',
        apiVersion: 'v1',
        metadata: { name: 'aws', namespace: 'team', annotations: kept },
      },
    ]);
    const asked = standIn.requests.filter(({ pathname }) => pathname === paths.configmaps);
    expect(asked.map(({ searchParams }) => searchParams.get('fieldSelector'))).toEqual([
      'metadata.name=aws-auth',
      'metadata.name=aws-auth',
    ]);
  });

  test('an object that can no longer be read grants nothing by what it was', async () => {
    standIn.set(paths.roles, [role('reader')]);
    await followOne();
    await eventually(
      () => standIn.watchesOf(paths.roles),
      (open) => open === 1,
    );
    standIn.event(paths.roles, 'MODIFIED', { ...role('reader'), rules: 'garbage' });
    await keysAre([]);
    expect((await stateIs('degraded'))?.message).toBe('roles: 1 cannot be used');
    standIn.event(paths.roles, 'MODIFIED', role('reader'));
    await stateIs('following');
  });

  test('anything of a built-in cluster, though somebody stored a connection for it', async () => {
    const key = objectKey('c1', '', 'namespaces', '', 'mine');
    await addCluster('c1', 'builtIn');
    await addConnection('c1');
    await storage.commit({ changes: [{ type: 'put', key, value: '{}' }] });
    await addCluster('c2');
    await addConnection('c2');
    follow();
    await eventually(
      () => followers?.state('c2'),
      (state) => state?.state === 'following',
    );
    expect(followers?.state('c1')).toBeUndefined();
    expect(await keys()).toEqual(['/namespaces//mine']);
  });
});

describe('a list that fails deletes nothing', () => {
  const kept = ['/namespaces//a', '/namespaces//b', '/namespaces//c'];
  const failures: readonly (readonly [
    what: string,
    answer: Parameters<typeof sendJson>[1],
    status: number,
    message: string,
  ])[] = [
    ['an error', {}, 500, 'the API answers 500'],
    ['a refusal', {}, 403, 'the credential may not read this (403)'],
    ['something that is no list', { kind: 'NamespaceList' }, 200, 'the API answers no list of namespaces'],
    [
      'the list of something else',
      { kind: 'PodList', metadata: { resourceVersion: '1' }, items: [] },
      200,
      'the API answers no list of namespaces',
    ],
    [
      'more pages without end',
      { kind: 'NamespaceList', metadata: { resourceVersion: '1', continue: 'x' }, items: [] },
      200,
      'the API answers no list of namespaces',
    ],
  ];
  test.each(failures)('when its second page is %s', async (_what, answer, status, message) => {
    standIn.set(paths.namespaces, [namespace('a'), namespace('b'), namespace('c')]);
    await followOne({ page: 2 });
    expect(await keys()).toEqual(kept);
    standIn.script((url, response) => {
      const isSecond = url.pathname === paths.namespaces && url.searchParams.has('continue');
      if (isSecond) sendJson(response, answer, status);
      return isSecond;
    });
    standIn.event(paths.namespaces, 'ERROR', { metadata: {}, kind: 'Status', code: 410 });
    const state = await stateIs('degraded');
    expect(state?.message).toBe(`namespaces: ${message}`);
    expect(await keys()).toEqual(kept);
    standIn.set(paths.namespaces, [namespace('b'), namespace('d')]);
    standIn.script(undefined);
    await keysAre(['/namespaces//b', '/namespaces//d']);
    await stateIs('following');
  });

  test('when there are more objects than are followed; aws-auth still is', async () => {
    standIn.set(
      paths.namespaces,
      Array.from({ length: 30 }, (_, n) => namespace(`n${n}`)),
    );
    standIn.set(paths.configmaps, [
      { metadata: { name: 'aws-auth', namespace: 'kube-system' }, data: { mapUsers: '- userarn: x' } },
    ]);
    await addCluster('c1');
    await addConnection('c1');
    follow({ page: 10, objects: 25 });
    const state = await stateIs('degraded');
    expect(state?.message).toBe('namespaces: there are more than 25 namespaces');
    await keysAre(['/configmaps/kube-system/aws-auth']);
  });

  test('when kinds that fit alone do not fit together; aws-auth still is followed', async () => {
    standIn.set(
      paths.namespaces,
      Array.from({ length: 20 }, (_, n) => namespace(`n${n}`)),
    );
    standIn.set(
      paths.roles,
      Array.from({ length: 20 }, (_, n) => role(`r${n}`)),
    );
    standIn.set(paths.configmaps, [{ metadata: { name: 'aws-auth', namespace: 'kube-system' } }]);
    await addCluster('c1');
    await addConnection('c1');
    follow({ objects: 25 });
    const state = await stateIs('degraded');
    expect(state?.message).toMatch(
      /the cluster has more than the 25 objects, or 1000000 characters, that are followed/,
    );
    const found = await eventually(keys, ({ length }) => length > 1);
    expect(found.filter((key) => key.startsWith('/configmaps'))).toHaveLength(1);
    expect(found.length).toBeLessThanOrEqual(26);
  });
});

describe('watches', () => {
  test('a connection cut in the middle of an event goes on from the last whole one, and nothing is listed again', async () => {
    await followOne();
    standIn.event(paths.namespaces, 'ADDED', namespace('a'));
    await keysAre(['/namespaces//a']);
    standIn.raw(paths.namespaces, '{"type":"ADDED","object":{"metadata":{"name":"b"');
    const before = standIn.requests.length;
    standIn.endWatches('break');
    const [again] = await eventually(
      () => askedSince(before),
      (asked) => asked.length === 1,
    );
    expect(Object.fromEntries(again ?? [])).toMatchObject({
      watch: 'true',
      resourceVersion: '101',
      allowWatchBookmarks: 'true',
    });
    await eventually(
      () => standIn.watches(),
      (open) => open === 7,
    );
    standIn.event(paths.namespaces, 'ADDED', namespace('b'));
    await keysAre(['/namespaces//a', '/namespaces//b']);
    standIn.event(paths.namespaces, 'DELETED', namespace('a'));
    await keysAre(['/namespaces//b']);
  });

  test('bookmarks move on where a watch is resumed', async () => {
    await followOne();
    standIn.event(paths.namespaces, 'BOOKMARK', { metadata: {} });
    standIn.event(paths.namespaces, 'BOOKMARK', { metadata: {} });
    await eventually(
      () => followers?.state('c1')?.lastSeenAt,
      (seen) => seen !== undefined,
    );
    const before = standIn.requests.length;
    standIn.endWatches('end');
    const [again] = await eventually(
      () => askedSince(before),
      (asked) => asked.length === 1,
    );
    expect(again?.get('resourceVersion')).toBe('102');
  });

  test.each([
    ['410 as an event', '{"type":"ERROR","object":{"kind":"Status","code":410}}\n'],
    ['an event that is no JSON', 'garbage\n'],
    ['an event without an object', '{"type":"ADDED"}\n'],
    ['an event of no type', '{"type":"OTHER","object":{"metadata":{"resourceVersion":"7"}}}\n'],
  ])('%s: the kind is listed again, and what is gone goes', async (_what, line) => {
    standIn.set(paths.namespaces, [namespace('a'), namespace('b')]);
    await followOne();
    standIn.set(paths.namespaces, [namespace('b'), namespace('c')]);
    standIn.raw(paths.namespaces, line);
    // The watcher of the client swallows a line that is no JSON; it is missed when the watch ends.
    standIn.raw(paths.namespaces, '{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"150"}}}\n');
    if (line === 'garbage\n') standIn.endWatches('end');
    await keysAre(['/namespaces//b', '/namespaces//c']);
    await stateIs('following');
  });

  test('410 as an answer: the kind is listed again', async () => {
    standIn.set(paths.namespaces, [namespace('a')]);
    await followOne();
    standIn.set(paths.namespaces, [namespace('b')]);
    let refused = 0;
    standIn.script((url, response) => {
      const isOld = url.pathname === paths.namespaces && url.searchParams.has('watch') && refused++ === 0;
      if (isOld) sendJson(response, {}, 410);
      return isOld;
    });
    standIn.endWatches('end');
    await keysAre(['/namespaces//b']);
  });

  test('a list that tells what is stored already writes nothing', async () => {
    standIn.set(paths.namespaces, [namespace('a')]);
    await followOne();
    const revision = storage.revision();
    standIn.event(paths.namespaces, 'MODIFIED', { ...namespace('a'), status: { phase: 'Active' } });
    standIn.raw(paths.namespaces, '{"type":"ERROR","object":{"kind":"Status","code":410}}\n');
    await eventually(
      () =>
        standIn.requests.filter(
          ({ pathname, searchParams }) => pathname === paths.namespaces && !searchParams.has('watch'),
        ).length,
      (lists) => lists === 2,
    );
    await eventually(
      () => standIn.watchesOf(paths.namespaces),
      (open) => open === 1,
    );
    expect(storage.revision()).toBe(revision);
  });

  test('a line that does not end is cut off', async () => {
    await followOne({ limits: { lineBytes: 4_096 } });
    standIn.raw(paths.namespaces, 'x'.repeat(10_000));
    await eventually(
      () => told.join('\n'),
      (text) => text.includes('the API answers more than is taken'),
    );
    await stateIs('following');
  });

  test('one that is silent for too long is asked for again', async () => {
    await followOne({ limits: { silence: 200 } });
    const before = standIn.requests.length;
    await eventually(
      () => standIn.requests.length,
      (count) => count >= before + 7,
    );
    expect(followers?.state('c1')?.lastSeenAt).toBeDefined();
  });
});

describe('the API', () => {
  test('gone and back: what was followed counts all the while, and then what is new', async () => {
    standIn.set(paths.namespaces, [namespace('a')]);
    await followOne();
    await standIn.stop();
    const stoppedAt = Date.now();
    const state = await stateIs('disconnected');
    expect(state?.message).toContain('the API cannot be reached (');
    // What was under way when it stopped may still be read.
    expect(state?.lastSeenAt).toBeLessThan(stoppedAt + 50);
    expect(await keys()).toEqual(['/namespaces//a']);
    standIn.set(paths.namespaces, [namespace('b')]);
    await standIn.listen();
    await keysAre(['/namespaces//b']);
    await stateIs('following');
    expect(told.filter((line) => line.includes('secret-token'))).toEqual([]);
    // One line when a kind is lost, none for each try.
    expect(
      told.filter((line) => line.includes('"namespaces"') && line.startsWith('cannot')).length,
    ).toBeLessThan(4);
  });

  test('with another certificate is not spoken to', async () => {
    const other = await openStandIn();
    await addCluster('c1');
    await addConnection('c1', { caData: other.caData });
    await other.close();
    follow();
    const state = await stateIs('disconnected');
    expect(state?.message).toMatch(/^no trustworthy TLS connection \(/);
    expect(standIn.requests).toEqual([]);
  });

  test('that redirects is not followed', async () => {
    const elsewhere = await openStandIn();
    standIn.script((_url, response) => {
      response.writeHead(307, { location: `${elsewhere.url}/api/v1/namespaces` });
      response.end();
      return true;
    });
    await addCluster('c1');
    await addConnection('c1');
    follow();
    const state = await stateIs('disconnected');
    expect(state?.message).toBe('the API redirects (307), which is not followed');
    expect(elsewhere.requests).toEqual([]);
    await elsewhere.close();
  });

  test('that compresses without being asked to is not unpacked', async () => {
    standIn.script((_url, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.end('bomb');
      return true;
    });
    await addCluster('c1');
    await addConnection('c1');
    follow();
    expect((await stateIs('disconnected'))?.message).toBe(
      'the API answers in an encoding that was not asked for',
    );
  });

  test('with large objects is asked for fewer at once', async () => {
    const rules = [{ apiGroups: [''], resources: ['x'.repeat(900)], verbs: ['get'] }];
    standIn.set(
      paths.roles,
      Array.from({ length: 20 }, (_, n) => ({ ...role(`r${n}`), rules })),
    );
    await followOne({ limits: { answerBytes: 4_000 }, page: 20 });
    expect(await keys()).toHaveLength(20);
  });

  test('that never answers is given up on, and asked again', async () => {
    standIn.script(() => true);
    await addCluster('c1');
    await addConnection('c1');
    follow({ limits: { headersTimeout: 100 } });
    expect((await stateIs('disconnected'))?.message).toBe(
      'the API cannot be reached (UND_ERR_HEADERS_TIMEOUT)',
    );
    standIn.script(undefined);
    await stateIs('following');
  });

  test('that takes connections and says nothing keeps nobody from stopping', async () => {
    const sockets: Socket[] = [];
    const silent = createTcpServer((socket) => void sockets.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const connected = new Promise((resolve) => silent.once('connection', resolve));
    const { port } = silent.address() as AddressInfo;
    await addCluster('c1');
    await addConnection('c1', { server: `https://127.0.0.1:${port}` });
    const following = follow();
    await connected;
    const probe = following.probe('c1', AbortSignal.timeout(50));
    await expect(probe).rejects.toThrow('the API does not answer in time');
    const began = performance.now();
    await following.close();
    expect(performance.now() - began).toBeLessThan(2_000);
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
  });

  test('is asked for its version, its clock and how long that takes', async () => {
    await followOne();
    const probe = await followers?.probe('c1', AbortSignal.timeout(5_000));
    expect(probe).toMatchObject({ version: 'v1.35.9' });
    expect(Math.abs(probe?.clockDifference ?? Number.NaN)).toBeLessThan(2_000);
    expect(await followers?.probe('c2', AbortSignal.timeout(5_000))).toBeUndefined();
    standIn.script(({ pathname }) => pathname === '/version');
    await expect(followers?.probe('c1', AbortSignal.timeout(50))).rejects.toThrow(
      'the API does not answer in time',
    );
  });
});

describe('the store', () => {
  test('a cluster whose connection went while the server was down is emptied; one with a connection is not', async () => {
    for (const clusterId of ['c1', 'c2']) {
      await addCluster(clusterId);
      const key = objectKey(clusterId, '', 'namespaces', '', 'a');
      await storage.commit({ changes: [{ type: 'put', key, value: '{}' }] });
    }
    await addConnection('c2');
    await standIn.stop();
    follow();
    await keysAre([]);
    await eventually(
      () => followers?.state('c2'),
      (state) => state?.state === 'disconnected',
    );
    expect(await keys('c2')).toEqual(['/namespaces//a']);
    await standIn.listen();
  });

  test('a deleted cluster is no longer followed, and a change of its record does not disturb', async () => {
    await followOne();
    const watching = standIn.requests.length;
    await addCluster('c1');
    standIn.event(paths.namespaces, 'ADDED', namespace('a'));
    await keysAre(['/namespaces//a']);
    expect(standIn.requests).toHaveLength(watching);
    const key = clusterKey('111122223333', 'us-east-1', 'name-c1');
    await storage.commit({ changes: [{ type: 'delete', key }] });
    await eventually(
      () => standIn.watchesOf(paths.namespaces),
      (open) => open === 0,
    );
    expect(followers?.state('c1')).toBeUndefined();
  });
});
