/** docs/tutorials/review-access-changes.md is a promise: what it shows is what its commands print. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { temporaryDirectory } from '../compat/process.ts';

const page = readFileSync(
  resolve(import.meta.dirname, '../../docs/tutorials/review-access-changes.md'),
  'utf8',
);
const commands = [...page.matchAll(/```sh\nnpx entryway (.*)\n```/g)].map(([, command = '']) => command);
const texts = [...page.matchAll(/```text\n([\s\S]*?)```/g)].map(([, text = '']) => text);
const directory = temporaryDirectory();

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});
afterAll(() => directory.remove());

interface Run {
  readonly out: string;
  readonly err: string;
  readonly code: unknown;
}

/** A command of the page without what its shell does with it. */
async function run(command: string): Promise<Run> {
  const written = { out: '', err: '' };
  const collect = (into: keyof typeof written) => (text: unknown) => {
    written[into] += String(text);
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(collect('out'));
  vi.spyOn(process.stderr, 'write').mockImplementation(collect('err'));
  const [words = ''] = command.split(/ (?:\||>) /);
  const named = words.replaceAll('now.json', join(directory.path, 'now.json')).split(' ');
  await createProgram().parseAsync(named, { from: 'user' });
  return { ...written, code: process.exitCode };
}

test('the page shows what its commands print, one after the other', async () => {
  const [saving = '', comparing = '', checking = '', naming = '', ...more] = commands;
  const [saved, changes, incomplete, names, ...others] = texts;
  expect([more, others]).toEqual([[], []]);

  expect(await run(saving)).toEqual({ out: '', err: saved, code: undefined });
  expect(await run(comparing)).toEqual({ out: changes, err: incomplete, code: 1 });

  const checked = await run(checking);
  expect(checked.code).toBe(1);
  expect(checked.out).toContain('3 gain, 0 lose');
  expect(page).toContain(`run: npx entryway ${checking.replace(/docs\/\S*\//, '').split(' >')[0]}`);

  expect(naming).toMatch(/ \| jq -r '\.changes\[\]\.key'$/);
  const { changes: found } = JSON.parse((await run(naming)).out) as { changes: { key: string }[] };
  expect(found.map(({ key }) => `${key}\n`).join('')).toBe(names);
});
