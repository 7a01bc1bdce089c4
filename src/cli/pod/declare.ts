import type { Command } from 'commander';
import { dataOption, readyFileOption, roleOption, userOption } from '../connectionoptions.ts';

export function declarePod(program: Command): void {
  program
    .command('pod')
    .description('pods of built-in clusters, which nothing schedules')
    .command('run')
    .description(
      'run a command here with the AWS identity of a container of the pod: what its environment says of it, and its service account tokens',
    )
    .argument('<pod>', 'NAMESPACE/NAME')
    .argument('<command...>', 'what to run, after --')
    .requiredOption('--cluster <name>', 'cluster of the pod')
    .option('--container <name>', 'as this container (default: the first)')
    .option(
      '--env <name>',
      'take over this variable of the container, too; repeat it for more',
      (name: string, names: readonly string[] = []) => [...names, name],
    )
    .addOption(dataOption())
    .addOption(readyFileOption())
    .addOption(roleOption())
    .addOption(userOption())
    .action(async (pod, command, options) => {
      process.exitCode = await (await import('./run.ts')).runAsPod(pod, command, options);
    });
}
