/** What reaches users who do not have the sources: the packed tarball, and the launcher on an older Node. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from './clients.ts';
import { temporaryDirectory } from './process.ts';

const root = resolve(import.meta.dirname, '../..');
const directory = temporaryDirectory();
const prefix = join(directory.path, 'prefix');
const installed = join(prefix, 'bin', 'entryway');
/** What this package's code compiles to is of no use to a later one, which lies elsewhere: it stays in this home. */
const environment = (path: string): Record<string, string> => ({
  PATH: path,
  HOME: directory.path,
  XDG_CACHE_HOME: '',
});
const pinnedNode = dirname(process.execPath);

/** A `node` in PATH that is older than what the project needs, as many machines have one. */
const olderNode = (process.env.PATH ?? '')
  .split(':')
  .find((folder) => existsSync(join(folder, 'node')) && major(join(folder, 'node')) < 24);

function major(node: string): number {
  try {
    return Number(/^v(\d+)/.exec(execFileSync(node, ['--version'], { encoding: 'utf8' }))?.[1]);
  } catch {
    return Number.NaN;
  }
}

afterAll(() => directory.remove());

describe('the packed tarball, installed globally', () => {
  beforeAll(() => {
    const quiet = { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] as const };
    execFileSync('npm', ['pack', '--silent', '--pack-destination', directory.path], {
      ...quiet,
      stdio: 'pipe',
    });
    const tarball = readdirSync(directory.path).find((name) => name.endsWith('.tgz')) ?? '';
    execFileSync(
      'npm',
      [
        'install',
        '--silent',
        '--no-audit',
        '--no-fund',
        '--global',
        '--prefix',
        prefix,
        join(directory.path, tarball),
      ],
      { cwd: directory.path, stdio: 'pipe' },
    );
  }, 180_000);

  test('walks the tour under Node 24', async () => {
    const { code, stdout, stderr } = await run(installed, ['tour'], {
      env: environment(`${pinnedNode}:/usr/bin:/bin`),
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('entry role/developer → AmazonEKSEditPolicy on team-a');
  }, 60_000);

  test('carries neither sources nor tests', () => {
    const home = join(prefix, 'lib', 'node_modules', 'entryway');
    expect(readdirSync(home).sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'bin',
      'dist',
      'node_modules',
      'package.json',
    ]);
    const files = readdirSync(join(home, 'dist'), { recursive: true, encoding: 'utf8' });
    expect(files.filter((name) => /\.test\.|testworld|conformance/.test(name))).toEqual([]);
  });

  test.skipIf(olderNode === undefined)(
    `says what it needs under an older Node${olderNode === undefined ? ' (not run: there is no older Node in PATH)' : ''}`,
    async () => {
      const { code, stdout, stderr } = await run(installed, ['tour'], {
        env: environment(`${olderNode}:/usr/bin:/bin`),
      });
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(/^entryway: Node\.js 24 or newer is needed, this is v\d+/);
    },
  );
});

describe('in a clone', () => {
  test('npx entryway runs', async () => {
    const result = await run('npx', ['entryway', '--version'], {
      cwd: root,
      env: environment(process.env.PATH ?? ''),
    });
    expect(result).toMatchObject({ code: 0, stdout: '0.1.0\n' });
  });

  test.skipIf(olderNode === undefined)(
    `an older Node hands over to the pinned one${olderNode === undefined ? ' (not run: there is no older Node in PATH)' : ''}`,
    async () => {
      const launcher = join(root, 'bin', 'entryway.js');
      const result = await run(join(olderNode ?? '', 'node'), [launcher, 'env', '--data', directory.path], {
        env: environment(`${olderNode}:/usr/bin:/bin`),
      });
      // The command ran, under a Node that reads TypeScript, and its exit code came through.
      expect(result.code).toBe(3);
      expect(result.stderr).toContain('no server has written');
    },
  );
});
