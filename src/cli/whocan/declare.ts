import { type Command, Option } from 'commander';
import { allNamespacesOption, keyOption, outputOption, sourceOptions } from '../analysis/options.ts';

/** Declares `entryway who-can`. */
export function declareWhoCan(program: Command): void {
  sourceOptions(
    program
      .command('who-can')
      .description('tell everybody who may do something, over everything that grants, and how')
      .usage(
        '[options] <verb> <resource>\n       entryway who-can --as-aws ACTION RESOURCE\n       entryway who-can --become ROLE-ARN',
      )
      .argument('[verb]', 'get, list, watch, create, update, patch, delete, …')
      .argument('[resource]', 'pods, deployments.apps, pods/log, …; or a path that begins with /')
      .option('-n, --namespace <name>', 'in this namespace (default: in all of them at once)')
      .addOption(allNamespacesOption())
      .option('--name <name>', 'to the object of this name (default: to objects of any name)')
      .addOption(
        new Option('--any-namespace', 'who may in at least one namespace, and in which').conflicts(
          'namespace',
        ),
      )
      .option('--paths', 'print every way each of them may, not only the first')
      .option('--transitive', 'also: who can become one of them, and how')
      .addOption(
        new Option(
          '--as-aws <action-and-resource...>',
          'instead: the service accounts whose pods may call AWS so: s3:GetObject arn:aws:s3:::BUCKET/KEY',
        ).conflicts('become'),
      )
      .option('--become <role-arn>', 'instead: the service accounts whose pods can have this role of IAM')
      .addOption(keyOption()),
  )
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nA row of --as-aws and --become that says PERHAPS depends on what was not read or what else a request has.' +
        '\nExit codes: 0 somebody may, 1 nobody but system:masters, 2 misuse, 3 failure. Tutorial: docs/tutorials/who-can-read-secrets.md',
    )
    .action(async (verb, resource, options) => {
      if (options.asAws !== undefined || options.become !== undefined || options.key !== undefined)
        return (await import('./workloads.ts')).printWorkloads([verb, resource], options);
      return (await import('./whocan.ts')).printWhoCan(verb, resource, options);
    });
}
