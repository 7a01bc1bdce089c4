import type { Command } from 'commander';
import { outputOption, sourceOptions } from '../analysis/options.ts';

/** Declares `entryway what-can`. */
export function declareWhatCan(program: Command): void {
  sourceOptions(
    program
      .command('what-can')
      .description(
        'tell what a principal may in a cluster; exit code 1 when it is nobody there, or --diff differs',
      )
      .argument(
        '<principal>',
        'ARN, role/NAME, user/NAME, User:NAME, Group:NAME or ServiceAccount:NAMESPACE/NAME',
      )
      .option('-n, --namespace <name>', 'what holds in this namespace, all together')
      .option('--rules', 'print RBAC rules instead of a table')
      .option('--diff <principal2>', 'print what each of the two may that the other may not')
      .option(
        '--closest-policy',
        'also: the access policy of AWS that fits best, and the smallest of your own',
      ),
  )
    .addOption(outputOption())
    .action(async (principal, options) => (await import('./whatcan.ts')).printWhatCan(principal, options));
}
