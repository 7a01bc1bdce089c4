import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('the generated contracts are what the installed SDK says', async () => {
  const root = join(import.meta.dirname, '../..');
  const run = promisify(execFile)(process.execPath, ['tools/generate.ts', '--check'], { cwd: root });
  await expect(run).resolves.toMatchObject({ stdout: '', stderr: '' });
});
