import { type Command, Option } from 'commander';
import { connectionOptions } from '../connectionoptions.ts';

/** Declares `entryway block …`; its work is loaded when it is asked for. */
export function declareBlock(program: Command): void {
  const block = program
    .command('block')
    .description('shut a principal out of this server at once, whatever allows it');
  const withCaller = (command: Command): Command =>
    connectionOptions(command)
      .addOption(new Option('--role <arn>', 'be this role').conflicts('user'))
      .addOption(new Option('--user <name>', 'be this IAM user of the first account'));
  const outputOption = (): Option =>
    new Option('--output <format>', 'print as').choices(['text', 'json']).default('text');
  const what = 'ARN of a user, role, root or session; AIDA… or AROA… id; AROA…:SESSION; or an access key id';

  withCaller(block.command('add'))
    .description('block a principal, a session or an access key')
    .argument('<target>', what)
    .option(
      '--until <when>',
      'so long (30m, 8h, 7d), or up to a date or timestamp (default: until it is removed)',
    )
    .option('--reason <text>', 'why, for whoever finds it there; the blocked are not told', '')
    .addOption(outputOption())
    .addHelpText('after', '\nHow-to: docs/howto/block-list.md')
    .action(async (target, options) => (await import('./block.ts')).addBlock(target, options));

  withCaller(block.command('list'))
    .description('show who is blocked, until when and why')
    .addOption(outputOption())
    .action(async (options) => (await import('./block.ts')).listBlocks(options));

  withCaller(block.command('remove'))
    .description('let them in again')
    .argument('<target>', 'as `block list` shows it, or any other name of the same')
    .action(async (target, options) => (await import('./block.ts')).removeBlock(target, options));
}
