import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('the reference pages say what the program declares', async () => {
  const root = join(import.meta.dirname, '..');
  const check = promisify(execFile)(process.execPath, ['tools/reference-pages.ts', '--check'], { cwd: root });
  await expect(check).resolves.toMatchObject({ stdout: '', stderr: '' });
});
