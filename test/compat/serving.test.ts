/** `entryway serve` as an operator and a supervisor see it: the ready file, health, an end that answers first. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { join } from 'node:path';
import { GetUserCommand, ListUsersCommand } from '@aws-sdk/client-iam';
import { afterEach, describe, expect, test } from 'vitest';
import { clusterAddress, type KubernetesUser, openKubernetesUser, statusOf } from './kubernetes.ts';
import {
  type Connection,
  entryway,
  type ServerProcess,
  startServerProcess,
  temporaryDirectory,
  until,
} from './process.ts';
import { draft, sign } from './signed.ts';
import { type Clients, createClients, createCluster, createUser, rootKeys } from './world.ts';

const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Started {
  readonly directory: string;
  readonly server: ServerProcess;
  readonly connection: Connection;
  readonly root: Clients;
  again(): Promise<ServerProcess>;
}

async function start(...args: readonly string[]): Promise<Started> {
  const directory = temporaryDirectory();
  cleanups.push(() => directory.remove());
  const launch = async (): Promise<ServerProcess> => {
    const server = await startServerProcess(directory.path, args);
    cleanups.push(() => server.kill());
    return server;
  };
  const server = await launch();
  const root = createClients(server.connection, rootKeys(server.connection));
  cleanups.push(() => root.destroy());
  return { directory: directory.path, server, connection: server.connection, root, again: launch };
}

async function adminOf({ directory, connection, root }: Started): Promise<KubernetesUser> {
  await createCluster(root, connection, 'main', 'API');
  return openKubernetesUser(directory, connection, await clusterAddress(root, 'main'), rootKeys(connection));
}

describe('what a server says about itself', () => {
  test('the ready file holds all a client needs, for the owner’s eyes only, like the data directory', async () => {
    const { directory, connection, root } = await start('--account', '222233334444', '--region', 'eu-west-1');
    await createUser(root, 'alice');
    expect(connection).toEqual({
      awsEndpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/),
      kubernetesEndpoint: expect.stringMatching(/^https:\/\/127\.0\.0\.1:[1-9]\d*$/),
      caFile: join(directory, 'data', 'ca.crt'),
      accountId: '222233334444',
      region: 'eu-west-1',
      accessKeyId: expect.stringMatching(/^AKIA[A-Z0-9]{16}$/),
      secretAccessKey: expect.stringMatching(/^\S{40}$/),
      dataDir: join(directory, 'data'),
      pid: expect.any(Number),
    });
    const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);
    expect(modeOf(join(directory, 'ready.json'))).toBe('600');
    expect(modeOf(connection.dataDir)).toBe('700');
    const files = readdirSync(connection.dataDir);
    expect(files).toEqual(expect.arrayContaining(['ca.crt', 'ca.key', 'entryway.db', 'sealing.key']));
    expect(files.filter((file) => !/^600$|^400$/.test(modeOf(join(connection.dataDir, file))))).toEqual([]);
    expect(readFileSync(connection.caFile, 'utf8')).toMatch(/^-----BEGIN CERTIFICATE-----/);
  });

  test('/healthz, /readyz and /metrics answer without a signature, and give no secret away', async () => {
    const started = await start();
    const { connection, root } = started;
    const admin = await adminOf(started);
    await statusOf(admin.core.listNode());
    await statusOf(admin.core.readNamespacedPod({ namespace: 'default', name: 'none' }));
    await root.iam.send(new GetUserCommand({ UserName: 'nobody' })).catch(() => {});
    const get = async (path: string): Promise<readonly [number, string]> => {
      const response = await fetch(connection.awsEndpoint + path);
      return [response.status, await response.text()];
    };
    expect(await get('/healthz')).toEqual([200, 'ok\n']);
    expect(await get('/readyz')).toEqual([200, 'ok\n']);
    const [status, metrics] = await get('/metrics');
    expect(status).toBe(200);
    for (const line of [
      /^entryway_aws_requests_total\{service="eks",operation="CreateCluster",code="OK"\} 1$/m,
      /^entryway_aws_requests_total\{service="iam",operation="GetUser",code="NoSuchEntity(?:Exception)?"\} 1$/m,
      /^entryway_kubernetes_requests_total\{verb="list",status="200"\} 1$/m,
      /^entryway_kubernetes_requests_total\{verb="get",status="404"\} 1$/m,
      /^entryway_storage_revision [1-9]\d*$/m,
      /^entryway_resident_memory_bytes [1-9]\d*$/m,
    ])
      expect(metrics).toMatch(line);
    for (const secret of [connection.accessKeyId, connection.secretAccessKey, admin.token]) {
      expect(metrics).not.toContain(secret);
      expect(started.server.log()).not.toContain(secret);
    }
  });

  test('--in-memory keeps nothing: neither a directory nor a user survives it', async () => {
    const { server, connection, root, again } = await start('--in-memory');
    await createUser(root, 'alice');
    expect(existsSync(connection.dataDir)).toBe(true);
    expect(await server.stop()).toBe(0);
    expect(existsSync(connection.dataDir)).toBe(false);
    const next = (await again()).connection;
    expect(next.dataDir).not.toBe(connection.dataDir);
    const clients = createClients(next, rootKeys(next));
    cleanups.push(() => clients.destroy());
    expect((await clients.iam.send(new ListUsersCommand({}))).Users).toEqual([]);
    // Nor does the key of the server before.
    const stale = createClients(next, rootKeys(connection));
    cleanups.push(() => stale.destroy());
    await expect(stale.iam.send(new ListUsersCommand({}))).rejects.toMatchObject({
      name: 'InvalidClientTokenId',
    });
  });

  test('what cannot be served is refused at once as misuse, with a hint', async () => {
    const directory = temporaryDirectory();
    cleanups.push(() => directory.remove());
    const data = join(directory.path, 'data');
    const refusal = async (...args: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await entryway(directory.path, ['serve', ...args]);
      expect([code, stdout]).toEqual([2, '']);
      return stderr;
    };
    const refusals = await Promise.all([
      refusal('--in-memory', '--data', data),
      refusal('--data', data, '--aws-listen', '0.0.0.0:0'),
      refusal('--data', data, '--kube-listen', '192.0.2.1:0'),
      refusal('--data', data, '--aws-listen', 'nonsense'),
      refusal('--data', data, '--account', '123'),
      refusal('--data', data, '--region', 'cn-north-1'),
    ]);
    expect(refusals).toEqual([
      'entryway: --in-memory keeps nothing and takes no --data\nhint: leave one of them out\n',
      'entryway: --aws-listen `0.0.0.0` is reachable from other machines\nhint: add --allow-remote when that is what you want; the AWS side is plain HTTP\n',
      'entryway: --kube-listen `192.0.2.1` is reachable from other machines\nhint: add --allow-remote when that is what you want; the AWS side is plain HTTP\n',
      'entryway: --aws-listen `nonsense` is not HOST:PORT\nhint: for example --aws-listen 127.0.0.1:4700\n',
      'entryway: account `123` is not 12 digits\n',
      expect.stringContaining('entryway: region `cn-north-1` belongs to a partition other than `aws`\n'),
    ]);
    expect(existsSync(data)).toBe(false);
  }, 30_000);

  test('a port that is taken is refused, and the data directory is free again afterwards', async () => {
    const { connection } = await start();
    const directory = temporaryDirectory();
    cleanups.push(() => directory.remove());
    const taken = `127.0.0.1:${new URL(connection.awsEndpoint).port}`;
    const data = join(directory.path, 'data');
    const { code, stderr } = await entryway(directory.path, [
      ...['serve', '--data', data, '--aws-listen', taken, '--kube-listen', '127.0.0.1:0'],
    ]);
    expect([code, stderr]).toEqual([
      3,
      `entryway: address ${taken} is in use\nhint: another server is running there; choose other ports with --aws-listen and --kube-listen\n`,
    ]);
    const server = await startServerProcess(directory.path);
    expect(await server.stop()).toBe(0);
  });
});

/** A request whose head and first half are sent; `finish` sends the rest and resolves with the answer's status. */
interface HalfSent {
  finish(): Promise<number>;
}

async function sendHalf(
  origin: string,
  request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string | readonly string[]>>;
    readonly body: string;
  },
  ca?: string,
): Promise<HalfSent> {
  const { hostname, port } = new URL(origin);
  const { method, path, body } = request;
  const headers = { ...request.headers, 'content-length': String(Buffer.byteLength(body)) };
  const options = { hostname, port, method, path, headers, agent: false as const };
  const outgoing = ca === undefined ? http.request(options) : https.request({ ...options, ca });
  const answered = new Promise<number>((resolve, reject) => {
    outgoing.on('response', (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
      response.on('error', reject);
    });
    outgoing.on('error', reject);
  });
  const half = Math.floor(body.length / 2);
  await new Promise((written) => outgoing.write(body.slice(0, half), written));
  return {
    finish() {
      outgoing.end(body.slice(half));
      return answered;
    },
  };
}

function refusesConnections(origin: string): Promise<boolean> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve) => {
    const socket = net.connect({ host: hostname, port: Number(port) });
    socket.on('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', () => resolve(true));
  });
}

describe('SIGTERM', () => {
  test('an AWS request under way is answered, what it wrote is kept, and the exit code is 0', async () => {
    const { server, connection, root, again } = await start();
    const signed = sign(connection, draft('iam', 'CreateUser', { UserName: 'last-minute' }), {
      keys: rootKeys(connection),
      service: 'iam',
    });
    const request = await sendHalf(connection.awsEndpoint, {
      method: signed.method ?? '',
      path: signed.target,
      headers: signed.headers ?? {},
      body: String(signed.body),
    });
    // Answered on another connection, so the server has surely taken the first one's beginning.
    await root.iam.send(new ListUsersCommand({}));
    const stopped = server.stop();
    await until(() => refusesConnections(connection.awsEndpoint), 'new connections are refused');
    expect(await request.finish()).toBe(200);
    expect(await stopped).toBe(0);
    const { connection: next } = await again();
    const clients = createClients(next, rootKeys(next));
    cleanups.push(() => clients.destroy());
    expect((await clients.iam.send(new GetUserCommand({ UserName: 'last-minute' }))).User).toBeDefined();
  });

  test('a Kubernetes request under way is answered, and its object is kept', async () => {
    const started = await start();
    const { server, connection, again, directory } = started;
    const admin = await adminOf(started);
    const address = await clusterAddress(started.root, 'main');
    const request = await sendHalf(
      connection.kubernetesEndpoint,
      {
        method: 'POST',
        path: `${new URL(address.endpoint).pathname}/api/v1/namespaces/default/configmaps`,
        headers: { authorization: `Bearer ${admin.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ metadata: { name: 'last-minute' }, data: { kept: 'yes' } }),
      },
      readFileSync(connection.caFile, 'utf8'),
    );
    await until(async () => (await statusOf(admin.core.listNamespace())) === 200, 'the server answers');
    const stopped = server.stop();
    await until(() => refusesConnections(connection.kubernetesEndpoint), 'new connections are refused');
    expect(await request.finish()).toBe(201);
    expect(await stopped).toBe(0);
    const { connection: next } = await again();
    const clients = createClients(next, rootKeys(next));
    cleanups.push(() => clients.destroy());
    const user = await openKubernetesUser(
      directory,
      next,
      await clusterAddress(clients, 'main'),
      rootKeys(next),
    );
    const { data } = await user.core.readNamespacedConfigMap({ namespace: 'default', name: 'last-minute' });
    expect(data).toEqual({ kept: 'yes' });
  });

  test('an open watch ends cleanly after everything that happened before, and does not delay the end', async () => {
    const started = await start();
    const admin = await adminOf(started);
    const seen: string[] = [];
    const ended = Promise.withResolvers<unknown>();
    await admin.watch.watch(
      '/api/v1/namespaces/default/configmaps',
      {},
      (type: string, { metadata }: { readonly metadata: { readonly name: string } }) =>
        seen.push(`${type} ${metadata.name}`),
      ended.resolve,
    );
    await admin.core.createNamespacedConfigMap({ namespace: 'default', body: { metadata: { name: 'a' } } });
    const began = performance.now();
    expect(await started.server.stop()).toBe(0);
    expect(await ended.promise).toBeNull();
    expect(seen).toEqual(['ADDED kube-root-ca.crt', 'ADDED a']);
    // Idle connections of the clients above are open, too, and are not waited for.
    expect(performance.now() - began).toBeLessThan(3_000);
  });
});
