/** How a server process ends: by signals at any moment, and when it cannot start. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { quickStart } from './clients.ts';
import { temporaryDirectory, until } from './process.ts';

const launcher = resolve(import.meta.dirname, '../../bin/entryway.js');
const directory = temporaryDirectory();
afterAll(() => directory.remove());

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `entryway serve` on free ports; `during` may signal it. */
async function serve(
  args: readonly string[],
  during: (child: { kill(): void }, said: () => string) => Promise<void>,
): Promise<Ended> {
  const temporary = join(directory.path, 'tmp');
  mkdirSync(temporary, { recursive: true });
  const child = spawn(
    process.execPath,
    [launcher, 'serve', '--aws-listen', '127.0.0.1:0', '--kube-listen', '127.0.0.1:0', ...args],
    {
      env: { ...process.env, TMPDIR: temporary, HOME: directory.path, ...quickStart },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk: Buffer) => {
      said[name] += chunk.toString('utf8');
    });
  }
  const ended = new Promise<number | null>((done) => child.on('close', (code) => done(code)));
  await during({ kill: () => void child.kill('SIGTERM') }, () => said.stdout + said.stderr);
  const code = await ended;
  return { code, ...said };
}

describe('SIGTERM', () => {
  test.each<readonly [string, readonly string[], RegExp]>([
    ['while the server idles', ['--in-memory'], /Point the AWS CLI here/],
    ['as soon as it listens', ['--in-memory'], / info ready /],
    ['while the demo is being made', ['--in-memory', '--demo'], / info ready /],
  ])('%s ends it with 0, without an error, and leaves nothing behind', async (_, args, when) => {
    const { code, stderr } = await serve(args, async (child, said) => {
      await until(() => when.test(said()), 'the server says so');
      child.kill();
    });
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.not.stringMatching(/entryway:| error |\n +at /),
    });
    expect(readdirSync(join(directory.path, 'tmp'))).toEqual([]);
  });
});

// A port that is taken is in serving.test.ts, a data directory that is held in restart.test.ts.
describe('a server that cannot start says why in two lines, and what it exits with', () => {
  const nothing = async (): Promise<void> => {};

  test.each<readonly [string, readonly string[], RegExp]>([
    [
      'an address of other machines',
      ['--in-memory', '--aws-listen', '0.0.0.0:0'],
      /reachable from other machines\nhint: .*\n$/,
    ],
    ['no address', ['--in-memory', '--aws-listen', 'x'], /is not HOST:PORT\nhint: .*\n$/],
    ['an account that is none', ['--in-memory', '--account', '1'], /is not 12 digits\n$/],
    [
      'a region of China',
      ['--in-memory', '--region', 'cn-north-1'],
      /partition other than `aws`\nhint: .*\n$/,
    ],
    [
      'a ready file that cannot be written',
      ['--in-memory', '--ready-file', '/nowhere/ready.json'],
      /^entryway: ready file `\/nowhere\/ready.json` cannot be written: .*\n$/m,
    ],
    ['an unknown option', ['--everywhere'], /^entryway: unknown option '--everywhere'\nhint: .*\n$/],
  ])('%s: 2', async (_, args, text) => {
    const { code, stderr } = await serve(args, nothing);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(text) });
    expect(existsSync(join(directory.path, 'tmp')) ? readdirSync(join(directory.path, 'tmp')) : []).toEqual(
      [],
    );
  });
});
