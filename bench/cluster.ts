import { readFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { writeObject } from '../src/cluster/objects/store.ts';
import { objectKey } from '../src/storage/records/keys.ts';
import type { Put, Storage } from '../src/storage/storage.ts';
import { createToken } from '../src/wire/token/create.ts';
import { httpBytes, type LoadTarget } from './load.ts';
import { clusterName, clustersOf, commitAll, createDirectory, fillDirectory, seedUsers } from './seed.ts';
import { type ServerProcess, startServerProcess } from './serverprocess.ts';

/** The collection that is watched, listed and written. */
export const collectionPath = '/api/v1/namespaces/default/configmaps';

export const objectName = (at: number): string => `note-${String(at).padStart(5, '0')}`;

/** About a kilobyte, as many objects of a cluster are. */
export function configMap(at: number, more: Readonly<Record<string, string>> = {}) {
  return {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: {
      name: objectName(at),
      namespace: 'default',
      labels: { app: `app-${at % 100}`, tier: at % 2 === 0 ? 'front' : 'back' },
      annotations: { 'example.com/owner': 'a team that has a rather long name' },
    },
    data: { text: 'x'.repeat(500), other: 'y'.repeat(150), ...more },
  };
}

/** A server with one cluster, and somebody who may read and write in its default namespace. */
export interface BenchCluster {
  readonly server: ServerProcess;
  readonly target: LoadTarget;
  readonly headers: Readonly<Record<string, string>>;
  /** Of a path below the cluster. */
  path(path: string): string;
  request(method: string, path: string, body?: unknown, contentType?: string): Buffer;
  /** The body of a GET. */
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<string>;
}

export async function startBenchCluster(directory: string, objects: number): Promise<BenchCluster> {
  await createDirectory(directory, 1);
  const [credentials] = await fillDirectory(directory, async (storage, secretBox) => {
    const [cluster] = await clustersOf(storage);
    if (cluster === undefined) throw new Error('no cluster was made');
    await seedObjects(storage, cluster.clusterId, objects);
    return seedUsers(storage, secretBox, cluster, 1);
  });
  if (credentials === undefined) throw new Error('no user was made');
  const server = await startServerProcess(directory);
  const { connection, aws } = server;
  const name = clusterName(0);
  const { cluster } = await aws.call<{ readonly cluster: { readonly endpoint: string } }>(
    'eks',
    'DescribeCluster',
    { name },
  );
  const base = new URL(cluster.endpoint);
  const token = createToken({ credentials, region: connection.region, clusterName: name, now: Date.now() });
  const path = (below: string): string => base.pathname.replace(/\/$/, '') + below;
  const ca = readFileSync(connection.caFile, 'utf8');
  const agent = new Agent({ keepAlive: true, ca });
  const headers = { host: base.host, accept: 'application/json', authorization: `Bearer ${token}` };
  return {
    server,
    target: { host: base.hostname, port: Number(base.port), ca },
    headers,
    path,
    get: (below, more) =>
      new Promise((resolve, reject) => {
        const sent = get(
          new URL(path(below), base),
          { agent, headers: { ...headers, ...more } },
          (answer) => {
            const parts: Buffer[] = [];
            answer.on('data', (part: Buffer) => parts.push(part));
            answer.on('error', reject);
            answer.on('end', () => {
              const text = Buffer.concat(parts).toString('utf8');
              if (answer.statusCode === 200) resolve(text);
              else reject(new Error(`status ${answer.statusCode}: ${text}`));
            });
          },
        );
        sent.on('error', reject);
      }),
    request: (method, below, body, contentType = 'application/json') =>
      httpBytes({
        method,
        target: path(below),
        headers: { ...headers, ...(body === undefined ? {} : { 'content-type': contentType }) },
        ...(body === undefined ? {} : { body: Buffer.from(JSON.stringify(body)) }),
      }),
  };
}

/** The objects as a create stores them. */
async function seedObjects(storage: Storage, clusterId: string, count: number): Promise<void> {
  const changes: Put[] = [];
  for (let at = 0; at < count; at++) {
    const object = configMap(at);
    const metadata = {
      ...object.metadata,
      uid: crypto.randomUUID(),
      creationTimestamp: '2026-11-21T00:00:00Z',
    };
    const key = objectKey(clusterId, '', 'configmaps', 'default', metadata.name);
    changes.push(writeObject(key, { ...object, metadata }));
  }
  await commitAll(storage, changes);
}
