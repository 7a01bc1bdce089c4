/** docs/howto/test-controllers-and-charts.md and the README's example are promises: they are written to files and run here. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { run } from './clients.ts';
import { temporaryDirectory } from './process.ts';

const root = resolve(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/howto/test-controllers-and-charts.md'), 'utf8');
const directory = temporaryDirectory();
afterAll(() => directory.remove());

function write(name: string, text: string): void {
  const path = join(directory.path, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** What `npm install` would put there; of ours the sources. */
function install(): void {
  for (const scope of ['@kubernetes', '@aws-sdk']) {
    mkdirSync(join(directory.path, 'node_modules'), { recursive: true });
    symlinkSync(join(root, 'node_modules', scope), join(directory.path, 'node_modules', scope));
  }
  write('package.json', JSON.stringify({ type: 'module' }));
  const exports = { './cluster': './cluster.js' };
  write('node_modules/entryway/package.json', JSON.stringify({ type: 'module', exports }));
  const source = pathToFileURL(join(root, 'src/embedded/cluster.ts'));
  write('node_modules/entryway/cluster.js', `export * from '${source}';\n`);
}

beforeAll(install);

test('the tests of docs/howto/test-controllers-and-charts.md pass', async () => {
  const commands: string[] = [];
  for (const [, language, body = ''] of page.matchAll(/```(ts|yaml|sh)\n([\s\S]*?)```/g)) {
    const [, name, text] = /^(?:#|\/\/) (\S+)\n([\s\S]*)$/.exec(body) ?? [];
    if (language === 'sh') commands.push(body.trim());
    else write(name ?? '', text ?? '');
  }
  expect(commands).toEqual([expect.stringMatching(/^npm install --save-dev entryway /), 'node --test']);
  const { jobs } = parse(readFileSync(join(directory.path, '.github/workflows/test.yaml'), 'utf8'));
  expect(jobs.test.steps.flatMap(({ run: command }: { run?: string }) => command ?? [])).toEqual([
    'npm ci',
    commands[1],
  ]);
  // One process for the three files, which are read three times otherwise.
  const args = ['--test', '--test-isolation=none', '--test-reporter=tap'];
  const { code, stdout, stderr } = await run(process.execPath, args, {
    env: { PATH: process.env.PATH ?? '', HOME: directory.path },
    cwd: directory.path,
  });
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^# pass 7$/m);
}, 60_000);

test('the example of the README prints what it says', async () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const [, program = '', printed] = /```ts\n([\s\S]*?)```\n\n```text\n([\s\S]*?)```/.exec(readme) ?? [];
  write('example.ts', program);
  const env = { PATH: process.env.PATH ?? '', HOME: directory.path };
  const result = await run(process.execPath, ['example.ts'], { env, cwd: directory.path });
  expect(result).toMatchObject({ code: 0, stdout: printed, stderr: '' });
}, 60_000);
