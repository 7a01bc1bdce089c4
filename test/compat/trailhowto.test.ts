/** docs/howto/trail.md is a promise: its commands are run here, on the demo, in the order in which they stand. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { awsCliDirectory, awsCliUnavailable, quickStart, run } from './clients.ts';
import { type Connection, npxDirectory, temporaryDirectory, until } from './process.ts';
import { type Bucket, openBucket } from './trailbucket.ts';

const root = resolve(import.meta.dirname, '../..');
const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;
const page = readFileSync(join(root, 'docs/howto/trail.md'), 'utf8');
const blocks = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, commands = '']) => commands);

const directory = temporaryDirectory();
const npx = npxDirectory(directory.path);
const data = join(directory.path, 'data');
let connection: Connection;
let server: ChildProcess;
/** When the demo had done all that it does. */
let shown = 0;
let receiver: Server;
let bucket: Bucket;
const alerts: string[] = [];

/** Commands that run until they are stopped, as a shell would run them, with what they print. */
function start(commands: string): { readonly child: ChildProcess; readonly output: () => string } {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', commands], {
    cwd: directory.path,
    env: environment(),
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  return { child, output: () => output };
}

/** Ends the whole group: the shell, npx and the command. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return;
  const exited = new Promise((done) => child.on('exit', done));
  process.kill(-child.pid, 'SIGTERM');
  await exited;
}

function environment(): Record<string, string> {
  const address = receiver.address() as AddressInfo;
  const keys = {
    AWS_ACCESS_KEY_ID: connection?.accessKeyId ?? '',
    AWS_SECRET_ACCESS_KEY: connection?.secretAccessKey ?? '',
    AWS_ENDPOINT_URL: connection?.awsEndpoint ?? '',
  };
  return {
    PATH: [npx, awsCliDirectory(), process.env.PATH].join(':'),
    HOME: directory.path,
    ...quickStart,
    ENTRYWAY_DATA: data,
    WEBHOOK: `http://127.0.0.1:${address.port}/`,
    BUCKET: 'archive',
    AWS_ENDPOINT_URL_S3: bucket.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    npm_config_loglevel: 'silent',
    ...keys,
  };
}

async function startServer(commands: string): Promise<ChildProcess> {
  const ready = join(directory.path, 'ready.json');
  const free = '--aws-listen 127.0.0.1:0 --kube-listen 127.0.0.1:0 --demo';
  const { child, output } = start(
    commands.replace('entryway serve', `entryway serve --ready-file ${ready} ${free} --log-level warn`),
  );
  await until(
    () => output().includes('Stop with Ctrl-C') || child.exitCode !== null,
    'the demo is shown',
    60_000,
  );
  connection = JSON.parse(readFileSync(ready, 'utf8')) as Connection;
  return child;
}

beforeAll(async () => {
  bucket = await openBucket('archive');
  receiver = createServer((request, response) => {
    alerts.push(String(request.headers['entryway-alert-id']));
    response.writeHead(204).end();
  });
  await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done));
  if (unavailable === undefined) server = await startServer('npx entryway serve');
  shown = Date.now();
}, 90_000);

afterAll(async () => {
  if (server !== undefined) await end(server);
  receiver.closeAllConnections();
  receiver.close();
  bucket.close();
  directory.remove();
});

test.skipIf(unavailable !== undefined)(
  `the commands of docs/howto/trail.md work as printed${because}`,
  async () => {
    expect(blocks.length).toBeGreaterThan(8);
    let output = '';
    for (const commands of blocks) {
      if (commands.includes('entryway serve')) {
        await end(server);
        server = await startServer(commands);
      } else if (commands.includes('--follow')) {
        const following = start(commands);
        await until(() => following.output().includes('\n'), 'something is shown', 30_000);
        await end(following.child);
      } else if (commands.includes('trail export')) {
        // What happened within the last five seconds, and so in the second that was the present one then, is left out.
        await until(() => Date.now() >= shown + 6_000, 'the demo is old enough to be exported');
        const result = await bash(commands);
        expect(result).toMatch(/exported \d+ record/);
        output += result;
      } else {
        output += await bash(commands);
      }
    }
    expect(output).toMatch(/^\S+ {2}root +eks:AssociateAccessPolicy .* AmazonEKSClusterAdminPolicy$/m);
    expect(output).toMatch(/^\S+ {2}team-a-developer\/\S+ +k8s:list pods .* Forbidden /m);
    expect(output).toMatch(/^\S+ {2}high +EW-TRAIL-020 /m);
    expect(output).toMatch(/^\d+ digests? and \d+ log files? as they were signed, from /m);
    expect(output).toMatch(/(\d+)\/\1 digest files valid/);
    expect(output).toMatch(/(\d+)\/\1 log files valid/);
    expect(output).not.toContain('INVALID');
    await until(() => alerts.length > 0, 'the webhook was told that root was used');
  },
  180_000,
);

async function bash(commands: string): Promise<string> {
  const { code, stdout, stderr } = await run('bash', ['-euo', 'pipefail', '-c', commands], {
    cwd: directory.path,
    env: environment(),
  });
  expect(code, stderr).toBe(0);
  return stdout;
}
