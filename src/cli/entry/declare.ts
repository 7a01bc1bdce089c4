import { type Command, Option } from 'commander';
import { connectionOptions } from '../connectionoptions.ts';

/** Declares `entryway entry …`; its work is loaded when it is asked for. */
export function declareEntry(program: Command): void {
  const entry = program
    .command('entry')
    .description(
      'access entries of permission sets and role patterns, and what EKS does not show of entries',
    );
  const withMatcher = (command: Command): Command =>
    connectionOptions(command)
      .addOption(
        new Option(
          '--permission-set <account/set>',
          'roles of one permission set of IAM Identity Center in one account',
        ).conflicts('pattern'),
      )
      .option('--pattern <arn>', 'roles by a pattern: arn:aws:iam::ACCOUNT:role/team-*');
  const outputOption = (): Option =>
    new Option('--output <format>', 'print as').choices(['text', 'json']).default('text');

  withMatcher(entry.command('preview'))
    .description('show the roles that match now')
    .argument('<cluster>', 'name of the cluster')
    .addOption(outputOption())
    .action(async (cluster, options) => (await import('./create.ts')).previewEntry(cluster, options));

  withMatcher(entry.command('create'))
    .description('let every role that matches into the cluster, those to come as well')
    .argument('<cluster>', 'name of the cluster')
    .option('--group <name...>', 'Kubernetes groups')
    .option('--username <template>', 'with {{SessionName}} behind a colon; a pattern needs one')
    .option('--yes', 'create it; without this the roles are shown and nothing is done')
    .addHelpText('after', '\nHow-to: docs/howto/permission-sets.md')
    .action(async (cluster, options) => (await import('./create.ts')).createEntry(cluster, options));

  connectionOptions(entry.command('list'))
    .description('list the entries of a cluster with whom each is tied to')
    .argument('<cluster>', 'name of the cluster')
    .addOption(outputOption())
    .action(async (cluster, options) => (await import('./show.ts')).listEntries(cluster, options));

  connectionOptions(entry.command('show'))
    .description('show an entry: whom it is tied to, which roles came in by it, and its policies')
    .argument('<cluster>', 'name of the cluster')
    .argument('<principal-arn>', 'as `entry list` shows it')
    .addOption(outputOption())
    .action(async (cluster, arn, options) => (await import('./show.ts')).showEntry(cluster, arn, options));
}
