import { type Command, Option } from 'commander';
import { growHeapSlowly } from '../analysis/heap.ts';
import { moment, outputOption } from '../analysis/options.ts';
import { connectionOptions } from '../connectionoptions.ts';

/** Declares `entryway diff`; its work is loaded when it is asked for. */
export function declareDiff(program: Command): void {
  connectionOptions(program.command('diff'))
    .hook('preAction', growHeapSlowly)
    .description('show whose access changes between two snapshots: what each gains and loses')
    .argument(
      '<before>',
      'a file or directory that `--from` reads; now: the running server; or a Terraform plan alone, whose two sides are compared',
    )
    .argument(
      '[after]',
      'the same: what it becomes; or a Terraform plan (`terraform show -json PLAN`), which is applied to it',
    )
    .option('--cluster <name...>', 'only these clusters, by name or ARN')
    .addOption(
      new Option('--only <which>', 'show and count').choices(['all', 'gained', 'lost']).default('all'),
    )
    .option('--strict', 'exit with 1 also where something could not be read: for checks')
    .option('--rules', 'show all rules that are gained and lost')
    .option('--at <when>', 'compare for this moment: 2026-12-24 or a timestamp (default: now)', moment)
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExit codes: 0 no access changes, 1 some does, or with --strict may, 2 misuse, 3 failure. Tutorial: docs/tutorials/review-access-changes.md',
    )
    .action(async (before, after, options) => (await import('./diff.ts')).diff({ before, after }, options));
}
