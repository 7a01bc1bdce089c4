import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { CommandError, describeFailure } from './failure.ts';
import { createProgram } from './program.ts';

const directory = mkdtempSync(join(tmpdir(), 'entryway-test-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Before a server is looked for: there is none, and looking for one would end in another way. */
test.each<readonly [readonly string[], RegExp]>([
  [['--since', 'yesterday'], /--since `yesterday` is no moment/],
  [['--until', 'tomorrow'], /--until `tomorrow` is no moment/],
  [['--since', '2026-01-15T12:00:00'], /is no moment/],
  [['--since', '1h', '--until', '2h'], /--since is later than --until/],
  [['--follow', '--until', '1h'], /--follow has no end/],
  [['--limit', '0'], /`0` is not a number from 1 to/],
  [['--limit', 'all'], /`all` is not a number from 1 to/],
  [['--limit', '10001'], /`10001` is not a number from 1 to/],
  [['--user', ''], /user is empty/],
  [['--alerts', '--limit', '5'], /--alerts takes no --limit/],
  [['export', '--output', 'x', '--bucket', 'No'], /`No` is not the name of an S3 bucket/],
  [['export', '--output', 'x', '--kubernetes'], /hold AWS calls only/],
  [['export', '--output', 'x', '--since', 'soon'], /`soon` is no moment/],
  [['verify', 'not-there'], /there is no directory `not-there`/],
])('`entryway trail` with %j makes no sense and is refused', async (args, complaint) => {
  const write = vi.spyOn(process.stdout, 'write');
  const error = await createProgram()
    .parseAsync(['trail', ...args, '--data', directory], { from: 'user' })
    .catch((refused: unknown) => refused);
  expect(error).toBeInstanceOf(CommandError);
  expect(describeFailure(error)).toMatchObject({ text: expect.stringMatching(complaint), exitCode: 2 });
  expect(write).not.toHaveBeenCalled();
  expect(existsSync('x')).toBe(false);
  write.mockRestore();
});
