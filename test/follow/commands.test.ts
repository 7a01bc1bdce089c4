import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { type FollowWorld, openFollowWorld } from './world.ts';

const run = promisify(execFile);
const launcher = resolve(import.meta.dirname, '../../bin/entryway.js');

let world: FollowWorld;
let folder = '';
beforeAll(async () => {
  world = await openFollowWorld();
  folder = mkdtempSync(join(tmpdir(), 'entryway-kubeconfig-'));
});
afterAll(async () => {
  await world?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number;
  readonly text: string;
  readonly errors: string;
}

/** Exit code and what was printed; never the token. */
async function entryway(...args: readonly string[]): Promise<Ended> {
  const call = [launcher, 'cluster', ...args, '--data', world.server.connection.dataDir];
  // The server runs in this process: it must go on while the command does.
  const ended: Ended = await run(process.execPath, call).then(
    ({ stdout, stderr }) => ({ code: 0, text: stdout, errors: stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      text: error.stdout,
      errors: error.stderr,
    }),
  );
  return ended;
}

test('a cluster is connected by a kubeconfig, looked at, and disconnected when it is meant', async () => {
  const token = await world.serviceAccountToken();
  const { endpoint, caData } = world.source;
  writeFileSync(join(folder, 'ca.pem'), Buffer.from(caData, 'base64'));
  writeFileSync(join(folder, 'token'), `${token}\n`);
  const file = join(folder, 'config');
  writeFileSync(
    file,
    stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'main',
      contexts: [{ name: 'main', context: { cluster: 'main', user: 'follower' } }],
      clusters: [{ name: 'main', cluster: { server: endpoint, 'certificate-authority': 'ca.pem' } }],
      users: [{ name: 'follower', user: { tokenFile: 'token' } }],
    }),
  );
  const connected = await entryway('connect', 'fleet', '--kubeconfig', file);
  expect(connected.errors).toBe('');
  expect(connected.text).toMatch(/^cluster fleet is connected to https:.*: follows \d+ objects\n$/);

  const status = await entryway('status', 'fleet');
  expect(status.text).toMatch(
    /^cluster {5}fleet \(connected\)\nAPI {9}https:.*\nstate {7}following\nobjects {5}\d+\nlast seen {3}.*Z\ncredential {2}ends .*Z\naws-auth {4}there is no aws-auth, or nothing in it\n$/,
  );
  expect(status.text).not.toContain(token);

  const asked = await entryway('disconnect', 'fleet');
  expect(asked.code).toBe(2);
  expect(asked.errors).toContain('nothing was changed');
  const ended = await entryway('disconnect', 'fleet', '--yes');
  expect(ended.text).toContain('cluster fleet is no longer connected\n');
  expect((await entryway('status', 'fleet')).text).toContain('not followed');
});
