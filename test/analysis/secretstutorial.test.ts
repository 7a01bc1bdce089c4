/** docs/tutorials/who-can-read-secrets.md is a promise: what it shows is what its commands print. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';

const page = readFileSync(
  resolve(import.meta.dirname, '../../docs/tutorials/who-can-read-secrets.md'),
  'utf8',
);
const shown = [...page.matchAll(/```sh\nnpx entryway (.*)\n```\n\n```text\n([\s\S]*?)```/g)].map(
  ([, command = '', output = '']) => [command, output] as const,
);
const gaps = /says what the answer does not know:\n\n```text\n([\s\S]*?)```/.exec(page)?.[1];
const [, piped = ''] =
  /```sh\nnpx entryway (.*) \| jq -r '\.clusters\[\]\.rows\[\]\.key'\n```/.exec(page) ?? [];

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

async function run(command: string): Promise<{ readonly out: string; readonly err: string }> {
  const written = { out: '', err: '' };
  const collect = (into: keyof typeof written) => (text: unknown) => {
    written[into] += String(text);
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(collect('out'));
  vi.spyOn(process.stderr, 'write').mockImplementation(collect('err'));
  await createProgram().parseAsync(command.split(' '), { from: 'user' });
  return written;
}

test('the page has its commands', () => {
  expect(shown).toHaveLength(3);
});

test.each(shown)('%s', async (command, output) => {
  const { out, err } = await run(command);
  expect(out).toBe(output);
  expect(err).toBe(gaps);
  expect(process.exitCode).toBeUndefined();
});

test('the members that the pipeline reads are there', async () => {
  const { out } = await run(piped);
  const { clusters } = JSON.parse(out) as { clusters: { rows: { key: string }[] }[] };
  expect(clusters.flatMap(({ rows }) => rows.map(({ key }) => key))).toContain(
    'ServiceAccount:monitoring/exporter',
  );
});

test('what comes next works with the same files', async () => {
  const [, next = ''] = page.split('## What next');
  const commands = [...next.matchAll(/`npx entryway (.*?)`/g)].map(([, command = '']) => command);
  expect(commands).toHaveLength(3);
  for (const command of commands) {
    const { out } = await run(`${command} --from docs/tutorials/examples/who-can-read-secrets`);
    expect(out, command).not.toBe('');
    vi.restoreAllMocks();
  }
});
