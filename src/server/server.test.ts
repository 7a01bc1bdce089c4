import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ConfigError, type ServerConfig } from './config.ts';
import { type RunningServer, startServer } from './server.ts';

let root = '';
const running: RunningServer[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'entryway-test-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const server of running.splice(0)) await server.close();
  rmSync(root, { recursive: true, force: true });
});

const anyPort = { host: '127.0.0.1', port: 0 };

async function start(change: Partial<ServerConfig> = {}): Promise<RunningServer> {
  const server = await startServer({
    dataDirectory: join(root, 'data'),
    awsListen: anyPort,
    kubeListen: anyPort,
    accountId: '111122223333',
    region: 'us-east-1',
    readyFile: join(root, 'ready.json'),
    logLevel: 'silent',
    logFormat: 'text',
    ...change,
  });
  running.push(server);
  return server;
}

async function occupiedPort(): Promise<{ readonly port: number; release(): Promise<void> }> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(anyPort, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    release: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

test.each(['awsListen', 'kubeListen'] as const)(
  'when the port of %s is taken nothing is left behind, and the directory serves the next start',
  async (side) => {
    const { port, release } = await occupiedPort();
    await expect(start({ [side]: { ...anyPort, port } })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(existsSync(join(root, 'ready.json'))).toBe(false);
    expect(existsSync(join(root, 'data', 'server.json'))).toBe(false);
    await release();
    await start();
  },
);

test('an in-memory server leaves no directory behind, whether it starts or not', async () => {
  vi.stubEnv('TMPDIR', root);
  const { port, release } = await occupiedPort();
  await expect(start({ dataDirectory: undefined, awsListen: { ...anyPort, port } })).rejects.toThrow();
  expect(readdirSync(root)).toEqual([]);
  await release();
  const server = await start({ dataDirectory: undefined, readyFile: undefined });
  expect(readdirSync(root)).toHaveLength(1);
  await server.close();
  expect(readdirSync(root)).toEqual([]);
});

test('a second server on the directory is refused, and harms nothing of the first', async () => {
  await start();
  const files = ['ready.json', 'data/server.json', 'data/sealing.key', 'data/ca.crt', 'data/ca.key'];
  const read = (): readonly string[] => files.map((file) => readFileSync(join(root, file), 'hex'));
  const before = read();
  await expect(start()).rejects.toThrow(new RegExp(`is held by process ${process.pid} `));
  expect(read()).toEqual(before);
});

test('a ready file that cannot be written stops the start', async () => {
  mkdirSync(join(root, 'full', 'x'), { recursive: true });
  for (const readyFile of [join(root, 'nowhere', 'ready.json'), join(root, 'full')]) {
    await expect(start({ readyFile })).rejects.toThrow(ConfigError);
  }
  await start();
});

test('the ready file of an earlier server is gone before anything listens', async () => {
  writeFileSync(join(root, 'ready.json'), '{}');
  const { port, release } = await occupiedPort();
  await expect(start({ kubeListen: { ...anyPort, port } })).rejects.toThrow();
  expect(existsSync(join(root, 'ready.json'))).toBe(false);
  await release();
});

test('keys and certificate authority outlive a restart', async () => {
  const first = await start();
  const ca = readFileSync(first.connection.caFile, 'utf8');
  await first.close();
  await first.close();
  const second = await start();
  expect(second.connection).toMatchObject({
    accessKeyId: first.connection.accessKeyId,
    secretAccessKey: first.connection.secretAccessKey,
  });
  expect(readFileSync(second.connection.caFile, 'utf8')).toBe(ca);
});
