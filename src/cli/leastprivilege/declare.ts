import type { Command } from 'commander';
import { outputOption, sourceOptions } from '../analysis/options.ts';

/** Declares `entryway least-privilege`. */
export function declareLeastPrivilege(program: Command): void {
  sourceOptions(
    program
      .command('least-privilege')
      .description('propose the least access that would have been enough for what was used')
      .requiredOption(
        '--for <principal>',
        'ARN, role/NAME, user/NAME, User:NAME, Group:NAME or ServiceAccount:NAMESPACE/NAME',
      )
      .option('--since <when>', 'look at uses from then on: 30d, 2026-01-15 or a timestamp', '30d')
      .option('--until <when>', 'up to then')
      .option(
        '--usage <file...>',
        'read CloudTrail files, audit.k8s.io logs or exports of the trail, also .gz, instead of the running server’s trail; - is standard input',
      )
      .option('--round-up', 'whoever read something gets all of get, list and watch of it that it has now')
      .option('--names', 'limit the proposal to the objects that were named'),
  )
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExit codes: 0 proposed, 1 nothing was recorded, 2 misuse, 3 failure. Tutorial: docs/tutorials/shrink-a-role.md',
    )
    .action(async (options) => (await import('./leastprivilege.ts')).printLeastPrivilege(options));
}
