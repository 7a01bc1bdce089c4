/** The demo of `npm start`, started again on what it left. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type Connection, temporaryDirectory, until } from './process.ts';

const launcher = resolve(import.meta.dirname, '../../bin/entryway.js');
const directory = temporaryDirectory();
const data = join(directory.path, 'data');

afterAll(() => directory.remove());

/** What the demo prints, with the ports of this start taken out, and the exit code of SIGTERM. */
async function runDemo(): Promise<{ readonly output: string; readonly code: number | null }> {
  const listen = ['--aws-listen', '127.0.0.1:0', '--kube-listen', '127.0.0.1:0', '--log-level', 'warn'];
  const child = spawn(process.execPath, [launcher, 'serve', '--demo', '--data', data, ...listen], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('utf8');
  });
  const exited = new Promise<number | null>((done) => child.on('exit', done));
  await until(
    () => output.includes('Stop with Ctrl-C') || child.exitCode !== null,
    'the demo is shown',
    30_000,
  );
  const { awsEndpoint, kubernetesEndpoint } = JSON.parse(
    readFileSync(join(data, 'server.json'), 'utf8'),
  ) as Connection;
  child.kill('SIGTERM');
  return {
    output: output.replaceAll(awsEndpoint, 'AWS').replaceAll(kubernetesEndpoint, 'KUBERNETES'),
    code: await exited,
  };
}

test('a second start finds everything and shows the same answers', async () => {
  const first = await runDemo();
  expect(first.code).toBe(0);
  expect(first.output).toMatch(/^kubectl get nodes +allowed +denied +denied +denied +denied$/m);
  expect(await runDemo()).toEqual(first);
}, 60_000);
