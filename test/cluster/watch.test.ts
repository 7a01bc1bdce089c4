import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clusterKey } from '../../src/storage/records/keys.ts';
import { clusterRecord, startTestApi, type TestApi } from './fixture.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({
    limits: { watchesPerUser: 3, watches: 4, bookmarkInterval: 50, watchBufferBytes: 100_000, listItems: 5 },
    retainedChanges: 200,
  });
  await api.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'team-a' } } });
});
afterAll(() => api.close());

const configmaps = '/api/v1/namespaces/team-a/configmaps';
const merge = { 'content-type': 'application/merge-patch+json' };
const put = (name: string, tier: string) =>
  api.call('PATCH', `${configmaps}/${name}`, { body: { metadata: { labels: { tier } } }, headers: merge });
const make = (name: string, tier: string) =>
  api.call('POST', configmaps, { body: { metadata: { name, labels: { tier } } } });
const brief = (event: { type: string; object: { metadata: { name: string } } }) =>
  event && `${event.type} ${event.object.metadata.name}`;
const version = async () => (await api.call('GET', configmaps)).body.metadata.resourceVersion as string;

describe('watch (kubernetes-facts E16)', () => {
  test('sends its headers at once, before there is any event', async () => {
    const { response } = await api.open(`${configmaps}?watch=1&resourceVersion=${await version()}`);
    expect(response.statusCode).toBe(200);
    expect(response.headers['content-type']).toBe('application/json');
    response.destroy();
  });

  test('from a revision: what came after, with selector semantics', async () => {
    const from = await version();
    await make('w1', 'x');
    const { response, lines } = await api.open(
      `${configmaps}?watch=1&resourceVersion=${from}&labelSelector=tier%3Dx`,
    );
    await put('w1', 'y');
    await put('w1', 'z');
    await put('w1', 'x');
    await put('w1', 'x');
    const { body } = await api.call('PATCH', `${configmaps}/w1`, {
      body: { data: { a: 'b' } },
      headers: merge,
    });
    const removed = await api.call('DELETE', `${configmaps}/w1`);
    expect(removed.status).toBe(200);
    const events = [];
    for (let index = 0; index < 5; index += 1) events.push(await lines.next());
    expect(events.map(brief)).toEqual(['ADDED w1', 'DELETED w1', 'ADDED w1', 'MODIFIED w1', 'DELETED w1']);
    const last = events[4].object.metadata.resourceVersion;
    expect(Number(last)).toBeGreaterThan(Number(body.metadata.resourceVersion));
    response.destroy();
  });

  test('without a revision: everything there is, then what comes', async () => {
    await make('w2', 'x');
    const { response, lines } = await api.open(`${configmaps}?watch=1`);
    expect([brief(await lines.next()), brief(await lines.next())]).toEqual([
      'ADDED kube-root-ca.crt',
      'ADDED w2',
    ]);
    await put('w2', 'y');
    expect(brief(await lines.next())).toBe('MODIFIED w2');
    await api.call('DELETE', `${configmaps}/w2`);
    response.destroy();
  });

  test('WatchList: initial events end with their bookmark (kubernetes-facts D3.6)', async () => {
    const query =
      'allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&sendInitialEvents=true&watch=true&timeoutSeconds=1';
    const { lines } = await api.open(`${configmaps}?${query}`);
    expect(brief(await lines.next())).toBe('ADDED kube-root-ca.crt');
    expect(await lines.next()).toMatchObject({
      type: 'BOOKMARK',
      object: {
        kind: 'ConfigMap',
        apiVersion: 'v1',
        metadata: {
          resourceVersion: expect.stringMatching(/^\d+$/),
          annotations: { 'k8s.io/initial-events-end': 'true' },
        },
      },
    });
    let last: { type: string } | undefined;
    for (let event = await lines.next(); event !== undefined; event = await lines.next()) last = event;
    expect(last?.type).toBe('BOOKMARK');
  });

  test.each([
    ['sendInitialEvents=true', 422],
    ['sendInitialEvents=true&resourceVersionMatch=Exact', 422],
    ['resourceVersionMatch=NotOlderThan', 422],
    ['resourceVersion=x', 422],
    ['resourceVersion=999999', 504],
    ['timeoutSeconds=soon', 400],
    ['labelSelector=a%20in', 400],
    ['fieldSelector=spec.x%3D1', 400],
  ])('%s is refused', async (query, status) => {
    expect((await api.call('GET', `${configmaps}?watch=1&${query}`)).status).toBe(status);
  });

  test('a revision that is no longer retained ends with 410 Expired', async () => {
    for (let index = 0; index < 500; index += 1) {
      await api.storage.commit({ changes: [{ type: 'put', key: 'elsewhere', value: String(index) }] });
    }
    const { lines } = await api.open(`${configmaps}?watch=1&resourceVersion=5`);
    expect(await lines.next()).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
    expect(await lines.next()).toBeUndefined();
  });

  test('Table events carry one row each, and the columns once', async () => {
    await make('w3', 'x');
    const { response, lines } = await api.open(`${configmaps}?watch=1`, {
      headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' },
    });
    const first = await lines.next();
    const second = await lines.next();
    expect(first.object.columnDefinitions.length).toBe(3);
    expect(second.object).toMatchObject({
      kind: 'Table',
      columnDefinitions: null,
      rows: [{ cells: ['w3', 0, expect.any(String)] }],
    });
    response.destroy();
    await api.call('DELETE', `${configmaps}/w3`);
  });

  test('there are no events in YAML, whose end nobody could tell', async () => {
    const headers = { accept: 'application/yaml, application/json;q=0.9' };
    const { status, text } = await api.call('GET', `${configmaps}?watch=1`, { headers });
    expect(status).toBe(406);
    expect(text).toContain('only the following media types are accepted: application/json;stream=watch');
  });

  test('a role that is aggregated is watched as it is read', async () => {
    const path =
      '/apis/rbac.authorization.k8s.io/v1/clusterroles?watch=1&fieldSelector=metadata.name%3Dview&resourceVersion=';
    const revision = String(api.storage.revision());
    const { response, lines } = await api.open(path + revision);
    await api.call('PATCH', '/apis/rbac.authorization.k8s.io/v1/clusterroles/view', {
      body: { metadata: { labels: { a: 'b' } } },
      headers: merge,
    });
    expect((await lines.next()).object.rules.length).toBeGreaterThan(5);
    response.destroy();
  });
});

test('a watch ends when its cluster is deleted, and not when another one is', async () => {
  const { accountId, region, name } = clusterRecord;
  const keyOf = (cluster: string): string => clusterKey(accountId, region, cluster);
  const before = JSON.stringify(clusterRecord);
  const { lines } = await api.open(`${configmaps}?watch=1&resourceVersion=${await version()}`);
  const commit = (key: string, value?: string) =>
    api.storage.commit({
      changes: [value === undefined ? { type: 'delete', key } : { type: 'put', key, value }],
    });
  await commit(keyOf('other'), JSON.stringify({ ...clusterRecord, clusterId: 'c2' }));
  await commit(keyOf('other'));
  await commit(keyOf(name), JSON.stringify({ ...clusterRecord, version: '1.36' }));
  await make('w-last', 'x');
  expect(brief(await lines.next())).toBe('ADDED w-last');
  await commit(keyOf(name));
  expect(await lines.next()).toBeUndefined();
  await commit(keyOf(name), before);
  await api.call('DELETE', `${configmaps}/w-last`);
});

describe('bounds of watches', () => {
  const settle = async (open: number) => {
    const deadline = Date.now() + 5_000;
    while (api.api.openWatches !== open && Date.now() < deadline) await new Promise(setImmediate);
    expect(api.api.openWatches).toBe(open);
  };

  test('one user has a share of them, all together have a bound, and a closed one is given back', async () => {
    await settle(0);
    const query = `${configmaps}?watch=1&resourceVersion=${await version()}`;
    const mine = [await api.open(query), await api.open(query), await api.open(query)];
    expect((await api.call('GET', query)).body).toMatchObject({ code: 429, reason: 'TooManyRequests' });
    expect(api.api.openWatches).toBe(3);
    for (const { response } of mine) response.destroy();
    await settle(0);
    const again = await api.open(query);
    expect(again.response.statusCode).toBe(200);
    again.response.destroy();
    await settle(0);
  });
});

describe('lists (kubernetes-facts E15)', () => {
  test('a list longer than the bound comes in pages, also without a limit', async () => {
    for (let index = 0; index < 7; index += 1) await make(`l${index}`, 'x');
    const first = await api.call('GET', configmaps);
    expect(first.body.items.length).toBe(5);
    expect(first.body.metadata.remainingItemCount).toBe(3);
    const second = await api.call('GET', `${configmaps}?continue=${first.body.metadata.continue}`);
    expect(second.body.items.length).toBe(3);
    expect(second.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
    expect(second.body.metadata.continue).toBeUndefined();
  });

  test('a token whose moment is gone is a 410, with one to go on from there all the same', async () => {
    const first = await api.call('GET', `${configmaps}?limit=2`);
    for (let index = 0; index < 250; index += 1) {
      await api.storage.commit({ changes: [{ type: 'put', key: 'elsewhere', value: String(index) }] });
    }
    await make('zz-new', 'x');
    const stale = await api.call('GET', `${configmaps}?limit=2&continue=${first.body.metadata.continue}`);
    expect(stale.body).toMatchObject({ code: 410, reason: 'Expired' });
    expect(stale.body.message).toMatch(/^The provided continue parameter is too old/);
    const names: string[] = [];
    let token: string | undefined = stale.body.metadata.continue;
    while (token !== undefined) {
      const page = await api.call('GET', `${configmaps}?limit=3&continue=${token}`);
      expect(page.status, page.text).toBe(200);
      names.push(...page.body.items.map((item: { metadata: { name: string } }) => item.metadata.name));
      token = page.body.metadata.continue;
    }
    const shown = first.body.items.map((item: { metadata: { name: string } }) => item.metadata.name);
    const all = await api.storage.list({ prefix: 'object/c1//configmaps/team-a/' });
    expect([...shown, ...names]).toEqual(all.entries.map(({ key }) => key.slice(key.lastIndexOf('/') + 1)));
    await api.call('DELETE', `${configmaps}/zz-new`);
  });

  test('a version that is no longer known cannot be listed exactly', async () => {
    const { body } = await api.call('GET', `${configmaps}?resourceVersion=1&resourceVersionMatch=Exact`);
    expect(body).toMatchObject({
      code: 410,
      reason: 'Expired',
      message: expect.stringContaining('too old: 1 ('),
    });
  });

  test('a continue token opens its own collection only', async () => {
    const { body } = await api.call('GET', `${configmaps}?limit=1`);
    const token = body.metadata.continue as string;
    for (const path of [
      '/api/v1/namespaces/default/configmaps',
      '/api/v1/namespaces/team-a/secrets',
      '/api/v1/configmaps',
    ]) {
      expect((await api.call('GET', `${path}?continue=${token}`)).body).toMatchObject({
        code: 410,
        reason: 'Expired',
      });
    }
    const forged = token.slice(0, -2) + (token.endsWith('AA') ? 'BB' : 'AA');
    expect((await api.call('GET', `${configmaps}?continue=${forged}`)).status).toBe(410);
    expect((await api.call('GET', `${configmaps}?continue=%00`)).status).toBe(400);
  });

  test.each([
    ['resourceVersionMatch=Exact', 422],
    ['resourceVersion=0&resourceVersionMatch=Exact', 422],
    ['resourceVersion=1&resourceVersionMatch=Sometime', 422],
    ['sendInitialEvents=true', 422],
    ['resourceVersion=999999', 504],
    ['limit=many', 400],
    ['includeObject=All', 400],
  ])('%s is refused', async (query, status) => {
    expect((await api.call('GET', `${configmaps}?${query}`)).status).toBe(status);
  });

  test('a watch cannot begin with more objects than a list may hold', async () => {
    expect((await api.call('GET', `${configmaps}?watch=1`)).status).toBe(429);
  });

  test('a collection larger than one answer of a list is deleted as a whole', async () => {
    const { body: before } = await api.call('GET', configmaps);
    expect(before.metadata.remainingItemCount).toBeGreaterThan(0);
    const { body } = await api.call('DELETE', `${configmaps}?labelSelector=tier`);
    expect(body.metadata).not.toHaveProperty('continue');
    expect((await api.call('GET', `${configmaps}?labelSelector=tier`)).body.items).toEqual([]);
    expect(body.items.length).toBeGreaterThan(5);
  });
});
