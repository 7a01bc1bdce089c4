import { CommandError, exitCodes } from '../failure.ts';
import type { CallerOptions } from '../ours.ts';
import { printable } from '../render/printable.ts';
import { leadBack } from './leadback.ts';
import { readRollbackFile } from './rollbackfile.ts';
import { openServerTarget } from './servertarget.ts';

/** Undoes a migration on the running server by the file that it wrote before its first change. */
export async function rollBack(options: CallerOptions, path: string): Promise<void> {
  const file = readRollbackFile(path);
  if (file === undefined) {
    throw new CommandError('misuse', `there is no file \`${path}\``, 'name the one that --apply wrote');
  }
  const target = await openServerTarget(options, file.plan);
  try {
    const left = await leadBack(file, target, (line) => void process.stdout.write(`${printable(line)}\n`));
    for (const line of left) process.stderr.write(`entryway: ${printable(line)}\n`);
    if (left.length > 0) process.exitCode = exitCodes.denied;
    else process.stdout.write('aws-auth lets in again whom it let in before\n');
  } finally {
    target.close();
  }
}
