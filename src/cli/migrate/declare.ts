import { type Command, Option } from 'commander';
import { onlyWith } from '../analysis/onlywith.ts';
import { sourceOptions } from '../analysis/options.ts';

/** What a plan can be printed as. */
export const planOutputs = [
  'plan',
  'script',
  'terraform',
  'cloudformation',
  'eksctl',
  'manifests',
  'json',
  'yaml',
] as const;
export type PlanOutput = (typeof planOutputs)[number];

/** Declares `entryway migrate …`. */
export function declareMigrate(program: Command): void {
  const migrate = program.command('migrate').description('leave what is old without an outage');
  const awsAuth = migrate.command('aws-auth');
  onlyWith(awsAuth, 'apply', ['rollbackFile', 'switchToApi']);
  onlyWith(awsAuth, 'switchToApi', ['removeAwsAuth']);
  sourceOptions(
    awsAuth.description(
      'put access entries in the place of aws-auth: the plan, the proof that nobody’s access changes, and what carries it out',
    ),
  )
    .addOption(new Option('--role <arn>', 'read and change as this role').conflicts(['user', 'from', 'live']))
    .addOption(
      new Option('--user <name>', 'read and change as this IAM user of the first account').conflicts([
        'from',
        'live',
      ]),
    )
    .addOption(
      new Option('-o, --output <format>', 'print the plan for people, as data, or as what carries it out')
        .choices(planOutputs)
        .default('plan'),
    )
    .option('--accept-differences', 'go on although somebody gains or loses access; the plan says who')
    .addOption(
      new Option(
        '--apply',
        'carry it out on the running server: everything up to mode API, which has no way back; nor has leaving CONFIG_MAP',
      ).conflicts(['from', 'live', 'output']),
    )
    .option(
      '--rollback-file <file>',
      'with --apply: what leads back, written before the first change (default: retire-aws-auth-CLUSTER.json)',
    )
    .option('--switch-to-api', 'with --apply: also the last step, from which there is no way back')
    .option('--remove-aws-auth', 'with --switch-to-api: delete the ConfigMap, which the rollback file keeps')
    .addOption(
      new Option('--rollback <file>', 'lead back to what this file says was there').conflicts([
        'apply',
        'from',
        'live',
        'output',
      ]),
    )
    .addHelpText(
      'after',
      '\nExit codes: 0 nobody’s access changes, or it was done; 1 somebody’s would, or not all could be led back; 2 misuse; 3 failure',
    )
    .action(async (options) => (await import('./migrate.ts')).migrateAwsAuth(options));
}
