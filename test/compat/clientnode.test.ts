/** @kubernetes/client-node on a cluster in this process, and with the exec plugin that `entryway kubeconfig` writes. */
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  ApiException,
  AppsV1Api,
  AuthorizationV1Api,
  CoreV1Api,
  KubeConfig,
  KubernetesObjectApi,
  makeInformer,
  PatchStrategy,
  RbacAuthorizationV1Api,
  setHeaderOptions,
  type V1ConfigMap,
  VersionApi,
  Watch,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Cluster, startCluster } from '../../src/embedded/cluster.ts';
import { startServerProcess, temporaryDirectory, until } from './process.ts';
import { createClients, createCluster, createClusterRole, rootKeys, trust } from './world.ts';

const launcher = resolve(import.meta.dirname, '../../bin/entryway.js');

function configOf(kubeconfig: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  return config;
}

/** The Status a call is refused with. */
async function refusal(call: Promise<unknown>): Promise<Record<string, unknown>> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ApiException);
  return JSON.parse(String((error as ApiException<unknown>).body)) as Record<string, unknown>;
}

const namespace = 'team';
const named = (name: string) => ({ name, namespace });
const as = (strategy: string) => setHeaderOptions('Content-Type', strategy);

describe('@kubernetes/client-node', () => {
  let cluster: Cluster;
  let config: KubeConfig;
  let core: CoreV1Api;

  beforeAll(async () => {
    cluster = await startCluster();
    config = configOf(cluster.kubeconfig);
    core = config.makeApiClient(CoreV1Api);
    await core.createNamespace({ body: { metadata: { name: namespace } } });
  });

  afterAll(() => cluster.close());

  test('creates, reads, replaces and deletes', async () => {
    expect((await config.makeApiClient(VersionApi).getCode()).gitVersion).toBe('v1.35.0-entryway');
    const created = await core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name: 'settings', labels: { app: 'shop' } }, data: { color: 'blue' } },
    });
    expect(created).toMatchObject({
      kind: 'ConfigMap',
      metadata: { name: 'settings', namespace, uid: expect.any(String), creationTimestamp: expect.any(Date) },
      data: { color: 'blue' },
    });
    const { metadata } = await core.readNamespacedConfigMap(named('settings'));
    expect(metadata).toEqual(created.metadata);

    const replaced = await core.replaceNamespacedConfigMap({
      ...named('settings'),
      body: { ...created, data: { color: 'green' } },
    });
    expect(replaced.metadata?.resourceVersion).not.toBe(created.metadata?.resourceVersion);
    expect(
      await refusal(core.replaceNamespacedConfigMap({ ...named('settings'), body: created })),
    ).toMatchObject({
      kind: 'Status',
      status: 'Failure',
      reason: 'Conflict',
      code: 409,
      message:
        'Operation cannot be fulfilled on configmaps "settings": the object has been modified; please apply your changes to the latest version and try again',
    });

    expect(await core.deleteNamespacedConfigMap(named('settings'))).toMatchObject({ status: 'Success' });
    expect(await refusal(core.readNamespacedConfigMap(named('settings')))).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'configmaps "settings" not found',
      reason: 'NotFound',
      details: { name: 'settings', kind: 'configmaps' },
      code: 404,
    });
  });

  test('lists with selectors, page by page', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      await core.createNamespacedConfigMap({
        namespace,
        body: { metadata: { name: `page-${name}`, labels: { set: name < 'd' ? 'first' : 'second' } } },
      });
    }
    const first = await core.listNamespacedConfigMap({ namespace, labelSelector: 'set', limit: 3 });
    expect(first.items.map((item) => item.metadata?.name)).toEqual(['page-a', 'page-b', 'page-c']);
    const rest = await core.listNamespacedConfigMap({
      namespace,
      labelSelector: 'set',
      limit: 3,
      _continue: first.metadata?._continue ?? '',
    });
    expect(rest.items.map((item) => item.metadata?.name)).toEqual(['page-d', 'page-e']);
    expect(rest.metadata?._continue).toBeUndefined();
    const named = await core.listNamespacedConfigMap({ namespace, fieldSelector: 'metadata.name=page-b' });
    expect(named.items).toHaveLength(1);
    const gone = await core.deleteCollectionNamespacedConfigMap({ namespace, labelSelector: 'set=first' });
    expect(gone).toMatchObject({ metadata: {} });
    const left = await core.listNamespacedConfigMap({ namespace, labelSelector: 'set' });
    expect(left.items.map((item) => item.metadata?.name)).toEqual(['page-d', 'page-e']);
  });

  test('patches in three ways, and scales', async () => {
    const apps = config.makeApiClient(AppsV1Api);
    const labels = { app: 'web' };
    await apps.createNamespacedDeployment({
      namespace,
      body: {
        metadata: { name: 'web' },
        spec: {
          replicas: 1,
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: {
              containers: [
                { name: 'server', image: 'registry.example/server:1' },
                { name: 'sidecar', image: 'registry.example/sidecar:1' },
              ],
            },
          },
        },
      },
    });
    const containers = [{ name: 'sidecar', image: 'registry.example/sidecar:2' }];
    const strategic = await apps.patchNamespacedDeployment(
      { ...named('web'), body: { spec: { template: { spec: { containers } } } } },
      as(PatchStrategy.StrategicMergePatch),
    );
    expect(strategic.spec?.template.spec?.containers.map(({ image }) => image)).toEqual([
      'registry.example/server:1',
      'registry.example/sidecar:2',
    ]);
    const merged = await apps.patchNamespacedDeployment(
      { ...named('web'), body: { metadata: { annotations: { note: 'merged' } }, spec: { paused: true } } },
      as(PatchStrategy.MergePatch),
    );
    expect(merged).toMatchObject({ metadata: { annotations: { note: 'merged' } }, spec: { paused: true } });
    const body = [{ op: 'remove', path: '/metadata/annotations/note' }];
    const json = await apps.patchNamespacedDeployment({ ...named('web'), body }, as(PatchStrategy.JsonPatch));
    expect(json.metadata?.annotations).toBeUndefined();
    const scaled = await apps.patchNamespacedDeploymentScale(
      { ...named('web'), body: { spec: { replicas: 5 } } },
      as(PatchStrategy.MergePatch),
    );
    expect(scaled).toMatchObject({ kind: 'Scale', spec: { replicas: 5 } });
    expect((await apps.readNamespacedDeployment(named('web'))).spec?.replicas).toBe(5);
    const strange = await refusal(
      apps.patchNamespacedDeployment({ ...named('web'), body: {} }, as('application/x-strange')),
    );
    expect(strange).toMatchObject({ reason: 'UnsupportedMediaType', code: 415 });
  });

  test('writes objects whose kind is only known at run time', async () => {
    const objects = KubernetesObjectApi.makeApiClient(config);
    const spec = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: named('generic') };
    await objects.create(spec);
    expect(await objects.read(spec)).toMatchObject({ kind: 'Role', metadata: named('generic') });
    await objects.delete(spec);
    expect(await refusal(objects.read(spec))).toMatchObject({ code: 404 });
  });

  test('asks what it may do', async () => {
    const authorization = config.makeApiClient(AuthorizationV1Api);
    const ask = async (resource: string) => {
      const { status } = await authorization.createSelfSubjectAccessReview({
        body: { spec: { resourceAttributes: { verb: 'get', resource, namespace } } },
      });
      return status;
    };
    expect(await ask('secrets')).toMatchObject({ allowed: true });
    const other = await authorization.createSubjectAccessReview({
      body: { spec: { user: 'ana', resourceAttributes: { verb: 'get', resource: 'secrets', namespace } } },
    });
    expect(other.status).toMatchObject({ allowed: false });
    const rbac = config.makeApiClient(RbacAuthorizationV1Api);
    const { rules = [] } = await rbac.readClusterRole({ name: 'view' });
    expect(rules.length).toBeGreaterThan(5);
  });

  test('a role without an entry gets a 401', async () => {
    const iam = new IAMClient(cluster.aws);
    const AssumeRolePolicyDocument = trust({ AWS: `arn:aws:iam::${cluster.accountId}:root` });
    await iam.send(new CreateRoleCommand({ RoleName: 'stranger', AssumeRolePolicyDocument }));
    iam.destroy();
    const kubeconfig = await cluster.kubeconfigFor({ role: 'stranger' });
    const stranger = configOf(kubeconfig).makeApiClient(CoreV1Api);
    // The library reads no body of a 401.
    const error: unknown = await stranger.listNode().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiException);
    expect(error).toMatchObject({ code: 401 });
  });

  test('a watch ends cleanly after the seconds it asked for', async () => {
    const { metadata } = await core.listNamespacedConfigMap({ namespace });
    const seen: string[] = [];
    const watch = new Watch(config);
    const open = (resourceVersion: string, timeoutSeconds: number) =>
      new Promise<unknown>((ended, failed) => {
        const query = { resourceVersion, timeoutSeconds };
        const path = `/api/v1/namespaces/${namespace}/configmaps`;
        watch
          .watch(
            path,
            query,
            (type, object: V1ConfigMap) => seen.push(`${type} ${object.metadata?.name}`),
            ended,
          )
          .catch(failed);
      });
    const ended = open(metadata?.resourceVersion ?? '', 1);
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'watched' } } });
    await core.deleteNamespacedConfigMap(named('watched'));
    expect(await ended).toBeFalsy();
    expect(seen).toEqual(['ADDED watched', 'DELETED watched']);
  });
});

test('an informer sees every change, also those made while the server was restarted', async () => {
  const directory = temporaryDirectory();
  let server = await startServerProcess(directory.path);
  onTestFinished(async () => {
    await server.stop();
    directory.remove();
  });
  const root = createClients(server.connection, rootKeys(server.connection));
  await createClusterRole(root);
  await createCluster(root, server.connection, 'main');
  root.destroy();
  const args = [launcher, 'kubeconfig', 'main', '--data', server.connection.dataDir];
  const config = configOf(execFileSync(process.execPath, args, { encoding: 'utf8' }));
  const core = config.makeApiClient(CoreV1Api);
  await core.createNamespace({ body: { metadata: { name: namespace } } });
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  const labelSelector = 'informed=yes';
  const events: string[] = [];
  const informer = makeInformer<V1ConfigMap>(
    config,
    path,
    () => core.listNamespacedConfigMap({ namespace, labelSelector }),
    labelSelector,
  );
  const note = (what: string) => (object: V1ConfigMap) => {
    events.push(`${what} ${object.metadata?.name} ${object.data?.n ?? ''}`.trim());
  };
  informer.on('add', note('add'));
  informer.on('update', note('update'));
  informer.on('delete', note('delete'));
  let isWanted = true;
  // The library's own advice: start again after an error.
  informer.on('error', () => {
    if (isWanted) setTimeout(() => informer.start().catch(() => undefined), 100);
  });
  await informer.start();

  const create = (name: string) =>
    core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name, labels: { informed: 'yes' } }, data: { n: '1' } },
    });
  const write = (client: CoreV1Api, name: string, n: string) =>
    client.patchNamespacedConfigMap({ ...named(name), body: { data: { n } } }, as(PatchStrategy.MergePatch));
  const sees = (event: string) => until(() => events.includes(event), `the informer reports ${event}`);
  try {
    await create('kept');
    await create('dropped');
    await write(core, 'kept', '2');
    await sees('update kept 2');
    await core.deleteNamespacedConfigMap(named('dropped'));
    await sees('delete dropped 1');
    expect(events).toEqual(['add kept 1', 'add dropped 1', 'update kept 2', 'delete dropped 1']);

    const { port } = new URL(server.connection.kubernetesEndpoint);
    await server.stop();
    server = await startServerProcess(directory.path, ['--kube-listen', `127.0.0.1:${port}`]);
    await write(core, 'kept', '3');
    await sees('update kept 3');
    expect(informer.get('kept', namespace)?.data).toEqual({ n: '3' });
    await core.deleteNamespacedConfigMap(named('kept'));
    await sees('delete kept 3');
    expect(informer.list()).toEqual([]);
  } finally {
    isWanted = false;
    await informer.stop();
  }
}, 60_000);
