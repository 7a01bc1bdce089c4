import { type Command, Option } from 'commander';
import { outputs, sourceOptions } from '../analysis/options.ts';

/** Declares `entryway test`; its work is loaded when it is asked for. */
export function declareTest(program: Command): void {
  sourceOptions(program.command('test'))
    .description('check assertions about who may do what: can, cannot, whoCan, identity')
    .argument('<cases...>', 'YAML or JSON files of cases')
    .option('--assume-complete', 'let a refusal pass although not everything could be read')
    .addOption(
      new Option('-o, --output <format>', 'print as').choices([...outputs, 'junit']).default('table'),
    )
    .addHelpText(
      'after',
      '\nExit codes: 0 all hold, 1 one does not, 2 misuse, 3 undecided: none fails, but not all could be decided, or failure.\n' +
        'The form of a file: docs/howto/test-access.md',
    )
    .action(async (files, options) => (await import('./test.ts')).testAccess(files, options));
}
