import { type Command, Option } from 'commander';
import { severities } from '../../engine/analysis/policylint/severity.ts';

/** Declares `entryway aws-auth …`, whose work is loaded when it is asked for. */
export function declareAwsAuth(program: Command): void {
  program
    .command('aws-auth')
    .description('the ConfigMap aws-auth')
    .command('check')
    .description(
      'review aws-auth before it is applied: what does not work as written, and what gives too much',
    )
    .argument('<file...>', 'the ConfigMap in YAML or JSON, or its bare data; - reads standard input')
    .option('--sso-role-match', 'the server lets `sso` items count')
    .addOption(
      new Option('--min-severity <severity>', 'least severity that is told and counts')
        .choices(severities)
        .default('suggestion'),
    )
    .addOption(new Option('--output <format>', 'print as').choices(['text', 'json']).default('text'))
    .addHelpText('after', '\nExit codes: 0 nothing found, 1 something found, 2 misuse')
    .action(async (files, options) => (await import('./check.ts')).checkAwsAuth(files, options));
}
