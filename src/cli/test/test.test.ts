import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { testArn, testEntry, testRole, testSnapshot } from '../../engine/analysis/testworld.ts';
import { writeSnapshot } from '../../sources/saved/saved.ts';
import { describeFailure } from '../failure.ts';
import { createProgram } from '../program.ts';

const directory = mkdtempSync(join(tmpdir(), 'entryway-cases-'));
afterAll(() => rmSync(directory, { recursive: true }));
afterEach(() => {
  process.exitCode = undefined;
});

const place = (name: string, text: string): string => {
  const file = join(directory, name);
  writeFileSync(file, text);
  return file;
};
const whole = testSnapshot({
  account: { roles: [testRole('dev'), testRole('out')] },
  cluster: { accessEntries: [testEntry(testArn('role/dev'), { AmazonEKSViewPolicy: [] })] },
});
const gap = { area: 'accessEntries', reason: 'entries were refused' } as const;
const saved = place('whole.json', writeSnapshot(whole));
const partly = place('partly.json', writeSnapshot({ ...whole, gaps: [gap] }));

const holds = '- {as: role/dev, can: get pods}';
const fails = '- {as: role/dev, cannot: get pods}';
const open = '- {as: role/out, cannot: get pods}';

/** Standard output and exit code, as the shell sees them. */
async function perform(
  cases: string,
  ...options: readonly string[]
): Promise<{ out: string; code: unknown }> {
  const file = place('cases.yaml', `cases:\n${cases}\n`);
  let out = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    out += String(chunk);
    return true;
  });
  try {
    await createProgram().parseAsync(['node', 'entryway', 'test', file, ...options]);
    return { out, code: process.exitCode };
  } catch (error) {
    const { text, exitCode } = describeFailure(error);
    return { out: text, code: exitCode };
  } finally {
    write.mockRestore();
  }
}

test.each([
  ['all hold', `${holds}\n${open}`, saved, 0],
  ['one fails', `${holds}\n${fails}`, saved, 1],
  ['one fails and one is undecided', `${fails}\n${open}`, partly, 1],
  ['one is undecided', `${holds}\n${open}`, partly, 3],
  ['a member is misspelt', '- {as: role/dev, cant: get pods}', saved, 2],
  ['nobody is called so', '- {as: role/dve, can: get pods}', saved, 2],
])('where %s the exit code tells', async (_, cases, from, code) => {
  expect((await perform(cases, '--from', from)).code ?? 0).toBe(code);
});

test('what is undecided holds where the files are said to be whole', async () => {
  expect((await perform(open, '--from', partly, '--assume-complete')).code ?? 0).toBe(0);
});

test('an undecided case says what is missing, where it stands and what to do', async () => {
  const { out } = await perform(open, '--from', partly);
  expect(out).toMatch(/^\? role\/out cannot get pods$/m);
  expect(out).toMatch(/at .*cases\.yaml:2$/m);
  expect(out).toContain('incomplete because entries were refused');
  expect(out).toContain('hint: read what is missing, or pass --assume-complete');
});

test('a case that fails names people as cases do, and says where the reason is', async () => {
  const { out } = await perform('- {whoCan: get pods, exactly: []}', '--from', saved);
  expect(out).toContain('these can and should not: `arn:aws:iam::');
  expect(out).toContain('hint: why, and what would change it: entryway explain request');
});

test('in JUnit a case that fails is a failure and one that is undecided an error', async () => {
  const { out } = await perform(`${holds}\n${fails}\n${open}`, '--from', partly, '-o', 'junit');
  expect(out).toContain('tests="3" failures="1" errors="1" skipped="0"');
  expect(out).toContain('line="3"');
});
