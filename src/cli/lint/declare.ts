import { type Command, Option } from 'commander';
import { severities } from '../../engine/analysis/policylint/severity.ts';
import { outputs, sourceOptions } from '../analysis/options.ts';

/** Declares `entryway lint`; its work is loaded when it is asked for. */
export function declareLint(program: Command): void {
  sourceOptions(program.command('lint'))
    .description(
      'review who has access, over IAM, access entries, aws-auth and RBAC: who is administrator and how, what gives too much, what gives nothing',
    )
    .addOption(
      new Option('--min-severity <severity>', 'least severity that is told and counts')
        .choices(severities)
        .default('suggestion'),
    )
    .option('--rule <id...>', 'only these rules (docs/reference/access-lint.md)')
    .option('--skip-rule <id...>', 'not these rules')
    .option(
      '--usage <file...>',
      'CloudTrail files, audit.k8s.io logs or exports of the trail, also .gz: finds access that nobody used in them',
    )
    .option(
      '--suppressions <file>',
      'YAML: what was decided to be left as it is, each with a reason and an end',
    )
    .addOption(
      new Option('-o, --output <format>', 'print as')
        .choices([...outputs, 'sarif', 'junit'])
        .default('table'),
    )
    .addHelpText('after', '\nExit codes: 0 nothing found, 1 something found, 2 misuse, 3 failure')
    .action(async (options) => (await import('./lint.ts')).lint(options));
}
