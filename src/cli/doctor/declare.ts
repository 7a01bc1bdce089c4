import { type Command, Option } from 'commander';
import { connectionOptions } from '../connectionoptions.ts';

/** Declares `entryway doctor`. */
export function declareDoctor(program: Command): void {
  connectionOptions(program.command('doctor'))
    .description(
      'ask the webhooks what a connected cluster’s API server would ask, and look at all that is between them',
    )
    .requiredOption('--cluster <name>', 'name of a connected cluster')
    .option(
      '--bundle <directory>',
      'with the files that `cluster bundle` wrote; else with a certificate for the moment',
    )
    .option('--address <url>', 'https://HOST:PORT: reach the webhooks there, not at the bundle’s address')
    .addOption(
      new Option('--token <file>', 'judge the token in this file; - reads standard input').conflicts([
        'role',
        'user',
      ]),
    )
    .addOption(new Option('--role <arn>', 'judge a token of this role').conflicts('user'))
    .addOption(new Option('--user <name>', 'judge a token of this IAM user of the first account'))
    .addOption(new Option('--output <format>', 'print as').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      '\nExit codes: 0 nothing is wrong (there may be warnings), 1 something is, 2 misuse',
    )
    .action(async (options) => (await import('./doctor.ts')).examine(options));
}
