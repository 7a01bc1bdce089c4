/** What controllers do with @kubernetes/client-node, on a cluster in this process. */
import {
  ApiException,
  CoordinationV1Api,
  CoreV1Api,
  Exec,
  KubeConfig,
  KubernetesObjectApi,
  PatchStrategy,
  setHeaderOptions,
  type V1ConfigMap,
  type V1Lease,
  V1MicroTime,
  Watch,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../../src/embedded/cluster.ts';
import { type CuttingProxy, openCuttingProxy } from '../churn/cuttingproxy.ts';
import { type Observer, observe } from '../churn/observer.ts';
import { startTestApi } from '../cluster/fixture.ts';
import { until } from './process.ts';

const namespace = 'default';
const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);

function configOf(kubeconfig: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  return config;
}

async function refusal(call: Promise<unknown>): Promise<Record<string, unknown>> {
  const error: unknown = await call.catch((thrown: unknown) => thrown);
  if (!(error instanceof ApiException)) throw new Error('the call was not refused', { cause: error });
  return JSON.parse(String(error.body)) as Record<string, unknown>;
}

const configMap = (name: string, data: Record<string, string>, labels?: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace, ...(labels && { labels }) },
  data,
});

/** What a cache holds, and what a fresh list says. */
const shown = (items: readonly V1ConfigMap[]) =>
  items.map(({ metadata, data }) => `${metadata?.name}@${metadata?.resourceVersion} ${data?.n}`).sort();

describe('@kubernetes/client-node in a controller', () => {
  let cluster: Cluster;
  let config: KubeConfig;
  let core: CoreV1Api;

  beforeAll(async () => {
    cluster = await startCluster({ entries: [{ role: 'viewer', policies: ['AmazonEKSViewPolicy'] }] });
    config = configOf(cluster.kubeconfig);
    core = config.makeApiClient(CoreV1Api);
  });
  afterAll(() => cluster.close());

  describe('an informer with a selector', () => {
    let proxy: CuttingProxy;
    let observer: Observer<V1ConfigMap>;
    const labelSelector = 'tier in (web, api),!retired';
    const path = `/api/v1/namespaces/${namespace}/configmaps`;

    beforeAll(async () => {
      const { port } = new URL(cluster.url);
      proxy = await openCuttingProxy(Number(port));
      await core.createNamespacedConfigMap({
        namespace,
        body: configMap('early', { n: '1' }, { tier: 'web' }),
      });
      await core.createNamespacedConfigMap({
        namespace,
        body: configMap('other', { n: '1' }, { tier: 'db' }),
      });
      const cut = configOf(cluster.kubeconfig.replace(`:${port}/`, `:${proxy.port}/`));
      const list = () => cut.makeApiClient(CoreV1Api).listNamespacedConfigMap({ namespace, labelSelector });
      observer = await observe<V1ConfigMap>(cut, path, list, { labelSelector });
    });
    afterAll(async () => {
      await observer.stop();
      await proxy.close();
    });

    const label = (name: string, labels: Record<string, string | null>) =>
      core.patchNamespacedConfigMap({ name, namespace, body: { metadata: { labels } } }, merge);
    const sees = (...names: readonly string[]) =>
      until(
        () =>
          observer
            .list()
            .map(({ metadata }) => metadata?.name)
            .sort()
            .join() === names.join(),
        `the informer holds ${names.join(', ')}`,
      );

    test('holds what is selected, as labels come and go', async () => {
      await sees('early');
      await label('other', { tier: 'api' });
      await sees('early', 'other');
      await label('early', { retired: 'yes' });
      await sees('other');
      await label('early', { retired: null });
      await sees('early', 'other');
      expect(observer.problems).toEqual([]);
    });

    test('goes on where it was when its connection is cut, without listing again', async () => {
      const { lists, failures } = observer;
      const versions: (string | undefined)[] = [];
      for (let n = 2; n < 12; n++) {
        const written = core.patchNamespacedConfigMap(
          { name: 'early', namespace, body: { data: { n: `${n}` } } },
          merge,
        );
        if (n % 3 === 0) proxy.cut();
        versions.push((await written).metadata?.resourceVersion);
      }
      await until(() => observer.get('early', namespace)?.data?.n === '11', 'the last change is seen');
      expect(versions.filter((version) => !observer.seen.has(version ?? ''))).toEqual([]);
      expect(observer.failures).toBeGreaterThan(failures);
      expect(observer.lists).toBe(lists);
      const fresh = await core.listNamespacedConfigMap({ namespace, labelSelector });
      expect(shown(observer.list())).toEqual(shown(fresh.items));
      expect(observer.problems).toEqual([]);
    });
  });

  test('an informer that was away for too long is told so, lists again, and misses nothing', async () => {
    const api = await startTestApi({ retainedChanges: 200 });
    try {
      const away = new KubeConfig();
      away.loadFromOptions({
        clusters: [{ name: 'c', server: api.endpoint, caData: Buffer.from(api.caPem).toString('base64') }],
        users: [{ name: 'u', token: 'admin' }],
        contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
        currentContext: 'x',
      });
      const client = away.makeApiClient(CoreV1Api);
      const write = (name: string, n: string) =>
        client.createNamespacedConfigMap({ namespace, body: configMap(name, { n }) });
      for (const name of ['changed', 'dropped', 'kept']) await write(name, '1');
      const path = `/api/v1/namespaces/${namespace}/configmaps`;
      const list = () => client.listNamespacedConfigMap({ namespace });
      const observer = await observe<V1ConfigMap>(away, path, list);
      await observer.pause();
      await client.deleteNamespacedConfigMap({ name: 'dropped', namespace });
      const headers = { 'content-type': 'application/merge-patch+json' };
      for (let n = 2; n <= 220; n++) {
        await api.call('PATCH', `${path}/changed`, { headers, body: { data: { n: `${n}` } } });
      }
      await write('added', '1');
      await observer.resume();
      await until(() => observer.get('added', namespace) !== undefined, 'the informer has listed again');
      expect(observer.lists).toBe(2);
      expect(shown(observer.list())).toEqual(shown((await list()).items));
      expect(observer.get('changed', namespace)?.data).toEqual({ n: '220' });
      expect(observer.problems).toEqual([]);
      // And it follows from there.
      await write('later', '1');
      await until(() => observer.get('later', namespace) !== undefined, 'the informer follows again');
      await observer.stop();
    } finally {
      await api.close();
    }
  });

  test('a watch takes field selectors, and says only what they select', async () => {
    const { metadata } = await core.listNamespacedConfigMap({ namespace });
    const seen: string[] = [];
    const ended = new Promise((resolve, reject) => {
      new Watch(config)
        .watch(
          `/api/v1/namespaces/${namespace}/configmaps`,
          {
            fieldSelector: 'metadata.name=field-b',
            resourceVersion: metadata?.resourceVersion,
            timeoutSeconds: 1,
          },
          (type, object: V1ConfigMap) => seen.push(`${type} ${object.metadata?.name}`),
          resolve,
        )
        .catch(reject);
    });
    for (const name of ['field-a', 'field-b']) {
      await core.createNamespacedConfigMap({ namespace, body: configMap(name, {}) });
    }
    await core.deleteNamespacedConfigMap({ name: 'field-b', namespace });
    await ended;
    expect(seen).toEqual(['ADDED field-b', 'DELETED field-b']);
  });

  test('of many candidates one leads, keeps leading, and is followed when its lease ends', async () => {
    const coordination = config.makeApiClient(CoordinationV1Api);
    const name = 'controller-leader';
    const seconds = 15;
    /** What every elector does: take a lease that is free or over, or one's own, if nobody was quicker. */
    const lead = async (identity: string, now: number): Promise<boolean> => {
      const absent = (error: unknown) => {
        if (!(error instanceof ApiException) || error.code !== 404) throw error;
        return undefined;
      };
      const lost = (error: unknown) => {
        if (!(error instanceof ApiException) || error.code !== 409) throw error;
        return false;
      };
      const spec = {
        holderIdentity: identity,
        leaseDurationSeconds: seconds,
        renewTime: new V1MicroTime(now),
      };
      const lease: V1Lease | undefined = await coordination
        .readNamespacedLease({ name, namespace })
        .catch(absent);
      if (lease === undefined) {
        const body = { metadata: { name }, spec };
        return coordination.createNamespacedLease({ namespace, body }).then(() => true, lost);
      }
      const until = new Date(lease.spec?.renewTime ?? 0).getTime() + seconds * 1000;
      if (lease.spec?.holderIdentity !== identity && now < until) return false;
      return coordination
        .replaceNamespacedLease({ name, namespace, body: { ...lease, spec } })
        .then(() => true, lost);
    };
    const candidates = Array.from({ length: 8 }, (_, index) => `candidate-${index}`);
    const election = async (among: readonly string[], now: number) => {
      const won = await Promise.all(among.map((identity) => lead(identity, now)));
      return among.filter((_, index) => won[index]);
    };
    const start = Date.parse('2026-01-01T00:00:00Z');
    const [leader = '', ...none] = await election(candidates, start);
    expect(leader).toMatch(/^candidate-/);
    expect(none).toEqual([]);
    expect(await election(candidates, start + 10_000)).toEqual([leader]);
    const others = candidates.filter((identity) => identity !== leader);
    // It was renewed meanwhile: what counts is the last time.
    expect(await election(others, start + 20_000)).toEqual([]);
    const [successor = '', ...noOther] = await election(others, start + 26_000);
    expect(others).toContain(successor);
    expect(noOther).toEqual([]);
    expect(await lead(leader, start + 27_000)).toBe(false);
    const { spec } = await coordination.readNamespacedLease({ name, namespace });
    expect(spec?.holderIdentity).toBe(successor);
    expect(new Date(spec?.renewTime ?? 0).getTime()).toBe(start + 26_000);
  });

  test('server-side apply through the generic client: shared, in conflict, forced, and left behind', async () => {
    const objects = KubernetesObjectApi.makeApiClient(config);
    const apply = (manager: string, data: Record<string, string>, force = false) =>
      objects.patch(
        configMap('applied', data),
        undefined,
        undefined,
        manager,
        force,
        PatchStrategy.ServerSideApply,
      ) as Promise<V1ConfigMap>;
    await apply('first', { a: '1', b: '1' });
    await apply('second', { c: '1' });
    expect(await refusal(apply('second', { a: '2', c: '1' }))).toMatchObject({
      reason: 'Conflict',
      code: 409,
      message: 'Apply failed with 1 conflict: conflict with "first": .data.a',
    });
    const forced = await apply('second', { a: '2', c: '1' }, true);
    expect(forced.data).toEqual({ a: '2', b: '1', c: '1' });
    const left = await apply('first', {});
    expect(left.data).toEqual({ a: '2', c: '1' });
    expect(
      left.metadata?.managedFields?.map(({ manager, operation }) => `${manager} ${operation}`),
    ).toContain('second Apply');
  });

  test('exec, attach and logs are refused: nothing runs here, and whoever may not is told that', async () => {
    await core.createNamespacedPod({
      namespace,
      body: {
        metadata: { name: 'web' },
        spec: { containers: [{ name: 'web', image: 'registry.example/web:1' }] },
      },
    });
    const run = (as: KubeConfig) =>
      new Exec(as).exec(namespace, 'web', 'web', ['ls'], null, null, null, false).then(
        () => 'it runs',
        (event: { readonly message?: string }) => event.message,
      );
    expect(await run(config)).toBe('Unexpected server response: 501');
    expect(await run(configOf(await cluster.kubeconfigFor({ role: 'viewer' })))).toBe(
      'Unexpected server response: 403',
    );
    expect(await refusal(core.readNamespacedPodLog({ name: 'web', namespace }))).toMatchObject({
      kind: 'Status',
      code: 501,
    });
  });
});
