import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { CommandError } from '../failure.ts';

/**
 * Whoever reads the file finds all of it or what was there before. SECURITY: 0600, because a snapshot holds no secrets but
 * tells who could become what.
 */
export function writeWhole(file: string, text: string): void {
  const part = `${file}.${process.pid}.part`;
  try {
    writeFileSync(part, text, { mode: 0o600, flag: 'wx' });
    renameSync(part, file);
  } catch (error) {
    rmSync(part, { force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CommandError(
      'failure',
      `\`${file}\` cannot be written: ${code ?? message}`,
      code === 'ENOENT' ? 'make its directory first' : 'name a file in a directory that is yours',
      { cause: error },
    );
  }
}
