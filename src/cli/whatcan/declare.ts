import { type Command, Option } from 'commander';
import { outputOption, sourceOptions } from '../analysis/options.ts';

/** Declares `entryway what-can`. */
export function declareWhatCan(program: Command): void {
  sourceOptions(
    program
      .command('what-can')
      .description('tell what a principal may in a cluster')
      .argument(
        '<principal>',
        'ARN, role/NAME, user/NAME, User:NAME, Group:NAME or ServiceAccount:NAMESPACE/NAME',
      )
      .option('-n, --namespace <name>', 'what holds in this namespace, all together')
      .option('--rules', 'print RBAC rules instead of a table')
      .addOption(
        new Option(
          '--diff <principal2>',
          'print what each of the two may that the other may not, everywhere',
        ).conflicts(['namespace', 'rules', 'closestPolicy']),
      )
      .option(
        '--closest-policy',
        'also: the access policy of AWS that fits best, and the smallest of your own',
      ),
  )
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExit codes: 0 somebody, 1 nobody in the cluster, or --diff differs, 2 misuse, 3 failure. Tutorial: docs/tutorials/shrink-a-role.md',
    )
    .action(async (principal, options) => (await import('./whatcan.ts')).printWhatCan(principal, options));
}
