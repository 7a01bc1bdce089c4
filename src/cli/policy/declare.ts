import { type Command, Option } from 'commander';
import { severities } from '../../engine/analysis/policylint/severity.ts';
import type { PolicyKind } from '../../engine/iam/document.ts';
import { connectionOptions } from '../connectionoptions.ts';

const policyKinds: readonly PolicyKind[] = ['identity', 'trust', 'resource', 'boundary', 'session'];
const fileText = 'YAML or JSON: a list of rules, or a ClusterRole; - reads standard input';

/** Declares `entryway policy …` and `entryway associate`; their work is loaded when it is asked for. */
export function declarePolicy(program: Command): void {
  const policy = program
    .command('policy')
    .description('IAM policy documents, and access policies of an account’s own');
  declareLint(policy);

  connectionOptions(policy.command('create'))
    .description('make an access policy that can be associated with access entries')
    .argument('<name>', 'letters, digits, - and _; AWS’s policies begin with Amazon or AWS, others do not')
    .requiredOption('-f, --file <file>', fileText)
    .option('--description <text>', 'what it is for')
    .action(async (name, options) => (await import('./write.ts')).createPolicy(name, options));

  connectionOptions(policy.command('update'))
    .description('make a new version of an access policy, which counts at once wherever it is associated')
    .argument('<name>', 'as `policy list` shows it')
    .requiredOption('-f, --file <file>', fileText)
    .option('--description <text>', 'what it is for (default: as it was)')
    .option('--yes', 'do it also where the policy is associated; without this only the change is shown')
    .action(async (name, options) => (await import('./write.ts')).updatePolicy(name, options));

  connectionOptions(policy.command('get'))
    .description('print an access policy as a ClusterRole, which `create` and `update` read')
    .argument('<name>', 'as `policy list` shows it')
    .option('--version <number>', 'one of the versions that are kept (default: the last, which counts)')
    .addOption(
      new Option('-o, --output <format>', 'print as; json has all that is known')
        .choices(['yaml', 'json'])
        .default('yaml'),
    )
    .action(async (name, options) => (await import('./read.ts')).printPolicy(name, options));

  connectionOptions(policy.command('list'))
    .description('list the account’s own access policies')
    .addOption(new Option('-o, --output <format>', 'print as').choices(['text', 'json']).default('text'))
    .action(async (options) => (await import('./read.ts')).listPolicies(options));

  connectionOptions(policy.command('delete'))
    .description('delete an access policy that no entry has')
    .argument('<name>', 'as `policy list` shows it')
    .action(async (name, options) => (await import('./write.ts')).deletePolicy(name, options));
}

function declareLint(policy: Command): void {
  policy
    .command('lint')
    .description(
      'review policy documents: what does not work as written, and what grants more than it seems to',
    )
    .argument('<file...>', 'JSON documents; - reads standard input')
    .addOption(
      new Option('--kind <kind>', 'what they are; auto judges by their principals')
        .choices(['auto', ...policyKinds])
        .default('auto'),
    )
    .addOption(
      new Option('--min-severity <severity>', 'least severity that is told and counts')
        .choices(severities)
        .default('suggestion'),
    )
    .addOption(new Option('--output <format>', 'print as').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      '\nExit codes: 0 nothing found, 1 something found, 2 misuse. Rules: docs/reference/policy-lint.md',
    )
    .action(async (files, options) => (await import('../policylint.ts')).lintPolicies(files, options));
}

/** An association with an end and a reason, which EKS has not. */
export function declareAssociate(program: Command): void {
  connectionOptions(program.command('associate'))
    .description('associate an access policy with an access entry, for a while if you like')
    .argument('<cluster>', 'name of the cluster')
    .argument('<principal-arn>', 'of the access entry')
    .argument('<policy>', 'ARN, or a name: AWS’s policy of that name, else the account’s own')
    .option('--namespace <name...>', 'hold in these namespaces only; * stands for any characters')
    .addOption(new Option('--for <time>', 'hold so long: 30m, 8h, 7d').conflicts(['until', 'forGood']))
    .addOption(
      new Option('--until <when>', 'hold up to then: 2026-12-24 or a timestamp').conflicts('forGood'),
    )
    .option('--for-good', 'take away the end of an association that has one')
    .option('--reason <text>', 'why; kept with the association and in the trail')
    .addHelpText('after', '\nHow-to: docs/howto/access-policies.md')
    .action(async (cluster, principalArn, policy, options) =>
      (await import('./associate.ts')).associate({ cluster, principalArn, policy }, options),
    );
}
