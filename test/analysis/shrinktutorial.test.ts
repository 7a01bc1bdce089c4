/** docs/tutorials/shrink-a-role.md is a promise: what it shows is what its commands print. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';

const page = readFileSync(resolve(import.meta.dirname, '../../docs/tutorials/shrink-a-role.md'), 'utf8');
const [, command = '', output = ''] =
  /```sh\nnpx entryway ([^|\n]*)\n```\n\n```text\n([\s\S]*?)```/.exec(page) ?? [];
const gaps = /says what the answer does not know:\n\n```text\n([\s\S]*?)```/.exec(page)?.[1];
const [, piped = ''] =
  /```sh\nnpx entryway (.*) \| jq '\.iam\.policy' > payments-policy\.json\n```/.exec(page) ?? [];

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

async function run(text: string): Promise<{ readonly out: string; readonly err: string }> {
  const written = { out: '', err: '' };
  const collect = (into: keyof typeof written) => (chunk: unknown) => {
    written[into] += String(chunk);
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(collect('out'));
  vi.spyOn(process.stderr, 'write').mockImplementation(collect('err'));
  await createProgram().parseAsync(text.split(' '), { from: 'user' });
  return written;
}

test('the command prints what stands there', async () => {
  expect(command).toContain('least-privilege');
  expect(await run(command)).toEqual({ out: output, err: gaps });
  expect(process.exitCode).toBeUndefined();
});

test('the member that the pipeline reads is there, and rounding up is as the page says', async () => {
  const { out } = await run(piped);
  const { iam } = JSON.parse(out) as { iam: { policy: { Statement: { Action: string[] }[] } } };
  expect(iam.policy.Statement.flatMap(({ Action }) => Action)).toEqual([
    'eks:DescribeCluster',
    'eks:ListClusters',
  ]);
  vi.restoreAllMocks();
  const { out: rounded } = await run(`${command} --round-up`);
  expect(rounded).toContain('resources: [pods, pods/log]\n  verbs: [get, list, watch]');
});
