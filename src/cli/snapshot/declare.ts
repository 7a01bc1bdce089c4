import type { Command } from 'commander';
import { sourceOptions } from '../analysis/options.ts';

/** Declares `entryway snapshot`; its work is loaded when it is asked for. */
export function declareSnapshot(program: Command): void {
  sourceOptions(program.command('snapshot'))
    .description('save all that grants, without secrets, for every other command to read with --from')
    .argument('[file]', 'write it there (default: standard output)')
    .addHelpText(
      'after',
      '\nExit codes: 0 everything could be read, 1 not all, which is told and is in the snapshot, 2 misuse, 3 failure',
    )
    .action(async (file, options) => (await import('./snapshot.ts')).saveSnapshot(file, options));
}
