import { connect, constants } from 'node:http2';
import { CoreV1Api, KubeConfig, makeInformer, RbacAuthorizationV1Api, Watch } from '@kubernetes/client-node';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { clusterPath, startTestApi, type TestApi } from './fixture.ts';

describe('bounds of a request', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi({ limits: { bodyBytes: 10_000, bodyTimeout: 200 } });
  });
  afterAll(() => api.close());

  test('a body over the limit is a 413, declared or not', async () => {
    const body = { metadata: { name: 'a' }, data: { a: 'x'.repeat(20_000) } };
    const path = '/api/v1/namespaces/default/configmaps';
    for (const headers of [{}, { 'transfer-encoding': 'chunked' }]) {
      const answer = await api.call('POST', path, { body, headers });
      expect(answer.body).toMatchObject({ code: 413, reason: 'RequestEntityTooLarge' });
    }
    const compressed = await api.call('POST', path, { body: {}, headers: { 'content-encoding': 'gzip' } });
    expect(compressed.status).toBe(400);
  });

  test('a body that does not arrive in time is given up', async () => {
    const answer = await api.call('POST', '/api/v1/namespaces/default/configmaps', {
      raw: '{',
      headers: { 'content-length': '100' },
    });
    expect(answer.status).toBe(400);
  });

  test('a URL over the limit is a 414', async () => {
    const answer = await api.call('GET', `/api/v1/pods?labelSelector=${'a'.repeat(17_000)}`);
    expect(answer.status).toBe(414);
  });

  test('headers over the limit are a 431, and 60 kB of them are not', async () => {
    const call = (size: number) => api.call('GET', '/version', { headers: { 'x-long': 'a'.repeat(size) } });
    expect((await call(60_000)).status).toBe(200);
    expect((await call(70_000)).status).toBe(431);
  });
});

describe('connections', () => {
  let api: TestApi;
  afterEach(() => api.close());

  test('HTTP/2 serves requests and watches, and close ends both cleanly', async () => {
    api = await startTestApi();
    const session = connect(`https://127.0.0.1:${api.port}`, { ca: api.caPem });
    const open = (path: string) =>
      session.request({ [constants.HTTP2_HEADER_PATH]: clusterPath + path, authorization: 'Bearer admin' });
    const watch = open('/api/v1/namespaces?watch=1&allowWatchBookmarks=true');
    const list = open('/api/v1/namespaces');
    let text = '';
    for await (const chunk of list) text += String(chunk);
    expect(JSON.parse(text).items.length).toBe(4);
    let events = '';
    watch.on('data', (chunk) => {
      events += String(chunk);
    });
    const ended = new Promise<void>((resolve, reject) => watch.on('end', resolve).on('error', reject));
    expect(api.api.openWatches).toBe(1);
    await api.close();
    await ended;
    const types = events
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).type);
    expect(types).toEqual(['ADDED', 'ADDED', 'ADDED', 'ADDED', 'BOOKMARK']);
    session.destroy();
  });

  test('close ends HTTP/1.1 watches with a clean end of the stream and takes no new ones', async () => {
    api = await startTestApi();
    const { response, lines } = await api.open('/api/v1/namespaces?watch=1&resourceVersion=1');
    const closed = api.close();
    expect(await lines.next()).toBeUndefined();
    expect(response.complete).toBe(true);
    await closed;
    expect(api.api.openWatches).toBe(0);
  });
});

describe('@kubernetes/client-node', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi();
  });
  afterAll(() => api.close());

  function config(token: string): KubeConfig {
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromClusterAndUser(
      {
        name: 'demo',
        server: api.endpoint,
        skipTLSVerify: false,
        caData: Buffer.from(api.caPem).toString('base64'),
      },
      { name: token, token },
    );
    return kubeConfig;
  }

  test('reads, writes, is refused and watches', async () => {
    const core = config('admin').makeApiClient(CoreV1Api);
    await core.createNamespace({ body: { metadata: { name: 'sdk' } } });
    const created = await core.createNamespacedConfigMap({
      namespace: 'sdk',
      body: { metadata: { name: 'a' }, data: { k: 'v' } },
    });
    expect(created.data).toEqual({ k: 'v' });
    const refused = config('bob').makeApiClient(RbacAuthorizationV1Api).listClusterRole();
    await expect(refused).rejects.toMatchObject({ code: 403 });

    const seen: string[] = [];
    const kubeConfig = config('admin');
    const informer = makeInformer(kubeConfig, '/api/v1/namespaces/sdk/configmaps', () =>
      core.listNamespacedConfigMap({ namespace: 'sdk' }),
    );
    const changed = new Promise<void>((resolve) => {
      informer.on('add', (object) => seen.push(`add ${object.metadata?.name}`));
      informer.on('delete', (object) => {
        seen.push(`delete ${object.metadata?.name}`);
        resolve();
      });
    });
    informer.on('error', (error) => seen.push(`error ${error}`));
    await informer.start();
    await core.deleteNamespacedConfigMap({ namespace: 'sdk', name: 'a' });
    await changed;
    await informer.stop();
    expect(seen).toEqual(['add a', 'add kube-root-ca.crt', 'delete a']);
  });

  test('its watch gets events as they come', async () => {
    const core = config('admin').makeApiClient(CoreV1Api);
    let stop: AbortController | undefined;
    const first = new Promise<string>((resolve) => {
      void new Watch(config('admin'))
        .watch(
          '/api/v1/namespaces',
          { fieldSelector: 'metadata.name=watched' },
          (type, object) => resolve(`${type} ${object.metadata.name}`),
          () => undefined,
        )
        .then(async (controller) => {
          stop = controller;
          await core.createNamespace({ body: { metadata: { name: 'watched' } } });
        });
    });
    expect(await first).toBe('ADDED watched');
    stop?.abort();
  });
});

test('a store that closes answers 503, and a watch that cannot be opened frees its place', async () => {
  const api = await startTestApi();
  await api.storage.close();
  const answer = await api.call('GET', '/api/v1/namespaces');
  expect(answer.body).toMatchObject({ code: 503, reason: 'ServiceUnavailable' });
  const watch = await api.call('GET', '/api/v1/namespaces?watch=1&resourceVersion=1');
  expect(watch.body).toMatchObject({ code: 503, reason: 'ServiceUnavailable' });
  expect(api.api.openWatches).toBe(0);
  await api.close();
});
