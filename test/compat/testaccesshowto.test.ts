/**
 * docs/howto/test-access.md is a promise: its files are written and its commands run here, and print what stands there.
 * ENTRYWAY_UPDATE=1 writes what they print into the page.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { run } from './clients.ts';
import { npxDirectory, temporaryDirectory } from './process.ts';

const file = resolve(import.meta.dirname, '../../docs/howto/test-access.md');
const page = readFileSync(file, 'utf8');
const directory = temporaryDirectory();
const npx = npxDirectory(directory.path);
afterAll(() => directory.remove());

/** Standard output of a shell that stops where a command fails, as those of pipelines do. */
async function shell(commands: string): Promise<string> {
  const env = { PATH: `${npx}:${process.env.PATH}`, HOME: directory.path, NO_COLOR: '1' };
  const { stdout, stderr } = await run('sh', ['-euc', commands], {
    ...{ cwd: directory.path, env },
  });
  expect(stderr).toBe('');
  return stdout;
}

/** A block of a file begins with its name in a comment, which JSON does not have. */
function write(body: string): void {
  const [, name = '', text = ''] = /^(?:#|\/\/) ([^\s:]+)[^\n]*\n([\s\S]*)$/.exec(body) ?? [];
  const path = join(directory.path, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

interface Workflow {
  readonly jobs: { readonly test: { readonly steps: readonly { readonly run?: string }[] } };
}

test('the commands of docs/howto/test-access.md print what stands there', async () => {
  const pieces = page.split(/(```(?:sh|text|yaml|json)\n[\s\S]*?```)/);
  let output = '';
  let compared = 0;
  for (const [at, piece] of pieces.entries()) {
    const [, language, body = ''] = /^```(sh|text|yaml|json)\n([\s\S]*?)```$/.exec(piece) ?? [];
    if (language === 'sh') output = await shell(body);
    else if (language === 'yaml' || language === 'json') write(body);
    if (language !== 'text') continue;
    if (process.env.ENTRYWAY_UPDATE === '1') pieces[at] = `\`\`\`text\n${output}\`\`\``;
    else expect(output).toBe(body);
    compared++;
  }
  if (process.env.ENTRYWAY_UPDATE === '1') writeFileSync(file, pieces.join(''));
  expect(compared).toBe(3);

  const workflow = parse(
    readFileSync(join(directory.path, '.github/workflows/access.yaml'), 'utf8'),
  ) as Workflow;
  const commands = workflow.jobs.test.steps.flatMap(({ run: command }) => command ?? []);
  expect(commands).toHaveLength(1);
  for (const command of commands) expect(await shell(command)).toBe('');
  expect(readFileSync(join(directory.path, 'access.xml'), 'utf8')).toContain(
    '<testsuites name="entryway" tests="4" failures="0" errors="0" skipped="0"',
  );
}, 60_000);
