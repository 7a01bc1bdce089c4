import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { createMisses, type Fetching } from './fetched.ts';
import { fetchKubernetes, openKubeconfig } from './kubernetes.ts';

const directory = mkdtempSync(join(tmpdir(), 'entryway-kube-'));
const servers: Server[] = [];
afterAll(() => rmSync(directory, { recursive: true, force: true }));
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

interface Reply {
  readonly status?: number;
  readonly items?: readonly string[];
  readonly next?: string;
}

/** Reads an API server that answers each path with its replies in turn, the last one for ever. */
async function readFrom(replies: Readonly<Record<string, readonly Reply[]>>) {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0]?.split('/').at(-1) ?? '';
    requests.push(`${path}?${request.url?.split('?')[1] ?? ''}`);
    const turns = replies[path] ?? [{}];
    const reply =
      turns[Math.min(requests.filter((one) => one.startsWith(`${path}?`)).length, turns.length) - 1];
    const { status = path === 'aws-auth' ? 404 : 200, items = [], next } = reply ?? {};
    response.writeHead(status, { 'content-type': 'application/json' });
    const body =
      status === 200
        ? {
            metadata: { continue: next },
            items: items.map((name) => ({ metadata: { name, namespace: 'a' }, spec: { hostNetwork: true } })),
          }
        : { kind: 'Status', message: `no ${path}`, code: status, metadata: { continue: next } };
    response.end(JSON.stringify(body));
  });
  servers.push(server);
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  const file = join(directory, 'config');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  writeFileSync(
    file,
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user: { token: 'SECRET' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  );
  const opened = await openKubeconfig({ kubeconfig: file });
  if (opened === undefined) throw new Error('no kubeconfig');
  const lists = new Map<string, readonly string[]>();
  const told: string[] = [];
  const { miss, gaps } = createMisses();
  const fetching: Fetching = {
    of: () => fetching,
    take({ value }) {
      const { kind, items } = value as { kind: string; items: { metadata: { name: string } }[] };
      lists.set(
        kind,
        items.map(({ metadata }) => metadata.name),
      );
    },
    tell: (_, one) => void told.push(one.fact === 'pod' ? JSON.stringify(one.pod) : one.fact),
    miss,
    progress: () => {},
  };
  await fetchKubernetes(opened.config, 'arn:c', fetching);
  return { lists, requests, told, gaps: gaps() };
}

test('a list is read to its last page', async () => {
  const pages = [{ items: ['a'], next: 'two' }, { items: ['b'], next: 'three' }, { items: ['c'] }];
  const { lists, requests, gaps } = await readFrom({ clusterroles: pages });
  expect(lists.get('ClusterRoleList')).toEqual(['a', 'b', 'c']);
  expect(requests.slice(0, 3)).toEqual([
    'clusterroles?limit=500',
    'clusterroles?continue=two&limit=500',
    'clusterroles?continue=three&limit=500',
  ]);
  expect(gaps).toEqual([]);
});

test('a list whose rest expired is read anew, each item once', async () => {
  const pages = [{ items: ['a'], next: 'two' }, { status: 410 }, { items: ['a', 'b'] }];
  const { lists, gaps } = await readFrom({ roles: pages });
  expect(lists.get('RoleList')).toEqual(['a', 'b']);
  expect(gaps).toEqual([]);
});

test('what was read before a list failed is kept, and that it failed is told', async () => {
  const { lists, gaps } = await readFrom({ rolebindings: [{ items: ['a'], next: 'two' }, { status: 500 }] });
  expect(lists.get('RoleBindingList')).toEqual(['a']);
  expect(gaps).toEqual([
    {
      ...{ area: 'rbac', clusterArn: 'arn:c' },
      reason: 'rolebindings.rbac.authorization.k8s.io cannot be listed: 500 no rolebindings',
    },
  ]);
});

test('an API server that has too much to do is asked again', async () => {
  const { lists, requests, gaps } = await readFrom({ namespaces: [{ status: 429 }, { items: ['a'] }] });
  expect(lists.get('NamespaceList')).toEqual(['a']);
  expect(requests.filter((one) => one.startsWith('namespaces'))).toHaveLength(2);
  expect(gaps).toEqual([]);
});

test('the rule that is missing is named, and the others are read', async () => {
  const { lists, gaps } = await readFrom({
    serviceaccounts: [{ status: 403 }],
    'aws-auth': [{ status: 403 }],
    roles: [{ status: 401 }],
  });
  expect(lists.has('ServiceAccountList')).toBe(false);
  expect(lists.has('NamespaceList')).toBe(true);
  expect(gaps.map(({ reason }) => reason)).toEqual([
    expect.stringMatching(/^roles\.rbac.* 401 .*does `kubectl auth whoami` work\?$/),
    'serviceaccounts cannot be listed: 403 no serviceaccounts; whoever reads needs a ClusterRole with the verb `list` on `serviceaccounts`',
    'aws-auth cannot be read: 403 no aws-auth; whoever reads needs a Role in `kube-system` with the verb `get` on `configmaps` of the name `aws-auth`',
  ]);
});

const podText = (name: string): string =>
  JSON.stringify({
    ...{ namespace: 'a', name, serviceAccount: 'default', nodeName: '', hostNetwork: true },
    injectedPodIdentity: false,
  });

test('of pods only what matters is kept, a page at a time, also where the rest of the list expired', async () => {
  const pages = [{ items: ['one'], next: '2' }, { status: 410, next: 'now' }, { items: ['two'] }];
  const { told, requests, gaps, lists } = await readFrom({ pods: pages });
  expect(told).toEqual([podText('one'), podText('two'), 'allPods', 'awsAuth']);
  expect(lists.has('PodList')).toBe(false);
  expect(requests.filter((one) => one.startsWith('pods'))).toEqual([
    'pods?limit=500',
    'pods?continue=2&limit=500',
    'pods?continue=now&limit=500',
  ]);
  expect(gaps).toEqual([]);
});

test.for<[string, readonly Reply[], readonly string[], RegExp]>([
  ['refused', [{ status: 403 }], [], /whoever reads needs a ClusterRole with the verb `list` on `pods`$/],
  ['cut off', [{ items: ['one'], next: '2' }, { status: 410 }], [podText('one')], /cannot be listed: 410/],
])('pods are not said to be all where the list is %s', async ([, pages, expected, reason]) => {
  const { told, gaps } = await readFrom({ pods: pages });
  expect(told).toEqual([...expected, 'awsAuth']);
  expect(gaps).toEqual([{ area: 'pods', clusterArn: 'arn:c', reason: expect.stringMatching(reason) }]);
});
