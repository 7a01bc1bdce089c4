import { renameSync, rmSync, writeFileSync } from 'node:fs';

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
    throw error;
  }
}
