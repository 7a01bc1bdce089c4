/** What reaches users who do not have the sources: the packed tarball, and the launcher on an older Node. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
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

const home = join(prefix, 'lib', 'node_modules', 'entryway');

function link(path: string, target: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}

const consumer = `
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Cluster, type ClusterOptions, ClusterError, startCluster } from 'entryway/cluster';

const options: ClusterOptions = { version: '1.34', entries: [{ role: 'viewer', policies: ['AmazonEKSViewPolicy'] }] };
// @ts-expect-error: there is no such version
const wrong: ClusterOptions = { version: '1.20' };

test('a cluster', async () => {
  await using cluster: Cluster = await startCluster(options);
  const [namespace] = await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } });
  assert.equal(namespace?.metadata.name, 'team');
  assert.ok(cluster.kubeconfig.includes(cluster.url));
  const { allowed } = await cluster.can({ role: 'viewer' }, 'delete', 'pods', { namespace: 'default' });
  assert.equal(allowed, false);
  await assert.rejects(startCluster(wrong), (error) => error instanceof ClusterError && error.code === 'option');
});
`;

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
        '--prefer-offline',
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

  test('a program of somebody else type-checks against entryway/cluster, runs, and ends by itself', async () => {
    const project = join(directory.path, 'project');
    // What `npm install --save-dev entryway @types/node` would put there.
    link(join(project, 'node_modules', 'entryway'), home);
    link(join(project, 'node_modules', '@types'), join(root, 'node_modules', '@types'));
    writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module' }));
    const compilerOptions = { target: 'es2022', module: 'nodenext', strict: true, types: ['node'] };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
    writeFileSync(join(project, 'cluster.test.ts'), consumer);
    const env = environment(`${pinnedNode}:/usr/bin:/bin`);
    const checked = await run(join(root, 'node_modules/.bin/tsc'), ['-p', '.'], { env, cwd: project });
    expect(checked).toEqual({ code: 0, stdout: '', stderr: '' });
    const ran = await run(join(pinnedNode, 'node'), ['cluster.test.js'], { env, cwd: project });
    expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 0, stderr: '' });
    expect(ran.stdout).toContain('pass 1');
    // Nothing else can be reached: what is not documented may change.
    const inside = [
      '-e',
      "import('entryway/dist/server/server.js').catch((error) => console.log(error.code))",
    ];
    const refused = await run(join(pinnedNode, 'node'), inside, { env, cwd: project });
    expect(refused.stdout).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED\n');
    if (olderNode === undefined) return;
    const older = await run(join(olderNode, 'node'), ['cluster.test.js'], { env, cwd: project });
    expect(older.code).toBe(1);
    expect(older.stdout).toMatch(/entryway\/cluster needs Node\.js 22\.15 or newer, this is \d+\./);
  }, 60_000);

  test('carries neither sources nor tests', () => {
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
    // Of types there are those that are promised.
    expect(files.filter((name) => name.endsWith('.d.ts'))).toEqual([join('embedded', 'cluster.d.ts')]);
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
